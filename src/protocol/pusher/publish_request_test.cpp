#include "protocol/pusher/publish_request.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/pusher/errors.h"
#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::padded;

Result<PublishRequest> parse(std::string_view body, const hub::AppLimits& limits = {}) {
    return parse_publish_request(padded(body), limits);
}

// "400 invalid_input"; empty: accepted.
std::string refused(std::string_view body, const hub::AppLimits& limits = {}) {
    const auto request = parse(body, limits);
    if (request.has_value()) return "";
    const auto& row = row_of(http_fault(request.error()));
    return std::to_string(row.code) + " " + std::string(row.label);
}

std::string data_of(std::string_view text) {
    const auto request = parse(R"({"name":"e","channel":"a","data":)" + std::string(text) + "}");
    return request.has_value() ? request.value().data : "refused";
}

TEST(PublishRequest, is_read_with_all_its_parts) {
    const auto request = parse(R"({"name":"my-event","data":"{\"a\":1}","channels":["c1","c2"],)"
                               R"("channel":"c3","socket_id":"1.2","info":"user_count"})")
                             .value();
    EXPECT_EQ(request.event, "my-event");
    EXPECT_EQ(request.data, R"({"a":1})");
    EXPECT_EQ(request.channels, (std::vector<std::string>{"c1", "c2"}));
    EXPECT_EQ(request.exclude, (hub::SessionId{(1ULL << 32) | 2}));
}

TEST(PublishRequest, may_name_one_channel) {
    const auto request = parse(R"({"name":"e","data":"","channel":"c3"})").value();
    EXPECT_EQ(request.channels, std::vector<std::string>{"c3"});
    EXPECT_FALSE(request.exclude);
    EXPECT_EQ(parse(R"({"name":"e","channels":null,"channel":"c"})").value().channels.size(), 1U);
}

TEST(PublishRequest, hands_a_string_on_byte_for_byte) {
    EXPECT_EQ(data_of(R"("hello")"), "hello");
    EXPECT_EQ(data_of(R"("\"hello\"")"), "\"hello\"");
    EXPECT_EQ(data_of(R"("a\u0000\u2028\/ \ud83d\ude00")"),
              std::string("a\0\u2028/ \U0001F600", 11));
}

TEST(PublishRequest, makes_compact_text_of_anything_else) {
    EXPECT_EQ(data_of(R"({ "a" : [ 1.0, 12345678901234567890123 ], "a":"x y" })"),
              R"({"a":[1.0,12345678901234567890123],"a":"x y"})");
    EXPECT_EQ(data_of("1"), "1");
    EXPECT_EQ(data_of("null"), "null");
    EXPECT_EQ(parse(R"({"name":"e","channel":"a"})").value().data, "null");
}

TEST(PublishRequest, is_refused_when_malformed) {
    for (const std::string_view body :
         {"", "x", "[]", "{", R"({"channel":"a"})", R"({"name":"","channel":"a"})",
          R"({"name":7,"channel":"a"})", R"({"name":"e","channel":7})",
          R"({"name":"e","channels":"a"})", R"({"name":"e","channels":[7]})",
          R"({"name":"e","channels":["a b"]})", R"({"name":"e","channels":[""]})",
          R"({"name":"e","channel":"a","data":"\ud800"})"}) {
        EXPECT_EQ(refused(body), "400 invalid_input") << body;
    }
}

TEST(PublishRequest, is_refused_without_a_channel) {
    EXPECT_EQ(refused(R"({"name":"e","data":""})"), "400 missing_channel_info");
    EXPECT_EQ(refused(R"({"name":"e","channels":[]})"), "400 missing_channel_info");
}

TEST(PublishRequest, is_refused_with_a_malformed_socket_id) {
    for (const std::string_view id : {R"("x")", R"("")", R"("1.2.3")", "12", "{}"}) {
        EXPECT_EQ(refused(R"({"name":"e","channel":"a","socket_id":)" + std::string(id) + "}"),
                  "400 invalid_input")
            << id;
    }
    EXPECT_EQ(refused(R"({"name":"e","channel":"a","socket_id":null})"), "");
    // Unknown is no error.
    EXPECT_EQ(refused(R"({"name":"e","channel":"a","socket_id":"9999999999.1"})"), "");
}

