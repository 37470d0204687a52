#include "http/storage.h"

#include <gtest/gtest.h>

namespace carillon::http {
namespace {

TEST(AppendBounded, holds_memory_for_what_was_sent_and_not_for_what_was_promised) {
    constexpr std::size_t promised = 10'000'000;
    std::string body;
    std::size_t moves = 0;
    while (body.size() < promised) {
        const auto before = body.capacity();
        append_bounded(body, std::string(1000, 'x'), promised);
        moves += body.capacity() == before ? 0 : 1;
        ASSERT_GE(body.capacity(), body.size() + body_padding);
        ASSERT_LE(body.capacity(), std::min(2 * body.size(), promised) + body_padding);
    }
    EXPECT_LT(moves, 20U);  // doubling: every byte is moved about once
}

}  // namespace
}  // namespace carillon::http
