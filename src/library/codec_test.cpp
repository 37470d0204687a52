#include "carillon/codec.h"

#include <gmock/gmock.h>

#include <memory>
#include <thread>

#include "library/testing_messages.h"

namespace carillon::library::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Encoding both[] = {Encoding::json, Encoding::msgpack};

// The JSON in either encoding, by way of Value.
std::string body_of(std::string_view json, Encoding encoding) {
    return convert(json, Encoding::json, encoding).value();
}

template <Message T>
std::string refusal(std::string_view json, Encoding encoding = Encoding::json,
                    const DecodeLimits& limits = {}) {
    const auto decoded = decode<T>(body_of(json, encoding), encoding, limits);
    return decoded ? "taken" : decoded.error().message;
}

TEST(Codec, gives_back_whatever_it_was_given) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const auto message = Generator(seed).any<Everything>();
        std::string json[2];
        for (const auto encoding : both) {
            const auto body = encode(message, encoding);
            ASSERT_TRUE(body) << body.error().message;
            const auto back = decode<Everything>(*body, encoding);
            ASSERT_TRUE(back) << back.error().message;
            ASSERT_EQ(*back, message);
            json[encoding == Encoding::json ? 0 : 1] = encode(*back, Encoding::json).value();
        }
        // Byte for byte, except that an unordered_map has no order.
        ASSERT_EQ(decode<Value>(json[0], Encoding::json).value(),
                  decode<Value>(json[1], Encoding::json).value());
    }
}

TEST(Codec, overwrites_all_of_what_it_decodes_into) {
    const auto& type = detail::type_of<Everything>();
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Generator generator(seed);
        auto into = generator.any<Everything>();
        const auto message = generator.any<Everything>();
        for (const auto encoding : both) {
            std::string body;
            ASSERT_TRUE(type.encode(&message, encoding, body));
            ASSERT_TRUE(type.decode(&into, body, encoding));
            ASSERT_EQ(into, message);
        }
    }
}

TEST(Codec, refuses_every_body_that_ends_early_or_goes_on) {
    Generator generator(7);
    for (const auto encoding : both) {
        const auto body = encode(generator.any<Everything>(), encoding).value();
        for (std::size_t size = 0; size < body.size(); ++size) {
            ASSERT_FALSE(decode<Everything>(body.substr(0, size), encoding)) << size;
        }
        ASSERT_FALSE(decode<Everything>(body + "1", encoding));
        ASSERT_FALSE(decode<Everything>(body + body, encoding));
    }
}

TEST(Codec, skips_members_that_it_does_not_know) {
    constexpr auto body =
        R"({"new":[1,{"deep":null}],"celsius":1.5,"newer":{},"sensor":"k","last":"x"})";
    for (const auto encoding : both) {
        const auto reading = decode<Reading>(body_of(body, encoding), encoding);
        ASSERT_TRUE(reading) << reading.error().message;
        EXPECT_EQ(*reading, (Reading{"k", 1.5, {}}));
    }
}

TEST(Codec, does_not_skip_what_is_no_json_in_members_that_it_does_not_know) {
    EXPECT_FALSE(decode<Reading>(R"({"sensor":"k","celsius":1,"new":[1,}})", Encoding::json));
    EXPECT_FALSE(
        decode<Reading>("{\"sensor\":\"k\",\"celsius\":1,\"new\":\"\xff\"}", Encoding::json));
}

TEST(Codec, takes_null_and_absence_for_an_empty_optional) {
    for (const auto* const body :
         {R"({"sensor":"k","celsius":1})", R"({"sensor":"k","celsius":1,"note":null})"}) {
        for (const auto encoding : both) {
            EXPECT_EQ(decode<Reading>(body_of(body, encoding), encoding).value().note,
                      std::nullopt);
        }
    }
    EXPECT_EQ(encode(Reading{"k", 1, {}}, Encoding::json).value(),
              R"({"sensor":"k","celsius":1.0})");
    EXPECT_EQ(encode(std::vector<std::optional<int>>{1, {}}, Encoding::json).value(), "[1,null]");
}

