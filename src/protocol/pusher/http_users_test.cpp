#include "protocol/pusher/http_users.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::TestServer;

std::string path(std::string_view user, std::string_view verb = "terminate_connections") {
    return "/apps/3/users/" + std::string(user) + "/" + std::string(verb);
}

TEST(DisconnectingAUser, ends_his_connections_for_good_and_no_others) {
    TestServer server;
    auto& first = server.client();
    auto& second = server.client();
    auto& other = server.client();
    first.subscribes("presence-a", R"({"user_id":"ann"})");
    second.subscribes("presence-b", R"({"user_id":"ann"})");
    other.subscribes("presence-a", R"({"user_id":"bob"})");
    const auto answer = server.request("POST", path("ann"), "{}");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"ok":true})");
    EXPECT_EQ(first.closed(), "4009 You got disconnected by the app.");
    EXPECT_EQ(second.closed(), "4009 You got disconnected by the app.");
    EXPECT_EQ(other.closed(), "");
}

TEST(DisconnectingAUser, may_ask_them_to_come_back_at_once) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("presence-a", R"({"user_id":"ann"})");
    EXPECT_EQ(server.request("POST", path("ann", "force_reconnect")).status, 200);
    EXPECT_EQ(client.closed().substr(0, 4), "4200");
}

TEST(DisconnectingAUser, signs_the_path_as_it_is_and_means_the_decoded_id) {  // trap 44
    TestServer server;
    auto& client = server.client();
    client.subscribes("presence-a", R"({"user_id":"ann@a/b +c"})");
    EXPECT_EQ(server.request("POST", path("ann%40a%2Fb%20+c")).status, 200);
    EXPECT_EQ(client.closed().substr(0, 4), "4009");
}

TEST(DisconnectingAUser, who_is_not_there_is_no_error) {
    TestServer server;
    EXPECT_EQ(server.request("POST", path("nobody")).body, R"({"ok":true})");
}

TEST(DisconnectingAUser, stays_in_its_app_and_wants_a_signature) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("presence-a", R"({"user_id":"ann"})");
    auto second = *server.app;
    second.id = "4";
    second.key = "second";
    server.apps.apps.push_back(std::make_shared<const hub::App>(second));
    auto request = server.signed_request("POST", "/apps/4/users/ann/terminate_connections", "");
    EXPECT_EQ(server.answer(request).status, 401);
    request.path = path("ann");
    request.query.clear();
    EXPECT_EQ(server.answer(request).status, 401);
    EXPECT_EQ(client.closed(), "");
}

}  // namespace
}  // namespace carillon::pusher
