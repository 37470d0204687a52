#include "server/moment.h"

#include <gtest/gtest.h>

namespace carillon::server {
namespace {

TEST(Moment, is_a_date_and_how_far_away_it_is) {
    constexpr std::int64_t now = 1'800'000'000;
    EXPECT_EQ(moment_text(now + 3599, now), "2027-01-15 08:59:59 UTC (in 59 min)");
    EXPECT_EQ(moment_text(now - 12, now), "2027-01-15 07:59:48 UTC (12 s ago)");
    EXPECT_EQ(moment_text(now, now), "2027-01-15 08:00:00 UTC (now)");
    EXPECT_EQ(moment_text(0, now), "1970-01-01 00:00:00 UTC (20833 days ago)");
}

TEST(Moment, is_a_number_where_the_calendar_ends) {
    EXPECT_EQ(moment_text(-1, 0), "second -1 of Unix (1 s ago)");
    EXPECT_EQ(moment_text(INT64_MAX, -1), "second 9223372036854775807 of Unix");
    EXPECT_EQ(moment_text(INT64_MIN, 0), "second -9223372036854775808 of Unix");
    EXPECT_EQ(moment_text(INT64_MIN, 1), "second -9223372036854775808 of Unix");
}

TEST(Duration, is_told_in_the_largest_unit_of_which_there_are_two) {
    EXPECT_EQ(duration_text(0), "0 s");
    EXPECT_EQ(duration_text(119), "119 s");
    EXPECT_EQ(duration_text(120), "2 min");
    EXPECT_EQ(duration_text(7199), "119 min");
    EXPECT_EQ(duration_text(7200), "2 h");
    EXPECT_EQ(duration_text(172'799), "47 h");
    EXPECT_EQ(duration_text(172'800), "2 days");
}

}  // namespace
}  // namespace carillon::server