TEST(Codec, lets_the_last_of_two_members_with_one_name_count) {
    constexpr auto body = R"({"sensor":1,"celsius":1,"sensor":"last"})";
    EXPECT_EQ(decode<Reading>(body, Encoding::json).value().sensor, "last");
    const std::string packed =
        "\x83\xa6sensor\x01\xa7"
        "celsius\x01\xa6sensor\xa4last";
    EXPECT_EQ(decode<Reading>(packed, Encoding::msgpack).value().sensor, "last");
    using Map = std::map<std::string, int>;
    EXPECT_EQ(decode<Map>(R"({"a":1,"a":2})", Encoding::json).value(), (Map{{"a", 2}}));
}

TEST(Codec, names_the_member_that_is_missing) {
    using Readings = std::map<std::string, std::vector<Reading>>;
    constexpr auto body = R"({"a/b~c":[{"sensor":"k","celsius":1},{"sensor":"l"}]})";
    for (const auto encoding : both) {
        EXPECT_EQ(refusal<Readings>(body, encoding), "/a~1b~0c/1/celsius: missing");
    }
}

TEST(Codec, names_the_place_the_expected_and_the_found) {
    for (const auto encoding : both) {
        EXPECT_EQ(refusal<std::vector<Reading>>(R"([{"sensor":"k","celsius":"hot"}])", encoding),
                  "/0/celsius: expected a number, found a string");
        EXPECT_EQ(refusal<Reading>(R"({"sensor":7,"celsius":1})", encoding),
                  "/sensor: expected a string, found 7");
        EXPECT_EQ(refusal<Reading>(R"({"sensor":"k","celsius":1,"note":true})", encoding),
                  "/note: expected a string, found true");
        EXPECT_EQ(refusal<Reading>("[1,2]", encoding),
                  "the message: expected an object, found an array of 2");
        EXPECT_EQ(refusal<std::vector<int>>("{}", encoding),
                  "the message: expected an array, found an object");
        EXPECT_EQ(refusal<bool>("1.5", encoding), "the message: expected true or false, found 1.5");
        EXPECT_EQ((refusal<std::array<int, 3>>("[1,2]", encoding)),
                  "the message: expected an array of 3, found an array of 2");
        EXPECT_EQ(refusal<std::string>("null", encoding),
                  "the message: expected a string, found null");
        EXPECT_EQ((refusal<std::map<std::string, int>>("[]", encoding)),
                  "the message: expected an object, found an array of 0");
    }
}

TEST(Codec, refuses_integers_beyond_the_type) {
    EXPECT_EQ(refusal<std::vector<std::uint8_t>>("[255,256]"),
              "/1: expected an integer from 0 to 255, found 256");
    EXPECT_EQ(refusal<std::int8_t>("-129"),
              "the message: expected an integer from -128 to 127, found -129");
    EXPECT_EQ(refusal<std::uint64_t>("-1"),
              "the message: expected an integer from 0 to 18446744073709551615, found -1");
    EXPECT_THAT(refusal<std::int64_t>("9223372036854775808"), HasSubstr("9223372036854775808"));
    for (const auto encoding : both) {
        EXPECT_EQ(
            decode<std::uint64_t>(body_of("18446744073709551615", encoding), encoding).value(),
            18446744073709551615U);
        EXPECT_EQ(decode<std::int64_t>(body_of("-9223372036854775808", encoding), encoding).value(),
                  std::numeric_limits<std::int64_t>::min());
        EXPECT_EQ(decode<std::int8_t>(body_of("-128", encoding), encoding).value(), -128);
    }
}

TEST(Codec, takes_a_whole_double_for_an_integer_and_no_other) {
    for (const auto encoding : both) {
        EXPECT_EQ(decode<int>(body_of("3.0", encoding), encoding).value(), 3);
        EXPECT_EQ(decode<unsigned>(body_of("1e3", encoding), encoding).value(), 1000U);
        EXPECT_THAT(refusal<int>("3.5", encoding), HasSubstr("found 3.5"));
        EXPECT_THAT(refusal<int>("1e30", encoding), HasSubstr("found 1e+30"));
        EXPECT_THAT(refusal<std::int64_t>("9223372036854775808.0", encoding),
                    HasSubstr("expected"));
        EXPECT_THAT(refusal<std::uint64_t>("18446744073709551616.0", encoding),
                    HasSubstr("expected"));
        EXPECT_THAT(refusal<std::uint64_t>("-0.5", encoding), HasSubstr("expected"));
    }
}

