// Presence as clients of this protocol see it: the hub decides, this room words it.
#include <gtest/gtest.h>

#include <string>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::TestServer;

std::string roster(std::string_view channel, std::string_view data) {
    return R"({"event":"pusher_internal:subscription_succeeded","channel":")" +
           std::string(channel) + R"(","data":")" + std::string(data) + R"("})";
}

std::string member_event(std::string_view what, std::string_view data) {
    return R"({"event":"pusher_internal:member_)" + std::string(what) +
           R"(","channel":"presence-a","data":")" + std::string(data) + R"("})";
}

std::string refused(std::string_view type, std::string_view text, int status) {
    return R"({"event":"pusher:subscription_error","channel":"presence-a","data":{"type":")" +
           std::string(type) + R"(","error":")" + std::string(text) + R"(","status":)" +
           std::to_string(status) + "}}";
}

const std::string server_error = refused("ServerError", "A server error has occured.", 4302);

TEST(Presence, answers_a_join_with_everybody_the_joiner_included) {  // trap 5
    TestServer server;
    auto& first = server.client();
    first.subscribes("presence-a", R"({"user_id":"1","user_info":{"name":"A"}})");
    EXPECT_EQ(
        first.heard_one(),
        roster(
            "presence-a",
            R"({\"presence\":{\"ids\":[\"1\"],\"hash\":{\"1\":{\"name\":\"A\"}},\"count\":1}})"));
    auto& second = server.client();
    second.subscribes("presence-a", R"({"user_id":"2"})");
    EXPECT_EQ(
        second.heard_one(),
        roster(
            "presence-a",
            R"({\"presence\":{\"ids\":[\"1\",\"2\"],\"hash\":{\"1\":{\"name\":\"A\"},\"2\":null},\"count\":2}})"));
    EXPECT_EQ(first.heard_one(), member_event("added", R"({\"user_id\":\"2\"})"));
}

TEST(Presence, tells_the_others_once_per_member_and_not_per_tab) {  // traps 1, 2 and 4
    TestServer server;
    auto& watcher = server.client();
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    watcher.heard();
    auto& tab1 = server.client();
    auto& tab2 = server.client();
    tab1.subscribes("presence-a", R"({"user_id":"2","user_info":{"name":"B"}})");
    EXPECT_EQ(watcher.heard_one(),
              member_event("added", R"({\"user_id\":\"2\",\"user_info\":{\"name\":\"B\"}})"));
    tab1.heard();
    tab2.subscribes("presence-a", R"({"user_id":"2","user_info":{"name":"other"}})");
    // The second tab hears everybody, with the first tab's info: first wins until all left.
    EXPECT_EQ(
        tab2.heard_one(),
        roster(
            "presence-a",
            R"({\"presence\":{\"ids\":[\"2\",\"w\"],\"hash\":{\"2\":{\"name\":\"B\"},\"w\":null},\"count\":2}})"));
    EXPECT_TRUE(watcher.heard().empty());
    EXPECT_TRUE(tab1.heard().empty());
    tab1.leave();
    EXPECT_TRUE(watcher.heard().empty());
    tab2.leave();  // a plain disconnect, not an unsubscribe
    EXPECT_EQ(watcher.heard_one(), member_event("removed", R"({\"user_id\":\"2\"})"));
}

TEST(Presence, tells_of_an_unsubscribe_as_of_a_disconnect) {
    TestServer server;
    auto& watcher = server.client();
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    auto& other = server.client();
    other.subscribes("presence-a", R"({"user_id":"2"})");
    watcher.heard();
    other.heard();
    other.says(R"({"event":"pusher:unsubscribe","data":{"channel":"presence-a"}})");
    EXPECT_EQ(watcher.heard_one(), member_event("removed", R"({\"user_id\":\"2\"})"));
    EXPECT_TRUE(other.heard().empty());
}

TEST(Presence, takes_a_numeric_user_id_for_the_same_text) {  // trap 13
    TestServer server;
    auto& first = server.client();
    first.subscribes("presence-a", R"({"user_id":10})");
    EXPECT_EQ(first.heard_one(),
              roster("presence-a",
                     R"({\"presence\":{\"ids\":[\"10\"],\"hash\":{\"10\":null},\"count\":1}})"));
    auto& second = server.client();
    second.subscribes("presence-a", R"({"user_id":"10"})");
    EXPECT_NE(second.heard_one().find(R"(\"count\":1)"), std::string::npos);
    EXPECT_TRUE(first.heard().empty());
}