TEST(PublishRequest, keeps_to_the_apps_limits) {
    hub::AppLimits limits;
    limits.event_name_bytes_max = 3;
    limits.channel_name_bytes_max = 4;
    limits.event_channels_max = 2;
    EXPECT_EQ(refused(R"({"name":"abc","channels":["abcd","b"]})", limits), "");
    EXPECT_EQ(refused(R"({"name":"abcd","channel":"a"})", limits), "400 limit_exceeded");
    EXPECT_EQ(refused(R"({"name":"abc","channel":"abcde"})", limits), "400 limit_exceeded");
    EXPECT_EQ(refused(R"({"name":"abc","channels":["a","b","c"]})", limits), "400 limit_exceeded");
}

TEST(PublishRequest, names_no_more_channels_than_the_hub_takes) {
    hub::AppLimits limits;
    limits.event_channels_max = 1000;
    std::string names = "\"a\"";
    for (int i = 0; i < 100; ++i) names += ",\"a\"";
    EXPECT_EQ(refused(R"({"name":"e","channels":[)" + names + "]}", limits), "400 limit_exceeded");
}

TEST(PublishRequest, measures_data_decoded_and_in_bytes) {  // trap 30
    hub::AppLimits limits;
    limits.event_payload_bytes_max = 6;
    const auto with = [&](std::string_view data) {
        return refused(R"({"name":"e","channel":"a","data":)" + std::string(data) + "}", limits);
    };
    EXPECT_EQ(with(R"("\u0061\u0061\u0061\u0061\u0061\u0061")"), "");
    EXPECT_EQ(with("\"\u00fc\u00fc\u00fc\""), "");
    EXPECT_EQ(with("\"\u00fc\u00fc\u00fc\u00fc\""), "413 payload_too_large");
    EXPECT_EQ(with("[ 1, 23 ]"), "");
    EXPECT_EQ(with("[12,345]"), "413 payload_too_large");
}

TEST(PublishRequest, says_what_to_answer_of_its_channels) {
    const auto info = parse(R"({"name":"e","channel":"a","info":"user_count,cache"})").value().info;
    EXPECT_TRUE(info.user_count && info.cache && !info.subscription_count);
    EXPECT_FALSE(parse(R"({"name":"e","channel":"a","info":null})").value().info.any());
    EXPECT_EQ(refused(R"({"name":"e","channel":"a","info":["user_count"]})"), "400 invalid_input");
    EXPECT_EQ(refused(R"({"name":"e","channel":"a","info":"\ud800"})"), "400 invalid_input");
}

TEST(BatchRequest, is_its_items_in_order_each_by_the_rules_of_one) {
    const auto parsed = parse_batch_request(
        padded(R"( {"batch":[ {"name":"1","channel":"a","data":"x","more":[{}]} ,)"
               R"({"name":"2","channels":["b","c"],"data":{ "d" : 1.0 },"info":"user_count"}],)"
               R"("idempotency_key":"k"} )"),
        {{}, {}});
    ASSERT_TRUE(parsed.has_value());
    const auto& [items, key] = parsed.value();
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].data, "x");
    EXPECT_EQ(items[1].channels, (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(items[1].data, R"({"d":1.0})");
    EXPECT_TRUE(items[1].info.user_count);
    EXPECT_EQ(key, "k");
}

TEST(BatchRequest, says_which_item_is_wrong_and_keeps_its_kind) {
    hub::AppLimits limits;
    limits.event_payload_bytes_max = 3;
    const auto parsed =
        parse_batch_request(padded(R"({"batch":[{"name":"1","channel":"a","data":"abc"},)"
                                   R"({"name":"1","channel":"a","data":"abcd"}]})"),
                            {limits, {}});
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(http_fault(parsed.error()), Fault::request_payload);
    EXPECT_EQ(parsed.error().message, "batch[1]: data is larger than the allowed 3 bytes.");
}

TEST(PublishRequest, tells_no_more_of_the_body_than_which_field_is_wrong) {
    const auto request = parse(R"({"name":"e","channel":"secret channel"})");
    EXPECT_EQ(request.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace carillon::pusher