TEST(Codec, keeps_floats_as_they_are_up_to_the_largest) {
    for (const auto encoding : both) {
        for (const float number : {std::numeric_limits<float>::max(), -0.0F, 0.1F, 1e-45F}) {
            const auto back = decode<float>(encode(number, encoding).value(), encoding);
            ASSERT_TRUE(back) << back.error().message;
            EXPECT_EQ(std::signbit(*back), std::signbit(number));
            EXPECT_EQ(*back, number);
        }
        EXPECT_THAT(refusal<float>("1e39", encoding), HasSubstr("found 1e+39"));
    }
    EXPECT_EQ(encode(0.1F, Encoding::json).value(), "0.1");
}

TEST(Codec, says_enumerators_by_name) {
    for (const auto encoding : both) {
        EXPECT_EQ(decode<Level>(encode(Level::critical, encoding).value(), encoding).value(),
                  Level::critical);
        EXPECT_EQ(refusal<Level>(R"("middling\n")", encoding),
                  "the message: expected one of low, high, critical, found \"middling?\"");
        EXPECT_EQ(refusal<Level>("1", encoding),
                  "the message: expected one of low, high, critical, found 1");
        const auto nameless = encode(std::vector{Level::low, static_cast<Level>(99)}, encoding);
        ASSERT_FALSE(nameless);
        EXPECT_EQ(nameless.error().message, "/1: is an enumerator without a name");
    }
}

TEST(Codec, says_which_alternative_a_variant_holds) {
    EXPECT_EQ(encode(Shape(Square{2}), Encoding::json).value(), R"({"type":"Square","side":2.0})");
    EXPECT_EQ(encode(Shape(), Encoding::json).value(), R"({"type":"Nowhere"})");
    for (const auto encoding : both) {
        EXPECT_EQ(decode<Shape>(body_of(R"({"side":2,"x":0,"type":"Square"})", encoding), encoding)
                      .value(),
                  Shape(Square{2}));
        EXPECT_EQ(refusal<std::vector<Shape>>(R"([{"type":"Circle"}])", encoding),
                  "/0/radius: missing");
        EXPECT_EQ(refusal<std::vector<Shape>>(R"([{"side":2}])", encoding), "/0/type: missing");
        EXPECT_EQ(refusal<Shape>(R"({"type":"Cube"})", encoding),
                  "/type: expected one of Nowhere, Circle, Square, found \"Cube\"");
        EXPECT_EQ(refusal<Shape>(R"({"type":3})", encoding),
                  "/type: expected one of Nowhere, Circle, Square, found 3");
    }
}

TEST(Codec, takes_text_verbatim_for_a_string_and_as_json_for_the_rest) {
    EXPECT_EQ(decode<std::string>("say \"hi\"\xff", Encoding::text).value(), "say \"hi\"\xff");
    EXPECT_EQ(decode<int>("42", Encoding::text).value(), 42);
    EXPECT_EQ(decode<Value>("[1]", Encoding::text).value(), Value::array({1}));
    EXPECT_FALSE(decode<int>("forty-two", Encoding::text));
    EXPECT_FALSE(decode<Value>("hello", Encoding::text));
    EXPECT_EQ(encode(std::string("say \"hi\""), Encoding::text).value(), "say \"hi\"");
    EXPECT_EQ(encode(42, Encoding::text).value(), "42");
    EXPECT_EQ(encode(Square{1}, Encoding::text).value(), R"({"side":1.0})");
}

TEST(Codec, leaves_a_raw_body_alone) {
    const std::string garbage("\xc1\0{", 3);
    for (const auto encoding : {Encoding::text, Encoding::json, Encoding::msgpack}) {
        const auto raw = decode<Raw>(garbage, encoding).value();
        EXPECT_EQ(raw, (Raw{encoding, garbage}));
        EXPECT_EQ(encode(raw, encoding).value(), garbage);
    }
    EXPECT_TRUE(check(Raw{Encoding::json, garbage}));
}

