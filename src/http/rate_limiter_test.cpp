#include "http/rate_limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace carillon::http {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Now at_ms(std::int64_t ms) { return {base::ns_per_s + ms * base::ns_per_ms, 0}; }

TEST(RateLimiter, allows_so_many_questions_in_a_window_and_says_how_many_remain) {
    RateLimiter limiter(3, 60);
    for (const auto remaining : {2U, 1U, 0U}) {
        const auto verdict = limiter.check("192.0.2.1", at_ms(0));
        EXPECT_TRUE(verdict.allowed);
        EXPECT_EQ(verdict.limit, 3U);
        EXPECT_EQ(verdict.remaining, remaining);
        EXPECT_EQ(verdict.reset_s, 60U);
    }
    const auto refused = limiter.check("192.0.2.1", at_ms(59'500));
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.remaining, 0U);
    EXPECT_EQ(refused.reset_s, 1U);
}

TEST(RateLimiter, begins_anew_when_the_window_has_ended_however_often_it_refused) {
    RateLimiter limiter(1, 60);
    EXPECT_TRUE(limiter.check("192.0.2.1", at_ms(0)).allowed);
    for (int ms = 1'000; ms < 60'000; ms += 1'000) {
        EXPECT_FALSE(limiter.check("192.0.2.1", at_ms(ms)).allowed) << ms;
    }
    EXPECT_FALSE(limiter.check("192.0.2.1", at_ms(59'999)).allowed);
    EXPECT_TRUE(limiter.check("192.0.2.1", at_ms(60'000)).allowed);
    EXPECT_FALSE(limiter.check("192.0.2.1", at_ms(119'999)).allowed);
}

TEST(RateLimiter, counts_every_client_by_itself) {
    RateLimiter limiter(1, 60);
    EXPECT_TRUE(limiter.check("192.0.2.1", at_ms(0)).allowed);
    EXPECT_TRUE(limiter.check("192.0.2.2", at_ms(0)).allowed);
    EXPECT_FALSE(limiter.check("192.0.2.1", at_ms(0)).allowed);
}

TEST(RateLimiter, takes_a_64_of_ipv6_for_one_client) {
    RateLimiter limiter(1, 60);
    EXPECT_TRUE(limiter.check("2001:db8:1:2::1", at_ms(0)).allowed);
    EXPECT_FALSE(limiter.check("2001:db8:1:2:aaaa:bbbb:cccc:dddd", at_ms(0)).allowed);
    EXPECT_TRUE(limiter.check("2001:db8:1:3::1", at_ms(0)).allowed);
}

TEST(RateLimiter, counts_what_it_was_asked_and_what_it_refused) {
    RateLimiter limiter(2, 60);
    for (int i = 0; i < 5; ++i) limiter.check("192.0.2.1", at_ms(0));
    EXPECT_EQ(limiter.checks(), 5U);
    EXPECT_EQ(limiter.triggered(), 3U);
}

std::string address(unsigned i) {
    return "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
           std::to_string(i & 255);
}

TEST(RateLimiter, forgets_the_oldest_window_where_one_more_client_does_not_fit) {
    RateLimiter limiter(1, 60, 640);
    EXPECT_TRUE(limiter.check("192.0.2.1", at_ms(0)).allowed);
    EXPECT_FALSE(limiter.check("192.0.2.1", at_ms(0)).allowed);
    constexpr unsigned crowd = 20'000;
    for (unsigned i = 0; i < crowd; ++i) {
        EXPECT_TRUE(limiter.check(address(i), at_ms(1)).allowed);
    }
    EXPECT_LE(limiter.clients(), 640U);
    EXPECT_GE(limiter.clients(), 600U);  // the hash spreads them
    EXPECT_EQ(limiter.forgotten(), crowd + 1 - limiter.clients());
    EXPECT_FALSE(limiter.check(address(crowd - 1), at_ms(2)).allowed);  // the youngest is known
    EXPECT_TRUE(limiter.check("192.0.2.1", at_ms(2)).allowed);
}

TEST(RateLimiter, keeps_nothing_of_windows_that_have_ended) {
    RateLimiter limiter(1, 60);
    for (unsigned i = 0; i < 10'000; ++i) limiter.check(address(i), at_ms(0));
    EXPECT_EQ(limiter.clients(), 10'000U);
    for (unsigned i = 0; i < 2'000; ++i) limiter.check(address(i), at_ms(60'000));
    EXPECT_EQ(limiter.clients(), 2'000U);  // all stripes were visited
    EXPECT_EQ(limiter.forgotten(), 0U);
}

TEST(RateLimiter, lets_no_more_through_when_many_threads_ask_at_once) {
    RateLimiter limiter(1'000, 60);
    std::atomic<int> allowed{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 1'000; ++i) {
                    if (limiter.check("192.0.2.1", at_ms(i)).allowed) ++allowed;
                }
            });
        }
    }
    EXPECT_EQ(allowed, 1'000);
    EXPECT_EQ(limiter.checks(), 4'000U);
    EXPECT_EQ(limiter.triggered(), 3'000U);
}

TEST(RateLimiter, answers_429_as_sockudo_does) {
    const RateLimiter::Verdict verdict{false, 100, 0, 42};
    const auto response = too_many_requests(verdict);
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(
        response.body,
        R"({"error":"Too Many Requests","message":"Rate limit exceeded. Please try again later."})");
    EXPECT_THAT(response.headers,
                ElementsAre(Pair("Content-Type", "application/json"), Pair("Retry-After", "42")));
    EXPECT_THAT(rate_limit_headers(verdict),
                ElementsAre(Pair("X-RateLimit-Limit", "100"), Pair("X-RateLimit-Remaining", "0"),
                            Pair("X-RateLimit-Reset", "42")));
}

}  // namespace
}  // namespace carillon::http
