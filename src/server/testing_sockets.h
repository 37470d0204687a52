// server/testing_sockets.h: for tests only: a whole server, and clients over real sockets that go by a
// letter: what the stages of transcripts have in common. It is settled after each call: whatever
// the call caused has arrived.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/testing_client.h"
#include "net/test_loop.h"
#include "server/server.h"

namespace carillon::server::testing {

using edge::testing::Answer;
using edge::testing::Client;
using edge::testing::Frame;
using edge::testing::Opcode;

class Sockets {
 public:
    explicit Sockets(Config config) : server_(with_free_ports(std::move(config)), clock_, log_) {
        EXPECT_TRUE(server_.start().has_value());
    }

    void connect(char who, std::string_view target, std::string_view more_headers = {}) {
        auto& client = clients_[who] = {};
        client.socket = std::make_unique<Client>(server_.port());
        const auto headers =
            std::string(edge::testing::upgrade_headers) + std::string(more_headers);
        EXPECT_EQ(client.socket->ask(edge::testing::get(target, headers)).status, 101);
        settle();
    }
    void say(char who, std::string_view message, Opcode opcode = Opcode::text) {
        clients_.at(who).socket->say(opcode, message);
        settle();
    }
    void leave(char who) {
        const auto before = sessions();
        clients_.at(who).socket->close();
        EXPECT_TRUE(net::eventually([&] { return sessions() < before; }));
        settle();
    }
    Answer ask(const std::string& request) {
        Client backend(server_.port());
        const auto answer = backend.ask(request);
        settle();
        return answer;
    }
    void pass_ms(std::int64_t ms) {
        clock_.advance_ms(ms);
        server_.run_due_timers();
        settle();
    }
    Now now() const { return clock_.now(); }

    // The next body, or a word about what came instead.
    std::string hear(char who) {
        const auto frame = next(who);
        if (frame.opcode == Opcode::close) return "(closed: " + text_of_close(frame) + ")";
        return frame.payload;
    }
    bool pinged(char who) {
        gather(who);
        return std::exchange(clients_.at(who).pings, 0) != 0;
    }
    // "4001 text". What the server says last, it says with the close frame.
    std::string closed(char who) {
        const auto frame = next(who);
        if (frame.opcode != Opcode::close) return "(heard first: " + frame.payload + ")";
        auto& socket = *clients_.at(who).socket;
        socket.say(Opcode::close, frame.payload.substr(0, 2));
        EXPECT_TRUE(socket.sees_end());
        return text_of_close(frame);
    }
    std::vector<std::string> unheard(char who) {
        gather(who);
        std::vector<std::string> bodies;
        while (!clients_.at(who).frames.empty()) bodies.push_back(hear(who));
        return bodies;
    }

 private:
    struct Participant {
        std::unique_ptr<Client> socket;
        std::deque<Frame> frames;  // received, not asked for yet
        int pings = 0;
    };

    static Config with_free_ports(Config config) {
        config.port = 0;
        config.metrics.port = 0;
        return config;
    }
    static std::string text_of_close(const Frame& frame) {
        return std::to_string(frame.close_code()) + " " +
               frame.payload.substr(std::min<std::size_t>(2, frame.payload.size()));
    }
    void gather(char who) {
        auto& client = clients_.at(who);
        while (!client.socket->has_nothing() &&
               (client.frames.empty() || client.frames.back().opcode != Opcode::close)) {
            take(client, client.socket->hear());
        }
    }
    Frame next(char who) {
        auto& client = clients_.at(who);
        while (client.frames.empty()) take(client, client.socket->hear());
        auto frame = std::move(client.frames.front());
        client.frames.pop_front();
        return frame;
    }
    static void take(Participant& client, Frame frame) {
        if (frame.opcode == Opcode::ping) {
            ++client.pings;
        } else {
            client.frames.push_back(std::move(frame));
        }
    }
    // On a connection of its own: one that is kept would be idle for too long when time passes.
    std::string metrics() {
        return Client(server_.metrics_port()).ask(edge::testing::get("/metrics")).body;
    }
    // Every loop has had two turns since: one to do what it was asked (what was sent to it before is
    // read before), one to pass on what followed from it for others.
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

    base::ManualClock clock_;
    base::NoLog log_;
    Server server_;
    std::map<char, Participant> clients_;
};

}  // namespace carillon::server::testing