TEST(Codec, converts_a_raw_body_for_who_wants_another_encoding) {
    EXPECT_EQ(encode(Raw{Encoding::json, R"({"a":[1]})"}, Encoding::msgpack).value(),
              "\x81\xa1"
              "a\x91\x01");
    EXPECT_EQ(encode(Raw{Encoding::msgpack,
                         "\x81\xa1"
                         "a\x91\x01"},
                     Encoding::json)
                  .value(),
              R"({"a":[1]})");
    EXPECT_EQ(encode(Raw{Encoding::text, "hi"}, Encoding::json).value(), R"("hi")");
    EXPECT_EQ(encode(Raw{Encoding::text, "hi"}, Encoding::msgpack).value(), "\xa2hi");
    EXPECT_EQ(encode(Raw{Encoding::msgpack, "\x93\x01\xc0\xc3"}, Encoding::text).value(),
              "[1,null,true]");
    EXPECT_FALSE(encode(Raw{Encoding::msgpack, "\xc1"}, Encoding::json));
}

TEST(Codec, refuses_strings_that_are_not_utf8_in_both) {
    for (const auto encoding : both) {
        const auto refused =
            encode(std::map<std::string, Reading>{{"a", {"\xff", 1, {}}}}, encoding);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().message, "/a/sensor: is not UTF-8, as a string must be");
        const auto name = encode(std::map<std::string, int>{{"a\xff", 1}}, encoding);
        ASSERT_FALSE(name);
        EXPECT_EQ(name.error().message, "/a\xef\xbf\xbd: is not UTF-8, as a string must be");
    }
}

