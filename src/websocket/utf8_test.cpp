#include "websocket/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace carillon::websocket {
namespace {

// By the definition, slowly: encode the code point and be sure that it is one.
std::string encoded(std::uint32_t point) {
    const auto tail = [](std::uint32_t bits) { return static_cast<char>(0x80U | (bits & 0x3fU)); };
    if (point < 0x80) return {static_cast<char>(point)};
    if (point < 0x800) return {static_cast<char>(0xc0U | point >> 6), tail(point)};
    if (point < 0x10000) {
        return {static_cast<char>(0xe0U | point >> 12), tail(point >> 6), tail(point)};
    }
    return {static_cast<char>(0xf0U | point >> 18), tail(point >> 12), tail(point >> 6),
            tail(point)};
}

TEST(Utf8, accepts_every_code_point_and_no_surrogate) {
    for (std::uint32_t point = 0; point < 0x110000; ++point) {
        const bool surrogate = point >= 0xd800 && point <= 0xdfff;
        ASSERT_EQ(is_utf8(encoded(point)), !surrogate) << std::hex << point;
    }
}

TEST(Utf8, accepts_exactly_the_well_formed_sequences_of_two_and_three_bytes) {
    // What is valid is what some code point encodes to: counted, so that nothing else slips in.
    std::size_t pairs = 0;
    std::size_t triples = 0;
    for (unsigned a = 0x80; a < 0x100; ++a) {
        for (unsigned b = 0; b < 0x100; ++b) {
            const char two[] = {static_cast<char>(a), static_cast<char>(b)};
            pairs += is_utf8({two, 2}) ? 1 : 0;
            for (unsigned c = 0; c < 0x100; ++c) {
                const char three[] = {two[0], two[1], static_cast<char>(c)};
                triples += is_utf8({three, 3}) ? 1 : 0;
            }
        }
    }
    EXPECT_EQ(pairs, 0x800U - 0x80U);
    EXPECT_EQ(triples, (0x10000U - 0x800U - 0x800U) + (0x800U - 0x80U) * 0x80U);
}

TEST(Utf8, refuses_the_boundaries_from_outside) {
    for (const std::string_view bad : {"\x80",
                                       "\xBF",
                                       "\xC0\x80",
                                       "\xC1\xBF",
                                       "\xE0\x80\x80",
                                       "\xE0\x9F\xBF",
                                       "\xED\xA0\x80",
                                       "\xED\xBF\xBF",
                                       "\xF0\x80\x80\x80",
                                       "\xF0\x8F\xBF\xBF",
                                       "\xF4\x90\x80\x80",
                                       "\xF5\x80\x80\x80",
                                       "\xF8\x88\x80\x80\x80",
                                       "\xFC\x84\x80\x80\x80\x80",
                                       "\xFE",
                                       "\xFF",
                                       "\xC3\x28",
                                       "\xE2\x28\xA1",
                                       "\xE2\x82\x28",
                                       "\xF0\x28\x8C\xBC",
                                       "\xF0\x90\x28\xBC",
                                       "\xF0\x90\x8C\x28"}) {
        EXPECT_FALSE(is_utf8(bad)) << ::testing::PrintToString(std::string(bad));
    }
    for (const std::string_view good :
         {"", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
          "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "\xEF\xBB\xBF"}) {
        EXPECT_TRUE(is_utf8(good)) << ::testing::PrintToString(std::string(good));
    }
}

TEST(Utf8, is_incomplete_inside_every_character) {
    for (const std::string character : {"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x94\x94"}) {
        for (std::size_t size = 1; size < character.size(); ++size) {
            Utf8 utf8;
            EXPECT_TRUE(utf8.feed(character.substr(0, size)));
            EXPECT_FALSE(utf8.complete());
            EXPECT_TRUE(utf8.feed(character.substr(size)));
            EXPECT_TRUE(utf8.complete());
        }
    }
}

TEST(Utf8, says_no_at_the_first_byte_that_nothing_could_heal) {
    struct Case {
        std::string_view healable;
        char last;
    };
    for (const auto& [healable, last] :
         {Case{"", '\xC1'}, Case{"\xE0", '\x9F'}, Case{"\xED", '\xA0'}, Case{"\xF4", '\x90'},
          Case{"\xF0\x9F", 'a'}, Case{"\xF0\x9F\x94", '\xC0'}, Case{"\xC3", '\xC3'}}) {
        Utf8 utf8;
        EXPECT_TRUE(utf8.feed(healable));
        EXPECT_FALSE(utf8.feed({&last, 1}));
    }
}

TEST(Utf8, judges_random_text_alike_whole_and_in_pieces) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        base::SeededRandom random(seed);
        std::string text;
        while (text.size() < 200) {
            if (random.below(3) == 0) text += std::string(random.below(30), 'a');
            text += encoded(static_cast<std::uint32_t>(random.below(0xd800)));
        }
        const bool spoiled = random.below(2) == 0;
        if (spoiled) text[random.below(text.size())] = static_cast<char>(random.next());
        Utf8 utf8;
        bool valid = true;
        for (std::size_t at = 0; at < text.size() && valid;) {
            const auto n = std::min<std::size_t>(1 + random.below(20), text.size() - at);
            valid = utf8.feed(std::string_view(text).substr(at, n));
            at += n;
        }
        ASSERT_EQ(valid && utf8.complete(), is_utf8(text)) << seed;
        ASSERT_TRUE(valid || spoiled) << seed;
    }
}

}  // namespace
}  // namespace carillon::websocket
