#include "protocol/pusher/http_queries.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/limits.h"
#include "protocol/pusher/encoder.h"
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

// In one order, whichever it came in.
boost::json::value listed(TestServer& server, const std::string& query = "") {
    const auto answer = server.request("GET", "/apps/3/channels" + query);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return boost::json::parse(answer.body);
}

std::string described(TestServer& server, const std::string& target) {
    return server.request("GET", "/apps/3/channels/" + target).body;
}

// Two tabs of ann, one of bob, three in news.
void fill(TestServer& server) {
    for (const auto* user : {"ann", "ann", "bob"}) {
        auto& client = server.client();
        client.subscribes("presence-hall",
                          R"({"user_id":")" + std::string(user) + R"(","user_info":{"n":1.0}})");
        client.subscribes("news");
    }
}

// ---- one channel ----

TEST(ChannelQuestion, is_answered_with_what_was_asked_for_and_no_more) {
    TestServer server;
    fill(server);
    EXPECT_EQ(described(server, "news"), R"({"occupied":true})");
    EXPECT_EQ(described(server, "news?info=subscription_count"),
              R"({"occupied":true,"subscription_count":3})");
    EXPECT_EQ(described(server, "presence-hall?info=user_count%2Csubscription_count"),
              R"({"occupied":true,"subscription_count":3,"user_count":2})");
    EXPECT_EQ(described(server, "presence-hall?Info=user_count"),  // trap 32
              R"({"occupied":true,"user_count":2})");
}

TEST(ChannelQuestion, about_an_unknown_channel_says_that_nobody_is_there) {
    TestServer server;
    const auto answer = server.request("GET", "/apps/3/channels/nobody");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"occupied":false})");
    EXPECT_EQ(described(server, "presence-x?info=user_count,subscription_count"),
              R"({"occupied":false,"subscription_count":0,"user_count":0})");
}

TEST(ChannelQuestion, sees_nobody_where_everybody_left) {  // trap 18
    TestServer server;
    auto& client = server.client();
    client.subscribes("cache-a");
    server.publish(R"({"name":"e","channel":"cache-a","data":"x"})");  // so that it is kept
    EXPECT_EQ(described(server, "cache-a"), R"({"occupied":true})");
    client.leave();
    EXPECT_EQ(described(server, "cache-a"), R"({"occupied":false})");
    EXPECT_EQ(listed(server), boost::json::parse(R"({"channels":{}})"));
}

TEST(ChannelQuestion, counts_users_of_presence_channels_only) {
    TestServer server;
    const auto answer = server.request("GET", "/apps/3/channels/news?info=user_count");
    EXPECT_EQ(answer.status, 400);
    EXPECT_NE(answer.body.find(R"("code":"invalid_input","status":400)"), std::string::npos);
}

TEST(ChannelQuestion, tells_what_a_cache_channel_keeps_and_for_how_long) {
    TestServer server;
    EXPECT_EQ(described(server, "cache-a?info=cache"), R"({"occupied":false})");
    server.publish(R"({"name":"e","channel":"cache-a","data":"{\"usd\":\"1.08\"}"})");
    EXPECT_EQ(described(server, "cache-a?info=cache"),
              R"({"occupied":false,"cache":{"data":"{\"usd\":\"1.08\"}","ttl":3600}})");
    server.clock.advance_ms(600'500);
    EXPECT_EQ(described(server, "cache-a?info=cache"),
              R"({"occupied":false,"cache":{"data":"{\"usd\":\"1.08\"}","ttl":3000}})");
    server.clock.advance_ms(3'000'000);
    EXPECT_EQ(described(server, "cache-a?info=cache"), R"({"occupied":false})");
    EXPECT_EQ(described(server, "news?info=cache"), R"({"occupied":false})");
}

TEST(ChannelQuestion, decodes_the_name_that_was_signed_encoded) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("a@b;c");
    EXPECT_EQ(described(server, "a%40b%3Bc"), R"({"occupied":true})");
}

