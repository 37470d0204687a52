#include "http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::http {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(PercentDecode, gives_the_bytes_that_were_meant) {
    EXPECT_EQ(percent_decode("").value(), "");
    EXPECT_EQ(percent_decode("a%2Fb%2fc").value(), "a/b/c");
    EXPECT_EQ(percent_decode("a+b").value(), "a+b");
    EXPECT_EQ(percent_decode("%25%32%35").value(), "%25");
    EXPECT_EQ(percent_decode("%E2%82%AC").value(), "\xE2\x82\xAC");
    EXPECT_EQ(percent_decode("%00").value(), std::string(1, '\0'));
}

TEST(PercentDecode, gives_back_every_byte) {
    const char* const digits = "0123456789abcdef";
    for (int byte = 0; byte < 256; ++byte) {
        const std::string encoded{'%', digits[byte / 16], digits[byte % 16]};
        EXPECT_EQ(percent_decode(encoded).value(), std::string(1, static_cast<char>(byte)));
    }
}

TEST(PercentDecode, refuses_a_percent_without_two_hexadecimal_digits) {
    for (const auto* text :
         {"%", "%4", "a%", "%4g", "%g4", "%%41", "% 41", "%+1", "%-1", "abc%2"}) {
        const auto decoded = percent_decode(text);
        ASSERT_FALSE(decoded.has_value()) << text;
        EXPECT_EQ(decoded.error().code, 400);
        EXPECT_FALSE(parse_query(text).has_value()) << text;
        EXPECT_FALSE(parse_query("a=" + std::string(text)).has_value()) << text;
    }
}

TEST(ParseQuery, keeps_order_doubles_and_empty_values) {
    EXPECT_THAT(parse_query("b=2&a=1&b=3&c&d=&=e&f=g=h").value(),
                ElementsAre(Pair("b", "2"), Pair("a", "1"), Pair("b", "3"), Pair("c", ""),
                            Pair("d", ""), Pair("", "e"), Pair("f", "g=h")));
    EXPECT_THAT(parse_query("").value(), ElementsAre());
    EXPECT_THAT(parse_query("&&a=1&&").value(), ElementsAre(Pair("a", "1")));
}

TEST(ParseQuery, decodes_keys_and_values_after_they_were_separated) {
    EXPECT_THAT(parse_query("a%3Db=c%26d&e+f=g+%2B").value(),
                ElementsAre(Pair("a=b", "c&d"), Pair("e f", "g +")));
}

TEST(Find, gives_the_first_value_of_a_key) {
    const auto params = parse_query("a=1&a=2&b").value();
    EXPECT_EQ(find(params, "a"), "1");
    EXPECT_EQ(find(params, "b"), "");
    EXPECT_EQ(find(params, "c"), std::nullopt);
}

}  // namespace
}  // namespace carillon::http
