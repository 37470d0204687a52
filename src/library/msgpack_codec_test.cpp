#include "library/msgpack_codec.h"

#include <gmock/gmock.h>

#include <cmath>

#include "library/testing_messages.h"

namespace carillon::library::testing {
namespace {

using ::testing::HasSubstr;

std::string hex(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char byte : bytes) {
        out += digits[static_cast<unsigned char>(byte) >> 4];
        out += digits[static_cast<unsigned char>(byte) & 15];
    }
    return out;
}

std::string from_hex(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        const auto value = [&](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
        out += static_cast<char>(value(text[i]) * 16 + value(text[i + 1]));
    }
    return out;
}

template <Message T>
std::string packed(const T& message) {
    return hex(encode(message, Encoding::msgpack).value());
}

template <Message T>
Result<T> unpacked(std::string_view text) {
    return decode<T>(from_hex(text), Encoding::msgpack);
}

template <Message T>
std::string refusal(std::string_view text) {
    const auto decoded = unpacked<T>(text);
    return decoded ? "taken" : decoded.error().message;
}

TEST(MsgpackCodec, writes_the_shortest_integer) {
    const std::pair<std::int64_t, std::string_view> vectors[] = {
        {0, "00"},
        {127, "7f"},
        {128, "cc80"},
        {255, "ccff"},
        {256, "cd0100"},
        {65535, "cdffff"},
        {65536, "ce00010000"},
        {4294967295, "ceffffffff"},
        {4294967296, "cf0000000100000000"},
        {std::numeric_limits<std::int64_t>::max(), "cf7fffffffffffffff"},
        {-1, "ff"},
        {-32, "e0"},
        {-33, "d0df"},
        {-128, "d080"},
        {-129, "d1ff7f"},
        {-32768, "d18000"},
        {-32769, "d2ffff7fff"},
        {-2147483648, "d280000000"},
        {-2147483649, "d3ffffffff7fffffff"},
        {std::numeric_limits<std::int64_t>::min(), "d38000000000000000"},
    };
    for (const auto& [number, bytes] : vectors) {
        EXPECT_EQ(packed(number), bytes);
        EXPECT_EQ(unpacked<std::int64_t>(bytes).value(), number);
        EXPECT_EQ(unpacked<Value>(bytes).value(), number);
    }
    EXPECT_EQ(packed(std::numeric_limits<std::uint64_t>::max()), "cfffffffffffffffff");
    EXPECT_EQ(unpacked<std::uint64_t>("cfffffffffffffffff").value(),
              std::numeric_limits<std::uint64_t>::max());
}

TEST(MsgpackCodec, takes_longer_forms_than_need_be) {
    for (const auto* const one :
         {"01", "cc01", "cd0001", "ce00000001", "cf0000000000000001", "d001", "d10001",
          "d200000001", "d30000000000000001", "ca3f800000", "cb3ff0000000000000"}) {
        EXPECT_EQ(unpacked<int>(one).value(), 1) << one;
    }
    for (const auto* const a : {"a161", "d90161", "da000161", "db0000000161"}) {
        EXPECT_EQ(unpacked<std::string>(a).value(), "a") << a;
    }
    for (const auto* const list : {"9101", "dc000101", "dd0000000101"}) {
        EXPECT_EQ(unpacked<std::vector<int>>(list).value(), std::vector{1}) << list;
    }
    using Map = std::map<std::string, int>;
    for (const auto* const map : {"81a16101", "de0001a16101", "df00000001a16101"}) {
        EXPECT_EQ(unpacked<Map>(map).value(), (Map{{"a", 1}})) << map;
    }
    for (const auto* const bytes : {"c40161", "c5000161", "c60000000161"}) {
        EXPECT_EQ(unpacked<Bytes>(bytes).value().data, "a") << bytes;
    }
}

TEST(MsgpackCodec, writes_nil_booleans_and_doubles) {
    EXPECT_EQ(packed(std::optional<int>()), "c0");
    EXPECT_EQ(packed(false), "c2");
    EXPECT_EQ(packed(true), "c3");
    EXPECT_EQ(packed(0.1), "cb3fb999999999999a");
    EXPECT_EQ(packed(0.5), "ca3f000000");  // the same number in half the bytes
    EXPECT_EQ(packed(-0.0), "ca80000000");
    EXPECT_EQ(packed(1e300), "cb7e37e43c8800759c");
    EXPECT_EQ(packed(0.1F), "ca3dcccccd");
    EXPECT_EQ(packed(std::numeric_limits<double>::infinity()), "cb7ff0000000000000");
    EXPECT_EQ(unpacked<double>("cb7ff0000000000000").value(),
              std::numeric_limits<double>::infinity());
    EXPECT_EQ(unpacked<float>("ca7f800000").value(), std::numeric_limits<float>::infinity());
    EXPECT_TRUE(std::isnan(unpacked<double>("ca7fc00000").value()));
    EXPECT_TRUE(std::isnan(
        decode<float>(encode(std::nanf(""), Encoding::msgpack).value(), Encoding::msgpack)
            .value()));
}

TEST(MsgpackCodec, writes_the_shortest_head_of_every_size) {
    const auto head = [](const auto& message, std::size_t bytes) {
        return packed(message).substr(0, bytes * 2);
    };
    const auto text = [](std::size_t size) { return std::string(size, 'x'); };
    EXPECT_EQ(head(text(0), 1), "a0");
    EXPECT_EQ(head(text(31), 1), "bf");
    EXPECT_EQ(head(text(32), 2), "d920");
    EXPECT_EQ(head(text(255), 2), "d9ff");
    EXPECT_EQ(head(text(256), 3), "da0100");
    EXPECT_EQ(head(text(65535), 3), "daffff");
    EXPECT_EQ(head(text(65536), 5), "db00010000");
    EXPECT_EQ(head(Bytes{text(0)}, 2), "c400");
    EXPECT_EQ(head(Bytes{text(255)}, 2), "c4ff");
    EXPECT_EQ(head(Bytes{text(256)}, 3), "c50100");
    EXPECT_EQ(head(Bytes{text(65536)}, 5), "c600010000");
    EXPECT_EQ(head(std::vector<int>(15), 1), "9f");
    EXPECT_EQ(head(std::vector<int>(16), 3), "dc0010");
    EXPECT_EQ(head(std::vector<int>(65535), 3), "dcffff");
    EXPECT_EQ(head(std::vector<int>(65536), 5), "dd00010000");
    std::map<std::string, int> map;
    for (int i = 0; i < 15; ++i) map[std::to_string(i)] = i;
    EXPECT_EQ(head(map, 1), "8f");
    for (int i = 0; i < 16; ++i) map[std::to_string(i)] = i;
    EXPECT_EQ(head(map, 3), "de0010");
    for (int i = 0; i < 65536; ++i) map[std::to_string(i)] = i;
    EXPECT_EQ(head(map, 5), "df00010000");
    EXPECT_EQ(
        decode<decltype(map)>(encode(map, Encoding::msgpack).value(), Encoding::msgpack).value(),
        map);
}

TEST(MsgpackCodec, writes_the_example_of_the_specification) {
    // {"compact":true,"schema":0}, 18 bytes, from msgpack.org
    const Value value = Value::object({{"compact", true}, {"schema", 0}});
    EXPECT_EQ(packed(value), "82a7636f6d70616374c3a6736368656d6100");
    EXPECT_EQ(unpacked<Value>("82a7636f6d70616374c3a6736368656d6100").value(), value);
}

TEST(MsgpackCodec, leaves_out_empty_optionals_and_counts_right) {
    EXPECT_EQ(packed(Reading{"k", 1, {}}), "82a673656e736f72a16ba763656c73697573ca3f800000");
    EXPECT_EQ(packed(Shape(Nowhere())), "81a474797065a74e6f7768657265");
}

TEST(MsgpackCodec, believes_no_length_beyond_the_body) {
    for (const auto* const body :
         {"ddffffffff", "ddffffffff0000000000", "dfffffffff", "dfffffffffa16101", "dbffffffff61",
          "c6ffffffff61", "c9ffffffff0161", "dcffff01", "deffffa16101", "9f01", "8fa16101",
          "df80000001a16101", "bf61", "da000261", "d8000102", "c70200"}) {
        for (const auto& refused : {unpacked<Value>(body).has_value(),
                                    unpacked<std::vector<std::vector<int>>>(body).has_value(),
                                    unpacked<std::map<std::string, Value>>(body).has_value()}) {
            EXPECT_FALSE(refused) << body;
        }
        EXPECT_THAT(refusal<Value>(body), HasSubstr("it ends within")) << body;
    }
}

TEST(MsgpackCodec, refuses_what_is_no_messagepack) {
    EXPECT_THAT(refusal<Value>(""), HasSubstr("it ends within a value, at byte 0"));
    EXPECT_THAT(refusal<Value>("c1"), HasSubstr("begins no value"));
    EXPECT_THAT(refusal<Value>("9201c1"), HasSubstr("at byte 3"));
    EXPECT_THAT(refusal<Value>("0101"), HasSubstr("more follows the message, at byte 1"));
    EXPECT_THAT(refusal<Value>("a1ff"), HasSubstr("not UTF-8"));
    for (const auto* const tag : {"cc",       "cd00", "ce000000", "cf00000000000000",
                                  "d0",       "d1",   "d2",       "d3",
                                  "ca000000", "cb00", "c4",       "c5",
                                  "c6",       "d9",   "da",       "db",
                                  "dc",       "dd",   "de",       "df",
                                  "c7",       "c8",   "c9",       "d4",
                                  "d401"}) {
        EXPECT_THAT(refusal<Value>(tag), HasSubstr("it ends within")) << tag;
    }
}

TEST(MsgpackCodec, skips_extensions_where_unknown_and_refuses_them_where_wanted) {
    for (const auto* const extension :
         {"d40501", "d5050102", "d60501020304", "d7050102030405060708",
          "d805000102030405060708090a0b0c0d0e0f", "c70005", "c70205aabb", "c8000105aa",
          "c90000000105aa"}) {
        const std::string unknown = std::string("82a36e6577") + extension + "a47369646501";
        EXPECT_EQ(unpacked<Square>(unknown).value(), Square{1}) << extension;
        EXPECT_EQ(refusal<std::vector<int>>(std::string("91") + extension),
                  "/0: expected an integer from -2147483648 to 2147483647, found a MessagePack "
                  "extension of type 5");
        EXPECT_EQ(refusal<Value>(extension),
                  "the message: expected a value, found a MessagePack extension of type 5");
    }
    EXPECT_THAT(refusal<Reading>("82a673656e736f72d6ff00000000a763656c7369757301"),
                HasSubstr("/sensor: expected a string, found a MessagePack extension of type -1"));
}

TEST(MsgpackCodec, skips_names_that_are_no_strings_where_unknown_and_refuses_them_elsewhere) {
    EXPECT_EQ(unpacked<Square>("82a36e65778201029001a47369646501").value(), Square{1});
    EXPECT_EQ(refusal<Square>("82a473696465010102"),
              "the message: has a member whose name is 1, not a string");
    EXPECT_EQ((refusal<std::map<std::string, int>>("81c40161"
                                                   "01")),
              "the message: has a member whose name is binary, not a string");
    EXPECT_EQ(refusal<std::vector<Value>>("9181c001"),
              "/0: has a member whose name is null, not a string");
    EXPECT_EQ(refusal<Shape>("8190c0"),
              "the message: has a member whose name is an array of 0, not a string");
}

TEST(MsgpackCodec, tells_text_from_bytes) {
    EXPECT_EQ(refusal<std::string>("c40161"), "the message: expected a string, found binary");
    EXPECT_EQ(unpacked<Value>("c403616263").value(), "YWJj");
    EXPECT_EQ(unpacked<Bytes>("a459574a6a").value().data, "abc");  // once converted from JSON
    EXPECT_EQ(refusal<Bytes>("01"), "the message: expected binary or base64, found 1");
}

TEST(MsgpackCodec, takes_memory_in_proportion_to_the_body) {
    std::vector<detail::Node> nodes;
    EXPECT_FALSE(msgpack::read(from_hex("ddffffffff"), {}, nodes));
    EXPECT_LE(nodes.capacity(), 16U);
    const std::string nils = from_hex("dd000186a0") + std::string(100'000, '\xc0');
    nodes.clear();
    EXPECT_TRUE(msgpack::read(nils, {}, nodes));
    EXPECT_LE(nodes.capacity(), 2 * nils.size());
    static_assert(sizeof(detail::Node) == 16);
}

}  // namespace
}  // namespace carillon::library::testing
