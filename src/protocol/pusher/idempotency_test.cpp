#include "protocol/pusher/idempotency.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace carillon::pusher {
namespace {

using State = Idempotency::Begun::State;

Now at_s(std::int64_t seconds) { return {seconds * base::ns_per_s, 0}; }

struct Keys : Idempotency {
    using Idempotency::Idempotency;
    Begun begin(std::string_view app, std::string_view key, std::int64_t seconds = 0) {
        return Idempotency::begin(app, key, 120, at_s(seconds));
    }
    void remember(std::string_view app, std::string_view key, std::string answer,
                  std::int64_t seconds = 0) {
        finish(begin(app, key, seconds).ticket, std::move(answer));
    }
};

TEST(Idempotency, tells_the_first_answer_again) {
    Keys keys;
    const auto first = keys.begin("app", "k");
    ASSERT_EQ(first.state, State::first);
    keys.finish(first.ticket, "the answer");
    const auto second = keys.begin("app", "k");
    EXPECT_EQ(second.state, State::done);
    EXPECT_EQ(second.answer, "the answer");
    EXPECT_EQ(keys.begin("app", "other").state, State::first);
}

TEST(Idempotency, asks_to_come_back_while_the_first_is_at_it) {
    Keys keys;
    const auto first = keys.begin("app", "k");
    EXPECT_EQ(keys.begin("app", "k").state, State::in_progress);
    keys.finish(first.ticket, "x");
    EXPECT_EQ(keys.begin("app", "k").state, State::done);
}

TEST(Idempotency, remembers_nothing_of_what_was_abandoned) {
    Keys keys;
    keys.abandon(keys.begin("app", "k").ticket);
    EXPECT_EQ(keys.begin("app", "k").state, State::first);
}

TEST(Idempotency, forgets_a_key_after_its_time_though_many_older_ones_still_wait_to_be_let_go) {
    Keys keys;
    for (int i = 0; i < 500; ++i) keys.remember("app", std::to_string(i), "x");
    EXPECT_EQ(keys.begin("app", "499", 120).state, State::first);
    EXPECT_EQ(keys.begin("app", "498", 119).state, State::done);  // let go only with its turn
}

TEST(Idempotency, keeps_apps_apart_whatever_their_names_are) {
    Keys keys;
    keys.remember("ab", "c", "x");
    EXPECT_EQ(keys.begin("a", "bc").state, State::first);
    EXPECT_EQ(keys.begin("abc", "").state, State::first);
    EXPECT_EQ(keys.begin("2:ab", "c").state, State::first);
}

TEST(Idempotency, ends_with_the_lifetime_counted_from_the_first_call) {
    Keys keys;
    keys.remember("app", "k", "x", 10);
    EXPECT_EQ(keys.begin("app", "k", 129).state, State::done);
    EXPECT_EQ(keys.begin("app", "k", 130).state, State::first);
    EXPECT_EQ(keys.forgotten().get(), 0U);  // its time was over
}

TEST(Idempotency, forgets_the_oldest_when_there_is_no_room_and_counts_it) {
    Keys keys(10'000);
    keys.remember("app", "1", std::string(4000, 'x'));
    keys.remember("app", "2", std::string(4000, 'x'));
    EXPECT_EQ(keys.forgotten().get(), 0U);
    keys.remember("app", "3", std::string(4000, 'x'));
    EXPECT_EQ(keys.forgotten().get(), 1U);
    EXPECT_EQ(keys.begin("app", "3").state, State::done);
    EXPECT_EQ(keys.begin("app", "2").state, State::done);
    EXPECT_EQ(keys.begin("app", "1").state, State::first);
}

TEST(Idempotency, bears_an_answer_that_comes_when_its_key_is_forgotten) {
    Keys keys(1000);
    const auto first = keys.begin("app", "k");
    keys.remember("app", "large", std::string(900, 'x'));
    const auto again = keys.begin("app", "k");
    ASSERT_EQ(again.state, State::first);
    keys.finish(first.ticket, "the first's");
    EXPECT_EQ(keys.begin("app", "k").state, State::in_progress);  // the second's is not there yet
    keys.finish(again.ticket, "the second's");
    EXPECT_EQ(keys.begin("app", "k").answer, "the second's");
}

TEST(Idempotency, lets_one_of_many_threads_be_the_first) {
    Keys keys;
    for (int round = 0; round < 200; ++round) {
        const auto key = std::to_string(round);
        std::atomic<int> firsts{0};
        std::vector<std::jthread> threads;
        for (int t = 0; t < 3; ++t) {
            threads.emplace_back([&] {
                const auto begun = keys.begin("app", key);
                if (begun.state != State::first) return;
                ++firsts;
                keys.finish(begun.ticket, "x");
            });
        }
        threads.clear();
        ASSERT_EQ(firsts.load(), 1);
    }
}

}  // namespace
}  // namespace carillon::pusher