TEST(Codec, shows_of_a_long_name_only_its_beginning) {
    const std::string name(100'000, 'n');
    const auto message = refusal<std::map<std::string, int>>("{\"" + name + "\":true}");
    EXPECT_EQ(message, "/" + name.substr(0, 64) +
                           "...: expected an integer from -2147483648 to 2147483647, found true");
}

struct Nested {
    std::vector<Nested> inner;
};
CARILLON_DESCRIBE(Nested, inner)

// Each is two levels: the list and the object in it.
Nested nested(int levels) {
    Nested out;
    for (int i = 0; i < levels; ++i) {
        Nested outer;
        outer.inner.push_back(std::move(out));
        out = std::move(outer);
    }
    return out;
}

TEST(Codec, nests_as_deep_as_the_limit_and_no_deeper) {
    for (const auto encoding : both) {
        const auto deep = encode(nested(15), encoding);
        ASSERT_TRUE(deep);
        EXPECT_TRUE(decode<Nested>(*deep, encoding));
        EXPECT_TRUE(decode<Value>(*deep, encoding));
        EXPECT_FALSE(decode<Nested>(*deep, encoding, {.depth_max = 31}));
        const auto deeper = encode(nested(16), encoding);
        ASSERT_FALSE(deeper);
        EXPECT_EQ(deeper.error().kind, ErrorKind::too_large);
        EXPECT_THAT(deeper.error().message, StartsWith("/inner/0/inner/0/"));
        EXPECT_THAT(deeper.error().message, HasSubstr("nested deeper than 32"));
    }
}

TEST(Codec, writes_no_level_more_than_the_limit) {
    Value lists = Value::array();
    for (int i = 1; i < 32; ++i) lists = Value(Value::Array{std::move(lists)});
    const Value more = Value::object({{"a", lists}});
    for (const auto encoding : both) {
        EXPECT_TRUE(encode(lists, encoding));
        EXPECT_FALSE(encode(more, encoding));
    }
}

TEST(Codec, refuses_depth_where_nobody_looks_too) {
    for (const std::size_t depth : {std::size_t{33}, std::size_t{100'000}}) {
        const std::string json = R"({"new":)" + std::string(depth - 1, '[') +
                                 std::string(depth - 1, ']') + R"(,"side":1})";
        const auto refused = decode<Square>(json, Encoding::json);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
        const std::string packed =
            "\x82\xa3new" + std::string(depth - 1, '\x91') + "\xc0\xa4side\x01";
        const auto refused_too = decode<Square>(packed, Encoding::msgpack);
        ASSERT_FALSE(refused_too);
        EXPECT_EQ(refused_too.error().kind, ErrorKind::too_large);
    }
}

TEST(Codec, never_recurses_deeper_than_a_thousand_whatever_the_limits) {
    const std::string packed = std::string(1001, '\x91') + "\xc0";
    EXPECT_FALSE(decode<Value>(packed, Encoding::msgpack, {.depth_max = 1'000'000}));
    EXPECT_TRUE(decode<Value>(packed.substr(1), Encoding::msgpack, {.depth_max = 1'000'000}));
    const std::string json = std::string(1001, '[') + std::string(1001, ']');
    EXPECT_FALSE(decode<Value>(json, Encoding::json, {.depth_max = 1'000'000}));
    EXPECT_TRUE(decode<Value>(json.substr(1, 2000), Encoding::json, {.depth_max = 1'000'000}));
}

TEST(Codec, counts_bytes_and_items) {
    for (const auto encoding : both) {
        const auto body = body_of(R"({"a":[1,2]})", encoding);  // an object, a name, a list, two
        EXPECT_TRUE(decode<Value>(body, encoding, {.items_max = 5}));
        const auto items = decode<Value>(body, encoding, {.items_max = 4});
        ASSERT_FALSE(items);
        EXPECT_EQ(items.error().kind, ErrorKind::too_large);
        EXPECT_TRUE(decode<Value>(body, encoding, {.bytes_max = body.size()}));
        const auto bytes = decode<Value>(body, encoding, {.bytes_max = body.size() - 1});
        ASSERT_FALSE(bytes);
        EXPECT_EQ(bytes.error().kind, ErrorKind::too_large);
        EXPECT_FALSE(decode<Raw>(body, encoding, {.bytes_max = body.size() - 1}));
    }
    EXPECT_FALSE(decode<std::string>("abc", Encoding::text, {.bytes_max = 2}));
}

TEST(Codec, asks_validate_of_every_described_object_and_names_the_place) {
    constexpr auto body = R"({"k":[{"sensor":"a","celsius":1},{"sensor":"b","celsius":-300}]})";
    using Readings = std::map<std::string, std::vector<Reading>>;
    for (const auto encoding : both) {
        EXPECT_EQ(refusal<Readings>(body, encoding), "/k/1: colder than can be");
        EXPECT_EQ(refusal<std::vector<Shape>>(R"([{"type":"Circle","radius":-1}])", encoding),
                  "/0: is not valid");
        EXPECT_EQ(refusal<Circle>(R"({"radius":-1})", encoding), "the message: is not valid");
    }
}

TEST(Codec, checks_a_value_of_ours_as_it_checks_what_comes) {
    Everything message;
    EXPECT_TRUE(check(message));
    message.children.resize(2);
    message.children[1].by_name["x"].celsius = -300;
    const auto named = check(message);
    ASSERT_FALSE(named);
    EXPECT_EQ(named.error().message, "/children/1/by_name/x: colder than can be");
    EXPECT_FALSE(check(Shape(Circle{-1})));
    EXPECT_FALSE(check(std::optional(Circle{-1})));
    EXPECT_FALSE(check(std::array{Circle{1}, Circle{-1}}));
    EXPECT_TRUE(check(std::string("\xff")));
}

struct Decoding {
    std::string body;
};
CARILLON_DESCRIBE(Decoding, body)
// Reads another message while one is being read.
std::string validate(const Decoding& outer) {
    if (outer.body.empty()) return {};
    const auto inner = decode<Decoding>(outer.body, Encoding::json);
    return inner ? std::string() : inner.error().message;
}

TEST(Codec, may_be_called_from_inside_validate) {
    std::string json = R"({"body":""})";
    for (int i = 0; i < 4; ++i) json = encode(Decoding{json}, Encoding::json).value();
    // After the inner ones were read, the outer list goes on.
    const auto list = decode<std::vector<Decoding>>('[' + json + ',' + json + ']', Encoding::json);
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ((*list)[0].body, (*list)[1].body);
    EXPECT_EQ(encode((*list)[1], Encoding::json).value(), json);
}

struct Throwing {
    int how = 0;
};
CARILLON_DESCRIBE(Throwing, how)
const char* validate(const Throwing& throwing) {
    if (throwing.how == 1) throw std::runtime_error("too tired");
    if (throwing.how == 2) throw 2;
    return "";
}

TEST(Codec, takes_what_validate_throws_for_a_refusal) {
    EXPECT_TRUE(decode<Throwing>(R"({"how":0})", Encoding::json));
    EXPECT_EQ(refusal<std::vector<Throwing>>(R"([{"how":1}])"), "/0: too tired");
    EXPECT_EQ(refusal<std::vector<Throwing>>(R"([{"how":2}])"), "/0: validate() threw");
}

TEST(Codec, serves_several_threads_at_once) {
    const auto message = Generator(11).any<Everything>();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&message] {
            for (int i = 0; i < 50; ++i) {
                for (const auto encoding : both) {
                    const auto body = encode(message, encoding).value();
                    EXPECT_EQ(decode<Everything>(body, encoding).value(), message);
                }
            }
        });
    }
}

