#include "protocol/pusher/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::TestClient;
using testing::TestServer;

const std::string key_path = "/app/278d425bdf160c739803";

std::string error(int code, std::string_view message) {
    return R"({"event":"pusher:error","data":{"code":)" + std::to_string(code) + R"(,"message":")" +
           std::string(message) + R"("}})";
}

std::string succeeded(std::string_view channel) {
    return R"({"event":"pusher_internal:subscription_succeeded","channel":")" +
           std::string(channel) + R"(","data":"{}"})";
}

std::string subscription_error(std::string_view channel, std::string_view data) {
    return R"({"event":"pusher:subscription_error","channel":")" + std::string(channel) +
           R"(","data":)" + std::string(data) + "}";
}

const std::string unauthorized =
    R"({"type":"AuthError","error":"The connection is unauthorized.","status":401})";

hub::App changed(const TestServer& server, void (*change)(hub::App&)) {
    auto app = *server.app;
    change(app);
    return app;
}

// What a client that is turned away hears and why it is closed.
void expect_refused(TestServer& server, std::string_view target, int code,
                    std::string_view message) {
    auto& client = server.connect(target);
    EXPECT_EQ(client.heard_one(), error(code, message)) << target;
    EXPECT_EQ(client.closed(), std::to_string(code) + " " + std::string(message)) << target;
    EXPECT_EQ(client.session().next_tick_ns(), base::never_ns);
    client.says(R"({"event":"pusher:ping"})");  // too late: nobody listens, nothing breaks
    EXPECT_TRUE(client.heard().empty());
}

// ---- admission ----

TEST(Admission, greets_with_a_socket_id_and_a_timeout) {
    TestServer server;
    auto& client = server.connect();
    EXPECT_EQ(client.heard_one(),
              R"({"event":"pusher:connection_established","data":"{\"socket_id\":\")" +
                  client.socket_id() + R"(\",\"activity_timeout\":120}"})");
    EXPECT_TRUE(parse_socket_id(client.socket_id()).has_value());
    EXPECT_EQ(client.closed(), "");
    EXPECT_NE(server.client().socket_id(), client.socket_id());
}

TEST(Admission, tells_an_unknown_key_so_that_it_never_returns) {  // trap 24
    TestServer server;
    expect_refused(server, "/app/nobody?protocol=7", 4001, "Application does not exist");
    EXPECT_EQ(server.log.lines.back(), "connection_refused reason=app_unknown");
}

TEST(Admission, refuses_a_disabled_app) {
    TestServer server;
    server.set(changed(server, [](hub::App& app) { app.enabled = false; }));
    expect_refused(server, key_path, 4003, "Application disabled");
}

TEST(Admission, refuses_more_connections_than_the_app_may_have) {
    TestServer server;
    server.set(changed(server, [](hub::App& app) { app.limits.connections_max = 1; }));
    auto& first = server.client();
    expect_refused(server, key_path, 4004, "Application is over connection quota");
    first.leave();
    EXPECT_NE(server.connect().socket_id(), "");
}

TEST(Admission, takes_protocols_5_to_7_and_the_absent_one) {
    TestServer server;
    for (const std::string query : {"", "?protocol=5", "?protocol=6", "?protocol=7",
                                    "?client=js&version=8.6.0&protocol=7&flash=false", "?x"}) {
        EXPECT_NE(server.connect(key_path + query).socket_id(), "") << query;
    }
}

TEST(Admission, refuses_a_protocol_that_is_no_number_or_not_spoken) {
    TestServer server;
    for (const std::string version : {"abc", "", "7.0", "7x", "+7", "%zz"}) {
        expect_refused(server, key_path + "?protocol=" + version, 4006,
                       "Invalid version string format");
    }
    for (const std::string version : {"4", "8", "0", "-7", "99999999999999999999"}) {
        expect_refused(server, key_path + "?protocol=" + version, 4007,
                       "Unsupported protocol version");
    }
}

