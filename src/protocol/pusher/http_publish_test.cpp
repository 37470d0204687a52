#include "protocol/pusher/http_publish.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::TestClient;
using testing::TestServer;

std::string_view header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

http::Response batch(TestServer& server, std::string body) {
    return server.request("POST", "/apps/3/batch_events", std::move(body));
}

// {"batch":[item, …]}
std::string batch_of(const std::vector<std::string>& items) {
    std::string body = R"({"batch":[)";
    for (const auto& item : items) body += (&item == items.data() ? "" : ",") + item;
    return body + "]}";
}

std::string item(std::string_view channel, std::string_view more = "") {
    return R"({"name":"e","channel":")" + std::string(channel) + R"(","data":"x")" +
           std::string(more) + "}";
}

TestClient& subscriber(TestServer& server, const std::string& channel) {
    auto& client = server.client();
    client.subscribes(channel);
    client.heard();
    return client;
}

// ---- info ----

TEST(PublishInfo, tells_members_of_presence_channels_and_subscribers_of_the_others) {
    TestServer server;
    for (const auto* user : {"ann", "ann", "bob"}) {
        auto& client = server.client();
        client.subscribes("presence-a", R"({"user_id":")" + std::string(user) + R"("})");
        client.subscribes("news");
    }
    EXPECT_EQ(server
                  .publish(R"({"name":"e","data":"","channels":["presence-a","news","empty"],)"
                           R"("info":"user_count,subscription_count"})")
                  .body,
              R"({"channels":{"empty":{"subscription_count":0},"news":{"subscription_count":3},)"
              R"("presence-a":{"user_count":2}}})");
    EXPECT_EQ(server.publish(R"({"name":"e","data":"","channel":"news","info":"user_count"})").body,
              R"({"channels":{"news":{}}})");
}

TEST(PublishInfo, that_is_none_is_answered_as_without) {
    TestServer server;
    for (const auto* info : {R"("")", "null", R"("nonsense")"}) {
        const auto answer = server.publish(R"({"name":"e","data":"","channel":"a","info":)" +
                                           std::string(info) + "}");
        EXPECT_EQ(answer.body, R"({"ok":true})") << info;
    }
    EXPECT_EQ(server.publish(R"({"name":"e","data":"","channel":"a","info":7})").status, 400);
}

TEST(PublishInfo, names_a_channel_once_that_was_named_twice) {
    TestServer server;
    EXPECT_EQ(server
                  .publish(R"({"name":"e","data":"","channels":["b","a","b"],)"
                           R"("info":"subscription_count"})")
                  .body,
              R"({"channels":{"a":{"subscription_count":0},"b":{"subscription_count":0}}})");
}

// ---- batches ----

