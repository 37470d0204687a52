// Replays transcripts/*.txt against a whole server without sockets; testing_replay.h holds their
// grammar.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>

#include "protocol/pusher/testing.h"
#include "protocol/pusher/testing_replay.h"

namespace carillon::pusher {
namespace {

using testing::TestClient;
using testing::TestServer;

class SocketlessStage final : public testing::Stage {
 public:
    explicit SocketlessStage(const hub::App& app) { server_.set(app); }

    void connect(char who, const std::string& target) override {
        clients_[who] = &server_.connect(target);
    }
    void say(char who, const std::string& message) override { clients_.at(who)->says(message); }
    void leave(char who) override { clients_.at(who)->leave(); }
    int post(const std::string& path, const std::string& body) override {
        return server_.request("POST", "/apps/" + server_.app->id + path, body).status;
    }
    void pass_ms(std::int64_t ms) override {
        server_.clock.advance_ms(ms);
        for (const auto& [who, client] : clients_) {
            if (client->connected()) client->ticks();
        }
        server_.run();
    }

    std::string socket_id(char who) override { return clients_.at(who)->socket_id(); }
    std::string hear(char who) override {
        auto& bodies = gathered(who);
        if (bodies.empty()) return "(nothing)";
        auto body = std::move(bodies.front());
        bodies.pop_front();
        return body;
    }
    std::string closed(char who) override {
        if (!gathered(who).empty()) return "(heard first: " + gathered(who).front() + ")";
        return clients_.at(who)->closed();
    }
    std::vector<std::string> unheard(char who) override {
        const auto& bodies = gathered(who);
        std::vector<std::string> all(bodies.begin(), bodies.end());
        if (!clients_.at(who)->closed().empty()) all.push_back(clients_.at(who)->closed());
        return all;
    }

 private:
    std::deque<std::string>& gathered(char who) {
        for (auto& body : clients_.at(who)->heard()) heard_[who].push_back(std::move(body));
        return heard_[who];
    }

    TestServer server_;
    std::map<char, TestClient*> clients_;
    std::map<char, std::deque<std::string>> heard_;
};

TEST(Transcript, of_each_file_is_what_the_server_says) {
    testing::replay_all([](const hub::App& app) { return std::make_unique<SocketlessStage>(app); });
}

}  // namespace
}  // namespace carillon::pusher
