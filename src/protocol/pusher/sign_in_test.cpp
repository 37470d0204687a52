// Who a client is on its whole connection: signing in, the user's own channel, being thrown out.
#include <gmock/gmock.h>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::error_body;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::subscription_error_body;
using testing::succeeded_body;
using testing::TestClient;
using testing::TestServer;

struct SignedIn : ::testing::Test {
    SignedIn() {
        auto app = *server.app;
        app.sign_in = true;
        server.set(app);
    }
    TestClient& user(const std::string& id) {
        auto& client = server.client();
        client.signs_in(R"({"id":")" + id + R"("})");
        client.heard();
        return client;
    }
    TestServer server;
};

constexpr std::string_view unauthorized =
    R"({"type":"AuthError","error":"The connection is unauthorized.","status":401})";

TEST_F(SignedIn, echoes_the_user_data_as_it_was_written) {
    auto& client = server.client();
    client.signs_in(R"({"id":"12345", "user_info":{"n":1.0,"t":"a\/b"}})");
    EXPECT_EQ(
        client.heard_one(),
        R"({"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"12345\", \"user_info\":{\"n\":1.0,\"t\":\"a\\/b\"}}"}})");
}

TEST_F(SignedIn, is_refused_and_closed_with_4009_when_the_signature_is_not_the_apps) {
    for (const std::string auth :
         {"", "278d425bdf160c739803:00", "OTHERKEY:",
          "278d425bdf160c739803:"
          "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"}) {
        auto& client = server.client();
        client.says(R"({"event":"pusher:signin","data":{"auth":")" + auth +
                    R"(","user_data":"{\"id\":\"12345\"}"}})");
        EXPECT_EQ(client.heard_one(), error_body(4009, "Connection is unauthorized"));
        EXPECT_EQ(client.closed(), "4009 Connection is unauthorized");
    }
}

TEST_F(SignedIn, is_refused_when_another_key_stands_before_the_right_signature) {
    auto& client = server.client();
    const std::string data = R"({"id":"1"})";
    client.says(R"({"event":"pusher:signin","data":{"auth":"OTHERKEY:)" +
                user_signature(*server.app, client.socket_id(), data) +
                R"(","user_data":"{\"id\":\"1\"}"}})");
    EXPECT_THAT(client.closed(), HasSubstr("4009"));
}

TEST_F(SignedIn, is_refused_with_what_was_signed_for_another_socket) {
    auto& client = server.client();
    auto& other = server.client();
    const std::string data = R"({"id":"1"})";
    client.says(R"({"event":"pusher:signin","data":{"auth":")" + server.app->key + ":" +
                user_signature(*server.app, other.socket_id(), data) +
                R"(","user_data":"{\"id\":\"1\"}"}})");
    EXPECT_EQ(client.closed(), "4009 Connection is unauthorized");
    EXPECT_FALSE(server.hub.online(server.app, "1"));
}

TEST_F(SignedIn, is_refused_without_an_id_or_with_one_too_long) {
    for (const std::string& data :
         {std::string(R"({})"), std::string(R"({"id":""})"), std::string("no json"),
          R"({"id":")" + std::string(129, 'u') + R"("})"}) {
        auto& client = server.client();
        client.signs_in(data);
        EXPECT_THAT(client.closed(), HasSubstr("4009")) << data;
    }
    auto& client = server.client();
    client.signs_in(R"({"id":")" + std::string(128, 'u') + R"("})");
    EXPECT_EQ(client.closed(), "");
}

TEST_F(SignedIn, is_only_told_4009_where_the_app_has_no_users) {
    auto app = *server.app;
    app.sign_in = false;
    server.set(app);
    auto& client = server.client();
    client.signs_in(R"({"id":"1"})");
    EXPECT_EQ(client.heard_one(),
              error_body(4009, "Authentication error: Users cannot sign in to this app"));
    EXPECT_EQ(client.closed(), "");
}

TEST_F(SignedIn, alone_may_subscribe_to_the_users_own_channel) {
    auto& mine = user("12345");
    auto& other = user("1234");
    auto& nobody = server.client();
    mine.subscribes("#server-to-user-12345");
    EXPECT_EQ(mine.heard_one(), succeeded_body("#server-to-user-12345"));
    for (auto* stranger : {&other, &nobody}) {
        stranger->subscribes("#server-to-user-12345");
        EXPECT_EQ(stranger->heard_one(),
                  subscription_error_body("#server-to-user-12345", unauthorized));
    }
    EXPECT_EQ(
        server.publish(R"({"name":"hi","channels":["#server-to-user-12345"],"data":"x"})").status,
        200);
    EXPECT_EQ(mine.heard_one(), R"({"event":"hi","channel":"#server-to-user-12345","data":"x"})");
    EXPECT_THAT(other.heard(), IsEmpty());
}

TEST_F(SignedIn, has_a_channel_however_long_or_strange_the_users_id_is) {
    for (const std::string& id : {std::string(128, 'u'), std::string("a b:c/d"),
                                  std::string("__proto__"), std::string("ü☃")}) {
        auto& client = user(id);
        client.says(R"({"event":"pusher:subscribe","data":{"channel":"#server-to-user-)" + id +
                    R"("}})");
        EXPECT_EQ(client.heard_one(), succeeded_body("#server-to-user-" + id));
    }
}

