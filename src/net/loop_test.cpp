#include "net/loop.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "net/mailbox.h"
#include "net/test_loop.h"
#include "net/timer_wheel.h"

namespace carillon::net {
namespace {

struct CallTask final : Task {
    explicit CallTask(std::function<void()> call) : call_(std::move(call)) {}
    void run() override { call_(); }
    std::function<void()> call_;
};

struct CallTimer final : Timer {
    explicit CallTimer(std::function<void(Now)> call) : call_(std::move(call)) {}
    void on_timer(Now now) override { call_(now); }
    std::function<void(Now)> call_;
};

const base::SystemClock system_clock;

TEST(Loop, runs_what_several_threads_post_in_each_ones_order) {
    constexpr int senders = 4;
    constexpr int items = 2000;
    std::array<int, senders> next{};  // the loop's alone
    std::atomic<int> out_of_order{0};
    std::atomic<int> ran{0};
    LoopThread thread(system_clock);
    std::vector<std::thread> threads;
    threads.reserve(senders);
    for (int sender = 0; sender < senders; ++sender) {
        threads.emplace_back([&, sender] {
            for (int i = 0; i < items; ++i) {
                EXPECT_TRUE(thread.loop().post([&, sender, i] {
                    if (next[static_cast<std::size_t>(sender)]++ != i) ++out_of_order;
                    ++ran;
                }));
            }
        });
    }
    for (auto& one : threads) one.join();
    EXPECT_TRUE(eventually([&] { return ran == senders * items; }));
    EXPECT_EQ(out_of_order, 0);
}

TEST(Loop, refuses_and_counts_what_a_full_mailbox_cannot_take) {
    LoopThread thread(system_clock);
    Gate gate(thread.loop());
    std::atomic<std::size_t> ran{0};
    std::size_t taken = 0;
    // The gate itself is still unfinished: it holds one of the places.
    while (thread.loop().post([&] { ++ran; })) ++taken;
    EXPECT_EQ(taken, limits::mailbox_items_max - 1);
    EXPECT_FALSE(thread.loop().post([&] { ++ran; }));
    EXPECT_EQ(thread.loop().mailbox_refused(), 2U);
    gate.open();
    EXPECT_TRUE(eventually([&] { return ran == taken; }));
    thread.on_loop([] {});  // and takes again
    EXPECT_EQ(ran, taken);
}

TEST(Mailbox, asks_to_be_woken_only_when_nobody_is_coming) {
    Mailbox mailbox;
    EXPECT_EQ(mailbox.put([] {}), Mailbox::Put::wake);
    EXPECT_EQ(mailbox.put([&] { EXPECT_EQ(mailbox.put([] {}), Mailbox::Put::queued); }),
              Mailbox::Put::queued);
    EXPECT_TRUE(mailbox.drain());  // the one posted by the second
    EXPECT_FALSE(mailbox.drain());
    EXPECT_EQ(mailbox.put([] {}), Mailbox::Put::wake);
}

TEST(Mailbox, runs_a_bounded_number_a_turn) {
    Mailbox mailbox;
    std::size_t ran = 0;
    for (std::size_t i = 0; i < 2 * Mailbox::items_per_turn + 1; ++i) mailbox.put([&] { ++ran; });
    EXPECT_TRUE(mailbox.drain());
    EXPECT_EQ(ran, Mailbox::items_per_turn);
    EXPECT_TRUE(mailbox.drain());
    EXPECT_FALSE(mailbox.drain());
    EXPECT_EQ(ran, 2 * Mailbox::items_per_turn + 1);
}

TEST(Loop, knows_its_thread_and_gives_it_up_when_it_ends) {
    LoopThread thread(system_clock, 7);
    thread.on_loop([&] { EXPECT_TRUE(thread.loop().is_here()); });
    EXPECT_FALSE(thread.loop().is_here());
    EXPECT_EQ(thread.loop().index(), 7U);
    thread.stop();
    EXPECT_TRUE(thread.loop().is_here());
}

TEST(Loop, returns_at_once_when_stopped_before_it_ran) {
    Loop loop(system_clock, 0);
    loop.stop();
    loop.run();
}

TEST(Loop, destroys_what_never_ran) {
    const auto held = std::make_shared<int>(1);
    {
        Loop loop(system_clock, 0);
        CallTask task([] { ADD_FAILURE() << "ran after the end"; });
        EXPECT_TRUE(loop.post([held] { ADD_FAILURE() << "ran after the end"; }));
        loop.wake(task);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(Loop, runs_a_task_deferred_twice_once_and_tasks_in_the_order_they_were_deferred) {
    LoopThread thread(system_clock);
    std::string ran;
    CallTask a([&] { ran += 'a'; });
    CallTask b([&] { ran += 'b'; });
    thread.on_loop([&] {
        thread.loop().defer(b);
        thread.loop().defer(a);
        thread.loop().defer(b);
        ran += '.';  // never at once
    });
    thread.settle();
    EXPECT_EQ(ran, ".ba");
    thread.on_loop([&] { thread.loop().defer(b); });
    thread.settle();
    EXPECT_EQ(ran, ".bab");
}

TEST(Loop, runs_a_task_again_that_defers_itself) {
    LoopThread thread(system_clock);
    int runs = 0;
    CallTask task([&] {
        if (++runs < 5) thread.loop().defer(task);
    });
    thread.on_loop([&] { thread.loop().defer(task); });
    thread.on_loop([] {});
    EXPECT_TRUE(eventually([&] {
        int seen = 0;
        thread.on_loop([&] { seen = runs; });
        return seen == 5;
    }));
}

TEST(Loop, answers_a_storm_of_wakes_with_one_run) {
    LoopThread thread(system_clock);
    std::atomic<int> runs{0};
    CallTask task([&] { ++runs; });
    Gate gate(thread.loop());
    for (int i = 0; i < 1000; ++i) thread.loop().wake(task);
    gate.open();
    thread.settle();
    EXPECT_EQ(runs, 1);
}

TEST(Loop, runs_a_task_after_the_last_wake_and_never_twice_at_once) {
    constexpr int wakers = 4;
    constexpr int wakes = 5000;
    LoopThread thread(system_clock);
    std::atomic<int> asked{0};
    std::atomic<int> seen{0};
    std::atomic<bool> inside{false};
    CallTask task([&] {
        EXPECT_FALSE(inside.exchange(true));
        EXPECT_TRUE(thread.loop().is_here());
        seen = asked.load();
        inside = false;
    });
    std::vector<std::thread> threads;
    threads.reserve(wakers);
    for (int i = 0; i < wakers; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < wakes; ++n) {
                ++asked;
                thread.loop().wake(task);
            }
        });
    }
    for (auto& one : threads) one.join();
    EXPECT_TRUE(eventually([&] { return seen == wakers * wakes; }));
    thread.stop();
}

// TSan is the judge here: everything else in this test is relaxed on purpose, so that only the wake
// can order the plain write before the plain read.
TEST(Loop, shows_a_task_what_was_written_before_a_wake_it_absorbed) {
    LoopThread thread(system_clock);
    int written = 0;
    std::atomic<int> step{0};
    std::atomic<int> read{0};
    const auto reached = [&](int wanted) {
        return eventually([&] { return step.load(std::memory_order_relaxed) == wanted; });
    };
    CallTask task([&] { read.store(written, std::memory_order_relaxed); });
    EXPECT_TRUE(thread.loop().post([&] { EXPECT_TRUE(reached(2)); }));
    std::thread absorbed([&] {
        EXPECT_TRUE(reached(1));
        written = 42;
        thread.loop().wake(task);
        step.store(2, std::memory_order_relaxed);
    });
    thread.loop().wake(task);
    step.store(1, std::memory_order_relaxed);
    EXPECT_TRUE(eventually([&] { return read.load(std::memory_order_relaxed) == 42; }));
    absorbed.join();
}

TEST(Loop, fires_timers_by_the_clock_it_was_given) {
    base::ManualClock clock;
    LoopThread thread(clock);
    std::vector<std::int64_t> fired_at;
    CallTimer timer([&](Now now) { fired_at.push_back(now.steady_ns); });
    const std::int64_t hour = 3600 * base::ns_per_s;
    const std::int64_t deadline = clock.now().steady_ns + hour;
    thread.on_loop([&] { thread.loop().timers().arm(timer, deadline); });

    clock.advance_ms(3600 * 1000 - 1);
    thread.on_loop([&] { thread.loop().run_due_timers(); });
    EXPECT_TRUE(fired_at.empty());

    clock.advance_ms(1);
    thread.on_loop([&] { thread.loop().run_due_timers(); });
    EXPECT_EQ(fired_at, std::vector<std::int64_t>{deadline});
}

TEST(Loop, fires_by_itself_when_real_time_has_come_and_not_before) {
    LoopThread thread(system_clock);
    std::promise<std::int64_t> fired;
    std::int64_t deadline = 0;
    CallTimer timer([&](Now now) { fired.set_value(now.steady_ns); });
    CallTimer tomorrow([](Now) { ADD_FAILURE() << "a day early"; });
    thread.on_loop([&] {
        const std::int64_t now = thread.loop().now().steady_ns;
        deadline = now + 40 * base::ns_per_ms;
        thread.loop().timers().arm(tomorrow, now + 86'400 * base::ns_per_s);
        thread.loop().timers().arm(timer, deadline);  // the alarm moves closer
    });
    auto answer = fired.get_future();
    ASSERT_EQ(answer.wait_for(patience), std::future_status::ready);
    EXPECT_GE(answer.get(), deadline);
    thread.stop();
}

TEST(Loop, still_fires_a_timer_that_was_pushed_back_past_its_alarm) {
    LoopThread thread(system_clock);
    std::promise<std::int64_t> fired;
    std::int64_t deadline = 0;
    CallTimer timer([&](Now now) { fired.set_value(now.steady_ns); });
    thread.on_loop([&] {
        const std::int64_t now = thread.loop().now().steady_ns;
        deadline = now + 80 * base::ns_per_ms;
        thread.loop().timers().arm(timer, now + base::ns_per_ms);
        thread.loop().timers().arm(timer, deadline);
    });
    auto answer = fired.get_future();
    ASSERT_EQ(answer.wait_for(patience), std::future_status::ready);
    EXPECT_GE(answer.get(), deadline);
    thread.stop();
}

TEST(LoopDeathTest, stops_whoever_defers_from_another_thread) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            LoopThread thread(system_clock);
            CallTask task([] {});
            thread.on_loop([] {});
            thread.loop().defer(task);
        },
        "is_here");
}

}  // namespace
}  // namespace carillon::net
