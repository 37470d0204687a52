#include "websocket/frame.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "websocket/utf8.h"

namespace carillon::websocket {
namespace {

std::string frame(Opcode opcode, std::string_view payload) {
    base::Buffer out;
    const auto appended = append_frame(out, opcode, payload);
    EXPECT_EQ(appended, out.size());
    return std::string(out.view());
}

std::string close_frame(int code, std::string_view reason = {}) {
    base::Buffer out;
    const auto appended = append_close(out, code, reason);
    EXPECT_EQ(appended, out.size());
    return std::string(out.view());
}

TEST(Frame, is_written_as_in_the_examples_of_the_rfc) {
    EXPECT_EQ(frame(Opcode::text, "Hello"), "\x81\x05Hello");
    EXPECT_EQ(frame(Opcode::ping, "Hello"), "\x89\x05Hello");
    EXPECT_EQ(frame(Opcode::binary, std::string(256, 'x')),
              std::string("\x82\x7E\x01\x00", 4) + std::string(256, 'x'));
    EXPECT_EQ(
        frame(Opcode::binary, std::string(65536, 'x')),
        std::string("\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10) + std::string(65536, 'x'));
    EXPECT_EQ(frame(Opcode::pong, ""), std::string("\x8A\x00", 2));
}

TEST(Frame, uses_the_shortest_length_on_both_sides_of_each_step) {
    struct Case {
        std::uint64_t payload;
        std::size_t header;
    };
    for (const auto& [payload, header] : {Case{0, 2}, Case{125, 2}, Case{126, 4}, Case{65535, 4},
                                          Case{65536, 10}, Case{1ULL << 40, 10}}) {
        EXPECT_EQ(header_size(payload), header) << payload;
        char bytes[10];
        EXPECT_EQ(write_header(bytes, Opcode::text, payload), bytes + header) << payload;
    }
}

TEST(Frame, of_control_that_is_too_long_is_a_bug_of_ours) {
    base::Buffer out;
    append_frame(out, Opcode::ping, std::string(125, 'x'));
    EXPECT_DEATH(append_frame(out, Opcode::ping, std::string(126, 'x')), "control_payload_max");
}

TEST(CloseCode, is_valid_where_rfc_and_registry_say_so) {
    const auto expected = [](int code) {
        if (code >= 1000 && code <= 1014) return code < 1004 || code > 1006;
        return code >= 3000 && code <= 4999;
    };
    for (int code = -1; code <= 65536; ++code)
        ASSERT_EQ(close_code_valid(code), expected(code)) << code;
}

TEST(Close, has_its_code_and_reason) {
    EXPECT_EQ(close_frame(1000, "bye"), std::string("\x88\x05\x03\xE8") + "bye");
    EXPECT_EQ(close_frame(4100), "\x88\x02\x10\x04");
    EXPECT_EQ(close_frame(close_no_code, "ignored"), std::string("\x88\x00", 2));
    base::Buffer out;
    EXPECT_DEATH(append_close(out, 1006), "close_code_valid");
}

TEST(Close, cuts_a_long_reason_between_two_characters) {
    EXPECT_EQ(close_frame(1000, std::string(200, 'x')).size(), 2U + 125U);
    for (const std::string character : {"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x94\x94"}) {
        for (std::size_t lead = 0; lead < 4; ++lead) {
            std::string reason(lead, 'x');
            while (reason.size() < 200) reason += character;
            const auto bytes = close_frame(1000, reason);
            const auto kept = std::string_view(bytes).substr(4);
            EXPECT_LE(kept.size(), close_reason_max);
            EXPECT_GT(kept.size() + character.size(), close_reason_max);
            EXPECT_TRUE(is_utf8(kept)) << lead;
        }
    }
}

void unmask_slowly(char* data, std::size_t n, MaskKey key, std::size_t phase) {
    for (std::size_t i = 0; i < n; ++i) {
        data[i] = static_cast<char>(static_cast<unsigned char>(data[i]) ^ key[(phase + i) % 4]);
    }
}

TEST(Unmask, agrees_with_the_plain_loop_at_every_alignment_length_and_phase) {
    base::SeededRandom random(7);
    for (std::size_t align = 0; align < 16; ++align) {
        for (std::size_t n = 0; n < 150; ++n) {
            const auto bits = random.next();
            const MaskKey key{
                static_cast<unsigned char>(bits), static_cast<unsigned char>(bits >> 8),
                static_cast<unsigned char>(bits >> 16), static_cast<unsigned char>(bits >> 24)};
            for (std::size_t phase = 0; phase < 6; ++phase) {
                std::string fast(align + n + 16, '\0');
                for (auto& c : fast) c = static_cast<char>(random.next());
                auto slow = fast;
                unmask(fast.data() + align, n, key, phase);
                unmask_slowly(slow.data() + align, n, key, phase);
                ASSERT_EQ(fast, slow)
                    << align << " " << n << " " << phase;  // what lies around it, too
            }
        }
    }
}

TEST(Unmask, in_pieces_is_the_same_as_at_once) {
    base::SeededRandom random(8);
    const MaskKey key{1, 2, 3, 4};
    std::string whole(5000, 'x');
    auto pieces = whole;
    unmask(whole.data(), whole.size(), key);
    for (std::size_t at = 0; at < pieces.size();) {
        const auto n = std::min<std::size_t>(random.below(200), pieces.size() - at);
        unmask(pieces.data() + at, n, key, at);
        at += n;
    }
    EXPECT_EQ(pieces, whole);
}

}  // namespace
}  // namespace carillon::websocket
