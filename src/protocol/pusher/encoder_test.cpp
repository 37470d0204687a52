#include "protocol/pusher/encoder.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::pusher {
namespace {

std::string encoded(const hub::Publication::Parts& parts, std::string_view channel = "news") {
    base::Buffer out;
    out.append("before ");
    EXPECT_TRUE(wire_encoder().encode({*hub::Publication::make(parts), channel, {}}, out));
    EXPECT_TRUE(out.view().starts_with("before "));
    return std::string(out.view().substr(7));
}

TEST(Encoder, makes_a_string_of_text) {
    EXPECT_EQ(encoded({.event = "my-event", .body = R"({"a":"ü"})"}),
              R"({"event":"my-event","channel":"news","data":"{\"a\":\"ü\"}"})");
    EXPECT_EQ(encoded({.event = "e", .body = ""}), R"({"event":"e","channel":"news","data":""})");
    EXPECT_EQ(encoded({.event = "e", .body = std::string_view("\0\n\u2028", 5)}),
              "{\"event\":\"e\",\"channel\":\"news\",\"data\":\"\\u0000\\n\u2028\"}");
}

TEST(Encoder, puts_json_in_as_it_is) {
    EXPECT_EQ(
        encoded({.body_kind = hub::BodyKind::json, .event = "client-x", .body = R"({ "n":1.0 })"}),
        R"({"event":"client-x","channel":"news","data":{ "n":1.0 }})");
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::json, .event = "client-x"}),
              R"({"event":"client-x","channel":"news"})");
}

TEST(Encoder, puts_binary_in_as_base64) {
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::binary,
                       .event = "e",
                       .body = std::string_view("\xff\x00\xfe", 3)}),
              R"({"event":"e","channel":"news","data":"/wD+"})");
}

TEST(Encoder, names_who_speaks_on_a_presence_channel) {
    EXPECT_EQ(
        encoded(
            {.body_kind = hub::BodyKind::json, .event = "client-x", .member = "a\"b", .body = "1"}),
        R"({"event":"client-x","channel":"news","data":1,"user_id":"a\"b"})");
}

TEST(Encoder, has_a_name_for_what_has_none_and_no_channel_for_what_has_none) {
    EXPECT_EQ(encoded({.body = "hi"}), R"({"event":"message","channel":"news","data":"hi"})");
    EXPECT_EQ(encoded({.event = "e", .body = "hi"}, ""), R"({"event":"e","data":"hi"})");
}

TEST(Encoder, escapes_names) {
    EXPECT_EQ(encoded({.event = "a\"b\n", .body = "x"}),
              R"({"event":"a\"b\n","channel":"news","data":"x"})");
}

TEST(Encoder, tells_who_joined_in_a_string) {  // trap 4
    EXPECT_EQ(
        encoded({.kind = hub::Kind::joined,
                 .body_kind = hub::BodyKind::json,
                 .member = "2",
                 .body = R"({"name":"B"})"},
                "presence-a"),
        R"({"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"2\",\"user_info\":{\"name\":\"B\"}}"})");
    EXPECT_EQ(
        encoded({.kind = hub::Kind::joined, .member = "2", .body = "null"}, "presence-a"),
        R"({"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"2\"}"})");
}

TEST(Encoder, tells_who_left_and_nothing_about_him) {
    EXPECT_EQ(
        encoded({.kind = hub::Kind::left, .member = "2", .body = R"({"name":"B"})"}, "presence-a"),
        R"({"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"2\"}"})");
}

TEST(Encoder, escapes_a_member_twice) {  // trap 31
    EXPECT_EQ(
        encoded({.kind = hub::Kind::left, .member = "a\"\\\n"}, "presence-a"),
        R"({"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"a\\\"\\\\\\n\"}"})");
}

TEST(Encoder, is_one_for_all) { EXPECT_EQ(&wire_encoder(), &wire_encoder()); }

}  // namespace
}  // namespace carillon::pusher
