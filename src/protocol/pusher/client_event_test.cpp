#include "protocol/pusher/client_event.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::TestClient;
using testing::TestServer;

std::string error(std::string_view message) {
    return R"({"event":"pusher:error","data":{"code":4301,"message":")" + std::string(message) +
           R"("}})";
}

std::string event(std::string_view name, std::string_view channel, std::string_view data) {
    return R"({"event":")" + std::string(name) + R"(","channel":")" + std::string(channel) +
           R"(","data":)" + std::string(data) + "}";
}

// Two clients in one private and one presence channel; `speaker` is user 1.
struct Room {
    explicit Room(void (*change)(hub::App&) = nullptr) {
        if (change != nullptr) {
            auto app = *server.app;
            change(app);
            server.set(app);
        }
        for (auto* client : {&speaker, &listener}) {
            *client = &server.client();
            (*client)->subscribes("private-a");
        }
        speaker->subscribes("presence-a", R"({"user_id":"1"})");
        listener->subscribes("presence-a", R"({"user_id":"2"})");
        speaker->heard();
        listener->heard();
    }
    // What the speaker is told, and that nobody else heard anything.
    std::string refused(std::string_view message) {
        speaker->says(message);
        EXPECT_TRUE(listener->heard().empty());
        return speaker->heard_one();
    }

    TestServer server;
    TestClient* speaker = nullptr;
    TestClient* listener = nullptr;
};

TEST(ClientEvent, reaches_everybody_but_its_speaker_as_it_was_written) {  // trap 28
    Room room;
    for (const std::string data :
         {R"({"on":true})", R"("text")", R"("{\"x\":1}")",
          R"({ "n":1.0,"n":12345678901234567890123 })", "null", "[ ]", "-1e9"}) {
        room.speaker->says(event("client-typing", "private-a", data));
        EXPECT_EQ(room.listener->heard_one(), event("client-typing", "private-a", data));
        EXPECT_TRUE(room.speaker->heard().empty());
    }
    room.speaker->says(R"({"event":"client-typing","channel":"private-a"})");
    EXPECT_EQ(room.listener->heard_one(), R"({"event":"client-typing","channel":"private-a"})");
}

TEST(ClientEvent, reaches_the_speakers_other_tab) {
    Room room;
    auto& tab = room.server.client();
    tab.subscribes("presence-a", R"({"user_id":"1"})");
    tab.heard();
    room.speaker->says(event("client-x", "presence-a", "1"));
    EXPECT_EQ(tab.heard().size(), 1U);
}

TEST(ClientEvent, names_its_speaker_on_a_presence_channel) {  // trap 23
    Room room;
    room.speaker->says(event("client-x", "presence-a", "{}"));
    EXPECT_EQ(room.listener->heard_one(),
              R"({"event":"client-x","channel":"presence-a","data":{},"user_id":"1"})");
}

TEST(ClientEvent, cannot_forge_a_speaker_or_another_key) {
    Room room;
    room.speaker->says(
        R"({"event":"client-x","channel":"private-a","user_id":"root","data":{"a":1}})");
    EXPECT_EQ(room.listener->heard_one(), event("client-x", "private-a", R"({"a":1})"));
    EXPECT_NE(
        room.refused(R"({"event":"client-x","channel":"private-a","data":[},"user_id":"root"})")
            .find("4000"),
        std::string::npos);
    EXPECT_NE(
        room.refused(R"({"event":"client-x","channel":"private-a","data":{"a":}})").find("4000"),
        std::string::npos);
}

TEST(ClientEvent, row_1_is_the_rate) {
    Room room([](hub::App& app) { app.limits.client_events_per_second = 2; });
    const auto message = event("client-x", "private-a", "1");
    room.speaker->says(message);
    room.server.clock.advance_ms(600);
    room.speaker->says(message);
    EXPECT_EQ(room.listener->heard().size(), 2U);
    EXPECT_EQ(room.refused(message), error("Client event rejected due to rate limit"));
    room.server.clock.advance_ms(399);
    EXPECT_EQ(room.refused(message), error("Client event rejected due to rate limit"));
    room.server.clock.advance_ms(1);
    room.speaker->says(message);
    EXPECT_EQ(room.listener->heard().size(), 1U);
    // Per socket: the other one is not held to it.
    room.listener->says(message);
    EXPECT_EQ(room.speaker->heard().size(), 1U);
}

