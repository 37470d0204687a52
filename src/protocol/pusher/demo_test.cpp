#include "protocol/pusher/demo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using ::testing::HasSubstr;
using testing::TestServer;

// A server whose one app is the demo's.
struct DemoServer : TestServer {
    DemoServer() : service(Parts{hub, apps, clock, log}) {
        hub::App demo = *app;
        demo.id = "demo-app";
        demo.key = "demo-key";
        demo.secret = "demo-secret";
        set(demo);
        EXPECT_TRUE(add_demo_routes(service, app, router).has_value());
    }
    http::Response post(std::string path, std::string body,
                        std::vector<http::Header> headers = {}) {
        http::Request request;
        request.method = "POST";
        request.path = std::move(path);
        request.body = std::move(body);
        request.headers = std::move(headers);
        return answer(std::move(request));
    }
    http::Response auth(std::string body) { return post("/demo/auth", std::move(body)); }
    http::Response form(std::string body) {
        return post("/demo/auth", std::move(body),
                    {{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"}});
    }
    testing::TestClient& member() {
        auto& made = connect("/app/demo-key");
        made.heard();
        return made;
    }
    Service service;
};

const std::string event = R"({"name":"ring","channel":"bells","data":"{\"hour\":12}"})";

TEST(Demo, says_which_key_to_connect_with_and_no_secret) {
    DemoServer server;
    http::Request request;
    request.method = "GET";
    request.path = "/demo";
    const auto answer = server.answer(request);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"key":"demo-key","app":"demo-app"})");
}

TEST(Demo, is_not_there_unless_it_was_added) {
    TestServer server;
    for (const auto* path : {"/demo", "/demo/auth", "/demo/events"}) {
        http::Request request;
        request.method = "POST";
        request.path = path;
        EXPECT_EQ(server.answer(request).status, 404) << path;
    }
}

TEST(DemoAuth, signs_a_private_channel_as_a_backend_would) {
    DemoServer server;
    const auto answer = server.auth(R"({"socket_id":"1.2","channel_name":"private-a"})");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"auth":"demo-key:)" +
                               channel_signature(*server.app, "1.2", "private-a", "") + R"("})");
}

// What the helper answers is what subscribes: from the one text to the other, no byte is lost.
TEST(DemoAuth, gives_a_presence_member_a_name_that_the_others_see) {
    DemoServer server;
    auto& watcher = server.member();
    watcher.subscribes("presence-lobby", R"({"user_id":"w"})");
    watcher.heard();
    auto& client = server.member();
    const auto answer =
        server.auth(R"({"socket_id":")" + client.socket_id() +
                    R"(","channel_name":"presence-lobby","user_id":"u\"1","user_info":)"
                    R"({ "name" : "Ann \u2603" , "n" : 1.0 }})");
    EXPECT_EQ(answer.status, 200);
    client.says(R"({"event":"pusher:subscribe","data":{"channel":"presence-lobby",)" +
                answer.body.substr(1) + "}");
    EXPECT_THAT(client.heard_one(), HasSubstr("subscription_succeeded"));
    EXPECT_THAT(watcher.heard_one(),
                HasSubstr(R"({\"user_id\":\"u\\\"1\",\"user_info\":{\"name\":\"Ann \\u2603\",)"
                          R"(\"n\":1.0}})"));
}

TEST(DemoAuth, makes_a_member_of_the_socket_when_no_user_is_named) {
    DemoServer server;
    const auto answer = server.auth(R"({"socket_id":"1.2","channel_name":"presence-a"})");
    EXPECT_THAT(answer.body, HasSubstr(R"("channel_data":"{\"user_id\":\"1.2\"}")"));
}

TEST(DemoAuth, reads_the_form_that_pusher_js_sends) {
    DemoServer server;
    EXPECT_EQ(server.form("socket_id=1.2&channel_name=private-a").body,
              server.auth(R"({"socket_id":"1.2","channel_name":"private-a"})").body);
    EXPECT_EQ(server
                  .form("socket_id=1.2&channel_name=presence-a&user_id=ann"
                        "&user_info=%7B%22name%22%3A+%22Ann%22%7D")
                  .body,
              server
                  .auth(R"({"socket_id":"1.2","channel_name":"presence-a","user_id":"ann",)"
                        R"("user_info":{"name":"Ann"}})")
                  .body);
}

TEST(DemoAuth, refuses_what_it_cannot_sign_and_says_why) {
    DemoServer server;
    const auto refused = [&](std::string body, std::string_view why) {
        const auto answer = server.auth(body);
        EXPECT_EQ(answer.status, 400) << body;
        EXPECT_EQ(answer.body,
                  R"({"error":")" + std::string(why) + R"(","code":"invalid_input","status":400})");
    };
    refused("[]", "The body is not a JSON object.");
    refused("", "The body is not a JSON object.");
    refused(R"({"channel_name":"private-a"})", "socket_id is missing or malformed.");
    refused(R"({"socket_id":"1:2","channel_name":"private-a"})",
            "socket_id is missing or malformed.");
    refused(R"({"socket_id":12,"channel_name":"private-a"})", "socket_id is not a string.");
    refused(R"({"socket_id":"1.2"})", "channel_name is missing or has illegal characters.");
    refused(R"({"socket_id":"1.2","channel_name":"private-a:b"})",
            "channel_name is missing or has illegal characters.");
    refused(R"({"socket_id":"1.2","channel_name":"private-)" + std::string(200, 'a') + R"("})",
            "channel_name is too long.");
    refused(R"({"socket_id":"1.2","channel_name":"news"})",
            "channel_name is not a private or presence channel: nothing to sign.");
    refused(R"({"socket_id":"1.2","channel_name":"#server-to-user-1"})",
            "channel_name is not a private or presence channel: nothing to sign.");
    refused(R"({"socket_id":"1.2","channel_name":"presence-a","user_id":7})",
            "user_id is not a string.");
    refused(R"({"socket_id":"1.2","channel_name":"presence-a","user_id":""})",
            "user_id is empty or too long.");
    refused(R"({"socket_id":"1.2","channel_name":"presence-a","user_id":")" +
                std::string(129, 'u') + R"("})",
            "user_id is empty or too long.");
    refused(R"({"socket_id":"1.2","channel_name":"presence-a","user_info":")" +
                std::string(2047, 'u') + R"("})",
            "user_info is too long.");
}