// Somebody in a channel that no client can name: a session of the hub's without a protocol.
class Insider final : hub::Subscriber {
 public:
    Insider(TestServer& server, std::string_view channel) : server_(server) {
        session_ =
            server.hub.open(server.app, server.hub.lane(0), outbox_, *this, {}, wire_encoder())
                .session;
        const auto joined = server.hub.subscribe(*session_, channel, wire_encoder(),
                                                 {.reserved = true}, server.clock.now());
        EXPECT_EQ(joined.outcome, hub::Outcome::ok);
    }
    ~Insider() {
        server_.hub.close(*session_, hub::CloseReason::peer);
        server_.run();
    }

 private:
    void on_close(hub::CloseReason) override {}

    TestServer& server_;
    hub::testing::TestDoor door_;
    hub::Outbox outbox_{server_.hub.lane(0), door_};
    hub::Session* session_;
};

TEST(ChannelQuestion, does_not_tell_of_the_servers_own_channels) {
    TestServer server;
    const Insider hidden(server, "!online-ann");
    const Insider plain(server, "news");
    EXPECT_EQ(described(server, "%21online-ann?info=subscription_count"), R"({"occupied":false})");
    EXPECT_EQ(listed(server), boost::json::parse(R"({"channels":{"news":{}}})"));
    EXPECT_EQ(listed(server, "?filter_by_prefix=!"), boost::json::parse(R"({"channels":{}})"));
}

// ---- its members ----

TEST(MemberList, holds_each_user_once_in_the_order_of_their_ids) {
    TestServer server;
    fill(server);
    EXPECT_EQ(described(server, "presence-hall/users"), R"({"users":[{"id":"ann"},{"id":"bob"}]})");
    EXPECT_EQ(
        described(server, "presence-hall/users?with_user_info=1"),
        R"({"users":[{"id":"ann","user_info":{"n":1.0}},{"id":"bob","user_info":{"n":1.0}}]})");
    EXPECT_EQ(described(server, "presence-empty/users"), R"({"users":[]})");
}

TEST(MemberList, is_of_presence_channels_only) {
    TestServer server;
    for (const auto* channel : {"news", "private-a", "my-presence-a"}) {
        EXPECT_EQ(
            server.request("GET", "/apps/3/channels/" + std::string(channel) + "/users").status,
            400)
            << channel;
    }
}

// ---- all channels ----

TEST(ChannelList, holds_the_occupied_channels_with_what_was_asked_for) {
    TestServer server;
    fill(server);
    EXPECT_EQ(listed(server), boost::json::parse(R"({"channels":{"presence-hall":{},"news":{}}})"));
    EXPECT_EQ(listed(server, "?info=subscription_count"),
              boost::json::parse(
                  R"({"channels":{"presence-hall":{"subscription_count":3},
                                  "news":{"subscription_count":3}}})"));
    EXPECT_EQ(listed(server, "?filter_by_prefix=presence-&info=user_count"),
              boost::json::parse(R"({"channels":{"presence-hall":{"user_count":2}}})"));
    EXPECT_EQ(listed(server, "?filter_by_prefix=private-"),
              boost::json::parse(R"({"channels":{}})"));
}

TEST(ChannelList, refuses_user_counts_without_the_prefix_of_presence_channels) {
    TestServer server;
    EXPECT_EQ(server.request("GET", "/apps/3/channels?info=user_count").status, 400);
    EXPECT_EQ(
        server.request("GET", "/apps/3/channels?info=user_count&filter_by_prefix=private-").status,
        400);
}

TEST(ChannelList, is_of_one_app) {
    TestServer server;
    fill(server);
    auto second = *server.app;
    second.id = "4";
    second.key = "second";
    server.set(second);
    EXPECT_EQ(server.request("GET", "/apps/4/channels").body, R"({"channels":{}})");
}

TEST(ChannelList, is_made_a_part_at_a_time) {
    TestServer server;
    auto& client = server.client();
    for (int i = 0; i < 500; ++i) client.subscribes("channel-" + std::to_string(i));
    http::Response answer;
    answer.status = 0;
    server.ask(server.signed_request("GET", "/apps/3/channels", ""), answer);
    int steps = 1;
    for (; answer.status == 0; ++steps) {
        ASSERT_EQ(server.tasks.size(), 1U);
        for (auto& task : std::exchange(server.tasks, {})) task();
    }
    EXPECT_EQ(steps, 32);
    EXPECT_EQ(boost::json::parse(answer.body).at("channels").as_object().size(), 500U);
}