TEST(ClientEvent, is_held_to_its_rate_before_anything_else_is_asked) {
    Room room([](hub::App& app) {
        app.client_events = false;
        app.limits.client_events_per_second = 1;
    });
    EXPECT_EQ(room.refused(event("foo", "news", "1")),
              error("Client event error: Client events are not enabled for this app"));
    // What was refused has counted.
    EXPECT_EQ(room.refused(event("foo", "news", "1")),
              error("Client event rejected due to rate limit"));
}

TEST(ClientEvent, has_no_rate_limit_at_zero) {
    Room room;
    for (int i = 0; i < 200; ++i) room.speaker->says(event("client-x", "private-a", "1"));
    EXPECT_EQ(room.listener->heard().size(), 200U);
}

TEST(ClientEvent, row_2_is_the_apps_switch) {
    Room room([](hub::App& app) { app.client_events = false; });
    EXPECT_EQ(room.refused(event("client-x", "private-a", "1")),
              error("Client event error: Client events are not enabled for this app"));
}

TEST(ClientEvent, row_3_is_the_prefix) {  // traps 10 and 22
    Room room;
    for (const std::string name :
         {"foo", "my-client-x", "Client-x", "client", "pusher_internal:member_added"}) {
        EXPECT_EQ(room.refused(event(name, "private-a", "1")),
                  error("Invalid event name: Client events begin with client-"))
            << name;
    }
    room.speaker->says(event("pusher:foo", "private-a", "1"));
    EXPECT_TRUE(room.speaker->heard().empty());
    EXPECT_TRUE(room.listener->heard().empty());
}

TEST(ClientEvent, row_4_is_the_length_of_its_name) {
    Room room;
    const std::string longest = "client-" + std::string(193, 'x');
    room.speaker->says(event(longest, "private-a", "1"));
    EXPECT_EQ(room.listener->heard().size(), 1U);
    EXPECT_EQ(room.refused(event(longest + "x", "private-a", "1")),
              error("Invalid event name: It is longer than the allowed 200 bytes"));
}

TEST(ClientEvent, row_5_is_the_channels_kind) {
    Room room;
    for (const std::string channel :
         {"news", "cache-a", "private-encrypted-a", "private-encrypted-cache-a", "my-private-a",
          "#server-to-user-1"}) {
        EXPECT_EQ(room.refused(event("client-x", channel, "1")),
                  error("Client event error: Client events can only be sent to private or presence "
                        "channels"))
            << channel;
    }
}

TEST(ClientEvent, is_taken_in_every_private_or_presence_kind) {
    Room room;
    for (const std::string channel :
         {"private-a", "private-cache-a", "private-x-cache-y", "private-encrypted"}) {
        room.speaker->subscribes(channel);
        room.listener->subscribes(channel);
        room.listener->heard();
        room.speaker->says(event("client-x", channel, "1"));
        EXPECT_EQ(room.listener->heard_one(), event("client-x", channel, "1"));
    }
    room.speaker->subscribes("presence-cache-a", R"({"user_id":"1"})");
    room.listener->subscribes("presence-cache-a", R"({"user_id":"2"})");
    room.listener->heard();
    room.speaker->says(event("client-x", "presence-cache-a", "1"));
    EXPECT_EQ(room.listener->heard_one(),
              R"({"event":"client-x","channel":"presence-cache-a","data":1,"user_id":"1"})");
}

TEST(ClientEvent, row_6_is_the_size_of_its_data_decoded) {  // trap 30
    Room room([](hub::App& app) { app.limits.event_payload_bytes_max = 4; });
    const auto too_large = error("Client event error: The data is larger than the allowed 4 bytes");
    room.speaker->says(event("client-x", "private-a", R"("\u0061bcd")"));
    EXPECT_EQ(room.listener->heard_one(), event("client-x", "private-a", R"("\u0061bcd")"));
    EXPECT_EQ(room.refused(event("client-x", "private-a", "\"\u00fc\u00fcx\"")), too_large);
    room.speaker->says(event("client-x", "private-a", "1234"));
    EXPECT_EQ(room.listener->heard().size(), 1U);
    EXPECT_EQ(room.refused(event("client-x", "private-a", "12345")), too_large);
}

