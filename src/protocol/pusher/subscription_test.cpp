#include "protocol/pusher/subscription.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::subscription_error_body;
using testing::succeeded_body;
using testing::TestClient;
using testing::TestServer;

const std::string unauthorized =
    R"({"type":"AuthError","error":"The connection is unauthorized.","status":401})";

TEST(Subscription, of_a_public_channel_needs_nothing) {  // trap 6: data is "{}"
    TestServer server;
    auto& client = server.client();
    client.says(R"({"event":"pusher:subscribe","data":{"channel":"news","auth":""}})");
    EXPECT_EQ(client.heard_one(), succeeded_body("news"));
    EXPECT_EQ(server.publish(R"({"name":"e","channel":"news","data":"x"})").status, 200);
    EXPECT_EQ(client.heard_one(), R"({"event":"e","channel":"news","data":"x"})");
}

TEST(Subscription, of_every_authenticated_kind_needs_its_signature) {  // traps 12 and 22
    TestServer server;
    for (const std::string channel :
         {"private-a", "private-cache-a", "private-encrypted-a", "private-encrypted-cache-a",
          "presence-a", "presence-cache-a"}) {
        auto& client = server.client();
        const auto expected = subscription_error_body(channel, unauthorized);
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
            EXPECT_NE(client.heard().at(0).find(R"(\"count\":1)"), std::string::npos);
        } else {
            client.subscribes(channel);
            EXPECT_EQ(client.heard().at(0), succeeded_body(channel));
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
    const auto refused = subscription_error_body("private-a", unauthorized);
    EXPECT_EQ(try_auth(server.app->key + ":" + hex(other)), refused);
    EXPECT_EQ(try_auth("OTHERKEY:" + hex(client)), refused);
    EXPECT_EQ(try_auth(server.app->key + ":" + hex(client)), succeeded_body("private-a"));
}

TEST(Subscription, of_a_cache_channel_is_that_of_its_base_kind) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("cache-a");
    EXPECT_EQ(client.heard().at(0), succeeded_body("cache-a"));
}

TEST(Subscription, of_a_cache_channel_brings_its_last_event_or_says_that_there_is_none) {
    TestServer server;
    const auto miss = R"({"event":"pusher:cache_miss","channel":"cache-a","data":"{}"})";
    auto& first = server.client();
    first.subscribes("cache-a");
    EXPECT_EQ(first.heard(), (std::vector<std::string>{succeeded_body("cache-a"), miss}));
    server.publish(R"({"name":"e","channel":"cache-a","data":"1"})");
    server.publish(R"({"name":"e","channel":"cache-a","data":"2"})");
    auto& second = server.client();
    second.subscribes("cache-a");
    EXPECT_EQ(second.heard(),
              (std::vector<std::string>{succeeded_body("cache-a"),
                                        R"({"event":"e","channel":"cache-a","data":"2"})"}));
    second.subscribes("cache-a");  // again: it has heard it
    EXPECT_EQ(second.heard_one(), succeeded_body("cache-a"));
}

TEST(Subscription, of_a_cache_channel_brings_the_last_event_though_everybody_had_left) {
    TestServer server;
    server.publish(R"({"name":"e","channel":"cache-a","data":"1"})");
    auto& client = server.client();
    client.subscribes("cache-a");
    EXPECT_EQ(client.heard().size(), 2U);
    client.leave(hub::CloseReason::peer);
    auto& next = server.client();
    next.subscribes("cache-a");
    EXPECT_EQ(next.heard().at(1), R"({"event":"e","channel":"cache-a","data":"1"})");
}

TEST(Subscription, of_a_cache_channel_is_a_miss_for_whom_its_last_event_excludes) {
    TestServer server;
    auto& client = server.client();
    server.publish(R"({"name":"e","channel":"cache-a","data":"x","socket_id":")" +
                   client.socket_id() + "\"}");
    client.subscribes("cache-a");
    const auto heard = client.heard();
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_NE(heard[1].find("pusher:cache_miss"), std::string::npos);
    auto& other = server.client();
    other.subscribes("cache-a");
    EXPECT_NE(other.heard().back().find(R"("event":"e")"), std::string::npos);
}

TEST(Subscription, of_a_cache_channel_is_told_nothing_untrue_when_there_is_no_room_for_its_event) {
    TestServer server({.replay_bytes_max = 100});
    server.publish(R"({"name":"e","channel":"cache-a","data":")" + std::string(200, 'x') + "\"}");
    auto& client = server.client();
    client.subscribes("cache-a");
    EXPECT_EQ(client.heard_one(), testing::succeeded_body("cache-a"));
}

TEST(Subscription, of_a_cache_channel_brings_nothing_that_a_client_said) {
    TestServer server;
    auto& speaker = server.client();
    speaker.subscribes("private-cache-a");
    speaker.says(R"({"event":"client-x","channel":"private-cache-a","data":{}})");
    auto& next = server.client();
    next.subscribes("private-cache-a");
    EXPECT_EQ(next.heard().at(1),
              R"({"event":"pusher:cache_miss","channel":"private-cache-a","data":"{}"})");
}

