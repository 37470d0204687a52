#include "library/json_codec.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <cmath>
#include <thread>

#include "library/testing_messages.h"

namespace carillon::library::testing {
namespace {

namespace boost_json = boost::json;

// What another implementation understands.
bool same(const Value& ours, const boost_json::value& theirs) {
    switch (ours.kind()) {
        case Value::Kind::null:
            return theirs.is_null();
        case Value::Kind::boolean:
            return theirs.is_bool() && theirs.as_bool() == ours.as_bool();
        case Value::Kind::integer:
            return theirs.is_int64() && theirs.as_int64() == ours.as_int();
        case Value::Kind::unsigned_integer:
            return theirs.is_uint64() && theirs.as_uint64() == ours.as_uint();
        case Value::Kind::real: {
            if (!theirs.is_double()) return false;
            const double number = ours.as_double().value();
            // Theirs is not always the nearest double.
            return std::abs(theirs.as_double() - number) <= std::abs(number) * 1e-15 + 1e-320;
        }
        case Value::Kind::string:
            return theirs.is_string() && std::string_view(theirs.as_string()) == ours.as_string();
        case Value::Kind::array: {
            if (!theirs.is_array() || theirs.as_array().size() != ours.size()) return false;
            for (std::size_t i = 0; i < ours.size(); ++i) {
                if (!same(ours[i], theirs.as_array()[i])) return false;
            }
            return true;
        }
        case Value::Kind::object: {
            if (!theirs.is_object() || theirs.as_object().size() != ours.size()) return false;
            for (const auto& [name, value] : ours.members()) {
                const auto* const other = theirs.as_object().if_contains(name);
                if (other == nullptr || !same(value, *other)) return false;
            }
            return true;
        }
    }
    return false;
}

TEST(JsonCodec, writes_what_another_reader_understands) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const auto body = encode(Generator(seed).any<Everything>(), Encoding::json).value();
        boost::system::error_code error;
        boost_json::parse_options options;
        options.max_depth = 64;
        const auto theirs = boost_json::parse(body, error, {}, options);
        ASSERT_FALSE(error) << error.message();
        ASSERT_TRUE(same(decode<Value>(body, Encoding::json).value(), theirs)) << body;
    }
}

TEST(JsonCodec, reads_what_another_writer_writes) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const auto message = Generator(seed).any<Value>();
        boost_json::parse_options options;
        options.max_depth = 64;
        const auto theirs = boost_json::parse(message.to_json(), {}, options);
        const auto back = decode<Value>(boost_json::serialize(theirs), Encoding::json);
        ASSERT_TRUE(back) << back.error().message;
        ASSERT_TRUE(same(*back, theirs));
    }
}

template <Message T>
std::string text_of(const T& message) {
    return encode(message, Encoding::json).value();
}