TEST_F(SignedIn, hears_no_more_of_the_first_user_after_signing_in_as_another) {
    auto& client = user("1");
    client.subscribes("#server-to-user-1");
    client.signs_in(R"({"id":"2"})");
    client.subscribes("#server-to-user-2");
    client.heard();
    server.publish(R"({"name":"hi","channels":["#server-to-user-1"],"data":"1"})");
    EXPECT_THAT(client.heard(), IsEmpty());
    EXPECT_FALSE(server.hub.online(server.app, "1"));
    EXPECT_TRUE(server.hub.online(server.app, "2"));
}

TEST_F(SignedIn, may_sign_in_again_as_the_same_user_and_keeps_its_channel) {
    auto& client = user("1");
    client.subscribes("#server-to-user-1");
    client.signs_in(R"({"id":"1"})");
    client.heard();
    server.publish(R"({"name":"hi","channels":["#server-to-user-1"],"data":"1"})");
    EXPECT_THAT(client.heard_one(), HasSubstr("\"hi\""));
}

TEST_F(SignedIn, joins_presence_channels_as_that_user_without_saying_so_again) {
    auto& client = server.client();
    client.signs_in(R"({"id":"7","user_info":{"name":"Ann"}})");
    client.heard();
    client.subscribes("presence-a");
    EXPECT_THAT(client.heard_one(),
                HasSubstr(R"(\"ids\":[\"7\"],\"hash\":{\"7\":{\"name\":\"Ann\"}},\"count\":1)"));
    auto& nobody = server.client();
    nobody.subscribes("presence-a");
    EXPECT_THAT(nobody.heard_one(), HasSubstr("\"status\":4302"));
}

TEST_F(SignedIn, is_thrown_out_with_all_the_users_connections_and_no_others) {
    auto& first = user("1");
    auto& second = user("1");
    auto& other = user("2");
    auto& present = server.client();
    present.subscribes("presence-a", R"({"user_id":"1"})");
    present.heard();
    const auto receipt = server.hub.disconnect_user(server.app, "1", hub::CloseReason::kicked);
    EXPECT_EQ(receipt.matched, 3U);
    server.run();
    for (auto* client : {&first, &second, &present}) {
        EXPECT_EQ(client->heard_one(), error_body(4009, "You got disconnected by the app."));
        EXPECT_EQ(client->closed(), "4009 You got disconnected by the app.");
    }
    EXPECT_EQ(other.closed(), "");
}

TEST_F(SignedIn, is_sent_to_come_back_with_4200_when_it_is_renewed) {
    auto& client = user("1");
    server.hub.disconnect_user(server.app, "1", hub::CloseReason::renewed);
    server.run();
    EXPECT_EQ(client.closed(), "4200 Generic reconnect immediately");
}

// The time to be somebody.

TEST_F(SignedIn, or_not_who_is_nobody_after_an_hour_is_closed_with_4009) {
    auto& client = server.client();
    for (int minutes = 0; minutes < 60; ++minutes) {
        EXPECT_EQ(client.closed(), "");
        server.clock.advance_ms(60'000);
        client.ticks();
        client.says(R"({"event":"pusher:ping","data":{}})");
    }
    client.ticks();
    EXPECT_EQ(client.closed(), "4009 Connection not authorized within timeout.");
}

TEST_F(SignedIn, or_in_an_authenticated_channel_it_may_stay_for_ever) {
    auto& signed_in = user("1");
    auto& inside = server.client();
    inside.subscribes("private-a");
    auto& outside = server.client();
    outside.subscribes("news");
    for (int minutes = 0; minutes < 61; ++minutes) {
        server.clock.advance_ms(60'000);
        for (auto* client : {&signed_in, &inside, &outside}) {
            client->ticks();
            client->says(R"({"event":"pusher:ping","data":{}})");
        }
    }
    EXPECT_EQ(signed_in.closed(), "");
    EXPECT_EQ(inside.closed(), "");
    EXPECT_THAT(outside.closed(), HasSubstr("4009"));
}

TEST_F(SignedIn, or_refused_by_a_channel_it_is_still_nobody) {  // trap 46: its other side
    auto& refused = server.client();
    refused.says(R"({"event":"pusher:subscribe","data":{"channel":"private-a","auth":"x:y"}})");
    auto& present = server.client();
    present.subscribes("presence-a", R"({"user_id":"1"})");
    for (int minutes = 0; minutes < 60; ++minutes) {
        server.clock.advance_ms(60'000);
        for (auto* client : {&refused, &present}) {
            client->ticks();
            client->says(R"({"event":"pusher:ping","data":{}})");
        }
    }
    EXPECT_EQ(refused.closed(), "4009 Connection not authorized within timeout.");
    EXPECT_EQ(present.closed(), "");
}

TEST_F(SignedIn, takes_a_numeric_id_for_the_same_text) {
    auto& client = server.client();
    client.signs_in(R"({"id":12345})");
    EXPECT_THAT(client.heard_one(), HasSubstr(R"("user_data":"{\"id\":12345}")"));
    client.subscribes("#server-to-user-12345");
    EXPECT_EQ(client.heard_one(), succeeded_body("#server-to-user-12345"));
}

TEST_F(SignedIn, is_named_by_what_it_says_of_itself_in_a_presence_channel_if_it_does) {
    auto& client = user("7");
    client.subscribes("presence-a", R"({"user_id":"8"})");
    EXPECT_THAT(client.heard_one(), HasSubstr(R"(\"ids\":[\"8\"])"));
}

TEST(NobodySignsIn, where_the_app_has_no_users_and_nobody_is_closed_for_it) {
    TestServer server;
    auto& client = server.client();
    for (int minutes = 0; minutes < 61; ++minutes) {
        server.clock.advance_ms(60'000);
        client.ticks();
        client.says(R"({"event":"pusher:ping","data":{}})");
    }
    EXPECT_EQ(client.closed(), "");
}

}  // namespace
}  // namespace carillon::pusher