TEST(Admission, waits_for_a_late_answer_without_reading) {
    TestServer server;
    server.apps.later = true;
    auto& client = server.connect();
    EXPECT_TRUE(client.paused());
    EXPECT_TRUE(client.heard().empty());
    server.apps.answer_now();
    server.run();
    EXPECT_FALSE(client.paused());
    EXPECT_NE(client.heard_one().find("connection_established"), std::string::npos);
}

TEST(Admission, does_not_pause_for_an_answer_that_is_there) {
    TestServer server;
    EXPECT_FALSE(server.connect().paused());
}

TEST(Admission, an_answer_after_the_connection_is_gone_reaches_nobody) {
    TestServer server;
    server.apps.later = true;
    auto& client = server.connect();
    client.leave();
    server.apps.answer_now();
    EXPECT_EQ(server.hub.connections(server.app), 0U);
}

TEST(Admission, asks_to_come_back_later_when_the_apps_cannot_be_read) {
    TestServer server;
    server.apps.broken = true;
    expect_refused(server, key_path, 4100, "Application cannot be looked up now");
}

TEST(Admission, does_not_wait_forever) {
    TestServer server;
    server.apps.later = true;
    auto& client = server.connect();
    server.clock.advance_ms(119'999);
    client.ticks();
    EXPECT_EQ(client.closed(), "");
    server.clock.advance_ms(1);
    client.ticks();
    EXPECT_EQ(client.closed(), "4100 Application cannot be looked up now");
    server.apps.answer_now();
    EXPECT_EQ(server.hub.connections(server.app), 0U);
}

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
        EXPECT_EQ(client.heard_one(), error(std::stoi(closed.substr(0, 4)), closed.substr(5)));
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

// ---- subscriptions ----

TEST(Subscription, of_a_public_channel_needs_nothing) {  // trap 6: data is "{}"
    TestServer server;
    auto& client = server.client();
    client.says(R"({"event":"pusher:subscribe","data":{"channel":"news","auth":""}})");
    EXPECT_EQ(client.heard_one(), succeeded("news"));
    EXPECT_EQ(server.publish(R"({"name":"e","channel":"news","data":"x"})").status, 200);
    EXPECT_EQ(client.heard_one(), R"({"event":"e","channel":"news","data":"x"})");
}

TEST(Subscription, of_every_authenticated_kind_needs_its_signature) {  // traps 12 and 22
    TestServer server;
    for (const std::string channel :
         {"private-a", "private-cache-a", "private-encrypted-a", "private-encrypted-cache-a",
          "presence-a", "presence-cache-a"}) {
        auto& client = server.client();
        const auto expected = subscription_error(channel, unauthorized);
        for (const std::string auth :
             {"", R"(,"auth":"")", R"(,"auth":null)", R"(,"auth":":")",
              R"(,"auth":"278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34")"}) {
            client.says(R"({"event":"pusher:subscribe","data":{"channel":")" + channel + "\"" +
                        auth + "}}");
            EXPECT_EQ(client.heard_one(), expected) << channel << auth;
        }
        EXPECT_EQ(client.closed(), "");
        if (kind_of(channel).presence) {
            client.subscribes(channel, R"({"user_id":"1"})");
            EXPECT_NE(client.heard_one().find(R"(\"count\":1)"), std::string::npos);
        } else {
            client.subscribes(channel);
            EXPECT_EQ(client.heard_one(), succeeded(channel));
        }
    }
}

TEST(Subscription, is_refused_with_the_signature_of_another_socket_or_app) {  // trap 33
    TestServer server;
    auto& client = server.client();
    auto& other = server.client();
    const auto try_auth = [&](const std::string& auth) {
        client.says(R"({"event":"pusher:subscribe","data":{"channel":"private-a","auth":")" + auth +
                    R"("}})");
        return client.heard_one();
    };
    const auto hex = [&](const TestClient& who) {
        return channel_signature(*server.app, who.socket_id(), "private-a", "");
    };
    const auto refused = subscription_error("private-a", unauthorized);
    EXPECT_EQ(try_auth(server.app->key + ":" + hex(other)), refused);
    EXPECT_EQ(try_auth("OTHERKEY:" + hex(client)), refused);
    EXPECT_EQ(try_auth(server.app->key + ":" + hex(client)), succeeded("private-a"));
}

