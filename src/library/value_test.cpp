#include "carillon/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "carillon/codec.h"

namespace carillon {
namespace {

constexpr auto int_max = std::numeric_limits<std::int64_t>::max();

TEST(Value, is_null_where_nothing_is) {
    const Value value = Value::object({{"a", Value::array({1})}});
    EXPECT_TRUE(value["no"]["such"][7]["member"].is_null());
    EXPECT_TRUE(value["a"][1].is_null());
    EXPECT_EQ(value.find("no"), nullptr);
    EXPECT_EQ(value["a"][0], 1);
    EXPECT_TRUE(value[0].is_null());
}

TEST(Value, gives_nothing_when_asked_for_what_it_is_not) {
    const Value value = "text";
    EXPECT_FALSE(value.as_bool() || value.as_int() || value.as_uint() || value.as_double());
    EXPECT_EQ(value.size(), 0U);
    EXPECT_TRUE(value.elements().empty() && value.members().empty());
    EXPECT_FALSE(Value(1).as_string());
    EXPECT_FALSE(Value(1).as_bool());
}

TEST(Value, is_an_unsigned_integer_only_above_the_signed_ones) {
    EXPECT_EQ(Value(static_cast<std::uint64_t>(int_max)).kind(), Value::Kind::integer);
    const Value above = static_cast<std::uint64_t>(int_max) + 1;
    EXPECT_EQ(above.kind(), Value::Kind::unsigned_integer);
    EXPECT_EQ(above.as_uint(), static_cast<std::uint64_t>(int_max) + 1);
    EXPECT_FALSE(above.as_int());
    EXPECT_EQ(above.as_double(), 9223372036854775808.0);
}

TEST(Value, gives_a_whole_double_as_an_integer_and_no_other) {
    EXPECT_EQ(Value(21.0).as_int(), 21);
    EXPECT_EQ(Value(-1.0).as_int(), -1);
    EXPECT_FALSE(Value(21.5).as_int());
    EXPECT_FALSE(Value(-1.0).as_uint());
    EXPECT_FALSE(Value(9223372036854775808.0).as_int());
    EXPECT_EQ(Value(9223372036854775808.0).as_uint(), 9223372036854775808U);
    EXPECT_FALSE(Value(18446744073709551616.0).as_uint());
    EXPECT_FALSE(Value(std::nan("")).as_int());
    EXPECT_FALSE(Value(std::numeric_limits<double>::infinity()).as_uint());
}

TEST(Value, compares_numbers_exactly_whatever_they_are_kept_as) {
    EXPECT_EQ(Value(21), Value(21.0));
    EXPECT_NE(Value(21), Value(21.5));
    EXPECT_NE(Value((1LL << 53) + 1), Value(9007199254740992.0));
    EXPECT_NE(Value(int_max), Value(9223372036854775808.0));
    EXPECT_EQ(Value(9223372036854775808U), Value(9223372036854775808.0));
    EXPECT_EQ(Value(0.0), Value(-0.0));
    EXPECT_NE(Value(std::nan("")), Value(std::nan("")));
    EXPECT_NE(Value(1), Value(true));
    EXPECT_NE(Value(1), Value("1"));
    EXPECT_NE(Value(), Value(0));
}

TEST(Value, compares_objects_by_name_and_arrays_by_place) {
    EXPECT_EQ(Value::object({{"a", 1}, {"b", 2}}), Value::object({{"b", 2}, {"a", 1}}));
    EXPECT_NE(Value::object({{"a", 1}}), Value::object({{"a", 1}, {"b", 2}}));
    EXPECT_NE(Value::object({{"a", 1}, {"b", 2}}), Value::object({{"a", 1}}));
    EXPECT_NE(Value::array({1, 2}), Value::array({2, 1}));
    EXPECT_NE(Value::array(), Value::object());
}

TEST(Value, keeps_the_order_of_members_and_replaces_in_place) {
    Value value;
    value.set("z", 1).set("a", 2).set("z", 3);
    EXPECT_EQ(value.to_json(), R"({"z":3,"a":2})");
    value.push_back(1).push_back("x");
    EXPECT_EQ(value.to_json(), R"([1,"x"])");
}

TEST(Value, keeps_the_last_of_members_with_one_name_in_the_place_of_the_first) {
    const auto value = decode<Value>(R"({"a":1,"b":2,"a":3,"c":4,"b":5,"a":6})", Encoding::json);
    EXPECT_EQ(value.value().to_json(), R"({"a":6,"b":5,"c":4})");
}

TEST(Value, says_what_it_can_in_json_and_never_fails) {
    const double infinity = std::numeric_limits<double>::infinity();
    EXPECT_EQ(Value::array({infinity, "a\xff\xc3", std::nan("")}).to_json(),
              "[null,\"a\xef\xbf\xbd\xef\xbf\xbd\",null]");
    Value deep = 1;
    for (int i = 0; i < 2000; ++i) deep = Value(Value::Array{std::move(deep)});
    auto expected = std::string(1000, '[');
    expected.append("null").append(1000, ']');
    EXPECT_EQ(deep.to_json(), expected);
}

TEST(Value, is_refused_by_encode_where_to_json_would_replace) {
    const auto refused =
        encode(Value::object({{"a", Value::array({1, std::nan("")})}}), Encoding::json);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "/a/1: JSON has no infinity and no NaN");
}

TEST(Value, knows_one_name_among_very_many_in_no_time) {
    std::string body = "{";
    for (int i = 0; i < 200'000; ++i) body += "\"k" + std::to_string(i % 150'000) + "\":1,";
    body.back() = '}';
    const auto value = decode<Value>(body, Encoding::json);  // in seconds, were it quadratic
    ASSERT_TRUE(value);
    EXPECT_EQ(value->size(), 150'000U);
}

}  // namespace
}  // namespace carillon
