#include "protocol/pusher/http_api.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::TestServer;

std::string_view header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

http::Request get(std::string path) {
    http::Request request;
    request.method = "GET";
    request.path = std::move(path);
    return request;
}

const std::string event = R"({"name":"my-event","channel":"news","data":"{\"a\":\"ü\"}"})";

TEST(PublishOverHttp, reaches_the_subscribers) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    client.heard();
    const auto answer = server.publish(event);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"ok":true})");
    EXPECT_EQ(client.heard_one(),
              R"({"event":"my-event","channel":"news","data":"{\"a\":\"ü\"}"})");
}

TEST(PublishOverHttp, is_the_answer_of_the_published_vector_5) {
    TestServer server;
    auto request = server.signed_request(
        "POST", "/apps/3/events",
        R"({"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"})");
    EXPECT_EQ(server.answer(request).status, 200);
}

TEST(PublishOverHttp, reaches_each_named_channel_in_its_name) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("a");
    client.subscribes("b");
    client.heard();
    server.publish(R"({"name":"e","channels":["a","b","c"],"data":[ 1.0 ]})");
    auto heard = client.heard();
    std::ranges::sort(heard);
    EXPECT_EQ(heard, (std::vector<std::string>{R"({"event":"e","channel":"a","data":"[1.0]"})",
                                               R"({"event":"e","channel":"b","data":"[1.0]"})"}));
}

TEST(PublishOverHttp, leaves_out_the_socket_that_it_names) {  // trap 26, on one node
    TestServer server;
    auto& author = server.client();
    auto& other = server.client();
    author.subscribes("news");
    other.subscribes("news");
    author.heard();
    other.heard();
    server.publish(R"({"name":"e","channel":"news","data":"x","socket_id":")" + author.socket_id() +
                   R"("})");
    EXPECT_TRUE(author.heard().empty());
    EXPECT_EQ(other.heard().size(), 1U);
    server.publish(R"({"name":"e","channel":"news","data":"x","socket_id":"1.1"})");
    EXPECT_EQ(author.heard().size(), 1U);
}

TEST(PublishOverHttp, stays_in_its_app) {
    TestServer server;
    hub::App second = *server.app;
    second.id = "4";
    second.key = "second";
    second.secret = "other";
    server.apps.apps.push_back(std::make_shared<const hub::App>(second));
    auto& client = server.connect("/app/second");
    client.subscribes("news");
    client.heard();
    EXPECT_EQ(server.publish(event).status, 200);
    EXPECT_TRUE(client.heard().empty());
    // Trap 33: app 3's key and secret on app 4's path.
    EXPECT_EQ(server.answer(server.signed_request("POST", "/apps/4/events", event)).status, 401);
    EXPECT_TRUE(client.heard().empty());
}

TEST(PublishOverHttp, passes_hostile_text_on_unharmed) {  // trap 29
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    client.heard();
    server.publish(R"({"name":"e","channel":"news","data":"\u0000 \u2028 \" \\ \n"})");
    EXPECT_EQ(client.heard_one(),
              "{\"event\":\"e\",\"channel\":\"news\",\"data\":\"\\u0000 \u2028 \\\" \\\\ \\n\"}");
    EXPECT_EQ(server.publish(R"({"name":"e","channel":"news","data":"\ud800"})").status, 400);
    EXPECT_EQ(server.publish("{\"name\":\"e\",\"channel\":\"news\",\"data\":\"\xff\"}").status,
              400);
    EXPECT_EQ(client.closed(), "");
}

TEST(PublishOverHttp, says_no_in_words_a_code_and_a_status) {
    TestServer server;
    auto request = server.signed_request("POST", "/apps/3/events", event);
    request.query.back() = 'x';
    const auto unsigned_answer = server.answer(request);
    EXPECT_EQ(unsigned_answer.status, 401);
    EXPECT_EQ(unsigned_answer.body,
              R"({"error":"auth_signature is wrong.","code":"auth_failed","status":401})");
    EXPECT_EQ(header(unsigned_answer, "Content-Type").substr(0, 16), "application/json");

    EXPECT_EQ(server.answer(server.signed_request("POST", "/apps/9/events", event)).body,
              R"({"error":"The app does not exist.","code":"app_not_found","status":404})");
    EXPECT_EQ(
        server.publish(R"({"name":"e"})").body,
        R"({"error":"channels or channel is needed.","code":"missing_channel_info","status":400})");
    EXPECT_EQ(server.publish("{}").status, 400);
    const auto large =
        server.publish(R"({"name":"e","channel":"a","data":")" + std::string(102'401, 'x') + "\"}");
    EXPECT_EQ(large.status, 413);
    EXPECT_NE(large.body.find(R"("code":"payload_too_large","status":413)"), std::string::npos);
    EXPECT_EQ(
        server.publish(R"({"name":"e","channel":"a","data":")" + std::string(102'400, 'x') + "\"}")
            .status,
        200);
    EXPECT_EQ(server.pusher.refusals().get(Fault::request_unauthorized), 1U);
    EXPECT_EQ(server.pusher.refusals().get(Fault::request_app_unknown), 1U);
}

