#include "protocol/notiflux/broadcast_request.h"

#include <gtest/gtest.h>

#include "json/testing.h"

namespace carillon::notiflux {
namespace {

using json::testing::padded;

std::string refusal(std::string_view body) {
    const auto request = parse_broadcast_request(padded(body));
    return request.has_value() ? "" : request.error().message;
}

TEST(BroadcastRequest, is_three_strings) {
    const auto text =
        padded(R"({"token":"a.b.c","message":"{\"a\":\"\u00fc\"}","x":[1],"topic":"t"})");
    const auto request = parse_broadcast_request(text);
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->topic, "t");
    EXPECT_EQ(request->message, R"({"a":"ü"})");
    EXPECT_EQ(request->token, "a.b.c");
}

TEST(BroadcastRequest, may_hold_empty_strings) {
    EXPECT_EQ(refusal(R"({"topic":"","message":"","token":""})"), "");
}

TEST(BroadcastRequest, says_what_is_missing) {
    EXPECT_EQ(refusal("{}"), "missing field `topic`");
    EXPECT_EQ(refusal(R"({"topic":"t","token":"x"})"), "missing field `message`");
    EXPECT_EQ(refusal(R"({"topic":"t","message":"m"})"), "missing field `token`");
    EXPECT_EQ(refusal(R"({"Topic":"t","message":"m","token":"x"})"), "missing field `topic`");
}

TEST(BroadcastRequest, takes_nothing_but_strings) {
    for (const auto* value : {"1", "null", "true", "{}", "[\"m\"]", "{\"a\":\"b\"}"}) {
        EXPECT_EQ(refusal(R"({"topic":"t","token":"x","message":)" + std::string(value) + "}"),
                  "invalid type: `message` is not a string");
    }
    EXPECT_EQ(refusal(R"({"topic":1,"token":"x","message":"m"})"),
              "invalid type: `topic` is not a string");
    EXPECT_EQ(refusal(R"({"topic":"t","token":["x"],"message":"m"})"),
              "invalid type: `token` is not a string");
}

TEST(BroadcastRequest, is_a_json_object) {
    for (const auto* body : {"", "hello", "[]", "\"topic\"", "{", R"({"topic":"t",})",
                             R"({"topic":"t","message":"m","token":"x"} more)", R"(["t","m","x"])",
                             "{\"topic\":\"t\",\"message\":\"\xff\",\"token\":\"x\"}"}) {
        EXPECT_EQ(refusal(body), "the body is not a JSON object") << body;
    }
    EXPECT_NE(refusal(R"({"topic":"t","message":"\ud800","token":"x"})"), "");
}

TEST(ContentType, is_json_by_its_subtype_or_its_suffix) {
    for (const auto* type :
         {"application/json", "Application/JSON", " application/json ; charset=utf-8", "text/json",
          "application/json;charset=utf-8", "application/vnd.api+json", "image/svg+JSON"}) {
        EXPECT_TRUE(is_json_type(type)) << type;
    }
    for (const auto* type :
         {"", "json", "/json", "application/", "application/jsonx", "application/xjson",
          "text/plain", "application/json+xml", "application/x-www-form-urlencoded",
          "text/plain; a=application/json", "application/vnd.json", "multipart/form-data"}) {
        EXPECT_FALSE(is_json_type(type)) << type;
    }
}

}  // namespace
}  // namespace carillon::notiflux
