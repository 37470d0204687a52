#include "protocol/turbine/http_api.h"

#include <gmock/gmock.h>

#include <string>

#include "hub/testing_hub.h"
#include "protocol/turbine/testing.h"

namespace carillon::turbine {
namespace {

using testing::House;
using testing::push;
using testing::subscribe;

constexpr std::string_view good = R"({"channel":"a","data":{"text":"hi"}})";

std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (http::equals_ignoring_case(key, name)) return value;
    }
    return "(none)";
}

http::Request get(std::string_view path, std::string_view method = "GET") {
    http::Request request;
    request.method = method;
    request.target = request.path = path;
    return request;
}

std::string asked(House& house, http::Request request) {
    const auto response = house.answer(std::move(request));
    EXPECT_EQ(header(response, "Content-Type"), "application/json");
    return std::to_string(response.status) + " " + response.body;
}

TEST(Publish, tells_how_many_were_sent_it) {
    House house;
    EXPECT_EQ(asked(house, House::post(good)), R"(200 {"ok":true,"delivered":0})");
    for (int i = 0; i < 3; ++i) house.connected().says(subscribe("a"));
    EXPECT_EQ(asked(house, House::post(good)), R"(200 {"ok":true,"delivered":3})");
}

TEST(Publish, passes_the_data_on_byte_for_byte) {
    House house;
    auto& client = house.connected();
    client.says(subscribe("a"));
    (void)client.heard();
    for (const std::string data : {R"({ "b":1.0, "a" : [ null ], "b":"\u0061" })", "null", "[]",
                                   R"("text")", "12345678901234567890", "true"}) {
        EXPECT_EQ(asked(house, House::post(R"({ "channel" : "a" , "data" : )" + data + "  }")),
                  R"(200 {"ok":true,"delivered":1})");
        EXPECT_EQ(client.heard_one(), push("a", data));
    }
}

TEST(Publish, is_answered_no_sooner_than_it_is_known_what_became_of_it) {
    House house;
    house.connected().says(subscribe("a"));
    http::Response given;
    given.status = 0;
    house.ask(House::post(good), given);
    EXPECT_EQ(given.status, 0);
    house.run();
    EXPECT_EQ(given.status, 200);
}

TEST(Publish, needs_the_key_and_tells_nobody_what_was_wrong_with_it) {
    House house;
    auto without = House::post(good);
    without.headers.erase(without.headers.begin());
    const auto refusal = asked(house, std::move(without));
    EXPECT_EQ(refusal, R"(401 {"ok":false,"error":"unauthorized"})");
    for (const auto* key : {"", "devke", "devkey ", "DEVKEY", "devkez", "devsecret"}) {
        EXPECT_EQ(asked(house, House::post(good, key)), refusal) << key;
    }
    EXPECT_EQ(house.refusals("request_unauthorized"), 7U);
}

TEST(Publish, is_nobodys_where_no_key_is_configured) {
    protocol::testing::House house;
    TurbineProtocol turbine(
        Parts{.hub = house.hub,
              .app = std::make_shared<const hub::App>(testing::reference_app()),
              .clock = house.clock,
              .log = house.log,
              .options = {.tokens = auth::JwtVerifier({testing::key()}, {}), .api_key = ""}});
    ASSERT_TRUE(turbine.routes(house.router).has_value());
    EXPECT_EQ(house.answer(House::post(good, "")).status, 401);
    auto without = House::post(good);
    without.headers.clear();
    EXPECT_EQ(house.answer(std::move(without)).status, 401);
}

TEST(Publish, looks_at_the_key_first_then_the_type_then_the_size_then_the_body) {
    House house;
    const std::string huge(publish_bytes_max + 1, ' ');
    EXPECT_EQ(house.answer(House::post(huge, "wrong", "text/plain")).status, 401);
    EXPECT_EQ(house.answer(House::post(huge, testing::api_key, "text/plain")).status, 415);
    EXPECT_EQ(house.answer(House::post(huge)).status, 413);
    EXPECT_EQ(house.answer(House::post("x")).status, 400);
}

TEST(Publish, wants_json_and_to_be_told_so) {
    House house;
    for (const auto* type : {"", "text/plain", "application/x-www-form-urlencoded"}) {
        EXPECT_EQ(asked(house, House::post(good, testing::api_key, type)),
                  R"(415 {"ok":false,"error":"unsupported media type"})");
    }
    auto without = House::post(good);
    without.headers.pop_back();
    EXPECT_EQ(asked(house, std::move(without)),
              R"(415 {"ok":false,"error":"unsupported media type"})");
    EXPECT_EQ(
        house.answer(House::post(good, testing::api_key, "application/vnd.x+json;v=1")).status,
        200);
}

