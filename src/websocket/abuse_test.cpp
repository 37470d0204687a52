// What a client does to a decoder that it wishes ill: each kind of fault at each place.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "websocket/testing.h"

namespace carillon::websocket {
namespace {

using testing::client_frame;
using testing::client_header;
using testing::Transcript;
using testing::transcript;

std::string first(std::string_view payload) { return client_frame(payload, {.fin = false}); }
std::string middle(std::string_view payload) {
    return client_frame(payload, {.opcode = Opcode::continuation, .fin = false});
}
std::string last(std::string_view payload) {
    return client_frame(payload, {.opcode = Opcode::continuation});
}

// Overlong, surrogates, above U+10FFFF, cut short, and bytes that begin nothing.
const std::vector<std::string> ill_formed{
    "\x80",         "\xBF",     "\xC0\x80",     "\xC1\xBF",         "\xE0\x80\x80", "\xE0\x9F\xBF",
    "\xED\xA0\x80", "\xED\xBF", "\xF0\x8F\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80", "\xFE",
    "\xFF",         "\xC3",     "\xE2\x82",     "\xF0\x9F\x94"};

// The text is longer than any block that a fast check takes at once.
TEST(InvalidText, is_refused_at_every_byte_of_a_message_and_of_its_fragments) {
    constexpr std::size_t bytes = 80;
    for (const auto& wrong : ill_formed) {
        for (std::size_t at = 0; at + wrong.size() <= bytes; ++at) {
            auto text = std::string(bytes, 'a');
            text.replace(at, wrong.size(), wrong);
            const auto place = ::testing::PrintToString(wrong) + " at " + std::to_string(at);
            ASSERT_EQ(transcript(client_frame(text)), "error 1007\n") << place;
            for (std::size_t cut = at; cut <= at + wrong.size(); ++cut) {
                ASSERT_EQ(
                    transcript(first(text.substr(0, cut)) + middle("") + last(text.substr(cut))),
                    "error 1007\n")
                    << place << ", cut at " << cut;
            }
        }
    }
}

TEST(FragmentsWithoutEnd, are_refused_at_the_first_byte_that_is_too_many) {
    constexpr std::size_t bytes_max = limits::websocket_message_bytes_max;
    Transcript heard(bytes_max);
    heard.feed(first("x"));
    std::size_t held_max = 0;
    for (std::size_t bytes = 1; bytes < bytes_max; ++bytes) {
        heard.feed(middle("x"));
        held_max = std::max(held_max, heard.decoder().bytes_held());
    }
    EXPECT_EQ(heard.text(), "");
    heard.feed(client_header(1, {.opcode = Opcode::continuation, .fin = false}));
    EXPECT_EQ(heard.text(), "error 1009\n");
    EXPECT_LE(held_max, 2 * bytes_max);
}

}  // namespace
}  // namespace carillon::websocket
