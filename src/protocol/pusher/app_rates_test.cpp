#include "protocol/pusher/app_rates.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace carillon::pusher {
namespace {

using Of = AppRates::Of;

Now at_ms(std::int64_t ms) { return {5 * base::ns_per_s + ms * base::ns_per_ms, 0}; }

TEST(AppRates, allow_what_fits_into_a_second_and_refuse_what_does_not) {
    AppRates rates;
    EXPECT_TRUE(rates.take("a", Of::events, 10, 7, at_ms(0)).allowed);
    EXPECT_FALSE(rates.take("a", Of::events, 10, 4, at_ms(10)).allowed);
    EXPECT_TRUE(rates.take("a", Of::events, 10, 3, at_ms(20)).allowed);  // nothing was taken
    EXPECT_FALSE(rates.take("a", Of::events, 10, 1, at_ms(999)).allowed);
    EXPECT_TRUE(rates.take("a", Of::events, 10, 10, at_ms(1000)).allowed);
}

TEST(AppRates, say_what_is_left) {
    AppRates rates;
    const auto first = rates.take("a", Of::events, 10, 7, at_ms(0));
    EXPECT_EQ(first.limit, 10U);
    EXPECT_EQ(first.remaining, 3U);
    EXPECT_EQ(rates.take("a", Of::events, 10, 4, at_ms(0)).remaining, 3U);
    EXPECT_EQ(rates.take("a", Of::events, 5, 1, at_ms(0)).remaining, 0U);  // lowered meanwhile
}

TEST(AppRates, asked_for_nothing_say_whether_anything_is_left_and_take_nothing) {
    AppRates rates;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(rates.take("a", Of::events, 2, 0, at_ms(0)).allowed);
    EXPECT_TRUE(rates.take("a", Of::events, 2, 2, at_ms(0)).allowed);
    EXPECT_FALSE(rates.take("a", Of::events, 2, 0, at_ms(0)).allowed);
}

TEST(AppRates, are_of_each_app_and_of_events_and_questions_apart) {
    AppRates rates;
    EXPECT_TRUE(rates.take("a", Of::events, 1, 1, at_ms(0)).allowed);
    EXPECT_TRUE(rates.take("b", Of::events, 1, 1, at_ms(0)).allowed);
    EXPECT_TRUE(rates.take("a", Of::questions, 1, 1, at_ms(0)).allowed);
    EXPECT_FALSE(rates.take("a", Of::events, 1, 1, at_ms(0)).allowed);
    EXPECT_FALSE(rates.take("a", Of::questions, 1, 1, at_ms(0)).allowed);
}

TEST(AppRates, are_no_limit_at_zero) {
    AppRates rates;
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(rates.take("a", Of::events, 0, 1'000'000, at_ms(0)).allowed);
    }
}

TEST(AppRates, forget_the_window_that_began_first_when_there_are_too_many) {
    AppRates rates(2);
    EXPECT_TRUE(rates.take("a", Of::events, 1, 1, at_ms(0)).allowed);
    EXPECT_TRUE(rates.take("b", Of::events, 1, 1, at_ms(1)).allowed);
    EXPECT_TRUE(rates.take("a", Of::events, 1, 1, at_ms(1000)).allowed);  // now b's is the oldest
    EXPECT_TRUE(rates.take("c", Of::events, 1, 1, at_ms(1000)).allowed);
    EXPECT_FALSE(rates.take("a", Of::events, 1, 1, at_ms(1000)).allowed);
    EXPECT_TRUE(rates.take("b", Of::events, 1, 1, at_ms(1000)).allowed);
}

TEST(AppRates, let_no_more_through_than_the_limit_from_however_many_threads) {
    AppRates rates;
    std::atomic<int> allowed{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 1000; ++i) {
                    allowed += rates.take("a", Of::events, 500, 1, at_ms(0)).allowed ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(allowed.load(), 500);
}

}  // namespace
}  // namespace carillon::pusher