TEST(PublishOverHttp, without_any_query_is_unauthorized) {
    TestServer server;
    auto request = server.signed_request("POST", "/apps/3/events", event);
    request.query.clear();
    EXPECT_EQ(server.answer(request).status, 401);
}

TEST(PublishOverHttp, of_a_disabled_app_is_forbidden_to_who_signs_and_unauthorized_to_others) {
    TestServer server;
    auto app = *server.app;
    app.enabled = false;
    server.set(app);
    EXPECT_EQ(server.publish(event).status, 403);
    auto request = server.signed_request("POST", "/apps/3/events", event);
    request.query.clear();
    EXPECT_EQ(server.answer(request).status, 401);
}

TEST(PublishOverHttp, is_judged_by_the_clock_it_was_given) {
    TestServer server;
    auto request = server.signed_request("POST", "/apps/3/events", event);
    server.clock.advance_ms(600'000);
    EXPECT_EQ(server.answer(request).status, 200);
    server.clock.advance_ms(1'000);
    EXPECT_EQ(server.answer(request).status, 401);
}

TEST(PublishOverHttp, asks_to_come_back_when_an_inbox_is_full) {
    TestServer server(hub::LaneLimits{.inbox_bytes_max = 1000});
    server.client().subscribes("news");
    const auto answer =
        server.publish(R"({"name":"e","channel":"news","data":")" + std::string(2000, 'x') + "\"}");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(header(answer, "Retry-After"), "1");
    EXPECT_NE(answer.body.find(R"("code":"backpressure","status":503)"), std::string::npos);
}

TEST(PublishOverHttp, may_be_answered_late) {
    TestServer server;
    server.apps.later = true;
    http::Response answer;
    answer.status = 0;
    server.ask(server.signed_request("POST", "/apps/3/events", event), answer);
    EXPECT_EQ(answer.status, 0);
    server.apps.answer_now();
    EXPECT_EQ(answer.status, 200);
}

TEST(PublishOverHttp, keeps_what_the_app_store_said_to_itself) {
    TestServer server;
    server.apps.broken = true;
    const auto answer = server.publish(event);
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("hunter2"), std::string::npos);
}

TEST(PublishOverHttp, logs_no_secret_and_no_body) {
    TestServer server;
    server.publish(R"({"name":"hunter2"})");
    ASSERT_FALSE(server.log.lines.empty());
    EXPECT_EQ(server.log.lines.back(), "request_refused reason=request_no_channel app=3");
}

TEST(Up, answers_for_a_known_app_only) {
    TestServer server;
    const auto up = server.answer(get("/up/3"));
    EXPECT_EQ(up.status, 200);
    EXPECT_EQ(up.body, "OK");
    EXPECT_EQ(header(up, "X-Health-Check"), "OK");
    EXPECT_EQ(server.answer(get("/up/9")).status, 404);
    server.apps.broken = true;
    EXPECT_EQ(server.answer(get("/up/3")).status, 503);
}

TEST(Up, of_the_whole_server_needs_nothing) {
    TestServer server;
    server.apps.broken = true;
    const auto up = server.answer(get("/up"));
    EXPECT_EQ(up.status, 200);
    EXPECT_EQ(up.body, "OK");
    EXPECT_EQ(header(up, "X-Health-Check"), "OK");
    const auto live = server.answer(get("/live"));
    EXPECT_EQ(live.status, 200);
    EXPECT_EQ(live.body, "");
}

TEST(PathPrefix, is_signed_as_it_was_received) {  // trap 43
    TestServer server;
    http::Router router;
    router.mount("/x");
    ASSERT_TRUE(server.pusher.routes(router).has_value());
    std::swap(server.router, router);
    EXPECT_EQ(server.request("POST", "/x/apps/3/events", event).status, 200);
    auto request = server.signed_request("POST", "/apps/3/events", event);
    request.path = "/x/apps/3/events";
    EXPECT_EQ(server.answer(request).status, 401);
}

// Every signed route: who asks comes before how, and how before what.
TEST(SignedCalls, ask_for_the_app_then_the_signature_then_the_switch) {
    const std::pair<std::string, std::string> routes[] = {
        {"POST", "/events"},
        {"POST", "/batch_events"},
        {"GET", "/channels"},
        {"GET", "/channels/a"},
        {"GET", "/channels/presence-a/users"},
        {"POST", "/users/a/terminate_connections"},
        {"POST", "/users/a/force_reconnect"},
    };
    for (const auto& [method, path] : routes) {
        TestServer server;
        EXPECT_EQ(server.request(method, "/apps/9" + path).status, 404) << path;
        http::Request request;
        request.method = method;
        request.path = "/apps/9" + path;
        EXPECT_EQ(server.answer(request).status, 404) << path;
        request.path = "/apps/3" + path;
        EXPECT_EQ(server.answer(request).status, 401) << path;
        auto app = *server.app;
        app.enabled = false;
        server.set(app);
        EXPECT_EQ(server.answer(request).status, 401) << path;
        const auto answer = server.request(method, "/apps/3" + path);
        EXPECT_EQ(answer.status, 403) << path;
        EXPECT_EQ(answer.body,
                  R"({"error":"The app is disabled.","code":"forbidden","status":403})");
    }
}

}  // namespace
}  // namespace carillon::pusher