// A form's user_info is pasted into a signed text: it must not bring members of its own.
TEST(DemoAuth, takes_one_whole_json_value_from_a_form) {
    DemoServer server;
    const std::string form = "socket_id=1.2&channel_name=presence-a&user_info=";
    EXPECT_EQ(server.form(form + "%7B").status, 400);
    EXPECT_EQ(server.form(form + "1%7D,%7B%22user_id%22:%22root%22").status, 400);
    EXPECT_EQ(server.form(form).status, 400);
    EXPECT_EQ(server.form("socket_id=1.2&channel_name=%zz").status, 400);
    const auto smuggled = server.form(form + "1,%22user_id%22:%22root%22");
    EXPECT_THAT(smuggled.body, Not(HasSubstr("root")));
}

TEST(DemoEvents, reach_the_subscribers_unsigned) {
    DemoServer server;
    auto& client = server.member();
    client.subscribes("bells");
    client.heard();
    const auto answer = server.post("/demo/events", event);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"ok":true})");
    EXPECT_EQ(client.heard_one(), R"({"event":"ring","channel":"bells","data":"{\"hour\":12}"})");
}

TEST(DemoEvents, leave_out_the_socket_that_they_name) {
    DemoServer server;
    auto& client = server.member();
    client.subscribes("bells");
    client.heard();
    server.post("/demo/events", R"({"name":"e","channel":"bells","data":"x","socket_id":")" +
                                    client.socket_id() + R"("})");
    EXPECT_TRUE(client.heard().empty());
}

TEST(DemoEvents, are_held_to_the_rules_of_the_signed_api) {
    DemoServer server;
    EXPECT_EQ(server.post("/demo/events", "{}").status, 400);
    EXPECT_EQ(server.post("/demo/events", R"({"name":"e","data":"x"})").body,
              R"({"error":"channels or channel is needed.","code":"missing_channel_info",)"
              R"("status":400})");
    EXPECT_EQ(server.post("/demo/events", R"({"name":"e","channel":"a b","data":"x"})").status,
              400);
    EXPECT_EQ(server
                  .post("/demo/events", R"({"name":"e","channel":"a","data":")" +
                                            std::string(100 * 1024 + 1, 'x') + R"("})")
                  .status,
              413);
    EXPECT_EQ(server.post("/demo/events", std::string(limits::mib + 1, ' ')).status, 413);
}

TEST(Demo, serves_no_page_of_another_host) {
    DemoServer server;
    const auto status = [&](std::vector<http::Header> headers) {
        return server.post("/demo/events", event, std::move(headers)).status;
    };
    const http::Header host{"Host", "127.0.0.1:6001"};
    EXPECT_EQ(status({host, {"Origin", "http://127.0.0.1:6001"}}), 200);
    EXPECT_EQ(status({{"host", "Bells.Example"}, {"origin", "https://bells.example"}}), 200);
    EXPECT_EQ(status({host}), 200);  // curl

    EXPECT_EQ(status({host, {"Origin", "http://evil.example"}}), 403);
    EXPECT_EQ(status({host, {"Origin", "http://127.0.0.1:8080"}}), 403);
    EXPECT_EQ(status({host, {"Origin", "http://127.0.0.1:6001.evil.example"}}), 403);
    EXPECT_EQ(status({host, {"Origin", "null"}}), 403);
    EXPECT_EQ(status({host, {"Origin", ""}}), 403);
    EXPECT_EQ(status({{"Origin", "http://127.0.0.1:6001"}}), 403);
    EXPECT_EQ(status({host, {"Origin", "http://127.0.0.1:6001"}, {"Origin", "http://evil"}}), 403);
    const auto answer = server.post("/demo/auth", "{}", {host, {"Origin", "http://evil.example"}});
    EXPECT_EQ(answer.body, R"({"error":"Pages of another host may not use the demo.",)"
                           R"("code":"forbidden","status":403})");
}

}  // namespace
}  // namespace carillon::pusher