TEST(Presence, keeps_user_info_byte_for_byte) {  // trap 27
    TestServer server;
    auto& watcher = server.client();
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    watcher.heard();
    auto& other = server.client();
    other.subscribes("presence-a",
                     "{\"user_id\":\"2\",\"user_info\":{ "
                     "\"n\":1.0,\"n\":12345678901234567890123,\"s\":\"a\\/b\\u00fc\" }}");
    EXPECT_EQ(
        watcher.heard_one(),
        member_event(
            "added",
            R"({\"user_id\":\"2\",\"user_info\":{ \"n\":1.0,\"n\":12345678901234567890123,\"s\":\"a\\/b\\u00fc\" }})"));
}

TEST(Presence, keeps_one_identity_per_channel) {  // trap 35
    TestServer server;
    auto& watcher = server.client();
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    auto& other = server.client();
    other.subscribes("presence-a", R"({"user_id":"one"})");
    other.subscribes("presence-b", R"({"user_id":"two"})");
    watcher.heard();
    other.leave();
    EXPECT_EQ(watcher.heard_one(), member_event("removed", R"({\"user_id\":\"one\"})"));
}

TEST(Presence, speaks_and_goes_in_each_channel_as_who_it_is_there) {  // trap 35
    TestServer server;
    auto& watcher = server.client();
    auto& other = server.client();
    const std::pair<std::string, std::string> seats[] = {{"presence-a", "one"},
                                                         {"presence-b", "two"}};
    for (const auto& [channel, id] : seats) {
        watcher.subscribes(channel, R"({"user_id":"w"})");
        other.subscribes(channel, R"({"user_id":")" + id + R"("})");
        watcher.heard();
        other.says(R"({"event":"client-x","channel":")" + channel + R"(","data":1})");
        EXPECT_EQ(watcher.heard_one(), R"({"event":"client-x","channel":")" + channel +
                                           R"(","data":1,"user_id":")" + id + R"("})");
    }
    other.says(R"({"event":"pusher:unsubscribe","data":{"channel":"presence-b"}})");
    EXPECT_EQ(
        watcher.heard_one(),
        R"({"event":"pusher_internal:member_removed","channel":"presence-b","data":"{\"user_id\":\"two\"}"})");
    other.leave();
    EXPECT_EQ(watcher.heard_one(), member_event("removed", R"({\"user_id\":\"one\"})"));
}

TEST(Presence, is_left_for_good_when_the_last_tab_unsubscribes_and_the_first_is_gone) {  // trap 2
    TestServer server;
    auto& watcher = server.client();
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    auto& tab1 = server.client();
    auto& tab2 = server.client();
    for (auto* tab : {&tab1, &tab2}) tab->subscribes("presence-a", R"({"user_id":"2"})");
    watcher.heard();
    tab1.leave(hub::CloseReason::protocol);
    tab2.says(R"({"event":"pusher:unsubscribe","data":{"channel":"presence-a"}})");
    EXPECT_EQ(watcher.heard_one(), member_event("removed", R"({\"user_id\":\"2\"})"));
    // Back again, with other information: nobody holds the old one any more.
    tab2.subscribes("presence-a", R"({"user_id":"2","user_info":"new"})");
    EXPECT_EQ(watcher.heard_one(),
              member_event("added", R"({\"user_id\":\"2\",\"user_info\":\"new\"})"));
}

TEST(Presence, again_is_answered_with_the_roster_again) {  // trap 34
    TestServer server;
    auto& watcher = server.client();
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    const auto heard = watcher.heard();
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_EQ(heard[0], heard[1]);
    EXPECT_EQ(server.hub.members(server.app, "presence-a").size(), 1U);
}