TEST(ClientEvent, row_7_is_membership) {  // trap 11
    Room room;
    const auto not_subscribed =
        error("Client event error: The socket is not subscribed to that channel");
    auto& outsider = room.server.client();
    outsider.says(event("client-x", "private-a", "1"));
    EXPECT_EQ(outsider.heard_one(), not_subscribed);
    EXPECT_TRUE(room.listener->heard().empty());
    room.speaker->says(R"({"event":"pusher:unsubscribe","data":{"channel":"private-a"}})");
    EXPECT_EQ(room.refused(event("client-x", "private-a", "1")), not_subscribed);
}

TEST(ClientEvent, hears_of_the_first_rule_it_breaks) {
    hub::App app;
    ClientEvent wrong{"foo" + std::string(300, 'x'), "news", "", 1'000'000};
    EXPECT_EQ(judge(wrong, app, false), Fault::client_events_disabled);
    app.client_events = true;
    EXPECT_EQ(judge(wrong, app, false), Fault::client_event_name);
    wrong.event = "client-" + wrong.event;
    EXPECT_EQ(judge(wrong, app, false), Fault::client_event_name_length);
    wrong.event = "client-x";
    EXPECT_EQ(judge(wrong, app, false), Fault::client_event_channel);
    wrong.channel = "private-a";
    EXPECT_EQ(judge(wrong, app, false), Fault::client_event_payload);
    wrong.data_bytes = 1;
    EXPECT_EQ(judge(wrong, app, false), Fault::client_event_membership);
    EXPECT_EQ(judge(wrong, app, true), std::nullopt);
}

TEST(ClientEvent, stays_in_its_app) {
    Room room;
    hub::App second = *room.server.app;
    second.id = "4";
    second.key = "second";
    room.server.apps.apps.push_back(std::make_shared<const hub::App>(second));
    auto& stranger = room.server.connect("/app/second");
    stranger.heard();
    stranger.says(R"({"event":"pusher:subscribe","data":{"channel":"private-a","auth":"second:)" +
                  channel_signature(second, stranger.socket_id(), "private-a", "") + R"("}})");
    stranger.heard();
    room.speaker->says(event("client-x", "private-a", "1"));
    EXPECT_TRUE(stranger.heard().empty());
    EXPECT_EQ(room.listener->heard().size(), 1U);
}

TEST(ClientEvent, is_refused_by_a_server_that_has_no_room) {
    TestServer server(hub::LaneLimits{.inbox_bytes_max = 2000});
    auto& speaker = server.client();
    speaker.subscribes("private-a");
    speaker.heard();
    speaker.says(event("client-x", "private-a", "\"" + std::string(3000, 'x') + "\""));
    EXPECT_EQ(speaker.heard_one(), error("Client event error: The server is overloaded"));
}

TEST(ClientEvent, that_comes_too_fast_ends_the_connection_where_the_app_says_so) {
    TestServer server;
    auto app = *server.app;
    app.limits.client_events_per_second = 1;
    app.client_events_or_end = true;
    server.set(app);
    auto& speaker = server.client();
    speaker.subscribes("private-a");
    speaker.heard();
    speaker.says(event("client-x", "private-a", "{}"));
    EXPECT_EQ(speaker.closed(), "");
    speaker.says(event("client-x", "private-a", "{}"));
    EXPECT_EQ(speaker.heard_one(), error("Client event rejected due to rate limit"));
    EXPECT_EQ(speaker.closed(), "4301 Client event rejected due to rate limit");
}

TEST(EventRate, counts_in_windows_that_begin_with_an_attempt) {
    constexpr auto s = base::ns_per_s;
    hub::AppLimits limits{.client_events_per_second = 1};
    EventRate rate;
    EXPECT_TRUE(rate.allow(limits, {5, 0}));
    EXPECT_FALSE(rate.allow(limits, {5 + s - 1, 0}));
    EXPECT_TRUE(rate.allow(limits, {5 + s, 0}));
    EXPECT_FALSE(rate.allow(limits, {6 + s, 0}));
    limits.client_events_window_s = 3;
    EXPECT_FALSE(rate.allow(limits, {7 + s, 0}));
    EXPECT_TRUE(rate.allow(limits, {5 + 4 * s, 0}));
    limits.client_events_per_second = 0;
    EXPECT_TRUE(rate.allow(limits, {6 + 4 * s, 0}));
}

}  // namespace
}  // namespace carillon::pusher