TEST(Subscription, of_a_presence_cache_channel_brings_the_roster_and_then_the_last_event) {
    TestServer server;
    server.publish(R"({"name":"e","channel":"presence-cache-a","data":"1"})");
    auto& client = server.client();
    client.subscribes("presence-cache-a", R"({"user_id":"1"})");
    const auto heard = client.heard();
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_NE(heard[0].find(R"(\"count\":1)"), std::string::npos);
    EXPECT_EQ(heard[1], R"({"event":"e","channel":"presence-cache-a","data":"1"})");
}

TEST(Subscription, of_an_encrypted_channel_brings_what_the_server_cannot_read) {
    TestServer server;
    const std::string sealed = R"({\"nonce\":\"bm9uY2U=\",\"ciphertext\":\"Y2lwaGVy\"})";
    for (const std::string channel : {"private-encrypted-a", "private-encrypted-cache-a"}) {
        auto& client = server.client();
        client.subscribes(channel);
        client.heard();
        server.publish(R"({"name":"e","channel":")" + channel + R"(","data":")" + sealed + "\"}");
        const auto frame =
            R"({"event":"e","channel":")" + channel + R"(","data":")" + sealed + "\"}";
        EXPECT_EQ(client.heard_one(), frame);
    }
    auto& late = server.client();
    late.subscribes("private-encrypted-cache-a");
    EXPECT_NE(late.heard().at(1).find("ciphertext"), std::string::npos);
}

TEST(Subscription, of_one_app_does_not_hear_the_cache_of_another) {
    TestServer server;
    hub::App second = *server.app;
    second.id = "4";
    second.key = "second";
    server.apps.apps.push_back(std::make_shared<const hub::App>(second));
    server.publish(R"({"name":"e","channel":"cache-a","data":"1"})");
    auto& client = server.connect("/app/second");
    client.heard();
    client.subscribes("cache-a");
    EXPECT_NE(client.heard().at(1).find("pusher:cache_miss"), std::string::npos);
}

TEST(Subscription, of_a_user_channel_is_nobodys_yet) {
    TestServer server;
    auto& client = server.client();
    for (const std::string channel : {"#server-to-user-1", "#other"}) {
        client.subscribes(channel);
        EXPECT_EQ(client.heard_one(), subscription_error_body(channel, unauthorized));
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
        EXPECT_EQ(client.heard_one(), subscription_error_body(channel, not_allowed));
    }
    const std::string longest(200, 'x');
    client.subscribes(longest);
    EXPECT_EQ(client.heard_one(), succeeded_body(longest));
    client.subscribes(longest + "x");
    EXPECT_EQ(
        client.heard_one(),
        subscription_error_body(longest + "x", R"({"type":"LimitReached","error":"The channel )"
                                               R"(name is longer than the allowed 200 )"
                                               R"(characters.","status":4009})"));
    for (const std::string channel : {"a,b;c", "A-z_0=@.9"}) {  // trap 9
        client.subscribes(channel);
        EXPECT_EQ(client.heard_one(), succeeded_body(channel));
    }
}

TEST(Subscription, has_names_as_long_as_the_app_says) {
    TestServer server;
    auto app = *server.app;
    app.limits.channel_name_bytes_max = 10;
    server.set(app);
    auto& client = server.client();
    client.subscribes("presence-a", R"({"user_id":"1"})");
    EXPECT_NE(client.heard_one().find("subscription_succeeded"), std::string::npos);
    client.subscribes("private-abc");
    EXPECT_NE(client.heard_one().find("longer than the allowed 10 characters"), std::string::npos);
}

TEST(Subscription, is_signed_over_the_decoded_text_however_the_frame_escapes_it) {  // trap 27
    TestServer server;
    auto& client = server.client();
    const std::string data = "{\"user_id\":\"\u00fc/\"}";
    const auto hex = channel_signature(*server.app, client.socket_id(), "presence-a", data);
    client.says(R"({"event":"pusher:subscribe","data":{"channel":"presence\u002da","auth":")" +
                server.app->key + ":" + hex +
                R"(","channel_data":"\u007b\"user_id\":\u0022\u00fc\/\"}"}})");
    EXPECT_NE(client.heard_one().find(R"(\"count\":1)"), std::string::npos);
}

TEST(Subscription, that_is_refused_leaves_nothing_behind_and_says_one_thing) {
    TestServer server;
    auto& client = server.client();
    client.says(R"({"event":"pusher:subscribe","data":{"channel":"private-a","auth":"x:y"}})");
    EXPECT_EQ(client.heard_one(), subscription_error_body("private-a", unauthorized));
    EXPECT_FALSE(server.hub.describe(server.app, "private-a").has_value());
    server.publish(R"({"name":"e","channel":"private-a","data":"x"})");
    EXPECT_TRUE(client.heard().empty());
    client.subscribes("private-a");
    EXPECT_EQ(client.heard_one(), succeeded_body("private-a"));
}

TEST(Subscription, of_a_public_channel_ignores_what_was_signed_or_said_about_a_member) {
    TestServer server;
    auto& client = server.client();
    client.says(
        R"({"event":"pusher:subscribe","data":{"channel":"news","auth":"no","channel_data":"no"}})");
    EXPECT_EQ(client.heard_one(), succeeded_body("news"));
}

TEST(Subscription, again_is_answered_again_and_counts_once) {  // trap 34
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    client.subscribes("news");
    EXPECT_EQ(client.heard(),
              (std::vector<std::string>{succeeded_body("news"), succeeded_body("news")}));
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

}  // namespace
}  // namespace carillon::pusher
