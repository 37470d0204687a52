#include "protocol/turbine/encoder.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "protocol/turbine/replies.h"

namespace carillon::turbine {
namespace {

std::string encoded(const hub::Publication::Parts& parts, std::string_view channel = "chat:lobby") {
    base::Buffer out;
    const auto publication = hub::Publication::make(parts);
    if (!wire_encoder().encode({*publication, channel, {}}, out)) {
        EXPECT_TRUE(out.empty());
        return "(nothing)";
    }
    return std::string(out.view());
}

TEST(Encoder, passes_json_on_byte_for_byte) {
    const std::string_view data = R"({ "b" : 1.0, "a":12345678901234567890, "b":[ null ] })";
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::json, .body = data}),
              R"({"method":"publication","params":{"channel":"chat:lobby","data":)" +
                  std::string(data) + "}}");
}

TEST(Encoder, says_null_for_no_json_at_all) {
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::json}),
              R"({"method":"publication","params":{"channel":"chat:lobby","data":null}})");
}

TEST(Encoder, says_text_as_a_string) {
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::text, .body = "a\"b\n"}, "c"),
              R"({"method":"publication","params":{"channel":"c","data":"a\"b\n"}})");
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::text}, "c"),
              R"({"method":"publication","params":{"channel":"c","data":""}})");
}

TEST(Encoder, says_bytes_in_base64) {
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::binary, .body = "\xff\x01"}, "c"),
              R"({"method":"publication","params":{"channel":"c","data":"/wE="}})");
}

TEST(Encoder, escapes_the_name_of_the_channel) {
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::json, .body = "1"}, "a\"\\\x01"),
              R"({"method":"publication","params":{"channel":"a\"\\\u0001","data":1}})");
}

TEST(Encoder, has_no_place_for_an_event_and_for_who_speaks) {
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::json,
                       .event = "client-typing",
                       .member = "bob",
                       .body = "1"},
                      "c"),
              R"({"method":"publication","params":{"channel":"c","data":1}})");
}

TEST(Encoder, shows_messages_only) {
    for (const auto kind :
         {hub::Kind::joined, hub::Kind::left, hub::Kind::gap, hub::Kind::announcement}) {
        EXPECT_EQ(encoded({.kind = kind, .member = "bob", .body = "1"}), "(nothing)");
    }
}

TEST(Replies, carry_ids_up_to_the_largest) {
    base::Buffer out;
    write_result(std::numeric_limits<std::uint64_t>::max(), "pong", out);
    EXPECT_EQ(out.view(), R"({"id":18446744073709551615,"result":{"pong":true}})");
    out.clear();
    write_error(std::numeric_limits<std::uint64_t>::max(), Fault::channel_forbidden, out);
    EXPECT_EQ(out.view(),
              R"({"id":18446744073709551615,"error":{"code":403,"message":"forbidden"}})");
}

}  // namespace
}  // namespace carillon::turbine