TEST(JsonCodec, writes_no_space_and_members_in_the_order_of_the_description) {
    EXPECT_EQ(text_of(Reading{"k1", 21.5, "n"}), R"({"sensor":"k1","celsius":21.5,"note":"n"})");
    EXPECT_EQ(text_of(std::vector<std::vector<int>>{{}, {1, 2}, {}}), "[[],[1,2],[]]");
    EXPECT_EQ(text_of(std::map<std::string, std::vector<bool>>{{"", {}}, {":", {true}}}),
              R"({"":[],":":[true]})");
    EXPECT_EQ(text_of(std::vector<std::string>{"[", "{", ":"}), R"(["[","{",":"])");
}

TEST(JsonCodec, writes_the_shortest_number_that_reads_back) {
    EXPECT_EQ(text_of(0.1), "0.1");
    EXPECT_EQ(text_of(3.0), "3.0");
    EXPECT_EQ(text_of(-0.0), "-0.0");
    EXPECT_EQ(text_of(1e22), "1e+22");
    EXPECT_EQ(text_of(123456789.0), "123456789.0");
    EXPECT_EQ(text_of(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
    EXPECT_EQ(text_of(std::numeric_limits<double>::denorm_min()), "5e-324");
    EXPECT_EQ(text_of(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(text_of(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(JsonCodec, escapes_what_it_must) {
    EXPECT_EQ(text_of(std::string("\"\\\n\t\x01/\x7f€")), R"("\"\\\n\t\u0001/)"
                                                          "\x7f€\"");
}

TEST(JsonCodec, has_no_infinity_and_no_nan) {
    const double infinity = std::numeric_limits<double>::infinity();
    const auto refused =
        encode(std::vector<Reading>{{"a", 1, {}}, {"b", infinity, {}}}, Encoding::json);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "/1/celsius: JSON has no infinity and no NaN");
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_FALSE(encode(std::numeric_limits<float>::quiet_NaN(), Encoding::json));
    EXPECT_FALSE(encode(-infinity, Encoding::text));
}

TEST(JsonCodec, says_bytes_in_base64) {
    EXPECT_EQ(text_of(Bytes{std::string("\x00\xff\x10", 3)}), R"("AP8Q")");
    EXPECT_EQ(decode<Bytes>(R"("AP8Q")", Encoding::json).value().data,
              std::string("\x00\xff\x10", 3));
    EXPECT_EQ(decode<Bytes>(R"("")", Encoding::json).value().data, "");
    const auto refused = decode<std::vector<Bytes>>(R"(["AP8Q","AP8"])", Encoding::json);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "/1: expected base64, found other text");
}

TEST(JsonCodec, refuses_what_is_no_json) {
    for (const std::string_view body : {"",
                                        " ",
                                        "{",
                                        "[1,]",
                                        "{\"a\":1,}",
                                        "{'a':1}",
                                        "01",
                                        "1.",
                                        ".5",
                                        "+1",
                                        "nul",
                                        "NaN",
                                        "-",
                                        "[1 2]",
                                        "\"\\x\"",
                                        "\"\\ud800\"",
                                        "\"\\udc00\"",
                                        "\"\n\"",
                                        "\"\xff\"",
                                        "\"\xed\xa0\x80\"",
                                        "1 1",
                                        "[]]",
                                        "{\"a\"}",
                                        "{1:2}",
                                        "// no\n1",
                                        "\xef\xbb\xbf"
                                        "1",
                                        "1e400",
                                        "18446744073709551616"}) {
        const auto refused = decode<Value>(body, Encoding::json);
        ASSERT_FALSE(refused) << body;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid) << body;
        EXPECT_THAT(refused.error().message, ::testing::StartsWith("not JSON that can be read"));
    }
    EXPECT_FALSE(decode<Value>(std::string_view("1\0", 2), Encoding::json));
}

TEST(JsonCodec, refuses_an_empty_body_as_the_first_of_a_thread) {
    std::jthread([] { EXPECT_FALSE(decode<Value>("", Encoding::json)); });
}

TEST(JsonCodec, reads_space_escapes_and_surrogate_pairs) {
    EXPECT_EQ(decode<std::string>(" \"\\u00e9\\ud83d\\ude00\\/\" \r\n", Encoding::json).value(),
              "é😀/");
    EXPECT_EQ(decode<Reading>("{ \"cel\\u0073ius\" : 1 ,\t\"sensor\":\"\" }", Encoding::json)
                  .value()
                  .celsius,
              1);
}

TEST(JsonCodec, gives_back_the_room_of_a_huge_body) {
    const std::string huge = '"' + std::string(1'000'000, 'x') + '"';
    std::vector<detail::Node> nodes;
    JsonReader reader;
    ASSERT_TRUE(reader.read(huge, {}, nodes));
    EXPECT_EQ(nodes.at(0).size, 1'000'000U);
    EXPECT_GT(reader.bytes(), std::size_t{1'000'000});
    EXPECT_LT(reader.bytes(), std::size_t{32'000'000});
}

}  // namespace
}  // namespace carillon::library::testing
