#include "protocol/turbine/publish_request.h"

#include <gtest/gtest.h>

#include <string>

#include "json/testing.h"

namespace carillon::turbine {
namespace {

std::string parsed(std::string_view body) {
    const auto copy = json::testing::padded(body);
    const auto read = parse_publish_request(copy);
    if (const auto* fault = std::get_if<Fault>(&read)) return std::string(name_of(*fault));
    const auto& wish = std::get<PublishRequest>(read);
    return "[" + wish.channel + "] " + std::string(wish.data);
}

TEST(PublishRequest, has_a_channel_and_any_json_as_data) {
    EXPECT_EQ(parsed(R"({"channel":"chat:lobby","data":{"text":"hi"}})"),
              R"([chat:lobby] {"text":"hi"})");
    for (const std::string data : {"{}", "[]", "null", "true", "0", R"("")", R"("a")", "1.0e400",
                                   "12345678901234567890123", R"([ { "a" : [ 1 ] } ])"}) {
        EXPECT_EQ(parsed(R"({"data":)" + data + R"(,"more":1,"channel":"a"})"), "[a] " + data);
    }
}

TEST(PublishRequest, keeps_the_bytes_of_the_data) {
    EXPECT_EQ(parsed("{\"channel\":\"a\",\"data\" :  { \"b\" : 1.0 ,\n \"b\":\"\\u0061\" }  }"),
              "[a] { \"b\" : 1.0 ,\n \"b\":\"\\u0061\" }");
}

TEST(PublishRequest, must_be_a_json_object) {
    for (const auto* body :
         {"", " ", "x", "null", "[]", R"(["a",1])", R"("a")", "7", R"({"channel":"a","data":1)",
          R"({"channel":"a","data":1}x)", R"({"channel":"a","data":nul})",
          R"({"channel":"a","data":[1,]})", "{\"channel\":\"a\",\"data\":\"\xff\"}",
          R"({"channel":"\ud800","data":1})"}) {
        EXPECT_EQ(parsed(body), "request_malformed") << body;
    }
    const std::string deep(5000, '[');
    EXPECT_EQ(parsed(R"({"channel":"a","data":)" + deep + "}"), "request_malformed");
}

TEST(PublishRequest, must_name_a_channel_and_then_have_data) {
    for (const auto* body :
         {"{}", R"({"data":1})", R"({"channel":null,"data":1})", R"({"channel":7,"data":1})",
          R"({"channel":["a"],"data":1})", R"({"Channel":"a","data":1})"}) {
        EXPECT_EQ(parsed(body), "request_channel_missing") << body;
    }
    EXPECT_EQ(parsed(R"({"channel":"a"})"), "request_data_missing");
    EXPECT_EQ(parsed(R"({"channel":""})"), "request_data_missing");
}

TEST(PublishRequest, wants_channel_names_of_1_to_255_bytes) {
    const std::string longest(255, 'x');
    EXPECT_EQ(parsed(R"({"channel":"","data":1})"), "request_channel_name");
    EXPECT_EQ(parsed(R"({"data":1,"channel":")" + longest + "\"}"), "[" + longest + "] 1");
    EXPECT_EQ(parsed(R"({"data":1,"channel":"y)" + longest + "\"}"), "request_channel_name");
}

TEST(JsonMediaType, is_application_json_or_something_plus_json) {
    for (const auto* type :
         {"application/json", "Application/JSON", "application/json; charset=utf-8",
          " application/json ;x", "application/cloudevents+json", "application/a+b+Json"}) {
        EXPECT_TRUE(is_json_media_type(type)) << type;
    }
    for (const auto* type :
         {"", "json", "/json", "text/json", "application/jsonl", "application/x-json",
          "application/", "application", "text/plain; application/json", "application/x json",
          "application/text, application/json", "application/x/y+json", "application/+jsonx"}) {
        EXPECT_FALSE(is_json_media_type(type)) << type;
    }
}

}  // namespace
}  // namespace carillon::turbine
