#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "base/assert.h"
#include "base/buffer.h"
#include "base/count.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "base/thread_home.h"
#include "base/time.h"

namespace carillon::base {
namespace {

Result<int> half(int n) {
    if (n % 2 != 0) return Error{ErrorKind::invalid, "odd", 400};
    return n / 2;
}

Result<int> quarter(int n) {
    TRY_AS(const int once, half(n));
    TRY(half(once));
    return half(once);
}

TEST(Result, hands_the_value_on_or_the_error_up) {
    EXPECT_EQ(quarter(8).value(), 2);
    const auto failed = quarter(6);
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().kind, ErrorKind::invalid);
    EXPECT_EQ(failed.error().code, 400);
}

TEST(Assert, stops_near_the_cause_and_names_the_condition) {
    EXPECT_DEATH(ASSERT(1 + 1 == 3), "1 \\+ 1 == 3");
}

TEST(Buffer, keeps_its_content_while_it_grows_and_shrinks) {
    Buffer buffer;
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        buffer.append(std::to_string(i));
        expected += std::to_string(i);
    }
    EXPECT_EQ(buffer.view(), expected);
    buffer.shrink_to_fit();
    EXPECT_EQ(buffer.view(), expected);
    EXPECT_EQ(buffer.capacity(), expected.size());
    buffer.erase_front(10);
    EXPECT_EQ(buffer.view(), expected.substr(10));
    buffer.clear();
    buffer.shrink_to_fit();
    EXPECT_EQ(buffer.capacity(), 0U);
}

TEST(ThreadHome, is_everywhere_until_settled_and_then_on_one_thread) {
    ThreadHome home;
    std::thread([&] { EXPECT_TRUE(home.is_here()); }).join();
    home.settle();
    EXPECT_TRUE(home.is_here());
    std::thread([&] { EXPECT_FALSE(home.is_here()); }).join();
}

TEST(ManualClock, moves_only_when_told) {
    ManualClock clock;
    const Now before = clock.now();
    EXPECT_EQ(clock.now().steady_ns, before.steady_ns);
    clock.advance_ms(1500);
    EXPECT_EQ(clock.now().steady_ns - before.steady_ns, 1500 * ns_per_ms);
    EXPECT_EQ(clock.now().unix_ms - before.unix_ms, 1500);
}

TEST(SeededRandom, replays_from_its_seed) {
    SeededRandom a(7);
    SeededRandom b(7);
    SeededRandom c(8);
    const auto first = a.next();
    EXPECT_EQ(first, b.next());
    EXPECT_NE(first, c.next());
}

TEST(SystemRandom, does_not_repeat_itself_across_a_refill) {
    SystemRandom random;
    const auto first = random.next();
    for (int i = 0; i < 2000; ++i) EXPECT_NE(random.next(), first);
}

}  // namespace
}  // namespace carillon::base
