#include "edge/framing.h"

#include <gtest/gtest.h>

#include <string>

#include "edge/testing_protocol.h"

namespace carillon::edge {
namespace {

using testing::BodyFormat;
using testing::message;

std::string framed(const hub::Encoder& encoder, std::string_view body) {
    base::Buffer out;
    const auto publication = message(body);
    EXPECT_TRUE(encoder.encode({*publication, "channel", {}}, out));
    return std::string(out.view());
}

TEST(WebSocketFraming, gives_the_same_body_encoder_the_same_frame_encoder) {
    WebSocketFraming framing;
    const BodyFormat one;
    const BodyFormat other;
    const auto& first = framing.frame(one);
    EXPECT_NE(&framing.frame(other), &first);
    EXPECT_EQ(&framing.frame(one), &first);
}

TEST(WebSocketFraming, writes_the_shortest_header_that_tells_the_length) {
    WebSocketFraming framing;
    const BodyFormat body;
    const auto& encoder = framing.frame(body);
    const auto header = [&](std::size_t size) {
        const std::string payload(size, 'x');
        const auto frame = framed(encoder, payload);
        EXPECT_EQ(frame.substr(frame.size() - size), payload);
        return frame.substr(0, frame.size() - size);
    };
    EXPECT_EQ(header(0), std::string("\x81\x00", 2));
    EXPECT_EQ(header(125), std::string("\x81\x7d", 2));
    EXPECT_EQ(header(126), std::string("\x81\x7e\x00\x7e", 4));
    EXPECT_EQ(header(65'535), std::string("\x81\x7e\xff\xff", 4));
    EXPECT_EQ(header(65'536), std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

TEST(WebSocketFraming, appends_behind_what_is_there) {
    WebSocketFraming framing;
    const BodyFormat body;
    base::Buffer out;
    out.append("before");
    const auto publication = message("abc");
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(framing.frame(body).encode({*publication, "channel", {}}, out));
    }
    EXPECT_EQ(out.view(),
              "before\x81\x03"
              "abc\x81\x03"
              "abc");
}

TEST(WebSocketFraming, leaves_the_buffer_as_it_was_when_there_is_no_frame) {
    WebSocketFraming framing;
    const BodyFormat body;
    base::Buffer out;
    out.append("before");
    const auto joined = hub::Publication::make({.kind = hub::Kind::joined, .member = "m"});
    EXPECT_FALSE(framing.frame(body).encode({*joined, "channel", {}}, out));
    EXPECT_EQ(out.view(), "before");
}

}  // namespace
}  // namespace carillon::edge
