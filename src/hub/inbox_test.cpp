#include "hub/inbox.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace carillon::hub {
namespace {

Item item(std::uint32_t matched = 1) {
    return {.publication = Publication::make({.body = "x"}),
            .slot = {},
            .matched = matched,
            .stamp = {}};
}

TEST(Inbox, numbers_its_items_and_says_when_it_was_empty) {
    Inbox inbox(1000);
    EXPECT_TRUE(inbox.empty());
    EXPECT_EQ(inbox.last_number(), 0U);
    EXPECT_TRUE(inbox.push(item()));
    EXPECT_FALSE(inbox.push(item()));
    EXPECT_EQ(inbox.last_number(), 2U);
    EXPECT_FALSE(inbox.empty());
    std::vector<Item> taken;
    inbox.take(taken);
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].number, 1U);
    EXPECT_EQ(taken[1].number, 2U);
    EXPECT_TRUE(inbox.empty());
    EXPECT_TRUE(inbox.push(item()));  // the lane must be woken again
    EXPECT_EQ(inbox.last_number(), 3U);
}

TEST(Inbox, sums_what_was_matched_and_what_of_it_waits) {
    Inbox inbox(1000);
    inbox.push(item(3));
    inbox.push(item(4));
    EXPECT_EQ(inbox.sums().matched, 7U);
    EXPECT_EQ(inbox.sums().waiting, 7U);
    std::vector<Item> taken;
    inbox.take(taken);
    inbox.push(item(1));
    EXPECT_EQ(inbox.sums().matched, 8U);
    EXPECT_EQ(inbox.sums().waiting, 1U);
}

TEST(Inbox, refuses_what_does_not_fit_and_keeps_nothing_of_it) {
    Inbox inbox(100);
    EXPECT_TRUE(inbox.reserve(60));
    EXPECT_FALSE(inbox.reserve(41));
    EXPECT_EQ(inbox.reserved_bytes(), 60U);
    EXPECT_TRUE(inbox.reserve(40));
    EXPECT_FALSE(inbox.reserve(1));
    EXPECT_TRUE(inbox.reserve(0));
    inbox.release(40);
    EXPECT_TRUE(inbox.reserve(40));
    EXPECT_FALSE(inbox.reserve(SIZE_MAX));
}

TEST(Inbox, is_never_over_its_bound_though_many_threads_reserve) {
    constexpr std::size_t bound = 1000;
    Inbox inbox(bound);
    std::atomic<std::size_t> held{0};
    std::atomic<std::size_t> most{0};
    std::atomic<int> granted{0};
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (std::size_t t = 1; t <= 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 5000; ++i) {
                const auto bytes = 100 + 37 * t;
                if (!inbox.reserve(bytes)) continue;
                ++granted;
                const auto now = held.fetch_add(bytes) + bytes;
                auto seen = most.load();
                while (seen < now && !most.compare_exchange_weak(seen, now)) {
                }
                held.fetch_sub(bytes);
                inbox.release(bytes);
            }
        });
    }
    threads.clear();
    EXPECT_LE(most.load(), bound);
    EXPECT_GT(granted.load(), 0);
    EXPECT_EQ(inbox.reserved_bytes(), 0U);
}

TEST(Inbox, gives_every_item_of_many_threads_a_number_of_its_own_in_order) {
    Inbox inbox(1000);
    std::atomic<int> running{4};
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 2000; ++i) inbox.push(item());
            --running;
        });
    }
    std::uint64_t next = 1;
    std::vector<Item> taken;
    for (bool last = false; !last;) {
        last = running.load() == 0;
        taken.clear();
        inbox.take(taken);
        for (const auto& one : taken) EXPECT_EQ(one.number, next++);
    }
    EXPECT_EQ(next, 8001U);
    EXPECT_EQ(inbox.sums().matched, 8000U);
    EXPECT_EQ(inbox.sums().waiting, 0U);
}

}  // namespace
}  // namespace carillon::hub
