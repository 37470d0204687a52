#include "protocol/notiflux/http_api.h"

#include <gmock/gmock.h>

#include <string>

#include "protocol/notiflux/broadcast_request.h"
#include "protocol/notiflux/testing.h"

namespace carillon::notiflux {
namespace {

using ::testing::ElementsAre;
using testing::in_quotes;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::payload;
using testing::signed_token;
using testing::TestServer;

std::string said(const http::Response& response) {
    return std::to_string(response.status) + " " + response.body;
}

// ---- POST /broadcast ----

TEST(PostBroadcast, is_200_and_nothing_whether_or_not_anybody_listens) {
    TestServer server;
    const auto answer = server.broadcast("news", "hello", server.token("broadcast", {"news"}));
    EXPECT_EQ(said(answer), "200 ");
    EXPECT_THAT(answer.headers, IsEmpty());
    auto& client = server.client();
    server.subscribe(client, "news");
    EXPECT_EQ(said(server.broadcast("news", "hello", server.token("broadcast", {"news"}))), "200 ");
    EXPECT_EQ(client.heard_one(), "hello");
}

TEST(PostBroadcast, is_200_and_nothing_when_it_is_refused) {
    TestServer server({.reserve_of = [](std::string_view topic) {
        return topic == "hidden" ? protocol::Reserve::hidden : protocol::Reserve::reserved;
    }});
    auto& client = server.client();
    server.subscribe(client, "news");
    const auto now_s = server.unix_s();
    const std::string longer(topic_bytes_max + 1, 't');
    const std::tuple<std::string, std::string, Fault> refused[] = {
        {"news", "rubbish", Fault::broadcast_token},
        {"news", "", Fault::broadcast_token},
        {"news", signed_token(payload("broadcast", {"news"}, now_s, -61)), Fault::broadcast_token},
        {"news", signed_token(payload("subscribe", {"news"}, now_s)), Fault::broadcast_scope},
        {"news", signed_token(payload("broadcast", {"views"}, now_s)), Fault::broadcast_topic},
        {"news", signed_token(payload("broadcast", {}, now_s)), Fault::broadcast_topic},
        {"hidden", signed_token(payload("broadcast", {"hidden"}, now_s)), Fault::broadcast_hidden},
        {"", "rubbish", Fault::broadcast_name},  // no token is looked at for this
        {"", signed_token(payload("broadcast", {""}, now_s)), Fault::broadcast_name},
        {longer, signed_token(payload("broadcast", {longer}, now_s)), Fault::broadcast_name},
    };
    for (const auto& [topic, token, fault] : refused) {
        const auto before = server.refused(fault);
        const auto answer = server.broadcast(topic, "secret", token);
        EXPECT_EQ(said(answer), "200 ") << name_of(fault);
        EXPECT_THAT(answer.headers, IsEmpty()) << name_of(fault);
        EXPECT_EQ(server.refused(fault), before + 1) << name_of(fault);
    }
    EXPECT_THAT(client.heard(), IsEmpty());
    server.broadcast("news", "reserved is open to who lists it");
    EXPECT_EQ(client.heard().size(), 1U);
}

// One token, several topics.
TEST(PostBroadcast, goes_to_each_topic_of_its_token) {
    TestServer server;
    auto& client = server.client();
    const auto token = server.token("broadcast", {"a", "b", "c"});
    for (const auto* topic : {"a", "b", "c"}) server.subscribe(client, topic);
    for (const auto* topic : {"a", "b", "c"}) {
        EXPECT_EQ(said(server.broadcast(topic, topic, token)), "200 ");
    }
    EXPECT_THAT(client.heard(), ElementsAre("a", "b", "c"));
}

TEST(PostBroadcast, is_told_what_is_wrong_with_its_body) {
    TestServer server;
    EXPECT_EQ(said(server.post("nonsense")),
              "400 Json deserialize error: the body is not a JSON object");
    EXPECT_EQ(said(server.post(R"({"topic":"t","message":"m"})")),
              "400 Json deserialize error: missing field `token`");
    const auto answer = server.post(R"({"topic":"t","message":{"a":1},"token":"x"})");
    EXPECT_EQ(said(answer), "400 Json deserialize error: invalid type: `message` is not a string");
    EXPECT_THAT(answer.headers, ElementsAre(Pair("Content-Type", "text/plain; charset=utf-8")));
    EXPECT_EQ(server.refused(Fault::broadcast_body), 3U);
}

TEST(PostBroadcast, needs_a_content_type_of_json) {
    TestServer server;
    const auto token = server.token("broadcast", {"t"});
    const auto body = R"({"topic":"t","message":"m","token":)" + in_quotes(token) + "}";
    for (const auto* type : {"", "text/plain", "application/x-www-form-urlencoded"}) {
        EXPECT_EQ(said(server.ask("POST", "/broadcast", body, type)), "400 Content type error");
    }
    EXPECT_EQ(server.refused(Fault::broadcast_type), 3U);
    EXPECT_EQ(said(server.ask("POST", "/broadcast", body, "application/cloudevents+json")), "200 ");
}

// A body of so many bytes with a good wish in it.
std::string body_of(std::size_t bytes, std::string_view token) {
    const auto empty = R"({"topic":"t","token":)" + in_quotes(token) + R"(,"message":""})";
    return R"({"topic":"t","token":)" + in_quotes(token) + R"(,"message":")" +
           std::string(bytes - empty.size(), 'x') + R"("})";
}

