// Replays transcripts/*.txt against a whole server without sockets. The SDKs can replay the same
// files over a wire.
//
//   line      := "#" comment | "" | [client] "+" target | [client] ">" message | [client] "<" body
//              | "=" HTTP body of a publish, signed | [client] "-" | [client] "!" code reason
//              | "~" milliseconds
//   client    := letter; none is "a"       "+" connects, "-" disconnects, "!" the server closed it,
//                                          "~" lets time pass and every client's timers run
//   In all: $SOCKET is that client's socket id, $SOCKET_b another's. In a message, $AUTH is the
//   signature for its data.channel and data.channel_data, as the customer's backend would give it.
//   Bodies are compared byte for byte, and at the end nothing may be left unheard.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "protocol/pusher/json_read.h"
#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::TestClient;
using testing::TestServer;

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

class Replay {
 public:
    void line(const std::string& text) {
        if (text.empty() || text.front() == '#') return;
        const bool named = text.front() >= 'a' && text.front() <= 'z';
        const char who = named ? text.front() : 'a';
        const auto verb = text[named ? 1 : 0];
        auto rest = text.substr(std::min(text.size(), static_cast<std::size_t>(named ? 3 : 2)));
        for (const auto& [name, client] : clients_) {
            replace_all(rest, std::string("$SOCKET_") + name, client->socket_id());
        }
        if (verb == '+') {
            clients_[who] = &server_.connect(rest);
        } else if (verb == '=') {
            EXPECT_EQ(server_.publish(rest).status, 200);
        } else if (verb == '~') {
            pass(std::stoll(rest));
        } else {
            ASSERT_TRUE(clients_.contains(who));
            auto& client = *clients_[who];
            replace_all(rest, "$SOCKET", client.socket_id());
            client_line(verb, who, client, rest);
        }
        gather();
    }
    void end() {
        for (const auto& [name, bodies] : heard_) {
            EXPECT_TRUE(bodies.empty()) << name << " heard more: " << bodies.front();
        }
    }

 private:
    void client_line(char verb, char who, TestClient& client, const std::string& rest) {
        switch (verb) {
            case '>':
                say(client, rest);
                break;
            case '<':
                EXPECT_EQ(next(who), rest);
                break;
            case '-':
                client.leave();
                break;
            case '!':
                EXPECT_EQ(client.closed(), rest);
                break;
            default:
                FAIL() << "what is this?";
        }
    }
    void say(TestClient& client, std::string message) {
        if (message.find("$AUTH") != std::string::npos) {
            const auto copy = testing::padded(message);
            std::array outer{Member{"data"}};
            ASSERT_TRUE(read_object(copy, outer).has_value());
            std::array inner{Member{"channel"}, Member{"channel_data"}};
            ASSERT_TRUE(read_object(outer[0].text, inner).has_value());
            const auto data = inner[1].text.empty() ? "" : decode_string(inner[1].text).value();
            replace_all(message, "$AUTH",
                        server_.app->key + ":" +
                            channel_signature(*server_.app, client.socket_id(),
                                              decode_string(inner[0].text).value(), data));
        }
        client.says(message);
    }
    void pass(std::int64_t ms) {
        server_.clock.advance_ms(ms);
        for (const auto& [name, client] : clients_) {
            if (client->connected()) client->ticks();
        }
    }
    void gather() {
        for (const auto& [name, client] : clients_) {
            for (auto& body : client->heard()) heard_[name].push_back(std::move(body));
        }
    }
    std::string next(char who) {
        auto& bodies = heard_[who];
        if (bodies.empty()) return "(nothing)";
        auto body = std::move(bodies.front());
        bodies.pop_front();
        return body;
    }

    TestServer server_;
    std::map<char, TestClient*> clients_;
    std::map<char, std::deque<std::string>> heard_;
};

TEST(Transcript, of_each_file_is_what_the_server_says) {
    const auto folder = std::filesystem::path(__FILE__).parent_path() / "transcripts";
    int files = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        if (file.path().extension() != ".txt") continue;
        ++files;
        SCOPED_TRACE(file.path().filename());
        Replay replay;
        std::ifstream lines(file.path());
        std::string line;
        for (int number = 1; std::getline(lines, line); ++number) {
            SCOPED_TRACE("line " + std::to_string(number) + ": " + line);
            replay.line(line);
        }
        replay.end();
    }
    EXPECT_GE(files, 5);
}

}  // namespace
}  // namespace carillon::pusher