TEST(Subscription, of_a_cache_channel_is_that_of_its_base_kind) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("cache-a");
    EXPECT_EQ(client.heard_one(), succeeded("cache-a"));
}

TEST(Subscription, of_a_user_channel_is_nobodys_yet) {
    TestServer server;
    auto& client = server.client();
    for (const std::string channel : {"#server-to-user-1", "#other"}) {
        client.subscribes(channel);
        EXPECT_EQ(client.heard_one(), subscription_error(channel, unauthorized));
    }
}

TEST(Subscription, says_what_is_wrong_with_a_name) {
    TestServer server;
    auto& client = server.client();
    const std::string not_allowed =
        R"({"error":"The channel name is not allowed. Read channel conventions: )"
        R"(https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions",)"
        R"("status":4009})";
    for (const std::string channel : {"", "a b", "a:b", "a/b", "#"}) {
        client.subscribes(channel);
        EXPECT_EQ(client.heard_one(), subscription_error(channel, not_allowed));
    }
    const std::string longest(200, 'x');
    client.subscribes(longest);
    EXPECT_EQ(client.heard_one(), succeeded(longest));
    client.subscribes(longest + "x");
    EXPECT_EQ(client.heard_one(),
              subscription_error(longest + "x", R"({"type":"LimitReached","error":"The channel )"
                                                R"(name is longer than the allowed 200 )"
                                                R"(characters.","status":4009})"));
    for (const std::string channel : {"a,b;c", "A-z_0=@.9"}) {  // trap 9
        client.subscribes(channel);
        EXPECT_EQ(client.heard_one(), succeeded(channel));
    }
}

TEST(Subscription, again_is_answered_again_and_counts_once) {  // trap 34
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    client.subscribes("news");
    EXPECT_EQ(client.heard(), (std::vector<std::string>{succeeded("news"), succeeded("news")}));
    EXPECT_EQ(server.hub.describe(server.app, "news")->subscribers, 1U);
    server.publish(R"({"name":"e","channel":"news","data":"x"})");
    EXPECT_EQ(client.heard().size(), 1U);
    client.says(R"({"event":"pusher:unsubscribe","data":{"channel":"news"}})");
    EXPECT_FALSE(server.hub.describe(server.app, "news").has_value());
}

TEST(Subscription, ends_silently_even_where_there_was_none) {
    TestServer server;
    auto& client = server.client();
    client.says(R"({"event":"pusher:unsubscribe","data":{"channel":"never"}})");
    client.subscribes("news");
    client.heard();
    client.says(R"({"event":"pusher:unsubscribe","data":{"channel":"news"}})");
    server.publish(R"({"name":"e","channel":"news","data":"x"})");
    EXPECT_TRUE(client.heard().empty());
}

TEST(Subscription, ends_with_the_connection) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    client.leave();
    EXPECT_FALSE(server.hub.describe(server.app, "news").has_value());
}

// ---- messages ----

TEST(Message, that_is_malformed_is_answered_and_survived) {
    TestServer server;
    auto& client = server.client();
    for (const std::string_view message : {"", "hello", "[]", "{\"event\":", "\xff"}) {
        client.says(message);
        EXPECT_EQ(client.heard_one(), error(4000, "Invalid message format: not a JSON object"));
    }
    client.says(R"({"data":{}})");
    EXPECT_EQ(client.heard_one(), error(4000, "Invalid message format: no event name"));
    client.says(R"({"event":"pusher:subscribe","data":{}})");
    EXPECT_EQ(client.heard_one(), error(4000, "Invalid message format: no channel name"));
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
