#include <gtest/gtest.h>

#include <array>
#include <boost/json.hpp>
#include <string>

#include "base/random.h"
#include "json/read.h"
#include "json/testing.h"
#include "json/write.h"

namespace carillon::json {
namespace {

using testing::padded;

// The text of member "a"; "refused" if the whole is not one object.
std::string a_of(std::string_view text) {
    const auto copy = padded(text);
    std::array wanted{Member{"a"}};
    if (!read_object(copy, wanted).has_value()) return "refused";
    return std::string(wanted[0].text);
}

std::string decoded(std::string_view value) {
    const auto copy = padded(value);
    const auto text = decode_string(copy);
    return text.has_value() ? text.value() : "refused";
}

std::string escaped(std::string_view text) {
    base::Buffer out;
    append_escaped(text, out);
    return std::string(out.view());
}

TEST(ReadObject, gives_values_as_they_were_written) {
    EXPECT_EQ(a_of(R"({"a":1})"), "1");
    EXPECT_EQ(a_of("{ \"b\" : 2 , \"a\" : [ 1, {\"x\" : 2} ]\n, \"c\":3}"), "[ 1, {\"x\" : 2} ]");
    EXPECT_EQ(a_of("{\"a\":\t{\"k\":\"}\"} \r\n}"), R"({"k":"}"})");
    EXPECT_EQ(a_of("{\"a\":\"x\\n\\u00fc\" }"), R"("x\n\u00fc")");
    EXPECT_EQ(a_of("{\"a\": null }"), "null");
    EXPECT_EQ(a_of("{\"a\":true}"), "true");
    EXPECT_EQ(a_of("{\"a\":{}}"), "{}");
    EXPECT_EQ(a_of("{\"a\":[ ]}"), "[ ]");
    EXPECT_EQ(a_of("{}"), "");
    EXPECT_EQ(a_of(R"({"\u0061":1})"), "1");
}

TEST(ReadObject, keeps_numbers_and_doubles_that_a_tree_would_lose) {  // trap 28
    EXPECT_EQ(a_of(R"({"a":12345678901234567890123456789})"), "12345678901234567890123456789");
    EXPECT_EQ(a_of(R"({"a":1.0})"), "1.0");
    EXPECT_EQ(a_of(R"({"a":-0.0e-999 ,"b":1})"), "-0.0e-999");
    EXPECT_EQ(a_of(R"({"a":1e999})"), "1e999");
    EXPECT_EQ(a_of(R"({"a":{"x":1,"x":2}})"), R"({"x":1,"x":2})");
    EXPECT_EQ(a_of(R"({"a":1,"a":2})"), "2");
}

TEST(ReadObject, refuses_what_is_not_one_json_object) {
    for (const std::string_view text : {"",
                                        " ",
                                        "1",
                                        "null",
                                        "\"a\"",
                                        "[]",
                                        "[{}]",
                                        "{",
                                        "}",
                                        "{]",
                                        "{}{}",
                                        "{} x",
                                        "{},",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{\"a\":1,}",
                                        "{,}",
                                        "{a:1}",
                                        "{'a':1}",
                                        "{\"a\":1 \"b\":2}",
                                        "{\"a\" 1}",
                                        "{\"a\":[1,]}",
                                        "{\"a\":[,1]}",
                                        "{\"a\":[1 2]}",
                                        "{\"a\":[}",
                                        "{\"a\":[1}]",
                                        "{\"a\":{]}",
                                        "{\"a\":01}",
                                        "{\"a\":+1}",
                                        "{\"a\":.5}",
                                        "{\"a\":1.}",
                                        "{\"a\":1e}",
                                        "{\"a\":-}",
                                        "{\"a\":0x1}",
                                        "{\"a\":NaN}",
                                        "{\"a\":tru}",
                                        "{\"a\":truee}",
                                        "{\"a\":nul}",
                                        "{\"a\":nulll}",
                                        "{\"a\":\"}",
                                        "{\"a\":\"\\x\"}",
                                        "{\"a\":\"\\u12g4\"}",
                                        "{\"a\":\"\n\"}",
                                        "{\"b\":[nope]}",
                                        "\xff",
                                        "{\"a\":\"\xc3\"}",
                                        "{\"a\":\"\xed\xa0\x80\"}"}) {
        EXPECT_EQ(a_of(text), "refused") << text;
    }
    EXPECT_EQ(a_of(std::string_view("{\"a\":\"\0\"}", 9)), "refused");
    EXPECT_EQ(a_of(std::string_view("{}\0", 3)), "refused");
}

TEST(ReadObject, refuses_lone_surrogates_wherever_they_are) {  // trap 29
    EXPECT_EQ(a_of(R"({"a":"\ud800"})"), "refused");
    EXPECT_EQ(a_of(R"({"a":{"b":["\udc00x"]}})"), "refused");
    EXPECT_EQ(a_of(R"({"a":{"\ud800":1}})"), "refused");
    EXPECT_EQ(a_of(R"({"a":"\ud83d\ude00"})"), R"("\ud83d\ude00")");
}

TEST(ReadObject, ends_at_a_depth_and_not_with_the_stack) {
    const auto nested = [](int depth) {
        return "{\"a\":" + std::string(static_cast<std::size_t>(depth), '[') +
               std::string(static_cast<std::size_t>(depth), ']') + "}";
    };
    EXPECT_NE(a_of(nested(depth_max)), "refused");
    EXPECT_EQ(a_of(nested(depth_max + 1)), "refused");
    EXPECT_EQ(a_of(nested(30'000)), "refused");
    EXPECT_EQ(a_of("{\"a\":" + std::string(60'000, '{')), "refused");
}

TEST(ReadObject, reads_on_after_a_text_that_was_refused_or_huge) {
    EXPECT_EQ(a_of("{\"a\":"), "refused");
    const std::string huge(1 << 20, 'x');
    EXPECT_EQ(a_of("{\"a\":\"" + huge + "\"}").size(), huge.size() + 2);
    EXPECT_EQ(a_of(R"({"a":[1]})"), "[1]");
}

TEST(ReadStrings, takes_an_array_of_strings_and_nothing_else) {
    const auto read = [](std::string_view text) {
        const auto copy = padded(text);
        const auto strings = read_strings(copy);
        return strings.has_value() ? ::testing::PrintToString(strings.value()) : "refused";
    };
    EXPECT_EQ(read(R"(["a", "\u0062c" ])"), "{ \"a\", \"bc\" }");
    EXPECT_EQ(read("[]"), "{}");
    for (const std::string_view text :
         {"[1]", "[null]", "[[\"a\"]]", "\"a\"", "{}", "[\"a\",]", "[\"a\"", "[\"a\"]]"}) {
        EXPECT_EQ(read(text), "refused") << text;
    }
}

std::vector<std::string> elements(std::string_view text, std::size_t elements_max = 100) {
    const auto copy = padded(text);
    const auto slices = read_array(copy, elements_max);
    if (!slices.has_value()) return {"refused"};
    return {slices.value().begin(), slices.value().end()};
}

TEST(ReadArray, gives_elements_as_they_were_written) {
    EXPECT_EQ(elements(R"([ 1.0 , "a,b" , { "x" : [ ] } ,[1 ],null])"),
              (std::vector<std::string>{"1.0", R"("a,b")", R"({ "x" : [ ] })", "[1 ]", "null"}));
    EXPECT_TRUE(elements(" [ ] ").empty());
    for (const std::string_view text :
         {"", "{}", "1", "[", "[1,]", "[1 2]", "[1]x", "[\"\\ud800\"]"}) {
        EXPECT_EQ(elements(text), std::vector<std::string>{"refused"}) << text;
    }
}

TEST(ReadArray, gives_no_more_than_was_asked_for) {
    EXPECT_EQ(elements("[1,2,3,4]", 2), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(elements("[1,2]", 2), (std::vector<std::string>{"1", "2"}));
}

TEST(DecodeString, says_what_the_string_says) {
    EXPECT_EQ(decoded(R"("")"), "");
    EXPECT_EQ(decoded(R"("plain ü")"), "plain ü");
    EXPECT_EQ(decoded(R"("\"\\\/\b\f\n\r\t\u00fc\u2028")"), "\"\\/\b\f\n\r\t\u00fc\u2028");
    EXPECT_EQ(decoded(R"("a\u0000b")"), std::string("a\0b", 3));
    EXPECT_EQ(decoded("12"), "refused");
    EXPECT_EQ(decoded("\""), "refused");
}

TEST(Compact, takes_space_out_between_tokens_only) {
    EXPECT_EQ(compact("{ \"a b\" : [ 1.0 , 2 ] ,\n\"c\":\" \\\" \" }"),
              R"({"a b":[1.0,2],"c":" \" "})");
    EXPECT_EQ(compact("1.0"), "1.0");
}

TEST(AppendEscaped, escapes_what_json_demands_and_no_more) {
    EXPECT_EQ(escaped(""), "");
    EXPECT_EQ(escaped("plain"), "plain");
    EXPECT_EQ(escaped("\"\\\b\f\n\r\t"), R"(\"\\\b\f\n\r\t)");
    EXPECT_EQ(escaped(std::string_view("\0\x01\x1f\x7f", 4)), "\\u0000\\u0001\\u001f\x7f");
    EXPECT_EQ(escaped("/ \u00fc \u2028 \U0001F600"), "/ \u00fc \u2028 \U0001F600");  // trap 29
}

TEST(AppendEscaped, finds_each_byte_at_each_place_of_a_word) {
    for (int byte = 0; byte < 256; ++byte) {
        for (std::size_t at = 0; at < 20; ++at) {
            std::string text(20, '\xff');
            text[at] = static_cast<char>(byte);
            const auto alone = escaped({&text[at], 1});
            const bool special = byte < 0x20 || byte == '"' || byte == '\\';
            EXPECT_EQ(alone.size() > 1, special) << byte;
            EXPECT_EQ(escaped(text),
                      std::string(at, '\xff') + alone + std::string(19 - at, '\xff'));
        }
    }
}

TEST(AppendEscaped, is_undone_by_any_parser) {
    base::SeededRandom random(11);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random.below(60), '\0');
        for (char& c : text) {
            c = static_cast<char>(random.below(4) == 0 ? random.below(0x30) : random.below(0x80));
        }
        base::Buffer out;
        append_quoted(text, out);
        EXPECT_EQ(decoded(out.view()), text);
        EXPECT_EQ(boost::json::parse(boost::json::string_view(out.data(), out.size())).as_string(),
                  text);
    }
}

}  // namespace
}  // namespace carillon::json