TEST(ChannelList, asks_to_come_back_when_no_loop_has_room_for_its_next_part) {
    TestServer server;
    server.later_full = true;
    const auto answer = server.request("GET", "/apps/3/channels");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(header(answer, "Retry-After"), "1");
}

TEST(ChannelList, is_one_of_a_few_at_once) {
    TestServer server;
    std::vector<http::Response> answers(limits::http_lists_max + 1);
    for (auto& answer : answers) {
        answer.status = 0;
        server.ask(server.signed_request("GET", "/apps/3/channels", ""), answer);
    }
    EXPECT_EQ(answers.back().status, 503);
    EXPECT_EQ(header(answers.back(), "Retry-After"), "1");
    server.run();
    EXPECT_EQ(answers.front().status, 200);
    EXPECT_EQ(server.request("GET", "/apps/3/channels").status, 200);
}

TEST(ChannelList, that_would_be_too_large_is_refused_with_advice) {
    TestServer server;
    auto app = *server.app;
    app.limits.channel_name_bytes_max = 1024;
    server.set(app);
    // 17 MiB of names of 1,000 bytes; two clients, as each may join 10,000.
    auto& first = server.client();
    auto& second = server.client();
    const std::string tail(992, 'x');
    for (int i = 0; i < 17'200; ++i) {
        (i % 2 == 0 ? first : second).subscribes(std::to_string(1'000'000 + i) + tail);
    }
    const auto answer = server.request("GET", "/apps/3/channels");
    EXPECT_EQ(answer.status, 413);
    EXPECT_NE(answer.body.find("filter_by_prefix"), std::string::npos);
    EXPECT_EQ(server.request("GET", "/apps/3/channels?filter_by_prefix=10001").status, 200);
}

// ---- admission ----

TEST(Questions, have_a_rate_of_their_own_in_each_app) {
    TestServer server;
    auto app = *server.app;
    app.limits.read_requests_per_second = 2;
    server.set(app);
    EXPECT_EQ(server.request("GET", "/apps/3/channels").status, 200);
    EXPECT_EQ(server.request("GET", "/apps/3/channels/news").status, 200);
    const auto answer = server.request("GET", "/apps/3/channels/presence-a/users");
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(
        answer.body,
        R"({"error":"Too Many Requests","message":"Rate limit exceeded. Please try again later."})");
    EXPECT_EQ(header(answer, "X-RateLimit-Limit"), "2");
    EXPECT_EQ(header(answer, "X-RateLimit-Remaining"), "0");
    EXPECT_EQ(header(answer, "X-RateLimit-Reset"), "1");
    EXPECT_EQ(header(answer, "Retry-After"), "1");
    EXPECT_EQ(server.pusher.refusals().get(Fault::request_rate), 1U);
    EXPECT_EQ(server.publish(R"({"name":"e","channel":"a","data":""})").status, 200);
    server.clock.advance_ms(1000);
    EXPECT_EQ(server.request("GET", "/apps/3/channels").status, 200);
}

TEST(Questions, unsigned_or_to_a_disabled_app_do_not_count_against_the_rate) {
    TestServer server;
    auto app = *server.app;
    app.limits.read_requests_per_second = 1;
    server.set(app);
    auto request = server.signed_request("GET", "/apps/3/channels", "");
    request.query.clear();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(server.answer(request).status, 401);
    app.enabled = false;
    server.set(app);
    EXPECT_EQ(server.request("GET", "/apps/3/channels").status, 403);
    app.enabled = true;
    server.set(app);
    EXPECT_EQ(server.request("GET", "/apps/3/channels").status, 200);
    EXPECT_EQ(server.request("GET", "/apps/3/channels").status, 429);
}

}  // namespace
}  // namespace carillon::pusher