TEST(Presence, refuses_channel_data_that_names_nobody) {
    TestServer server;
    auto& client = server.client();
    for (const std::string_view data : {"{}", "x", R"({"user_id":""})", R"({"user_id":null})"}) {
        client.subscribes("presence-a", data);
        EXPECT_EQ(client.heard_one(), server_error) << data;
    }
    client.subscribes("presence-a");  // signed in two parts, without channel_data
    EXPECT_EQ(client.heard_one(), server_error);
}

TEST(Presence, measures_a_user_id_in_characters) {  // trap 31
    TestServer server;
    auto& client = server.client();
    std::string snowmen;
    for (int i = 0; i < 128; ++i) snowmen += "\u2603";
    client.subscribes("presence-a", "{\"user_id\":\"" + snowmen + "x\"}");
    EXPECT_EQ(client.heard_one(), server_error);
    client.subscribes("presence-a", "{\"user_id\":\"" + snowmen + "\"}");
    EXPECT_NE(client.heard_one().find(R"(\"count\":1)"), std::string::npos);
}

TEST(Presence, takes_ids_that_are_traps_elsewhere) {  // trap 31
    TestServer server;
    auto& watcher = server.client();
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    watcher.heard();
    for (const std::string id : {"__proto__", "constructor", "a:b"}) {
        auto& other = server.client();
        other.subscribes("presence-a", "{\"user_id\":\"" + id + "\"}");
        EXPECT_EQ(watcher.heard_one(), member_event("added", R"({\"user_id\":\")" + id + R"(\"})"));
        other.leave();
        EXPECT_EQ(watcher.heard_one(),
                  member_event("removed", R"({\"user_id\":\")" + id + R"(\"})"));
    }
}

TEST(Presence, is_full_for_strangers_but_not_for_a_members_other_tab) {  // trap 36
    TestServer server;
    auto app = *server.app;
    app.limits.presence_members_max = 1;
    server.set(app);
    server.client().subscribes("presence-a", R"({"user_id":"1"})");
    auto& stranger = server.client();
    stranger.subscribes("presence-a", R"({"user_id":"2"})");
    EXPECT_EQ(stranger.heard_one(),
              refused("LimitReached", "The maximum members per presence channel limit was reached",
                      4100));
    auto& tab = server.client();
    tab.subscribes("presence-a", R"({"user_id":"1"})");
    EXPECT_NE(tab.heard_one().find(R"(\"count\":1)"), std::string::npos);
}

TEST(Presence, holds_a_hundred_members_unless_the_app_says_otherwise) {
    TestServer server;
    const auto join = [&](int id) {
        auto& client = server.client();
        client.subscribes("presence-a", R"({"user_id":)" + std::to_string(id) + "}");
        return client.heard_one();
    };
    for (int id = 1; id <= 100; ++id) {
        EXPECT_NE(join(id).find("subscription_succeeded"), std::string::npos);
    }
    EXPECT_NE(join(101).find("\"status\":4100"), std::string::npos);
    EXPECT_NE(join(100).find(R"(\"count\":100)"), std::string::npos);
    EXPECT_EQ(server.hub.members(server.app, "presence-a").size(), 100U);
}

TEST(Presence, refuses_a_member_that_is_too_big) {
    TestServer server;
    auto& client = server.client();
    const auto with_info = [](std::size_t bytes) {
        return "{\"user_id\":\"1\",\"user_info\":\"" + std::string(bytes - 2, 'x') + "\"}";
    };
    client.subscribes("presence-a", with_info(2049));
    EXPECT_EQ(client.heard_one(),
              refused("LimitReached", "The maximum size for a channel member is 2 KB.", 4301));
    client.subscribes("presence-a", with_info(2048));
    EXPECT_NE(client.heard_one().find(R"(\"count\":1)"), std::string::npos);
}

TEST(Presence, is_private_to_an_authenticated_channel_signed_with_data) {
    // A private channel may be signed in three parts too: SDKs do when they are given data.
    TestServer server;
    auto& client = server.client();
    client.subscribes("private-a", R"({"user_id":"1"})");
    EXPECT_EQ(
        client.heard_one(),
        R"({"event":"pusher_internal:subscription_succeeded","channel":"private-a","data":"{}"})");
    EXPECT_TRUE(server.hub.members(server.app, "private-a").empty());
}

}  // namespace
}  // namespace carillon::pusher
