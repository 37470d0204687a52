#include "storage/file/block.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::storage::file {
namespace {

constexpr std::uint32_t salt = 99;

std::string block_of(const std::vector<hub::Publication::Parts>& parts) {
    base::Buffer out;
    Pen pen(out, salt, 0, 0);
    BlockWriter writer(pen);
    writer.begin(3, 10, 1000);
    for (const auto& part : parts) writer.add(*hub::Publication::make(part), 1000);
    writer.end();
    return std::string(out.view().substr(entry_head_bytes));
}

TEST(Block, of_version_1_has_no_once) {
    BlockSummary summary;
    const auto with = block_of({{.body = "b", .once = {1, 2}}});
    EXPECT_TRUE(summarize(with, 2, summary));
    EXPECT_FALSE(summarize(with, 1, summary));
    EXPECT_TRUE(summarize(block_of({{.body = "b"}}), 1, summary));
}

TEST(Block, cut_anywhere_or_with_a_byte_too_many_is_none) {
    const auto body = block_of(
        {{.event = "e", .member = "m", .body = "body", .once = {1, 2}}, {.body = "second"}});
    BlockSummary summary;
    ASSERT_TRUE(summarize(body, 2, summary));
    EXPECT_EQ(summary.channel, 3U);
    EXPECT_EQ(summary.first, 10U);
    EXPECT_EQ(summary.last, 11U);
    EXPECT_EQ(summary.bytes, 10U);
    for (std::size_t cut = 0; cut < body.size(); ++cut)
        EXPECT_FALSE(summarize(std::string_view(body).substr(0, cut), 2, summary)) << cut;
    EXPECT_FALSE(summarize(body + "x", 2, summary));
}

TEST(Block, that_claims_more_than_it_has_costs_nothing) {
    auto body = block_of({{.body = "b"}});
    body[12] = body[13] = body[14] = body[15] = '\xff';  // its count
    BlockSummary summary;
    EXPECT_FALSE(summarize(body, 2, summary));
}

}  // namespace
}  // namespace carillon::storage::file
