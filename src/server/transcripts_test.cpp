// The Pusher protocol's transcripts once more, byte for byte, against the whole server on real
// sockets: what the protocol says by itself is also what arrives.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>

#include "auth/hmac.h"
#include "auth/md5.h"
#include "edge/testing_client.h"
#include "net/test_loop.h"
#include "protocol/pusher/testing_replay.h"
#include "server/server.h"

namespace carillon::server {
namespace {

using edge::testing::Client;
using edge::testing::Frame;
using edge::testing::Opcode;

Config config_for(const hub::App& app, unsigned threads) {
    Config config;
    config.port = 0;
    config.metrics.port = 0;
    config.threads = threads;
    config.apps = {app};
    return config;
}

std::string text_of_close(const Frame& frame) {
    return std::to_string(frame.close_code()) + " " +
           frame.payload.substr(std::min<std::size_t>(2, frame.payload.size()));
}

class SocketStage final : public pusher::testing::Stage {
 public:
    SocketStage(const hub::App& app, unsigned threads)
        : app_(app), server_(config_for(app, threads), clock_, log_) {
        EXPECT_TRUE(server_.start().has_value());
    }

    void connect(char who, const std::string& target) override {
        auto& client = clients_[who] = {};
        client.socket = std::make_unique<Client>(server_.port());
        const auto answer =
            client.socket->ask(edge::testing::get(target, edge::testing::upgrade_headers));
        EXPECT_EQ(answer.status, 101);
        // Whoever may stay is told so first; only then has it a socket id.
        client.frames.push_back(client.socket->hear());
        const auto& greeting = client.frames.back().payload;
        const std::string_view mark = R"(socket_id\":\")";
        const auto at = greeting.find(mark);
        if (at == std::string::npos) return;
        const auto begin = at + mark.size();
        client.socket_id = greeting.substr(begin, greeting.find('\\', begin) - begin);
        settle();
    }
    void say(char who, const std::string& message) override {
        clients_.at(who).socket->say(message);
        hear_up_to_now(who);
        settle();
    }
    void leave(char who) override {
        const auto before = sessions();
        clients_.at(who).socket->close();
        EXPECT_TRUE(net::eventually([&] { return sessions() < before; }));
        settle();
    }
    int post(const std::string& path, const std::string& body) override {
        const auto target = "/apps/" + app_.id + path;
        auto query = "auth_key=" + app_.key +
                     "&auth_timestamp=" + std::to_string(clock_.now().unix_ms / 1000) +
                     "&auth_version=1.0&body_md5=" + auth::md5_hex(body);
        query += "&auth_signature=" +
                 auth::hmac_sha256_hex(app_.secret, {"POST\n", target, "\n", query});
        Client backend(server_.port());
        const auto answer =
            backend.ask("POST " + target + "?" + query + " HTTP/1.1\r\nHost: x\r\n" +
                        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        settle();
        return answer.status;
    }
    void pass_ms(std::int64_t ms) override {
        clock_.advance_ms(ms);
        server_.run_due_timers();
        settle();
    }

    std::string socket_id(char who) override { return clients_.at(who).socket_id; }
    std::string hear(char who) override {
        const auto frame = next(who);
        if (frame.opcode == Opcode::close) return "(closed: " + text_of_close(frame) + ")";
        return frame.payload;
    }
    // The end is the end: what the server says last, it says with the close frame.
    std::string closed(char who) override {
        const auto frame = next(who);
        if (frame.opcode != Opcode::close) return "(heard first: " + frame.payload + ")";
        auto& socket = *clients_.at(who).socket;
        socket.say(Opcode::close, frame.payload.substr(0, 2));
        EXPECT_TRUE(socket.sees_end());
        return text_of_close(frame);
    }
    // Every line that does something ends settled: what it caused is here.
    std::vector<std::string> unheard(char who) override {
        auto& client = clients_.at(who);
        std::vector<std::string> bodies;
        while (!client.frames.empty() || !client.socket->has_nothing()) bodies.push_back(hear(who));
        return bodies;
    }

 private:
    struct Participant {
        std::unique_ptr<Client> socket;
        std::string socket_id;
        std::deque<Frame> frames;  // received, not asked for yet
    };

    Frame next(char who) {
        auto& client = clients_.at(who);
        if (client.frames.empty()) return client.socket->hear();
        auto frame = std::move(client.frames.front());
        client.frames.pop_front();
        return frame;
    }

    // The server has read what this client said, and whatever it told it before is here. A ping
    // frame says no more than that the client lives, which it just did.
    void hear_up_to_now(char who) {
        auto& client = clients_.at(who);
        client.socket->say(Opcode::ping, "now");
        for (;;) {
            auto frame = client.socket->hear();
            if (frame.opcode == Opcode::pong) return;
            const bool end = frame.opcode != Opcode::text;
            client.frames.push_back(std::move(frame));
            if (end) return;
        }
    }

    // On a connection of its own: one that is kept would be idle for too long when time passes.
    std::string metrics() {
        return Client(server_.metrics_port()).ask(edge::testing::get("/metrics")).body;
    }
    // Every loop has had two turns since: one to do what it was asked, one to pass on what followed
    // from it for others.
    void settle() {
        metrics();
        metrics();
    }
    std::size_t sessions() {
        const auto text = metrics();
        std::size_t sum = 0;
        const std::string_view name = "\ncarillon_sessions{";
        for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
            sum += std::stoul(text.substr(text.find("} ", at) + 2));
        }
        return sum;
    }

    const hub::App app_;
    base::ManualClock clock_;
    base::NoLog log_;
    Server server_;
    std::map<char, Participant> clients_;
};

void replay_all(unsigned threads) {
    pusher::testing::replay_all(
        [threads](const hub::App& app) { return std::make_unique<SocketStage>(app, threads); });
}

TEST(Transcript, of_each_file_is_what_arrives_over_sockets) { replay_all(1); }

TEST(Transcript, is_the_same_whichever_lanes_its_clients_are_on) { replay_all(3); }

}  // namespace
}  // namespace carillon::server
