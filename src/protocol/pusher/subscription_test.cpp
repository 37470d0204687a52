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
