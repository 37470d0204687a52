// Who may stay, and what the others are told.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::error_body;
using testing::TestServer;

const std::string key_path = "/app/278d425bdf160c739803";

hub::App changed(const TestServer& server, void (*change)(hub::App&)) {
    auto app = *server.app;
    change(app);
    return app;
}

// What a client that is turned away hears and why it is closed.
void expect_refused(TestServer& server, std::string_view target, int code, std::string_view message,
                    std::string_view origin = {}) {
    auto& client = server.connect(target, origin);
    EXPECT_EQ(client.heard_one(), error_body(code, message)) << target;
    EXPECT_EQ(client.closed(), std::to_string(code) + " " + std::string(message)) << target;
    EXPECT_EQ(client.session().next_tick_ns(), base::never_ns);
    client.says(R"({"event":"pusher:ping"})");  // too late: nobody listens, nothing breaks
    EXPECT_TRUE(client.heard().empty());
}

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

TEST(Admission, names_the_timeout_that_it_keeps) {
    TestServer server({}, {.activity_timeout_s = 30});
    auto& client = server.connect();
    EXPECT_NE(client.heard_one().find(R"(\"activity_timeout\":30)"), std::string::npos);
    server.clock.advance_ms(29'999);
    client.ticks();
    EXPECT_TRUE(client.heard().empty());
    server.clock.advance_ms(1);
    client.ticks();
    EXPECT_EQ(client.heard_one(), R"({"event":"pusher:ping","data":{}})");
}

TEST(Admission, gives_no_socket_id_twice) {
    TestServer server;
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        auto& client = server.client();
        seen.insert(client.socket_id());
        client.leave();
    }
    EXPECT_EQ(seen.size(), 1000U);
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

TEST(Admission, may_insist_on_a_protocol) {
    TestServer server({}, {.strict_version = true});
    expect_refused(server, key_path, 4008, "No protocol version supplied");
    EXPECT_NE(server.connect(key_path + "?protocol=7").socket_id(), "");
}

TEST(Admission, refuses_pages_of_other_origins_after_the_handshake) {
    TestServer server;
    server.set(changed(server, [](hub::App& app) { app.allowed_origins = {"*.example"}; }));
    for (const std::string_view origin : {"https://evil.test", ""}) {
        expect_refused(server, key_path, 4009, "Origin not allowed", origin);
    }
    EXPECT_NE(server.connect(key_path, "https://app.example").socket_id(), "");
}

TEST(Admission, says_why_in_the_order_of_the_reference) {
    TestServer server({}, {}, 1);
    server.client();
    const auto refused_app = [&](hub::App app) {
        server.set(app);
        return server.connect().closed();
    };
    auto app = *server.app;
    app.limits.connections_max = 1;
    EXPECT_EQ(refused_app(app), "4100 Over capacity");
    app.allowed_origins = {"nobody"};
    EXPECT_EQ(refused_app(app), "4009 Origin not allowed");
    app.enabled = false;
    EXPECT_EQ(refused_app(app), "4003 Application disabled");
}

TEST(Admission, judges_the_version_before_it_looks_for_the_app) {
    TestServer server;
    expect_refused(server, "/app/nobody?protocol=99", 4007, "Unsupported protocol version");
}

TEST(Admission, asks_to_come_back_later_when_the_node_is_full) {
    TestServer server({}, {}, 2);
    auto& first = server.client();
    server.client();
    expect_refused(server, key_path, 4100, "Over capacity");
    first.leave();
    EXPECT_NE(server.connect().socket_id(), "");
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

}  // namespace
}  // namespace carillon::pusher
