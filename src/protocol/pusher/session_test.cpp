#include "protocol/pusher/session.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::error_body;
using testing::TestServer;

// ---- activity ----

TEST(Activity, answers_a_ping) {
    TestServer server;
    auto& client = server.client();
    client.says(R"({"event":"pusher:ping","data":{}})");
    EXPECT_EQ(client.heard_one(), R"({"event":"pusher:pong","data":{}})");
    client.says(R"({"event":"pusher:pong","data":{}})");
    EXPECT_TRUE(client.heard().empty());
}

TEST(Activity, asks_a_silent_client_whether_it_lives_and_closes_it) {  // trap 14: no subscription
    TestServer server;
    auto& client = server.client();
    server.clock.advance_ms(119'999);
    client.ticks();
    EXPECT_TRUE(client.heard().empty());
    server.clock.advance_ms(1);
    client.ticks();
    EXPECT_EQ(client.heard_one(), R"({"event":"pusher:ping","data":{}})");
    server.clock.advance_ms(29'999);
    client.ticks();
    EXPECT_EQ(client.closed(), "");
    server.clock.advance_ms(1);
    client.ticks();
    EXPECT_EQ(client.closed(), "4201 Pong reply not received in time");
    EXPECT_EQ(client.session().next_tick_ns(), base::never_ns);
}

TEST(Activity, is_anything_that_arrives) {
    TestServer server;
    using Kind = protocol::Message::Kind;
    const std::pair<std::string_view, Kind> messages[] = {
        {R"({"event":"pusher:pong","data":{}})", Kind::text},
        {"not even json", Kind::text},
        {R"({"event":"foo"})", Kind::binary},
        {"", Kind::ping},
        {"", Kind::pong}};
    for (const auto& [message, kind] : messages) {
        auto& client = server.client();
        server.clock.advance_ms(120'000);
        client.ticks();
        EXPECT_EQ(client.heard().size(), 1U);
        server.clock.advance_ms(29'000);
        client.says(message, kind);
        client.heard();
        server.clock.advance_ms(119'000);
        client.ticks();
        EXPECT_TRUE(client.heard().empty()) << message;
        EXPECT_EQ(client.closed(), "") << message;
        server.clock.advance_ms(1'000);
        client.ticks();
        EXPECT_EQ(client.heard().size(), 1U) << message;
    }
}

TEST(Activity, of_a_control_frame_is_answered_by_no_message) {
    TestServer server;
    auto& client = server.client();
    client.says("", protocol::Message::Kind::ping);
    client.says("are you there", protocol::Message::Kind::ping);
    client.says("", protocol::Message::Kind::pong);
    EXPECT_TRUE(client.heard().empty());
}

TEST(Activity, of_the_server_is_none_of_the_clients) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    server.clock.advance_ms(119'000);
    server.publish(R"({"name":"e","channel":"news","data":"x"})");
    client.heard();
    server.clock.advance_ms(1'000);
    client.ticks();
    EXPECT_EQ(client.heard_one(), R"({"event":"pusher:ping","data":{}})");
}

TEST(Activity, nothing_is_delivered_once_the_pong_is_overdue) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    server.clock.advance_ms(120'000);
    client.ticks();
    server.clock.advance_ms(30'000);
    client.ticks();
    client.heard();
    server.publish(R"({"name":"e","channel":"news","data":"x"})");
    EXPECT_TRUE(client.heard().empty());
    EXPECT_EQ(server.log.lines.back(),
              "connection_closed reason=pong_late app=3 socket_id=" + client.socket_id());
}

// ---- the hub's goodbyes ----

TEST(Goodbye, has_a_code_for_each_reason) {
    const std::pair<hub::CloseReason, std::string> goodbyes[] = {
        {hub::CloseReason::slow, "4100 Connection is too slow for what it subscribed to"},
        {hub::CloseReason::memory, "4100 Over capacity"},
        {hub::CloseReason::shutdown, "4200 Server shutting down"},  // trap 41
        {hub::CloseReason::kicked, "4009 You got disconnected by the app."}};
    for (const auto& [why, closed] : goodbyes) {
        TestServer server;
        auto& client = server.client();
        client.subscribes("news");
        client.heard();
        auto* session = server.hub.lane(0).find(*parse_socket_id(client.socket_id()));
        ASSERT_NE(session, nullptr);
        server.hub.end(*session, why);
        server.run();
        EXPECT_EQ(client.closed(), closed);
        EXPECT_EQ(client.heard_one(), error_body(std::stoi(closed.substr(0, 4)), closed.substr(5)));
        client.says(R"({"event":"pusher:ping"})");
        EXPECT_TRUE(client.heard().empty());
        client.leave();
        EXPECT_EQ(server.hub.connections(server.app), 0U);
    }
}

TEST(Goodbye, comes_to_a_client_that_owes_more_than_a_thousand_messages) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    client.heard();
    client.stuck = true;
    for (int i = 0; i < 1002; ++i) server.publish(R"({"name":"e","channel":"news","data":"x"})");
    EXPECT_EQ(client.closed(), "4100 Connection is too slow for what it subscribed to");
    EXPECT_EQ(server.pusher.refusals().get(Fault::too_slow), 1U);
}

TEST(Goodbye, of_a_client_that_just_leaves_is_one_line) {
    TestServer server;
    auto& client = server.client();
    client.leave();
    EXPECT_EQ(server.log.lines,
              std::vector<std::string>{"connection_closed reason=peer app=3 socket_id=" +
                                       client.socket_id()});
}

// ---- messages ----

TEST(Message, that_is_malformed_is_answered_and_survived) {
    TestServer server;
    auto& client = server.client();
    for (const std::string_view message : {"", "hello", "[]", "{\"event\":", "\xff"}) {
        client.says(message);
        EXPECT_EQ(client.heard_one(),
                  error_body(4000, "Invalid message format: not a JSON object"));
    }
    client.says(R"({"data":{}})");
    EXPECT_EQ(client.heard_one(), error_body(4000, "Invalid message format: no event name"));
    client.says(R"({"event":"pusher:subscribe","data":{}})");
    EXPECT_EQ(client.heard_one(), error_body(4000, "Invalid message format: no channel name"));
    EXPECT_EQ(client.closed(), "");
    EXPECT_EQ(server.pusher.refusals().get(Fault::message_malformed), 5U);
}

TEST(Message, of_an_unknown_event_is_ignored) {
    TestServer server;
    auto& client = server.client();
    client.says(R"({"event":"foo","data":{}})");
    client.says(R"({"event":"pusher:foo","channel":"x","data":{}})");
    client.says(R"({"event":"pusher_internal:member_added","data":{}})");
    EXPECT_TRUE(client.heard().empty());
}

TEST(Message, with_keys_that_nobody_knows_is_read_without_them) {
    TestServer server;
    auto& client = server.client();
    client.says(
        R"({"id":7,"event":"pusher:subscribe","user_id":"root","data":{"channel":"news","x":[1]},"channel":"other"})");
    EXPECT_EQ(client.heard_one(), testing::succeeded_body("news"));
}

TEST(Message, that_is_binary_is_read_as_text) {
    TestServer server;
    auto& client = server.client();
    client.says(R"({"event":"pusher:ping"})", protocol::Message::Kind::binary);
    EXPECT_EQ(client.heard_one(), R"({"event":"pusher:pong","data":{}})");
}

TEST(Message, is_never_logged_and_neither_is_the_secret) {
    TestServer server;
    auto& client = server.client();
    client.says("{\"hunter2");
    client.subscribes("private-a", "hunter2");
    client.subscribes("presence-a", "hunter2");
    EXPECT_FALSE(server.log.lines.empty());
    for (const auto& line : server.log.lines) {
        EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
        EXPECT_EQ(line.find(server.app->secret), std::string::npos) << line;
    }
}

TEST(Refusals, are_counted_by_name) {
    TestServer server;
    server.connect("/app/nobody");
    std::vector<std::string> seen;
    std::size_t names = 0;
    server.pusher.refusals().each([&](std::string_view name, std::uint64_t count) {
        ++names;
        EXPECT_FALSE(name.empty());
        if (count != 0) seen.push_back(std::string(name) + "=" + std::to_string(count));
    });
    EXPECT_EQ(names, faults);
    EXPECT_EQ(seen, std::vector<std::string>{"app_unknown=1"});
}

}  // namespace
}  // namespace carillon::pusher