TEST(Type, is_one_object_per_type) {
    EXPECT_EQ(&detail::type_of<Reading>(), &detail::type_of<Reading>());
    EXPECT_NE(static_cast<const void*>(&detail::type_of<Circle>()), &detail::type_of<Square>());
    EXPECT_EQ(detail::type_of<Reading>().name, "Reading");
    EXPECT_EQ(detail::type_of<std::string>().name, "string");
    EXPECT_EQ(detail::type_of<int>().name, "int32");
    EXPECT_EQ(detail::type_of<std::uint8_t>().name, "uint8");
    EXPECT_EQ(detail::type_of<std::vector<int>>().name, "list");
    EXPECT_EQ(detail::type_of<Raw>().name, "raw");
}

TEST(Type, makes_copies_moves_and_ends_values_it_does_not_know) {
    const auto& type = detail::type_of<Everything>();
    const auto message = Generator(5).any<Everything>();
    alignas(Everything) std::byte room[3][sizeof(Everything)];
    ASSERT_EQ(type.size, sizeof(Everything));
    ASSERT_EQ(type.align, alignof(Everything));
    type.construct(room[0]);
    EXPECT_EQ(*std::launder(reinterpret_cast<Everything*>(room[0])), Everything());
    type.copy(room[1], &message);
    type.move(room[2], room[1]);
    EXPECT_EQ(*std::launder(reinterpret_cast<Everything*>(room[2])), message);
    for (auto& one : room) type.destroy(one);  // the sanitizers would tell of a leak
}

TEST(Type, appends_and_decodes_with_validate) {
    const auto& type = detail::type_of<Circle>();
    Circle circle{2};
    std::string out = "before ";
    ASSERT_TRUE(type.encode(&circle, Encoding::json, out));
    EXPECT_EQ(out, R"(before {"radius":2.0})");
    EXPECT_TRUE(type.check(&circle));
    const auto refused = type.decode(&circle, R"({"radius":-2})", Encoding::json);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "the message: is not valid");
    circle.radius = -1;
    EXPECT_FALSE(type.check(&circle));
}

TEST(Type, weighs_what_a_value_holds) {
    const auto weight = [](const auto& value) {
        return detail::type_of<std::remove_cvref_t<decltype(value)>>().weight(&value);
    };
    EXPECT_EQ(weight(Circle()), sizeof(Circle));
    EXPECT_EQ(weight(std::string(1000, 'x')), sizeof(std::string) + 1000);
    EXPECT_EQ(weight(Raw{Encoding::text, std::string(1000, 'x')}), sizeof(Raw) + 1000);
    EXPECT_EQ(weight(Bytes{std::string(1000, 'x')}), sizeof(Bytes) + 1000);
    EXPECT_EQ(weight(std::vector<double>(1000)), sizeof(std::vector<double>) + 8000);
    const Reading reading{std::string(100, 's'), 1, std::string(200, 'n')};
    EXPECT_EQ(weight(reading), sizeof(Reading) + 300);
    EXPECT_EQ(weight(std::vector{reading, reading}),
              sizeof(std::vector<Reading>) + 2 * (sizeof(Reading) + 300));
    EXPECT_GE(weight(std::map<std::string, Reading>{{"k", reading}}), sizeof(Reading) + 301);
    EXPECT_EQ(weight(std::optional(reading)), sizeof(std::optional<Reading>) + 300);
    EXPECT_EQ(weight(Value(Value::Array{std::string(50, 'v')})), 2 * sizeof(Value) + 50);
}

}  // namespace
}  // namespace carillon::library::testing
