#include "protocol/turbine/wire.h"

#include <gtest/gtest.h>

#include <string>

#include "json/testing.h"

namespace carillon::turbine {
namespace {

struct Write {
    std::string operator()(const Connect& wish) const { return "connect [" + wish.token + "]"; }
    std::string operator()(const Subscribe& wish) const {
        return "subscribe [" + wish.channel + "]";
    }
    std::string operator()(const Unsubscribe& wish) const {
        return "unsubscribe [" + wish.channel + "]";
    }
    std::string operator()(const Ping&) const { return "ping"; }
    std::string operator()(const Malformed& message) const {
        return std::string(name_of(message.fault));
    }
};

// "id command"
std::string parsed(std::string_view text) {
    const auto copy = json::testing::padded(text);
    const auto [id, command] = parse_message(copy);
    return std::to_string(id) + " " + std::visit(Write{}, command);
}

std::string with_id(std::string_view id) {
    return parsed(R"({"id":)" + std::string(id) + R"(,"method":"ping"})");
}

std::string with_params(std::string_view method, std::string_view params) {
    return parsed(R"({"id":3,"method":")" + std::string(method) + R"(","params":)" +
                  std::string(params) + "}");
}

std::string with_channel(std::string_view channel) {
    return with_params("subscribe", R"({"channel":")" + std::string(channel) + R"("})");
}

TEST(ParseMessage, reads_the_four_commands) {
    EXPECT_EQ(parsed(R"({"id":1,"method":"connect","params":{"token":"a.b.c"}})"),
              "1 connect [a.b.c]");
    EXPECT_EQ(parsed(R"({"id":2,"method":"subscribe","params":{"channel":"chat:lobby"}})"),
              "2 subscribe [chat:lobby]");
    EXPECT_EQ(parsed(R"({"id":3,"method":"unsubscribe","params":{"channel":"chat:lobby"}})"),
              "3 unsubscribe [chat:lobby]");
    EXPECT_EQ(parsed(R"({"id":4,"method":"ping"})"), "4 ping");
}

TEST(ParseMessage, reads_keys_in_any_order_and_ignores_what_it_does_not_know) {
    EXPECT_EQ(parsed(" {\"params\" : {\"x\":[1],\"channel\":\"a\"} ,\n\"method\":\"subscribe\","
                     "\"more\":null,\"id\" : 7 } "),
              "7 subscribe [a]");
}

TEST(ParseMessage, lets_the_last_of_two_members_count) {
    EXPECT_EQ(parsed(R"({"id":1,"id":2,"method":"connect","method":"ping"})"), "2 ping");
    EXPECT_EQ(with_params("subscribe", R"({"channel":"a","channel":"b"})"), "3 subscribe [b]");
}

TEST(ParseMessage, reads_ids_of_64_bits) {
    EXPECT_EQ(with_id("0"), "0 ping");
    EXPECT_EQ(with_id("18446744073709551615"), "18446744073709551615 ping");
}

TEST(ParseMessage, answers_to_no_id_where_it_is_not_a_whole_number_without_sign) {
    for (const auto* id : {"18446744073709551616", "-1", "-0", "1.0", "1e3", R"("1")", "null",
                           "true", "[1]", "{}"}) {
        EXPECT_EQ(with_id(id), "0 command_malformed") << id;
    }
    EXPECT_EQ(parsed(R"({"method":"ping"})"), "0 command_malformed");
}

TEST(ParseMessage, keeps_the_id_of_what_is_no_command) {
    EXPECT_EQ(parsed(R"({"id":5})"), "5 command_malformed");
    EXPECT_EQ(parsed(R"({"id":5,"method":6})"), "5 command_malformed");
    for (const auto* method : {"", "publish", "Ping", "ping ", "history"}) {
        EXPECT_EQ(with_params(method, R"({"token":"t","channel":"a"})"), "3 command_malformed")
            << method;
    }
}

TEST(ParseMessage, wants_the_params_that_a_command_needs) {
    for (const auto* method : {"connect", "subscribe", "unsubscribe"}) {
        EXPECT_EQ(parsed(R"({"id":3,"method":")" + std::string(method) + R"("})"),
                  "3 command_malformed");
        for (const auto* params :
             {"null", "{}", "[]", R"(["a"])", R"("a")", "7", R"({"token":null,"channel":null})",
              R"({"token":1,"channel":1})", R"({"Token":"t","Channel":"a"})",
              R"({"token":["t"],"channel":["a"]})"}) {
            EXPECT_EQ(with_params(method, params), "3 command_malformed") << method << params;
        }
    }
}

TEST(ParseMessage, takes_an_empty_token_for_a_token) {
    EXPECT_EQ(with_params("connect", R"({"token":""})"), "3 connect []");
}

TEST(ParseMessage, ignores_what_a_ping_comes_with) {
    for (const auto* params : {"null", "{}", "[1]", R"("a")", "7", R"({"channel":1})"}) {
        EXPECT_EQ(with_params("ping", params), "3 ping") << params;
    }
}

TEST(ParseMessage, wants_channel_names_of_1_to_255_bytes) {
    EXPECT_EQ(with_channel(""), "3 channel_name");
    const std::string longest(255, 'x');
    EXPECT_EQ(with_channel(longest), "3 subscribe [" + longest + "]");
    EXPECT_EQ(with_channel(longest + "x"), "3 channel_name");
    // In bytes, not in characters; and as they are, not as they were written.
    std::string wide;
    for (int i = 0; i < 128; ++i) wide += "ü";
    EXPECT_EQ(with_channel(wide), "3 channel_name");
    std::string escaped;
    for (int i = 0; i < 255; ++i) escaped += R"(\u0061)";
    EXPECT_EQ(with_channel(escaped), "3 subscribe [" + std::string(255, 'a') + "]");
    EXPECT_EQ(with_params("unsubscribe", R"({"channel":""})"), "3 channel_name");
}

TEST(ParseMessage, decodes_what_is_escaped) {
    EXPECT_EQ(parsed(R"({"id":3,"m\u0065thod":"p\u0069ng"})"), "3 ping");
    EXPECT_EQ(with_channel(R"(\"\\\u00fc)"), "3 subscribe [\"\\ü]");
}

TEST(ParseMessage, refuses_what_is_no_json_object) {
    for (const auto* text :
         {"", " ", "ping", "/sub a", "null", "7", R"("ping")", "[]",
          R"([{"id":1,"method":"ping"}])", R"({"id":1,"method":"ping"}{"id":2,"method":"ping"})",
          "{\"id\":1,\"method\":\"ping\"}\n1", R"({"id":1,"method":"ping")",
          R"({"id":1,"method":"ping",})", R"({id:1,"method":"ping"})",
          R"({"id":01,"method":"ping"})", R"({"id":1,"method":"ping","x":nul})",
          R"({"id":1,"method":"ping","x":"\ud800"})"}) {
        EXPECT_EQ(parsed(text), "0 command_malformed") << text;
    }
}

TEST(ParseMessage, refuses_what_is_nested_too_deep) {
    const auto deep = [](int depth) {
        return R"({"id":1,"method":"ping","x":)" +
               std::string(static_cast<std::size_t>(depth), '[') +
               std::string(static_cast<std::size_t>(depth), ']') + "}";
    };
    EXPECT_EQ(parsed(deep(100)), "1 ping");
    EXPECT_EQ(parsed(deep(200)), "0 command_malformed");
    EXPECT_EQ(parsed(deep(30'000)), "0 command_malformed");
}

}  // namespace
}  // namespace carillon::turbine