TEST(Publish, takes_bodies_of_2_mib) {
    House house;
    const std::string begin = R"({"channel":"a","data":")";
    const auto body = begin + std::string(publish_bytes_max - begin.size() - 2, 'x') + "\"}";
    EXPECT_EQ(asked(house, House::post(body)), R"(200 {"ok":true,"delivered":0})");
    EXPECT_EQ(asked(house, House::post(body + " ")),
              R"(413 {"ok":false,"error":"payload too large"})");
}

TEST(Publish, takes_no_more_data_than_the_app_allows) {
    auto app = testing::reference_app();
    app.limits.event_payload_bytes_max = 10;
    House house(app);
    EXPECT_EQ(asked(house, House::post(R"({"channel":"a","data":"12345678"})")),
              R"(200 {"ok":true,"delivered":0})");
    EXPECT_EQ(asked(house, House::post(R"({"channel":"a","data":"123456789"})")),
              R"(413 {"ok":false,"error":"payload too large"})");
}

TEST(Publish, says_what_is_wrong_with_a_body) {
    House house;
    const std::pair<std::string, const char*> refused[] = {
        {"", R"(400 {"ok":false,"error":"invalid json"})"},
        {"{", R"(400 {"ok":false,"error":"invalid json"})"},
        {R"({"data":1})", R"(422 {"ok":false,"error":"missing channel"})"},
        {R"({"channel":7,"data":1})", R"(422 {"ok":false,"error":"missing channel"})"},
        {R"({"channel":"a"})", R"(422 {"ok":false,"error":"missing data"})"},
        {R"({"channel":"","data":1})", R"(400 {"ok":false,"error":"invalid channel"})"},
        {R"({"data":1,"channel":")" + std::string(256, 'x') + "\"}",
         R"(400 {"ok":false,"error":"invalid channel"})"},
    };
    for (const auto& [body, answer] : refused) EXPECT_EQ(asked(house, House::post(body)), answer);
    EXPECT_EQ(house.refusals("request_malformed"), 2U);
    EXPECT_EQ(house.refusals("request_channel_missing"), 2U);
    EXPECT_EQ(house.refusals("request_data_missing"), 1U);
    EXPECT_EQ(house.refusals("request_channel_name"), 2U);
}

TEST(Publish, goes_to_every_channel_but_those_that_another_protocol_hides) {
    House house(testing::reference_app(), 0, [](std::string_view channel) {
        using protocol::Reserve;
        if (channel.starts_with('#')) return Reserve::hidden;
        return channel.starts_with("private-") ? Reserve::reserved : Reserve::open;
    });
    EXPECT_EQ(asked(house, House::post(R"({"channel":"#server-to-user-1","data":1})")),
              R"(400 {"ok":false,"error":"invalid channel"})");
    EXPECT_EQ(asked(house, House::post(R"({"channel":"private-a","data":1})")),
              R"(200 {"ok":true,"delivered":0})");
}

TEST(Publish, that_there_is_no_room_for_is_to_be_tried_again) {
    House house(testing::reference_app(), 0, {}, {.inbox_bytes_max = 1000});
    auto& client = house.connected();
    client.says(subscribe("a"));
    (void)client.heard();
    const auto body = R"({"channel":"a","data":")" + std::string(2000, 'x') + "\"}";
    const auto response = house.answer(House::post(body));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, R"({"ok":false,"error":"overloaded"})");
    EXPECT_EQ(header(response, "Retry-After"), "1");
    EXPECT_EQ(house.refusals("request_overloaded"), 1U);
    EXPECT_TRUE(client.heard().empty());
    EXPECT_EQ(asked(house, House::post(good)), R"(200 {"ok":true,"delivered":1})");
}

TEST(Publish, that_was_heard_and_could_not_be_stored_is_not_said_to_be_done) {
    hub::testing::TestHistory history;
    history.fate = {.not_stored = 1};
    House house(testing::reference_app(), 0, {}, {}, 0, {.history = &history});
    house.connected().says(subscribe("kept"));
    const auto response = house.answer(House::post(R"({"channel":"kept","data":1})"));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, R"({"ok":false,"error":"storage failed"})");
    EXPECT_EQ(house.refusals("request_storage"), 1U);
    EXPECT_EQ(asked(house, House::post(good)), R"(200 {"ok":true,"delivered":0})");
}

TEST(Publish, is_a_post) {
    House house;
    const auto response = house.answer(get("/api/publish"));
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(header(response, "Allow"), "POST");
    EXPECT_EQ(house.answer(get("/api/nothing")).status, 404);
}

TEST(Healthz, is_two_bytes_for_anybody) {
    House house;
    const auto response = house.answer(get("/healthz"));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "ok");
    EXPECT_EQ(header(response, "Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(house.answer(get("/healthz", "POST")).status, 405);
}

}  // namespace
}  // namespace carillon::turbine
