#include "storage/file/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::storage::file {
namespace {

TEST(Crc32c, sums_what_the_standard_sums) {
    EXPECT_EQ(crc32c(""), 0U);
    EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720, B.4
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
}

TEST(Crc32c, is_the_same_by_processor_and_by_table_and_in_pieces) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(crc32c(bytes), crc32c_by_table(bytes));
        const auto half = bytes.size() / 3;
        ASSERT_EQ(crc32c(std::string_view(bytes).substr(half), crc32c(bytes.substr(0, half))),
                  crc32c(bytes));
        bytes += static_cast<char>(i * 7 + (i >> 3));
    }
}

}  // namespace
}  // namespace carillon::storage::file