TEST(BatchPublish, reaches_each_items_subscribers_in_order) {
    TestServer server;
    auto& client = subscriber(server, "a");
    const auto answer =
        batch(server, batch_of({R"({"name":"1","channel":"a","data":"x"})",
                                R"({"name":"2","channels":["b","a"],"data":"y"})",
                                R"({"name":"3","channel":"a","data":{"z": 1.0}})"}));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "{}");
    EXPECT_EQ(client.heard(),
              (std::vector<std::string>{R"({"event":"1","channel":"a","data":"x"})",
                                        R"({"event":"2","channel":"a","data":"y"})",
                                        R"({"event":"3","channel":"a","data":"{\"z\":1.0}"})"}));
}

TEST(BatchPublish, leaves_out_each_items_own_excluded_socket) {
    TestServer server;
    auto& client = subscriber(server, "a");
    batch(server, batch_of({item("a", R"(,"socket_id":")" + client.socket_id() + '"'), item("a")}));
    EXPECT_EQ(client.heard().size(), 1U);
}

TEST(BatchPublish, with_one_bad_item_delivers_nothing) {  // trap 38
    TestServer server;
    auto& client = subscriber(server, "a");
    std::vector<std::string> items(10, item("a"));
    for (const auto& bad : {item("a b"), item(""), std::string("7"), std::string("{}"),
                            std::string(R"({"name":"e","channel":"a","data":"\ud800"})"),
                            item("a", R"(,"socket_id":"x")")}) {
        items[7] = bad;
        const auto answer = batch(server, batch_of(items));
        EXPECT_EQ(answer.status, 400) << bad;
    }
    EXPECT_TRUE(client.heard().empty());
    items[7] = item("a b");
    EXPECT_NE(batch(server, batch_of(items)).body.find("batch[7]: "), std::string::npos);
    items[7] = R"({"name":"e","channel":"a","data":")" + std::string(102'401, 'x') + "\"}";
    EXPECT_EQ(batch(server, batch_of(items)).status, 413);
    EXPECT_TRUE(client.heard().empty());
}

TEST(BatchPublish, for_which_there_is_no_room_delivers_nothing) {
    TestServer server(hub::LaneLimits{.inbox_bytes_max = 1000});
    auto& client = subscriber(server, "a");
    const auto large = R"({"name":"e","channel":"a","data":")" + std::string(800, 'x') + "\"}";
    const auto answer = batch(server, batch_of({item("a"), large, large}));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(header(answer, "Retry-After"), "1");
    EXPECT_TRUE(client.heard().empty());
}

TEST(BatchPublish, has_as_many_items_as_the_app_allows) {
    TestServer server;
    EXPECT_EQ(batch(server, batch_of(std::vector<std::string>(10, item("a")))).status, 200);
    const auto answer = batch(server, batch_of(std::vector<std::string>(11, item("a"))));
    EXPECT_EQ(answer.status, 400);
    EXPECT_NE(answer.body.find(R"("code":"limit_exceeded")"), std::string::npos);
    EXPECT_EQ(batch(server, batch_of({})).body, "{}");
}

TEST(BatchPublish, is_refused_when_it_is_no_batch) {
    TestServer server;
    for (const auto* body : {"", "[]", "{}", R"({"batch":{}})", R"({"batch":"x"})",
                             R"({"batch":[1,]})", R"({"batch":null})"}) {
        EXPECT_EQ(batch(server, body).status, 400) << body;
    }
}

TEST(BatchPublish, answers_info_in_the_order_of_the_items) {  // trap 38
    TestServer server;
    auto& client = server.client();
    client.subscribes("presence-a", R"({"user_id":"ann"})");
    client.subscribes("news");
    EXPECT_EQ(batch(server, batch_of({item("news", R"(,"info":"subscription_count")"), item("news"),
                                      item("presence-a", R"(,"info":"user_count")"),
                                      item("nobody", R"(,"info":"subscription_count")")}))
                  .body,
              R"({"batch":[{"subscription_count":1},{},{"user_count":1},)"
              R"({"subscription_count":0}]})");
}

// ---- names ----

TEST(PublishOverHttp, may_name_a_users_channel_whatever_his_id_is) {  // trap 8
    TestServer server;
    auto app = *server.app;
    app.limits.channel_name_bytes_max = 20;
    server.set(app);
    for (const std::string user : {"12345", "auth0|7", "ann@a.example", "\u00fc b", "a:b"}) {
        EXPECT_EQ(server.publish(item("#server-to-user-" + user)).status, 200) << user;
    }
    EXPECT_EQ(server.publish(item("#server-to-user-" + std::string(1008, 'x'))).status, 200);
    EXPECT_EQ(server.publish(item("#server-to-user-" + std::string(1009, 'x'))).status, 400);
    EXPECT_EQ(server.publish(item("#server-to-user-")).status, 400);
    EXPECT_EQ(server.publish(item("#server-to-user-a\\n")).status, 400);
    EXPECT_EQ(server.publish(item(std::string(21, 'x'))).status, 400);
}

TEST(PublishOverHttp, may_name_a_colon_where_that_is_allowed) {
    TestServer plain;
    EXPECT_EQ(plain.publish(item("ns:room")).status, 400);
    TestServer lenient({}, Options{.allow_colon = true});
    EXPECT_EQ(lenient.publish(item("ns:room")).status, 200);
    EXPECT_EQ(batch(lenient, batch_of({item("ns:room")})).status, 200);
}

// ---- rates ----

TEST(PublishRate, counts_one_for_each_channel) {
    TestServer server;
    auto app = *server.app;
    app.limits.backend_events_per_second = 5;
    server.set(app);
    auto& client = subscriber(server, "a");
    EXPECT_EQ(batch(server, batch_of({R"({"name":"e","channels":["a","b"],"data":""})", item("a")}))
                  .status,
              200);
    const auto refused = server.publish(R"({"name":"e","channels":["a","b","c"],"data":""})");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(header(refused, "X-RateLimit-Limit"), "5");
    EXPECT_EQ(header(refused, "X-RateLimit-Remaining"), "2");
    EXPECT_EQ(header(refused, "Retry-After"), "1");
    EXPECT_EQ(client.heard().size(), 2U);
    EXPECT_EQ(server.publish(R"({"name":"e","channels":["a","b"],"data":""})").status, 200);
    EXPECT_EQ(client.heard().size(), 1U);
    EXPECT_EQ(server.request("GET", "/apps/3/channels").status, 200);
    server.clock.advance_ms(1000);
    EXPECT_EQ(server.publish(item("a")).status, 200);
}

TEST(PublishRate, is_asked_before_the_body_is_looked_at) {
    TestServer server;
    auto app = *server.app;
    app.limits.backend_events_per_second = 1;
    server.set(app);
    EXPECT_EQ(server.publish("nonsense").status, 400);
    EXPECT_EQ(server.publish(item("a")).status, 200);
    EXPECT_EQ(server.publish("nonsense").status, 429);
    EXPECT_EQ(batch(server, "nonsense").status, 429);
}

// ---- once ----

http::Response with_key(TestServer& server, std::string body, std::string key,
                        std::string path = "/apps/3/events") {
    auto request = server.signed_request("POST", std::move(path), std::move(body));
    request.headers.push_back({"x-idempotency-key", std::move(key)});
    return server.answer(request);
}

TEST(IdempotentPublish, is_done_once_and_answered_as_the_first_time) {
    TestServer server;
    auto& client = subscriber(server, "a");
    const auto body = item("a", R"(,"idempotency_key":"k1","info":"subscription_count")");
    const auto first = server.publish(body);
    EXPECT_EQ(first.body, R"({"channels":{"a":{"subscription_count":1}}})");
    subscriber(server, "a");
    const auto second = server.publish(body);
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(client.heard().size(), 1U);
    server.publish(item("a", R"(,"idempotency_key":"k2")"));
    EXPECT_EQ(client.heard().size(), 1U);
}

TEST(IdempotentPublish, may_have_its_key_in_the_header) {
    TestServer server;
    auto& client = subscriber(server, "a");
    EXPECT_EQ(with_key(server, item("a"), "k").status, 200);
    EXPECT_EQ(with_key(server, item("a"), "k").status, 200);
    EXPECT_EQ(client.heard().size(), 1U);
    // The same key, wherever it stands; and the body's counts first.
    server.publish(item("a", R"(,"idempotency_key":"k")"));
    EXPECT_TRUE(client.heard().empty());
    with_key(server, item("a", R"(,"idempotency_key":"other")"), "k");
    EXPECT_EQ(client.heard().size(), 1U);
}

TEST(IdempotentPublish, may_be_a_batch) {
    TestServer server;
    auto& client = subscriber(server, "a");
    const auto body = R"({"batch":[)" + item("a") + R"(],"idempotency_key":"k"})";
    EXPECT_EQ(batch(server, body).body, "{}");
    EXPECT_EQ(batch(server, body).body, "{}");
    EXPECT_EQ(with_key(server, batch_of({item("a")}), "h", "/apps/3/batch_events").status, 200);
    EXPECT_EQ(with_key(server, batch_of({item("a")}), "h", "/apps/3/batch_events").status, 200);
    EXPECT_EQ(client.heard().size(), 2U);
}

TEST(IdempotentPublish, that_was_refused_may_be_tried_again) {
    TestServer server(hub::LaneLimits{.inbox_bytes_max = 1000});
    auto& client = subscriber(server, "a");
    EXPECT_EQ(with_key(server, item("a b"), "k").status, 400);
    EXPECT_EQ(
        with_key(server, R"({"name":"e","channel":"a","data":")" + std::string(2000, 'x') + "\"}",
                 "k")
            .status,
        503);
    EXPECT_EQ(with_key(server, item("a"), "k").status, 200);
    EXPECT_EQ(client.heard().size(), 1U);
}

TEST(IdempotentPublish, is_remembered_for_its_time_only) {
    TestServer server({}, Options{.idempotency_ttl_s = 10});
    auto& client = subscriber(server, "a");
    with_key(server, item("a"), "k");
    server.clock.advance_ms(9'999);
    with_key(server, item("a"), "k");
    EXPECT_EQ(client.heard().size(), 1U);
    server.clock.advance_ms(1);
    with_key(server, item("a"), "k");
    EXPECT_EQ(client.heard().size(), 1U);
}

TEST(IdempotentPublish, is_each_apps_own) {
    TestServer server;
    with_key(server, item("a"), "k");
    auto second = *server.app;
    second.id = "4";
    second.key = "second";
    server.set(second);
    auto& client = server.connect("/app/second");
    client.subscribes("a");
    client.heard();
    EXPECT_EQ(with_key(server, item("a"), "k", "/apps/4/events").status, 200);
    EXPECT_EQ(client.heard().size(), 1U);
}

TEST(IdempotentPublish, wants_a_key_of_some_bytes_and_not_too_many) {
    TestServer server;
    EXPECT_EQ(with_key(server, item("a"), std::string(128, 'k')).status, 200);
    EXPECT_EQ(with_key(server, item("a"), std::string(129, 'k')).status, 400);
    EXPECT_EQ(with_key(server, item("a"), "").status, 400);
    EXPECT_EQ(
        server.publish(item("a", R"(,"idempotency_key":")" + std::string(129, 'k') + '"')).status,
        400);
    EXPECT_EQ(server.publish(item("a", R"(,"idempotency_key":"")")).status, 400);
    EXPECT_EQ(server.publish(item("a", R"(,"idempotency_key":7)")).status, 400);
    EXPECT_EQ(server.publish(item("a", R"(,"idempotency_key":null)")).status, 200);
}

TEST(IdempotentPublish, can_be_switched_off) {
    TestServer server({}, Options{.idempotency = false});
    auto& client = subscriber(server, "a");
    with_key(server, item("a"), "k");
    with_key(server, item("a", R"(,"idempotency_key":7)"), std::string(129, 'k'));
    with_key(server, item("a"), "k");
    EXPECT_EQ(client.heard().size(), 3U);
}

// ---- counts ----

TEST(AppCounts, over_http_are_of_signed_calls_their_bodies_and_their_keys) {
    TestServer server;
    const auto body = item("a");
    with_key(server, body, "k");
    with_key(server, body, "k");
    server.publish("nonsense");
    auto request = server.signed_request("POST", "/apps/3/events", body);
    request.query.clear();
    server.answer(request);
    std::vector<std::string> seen;
    std::size_t refusal_bytes =
        std::string(
            R"({"error":"The body is not a JSON object.","code":"invalid_input","status":400})")
            .size();
    server.pusher.app_counts().each([&](std::string_view app, const AppCounts& counts) {
        seen.emplace_back(app);
        EXPECT_EQ(counts.http_calls.get(), 3U);
        EXPECT_EQ(counts.http_received_bytes.get(), 2 * body.size() + 8);
        EXPECT_EQ(counts.http_transmitted_bytes.get(), 2 * 11 + refusal_bytes);
        EXPECT_EQ(counts.idempotency_publish.get(), 2U);
        EXPECT_EQ(counts.idempotency_duplicates.get(), 1U);
    });
    EXPECT_EQ(seen, std::vector<std::string>{"3"});
}

}  // namespace
}  // namespace carillon::pusher
