#include "server/json_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace carillon::server {
namespace {

std::string json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(JsonText, leaves_ordinary_text_alone) {
    EXPECT_EQ(json(""), R"("")");
    EXPECT_EQ(json("héllo, 世界 🔔 / ok"), "\"héllo, 世界 🔔 / ok\"");
}

TEST(JsonText, lets_nothing_out_of_the_quotes_or_the_line) {
    EXPECT_EQ(json("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(json("a\nb\r\tc"), R"("a\nb\u000d\u0009c")");
    EXPECT_EQ(json(std::string_view("\0\x1b\x7f", 3)), R"("\u0000\u001b\u007f")");
    EXPECT_EQ(json("\u0085 \u2028 \u2029 \u202e \u2066"),
              R"("\u0085 \u2028 \u2029 \u202e \u2066")");
}

TEST(JsonText, replaces_what_is_no_utf8_byte_by_byte) {
    EXPECT_EQ(json("a\xff"
                   "b"),
              "\"a\uFFFDb\"");
    EXPECT_EQ(json("\xc3"), "\"\uFFFD\"");                      // cut off
    EXPECT_EQ(json("\xc3\""), "\"\uFFFD\\\"\"");                // does not swallow a quote
    EXPECT_EQ(json("\xc0\xaf"), "\"\uFFFD\uFFFD\"");            // overlong
    EXPECT_EQ(json("\xe0\x80\xaf"), "\"\uFFFD\uFFFD\uFFFD\"");  // overlong
    EXPECT_EQ(json("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");  // a surrogate
    EXPECT_EQ(json("\xf4\x90\x80\x80"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");  // above U+10FFFF
    EXPECT_EQ(json("\x80"), "\"\uFFFD\"");
}

TEST(JsonText, is_read_back_by_a_json_parser_whatever_two_bytes_it_holds) {
    for (int a = 0; a < 256; ++a) {
        for (int b = 0; b < 256; ++b) {
            const std::string text = {static_cast<char>(a), static_cast<char>(b)};
            const auto written = json(text);
            ASSERT_EQ(written.find_first_of("\n\r\x1b"), std::string::npos);
            boost::json::error_code error;
            const auto value = boost::json::parse(written, error);
            ASSERT_FALSE(error) << a << " " << b;
            const bool ascii = a < 0x80 && b < 0x80;
            ASSERT_TRUE(!ascii || value.as_string() == text) << a << " " << b;
        }
    }
}

}  // namespace
}  // namespace carillon::server