TEST(PostBroadcast, is_what_the_app_allows_at_most) {
    TestServer server({.app_limits = {.event_payload_bytes_max = 5}});
    const auto token = server.token("broadcast", {"t"});
    const auto body = [&](std::string_view message) {
        return R"({"topic":"t","message":")" + std::string(message) + R"(","token":")" + token +
               R"("})";
    };
    EXPECT_EQ(said(server.post(body("12345"))), "200 ");
    EXPECT_EQ(said(server.post(body("123456"))).substr(0, 3), "413");
    EXPECT_EQ(server.refused(Fault::broadcast_size), 1U);
}

TEST(PostBroadcast, is_2_mib_at_most) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "t");
    const auto token = server.token("broadcast", {"t"});
    EXPECT_EQ(said(server.post(body_of(broadcast_bytes_max, token))), "200 ");
    EXPECT_EQ(client.heard().size(), 1U);
    const auto larger = body_of(broadcast_bytes_max + 1, token);
    EXPECT_EQ(said(server.post(larger)),
              "413 JSON payload (2097153 bytes) is larger than allowed (limit: 2097152 bytes).");
    EXPECT_EQ(server.refused(Fault::broadcast_size), 1U);
    EXPECT_THAT(client.heard(), IsEmpty());
    // The type is looked at first.
    EXPECT_EQ(said(server.ask("POST", "/broadcast", larger, "text/plain")),
              "400 Content type error");

    http::Request chunked;
    chunked.method = "POST";
    chunked.path = chunked.target = "/broadcast";
    chunked.headers = {{"Content-Type", "application/json"}, {"transfer-encoding", "chunked"}};
    chunked.body = testing::padded(larger);
    EXPECT_EQ(said(server.house.answer(std::move(chunked))),
              "413 JSON payload has exceeded limit (2097152 bytes).");
}

TEST(PostBroadcast, is_accepted_and_lost_when_the_server_is_overloaded) {
    TestServer server({.lane_limits = {.inbox_bytes_max = 100}});
    auto& client = server.client();
    server.subscribe(client, "news");
    EXPECT_EQ(
        said(server.broadcast("news", std::string(200, 'x'), server.token("broadcast", {"news"}))),
        "200 ");
    EXPECT_EQ(server.refused(Fault::broadcast_overloaded), 1U);
    EXPECT_THAT(client.heard(), IsEmpty());
}

// ---- honest statuses ----

TEST(HonestStatuses, tell_who_broadcasts_why_not) {
    TestServer server({.honest_statuses = true, .reserve_of = [](std::string_view topic) {
                           return topic == "hidden" ? protocol::Reserve::hidden
                                                    : protocol::Reserve::open;
                       }});
    const auto answer = server.broadcast("t", "m", "rubbish");
    EXPECT_EQ(said(answer), "401 The token is refused.");
    EXPECT_THAT(answer.headers, ElementsAre(Pair("Content-Type", "text/plain; charset=utf-8")));
    EXPECT_EQ(said(server.broadcast("t", "m", server.token("subscribe", {"t"}))),
              "403 The token is not for broadcasting.");
    EXPECT_EQ(said(server.broadcast("t", "m", server.token("broadcast", {"u"}))),
              "403 The token does not list the topic.");
    EXPECT_EQ(said(server.broadcast("hidden", "m", server.token("broadcast", {"hidden"}))),
              "403 The topic belongs to another protocol.");
    EXPECT_EQ(said(server.broadcast("", "m", server.token("broadcast", {""}))),
              "400 The topic is empty or too long.");
    EXPECT_EQ(said(server.broadcast("t", "m", server.token("broadcast", {"t"}))), "200 ");
}

TEST(HonestStatuses, ask_to_come_back_when_the_server_is_overloaded) {
    TestServer server({.honest_statuses = true, .lane_limits = {.inbox_bytes_max = 100}});
    const auto answer =
        server.broadcast("t", std::string(200, 'x'), server.token("broadcast", {"t"}));
    EXPECT_EQ(said(answer), "503 The server is overloaded. Try again later.");
    EXPECT_THAT(answer.headers, ::testing::Contains(Pair("Retry-After", "1")));
}

// ---- the other routes ----

TEST(Health, is_200_and_nothing) {
    TestServer server;
    const auto answer = server.ask("GET", "/health");
    EXPECT_EQ(said(answer), "200 ");
    EXPECT_THAT(answer.headers, IsEmpty());
    EXPECT_EQ(server.ask("HEAD", "/health").status, 200);
}

TEST(WrongMethod, is_404_and_nothing) {
    TestServer server;
    for (const auto* method : {"GET", "HEAD", "PUT", "PATCH", "DELETE"}) {
        EXPECT_EQ(said(server.ask(method, "/broadcast")), "404 ") << method;
    }
    for (const auto* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        EXPECT_EQ(said(server.ask(method, "/health")), "404 ") << method;
    }
    // CORS answers these before they come here.
    EXPECT_EQ(server.ask("OPTIONS", "/broadcast").status, 405);
}

}  // namespace
}  // namespace carillon::notiflux
