// What holds on real threads, whatever the schedule; most of it is for the sanitizers to see.
#include <thread>

#include "library/testing_broker.h"

namespace carillon::broker_testing {
namespace {

std::uint64_t rounds() { return 20 * number_from("CARILLON_THREADS_SECONDS", 2); }

// The handler's memory is freed as soon as drop() has returned.
TEST(Threads, drop_returns_when_no_call_is_going_on_and_none_follows) {
    for (std::uint64_t round = 0; round < rounds(); ++round) {
        Sink sink;
        auto broker = sink.broker(1 + round % 3);
        std::atomic<bool> done = false;
        std::thread publisher([&] {
            while (!done) (void)broker.publish("t", Number{1});
        });
        for (int i = 0; i < 20; ++i) {
            auto memory = std::make_unique<std::int64_t>(0);
            auto* at = memory.get();
            auto a = broker.subscribe("t", [at](const Number& m) { *at += m.n; });
            if (i % 2 == 0) std::this_thread::yield();
            a.drop();
            *memory = -1;  // not atomic: a race, if a call were going on
            memory.reset();
        }
        done = true;
        publisher.join();
    }
}

TEST(Threads, drop_waits_for_the_call_that_is_going_on) {
    Sink sink;
    auto broker = sink.broker(2);
    Barrier begun, dropping, barrier;
    std::atomic<bool> over = false;
    auto a = broker.subscribe("t", [&](const Number&) {
        begun.open();
        barrier.wait();
        over = true;
    });
    (void)broker.publish("t", Number{1});
    begun.wait();
    std::thread opens([&] {
        dropping.wait();
        for (int i = 0; i < 1000; ++i) std::this_thread::yield();
        barrier.open();
    });
    dropping.open();
    a.drop();
    EXPECT_TRUE(over);
    opens.join();
}

TEST(Threads, subscribing_publishing_and_dropping_race_with_stop) {
    for (std::uint64_t round = 0; round < rounds(); ++round) {
        Sink sink;
        std::optional<Broker> broker = sink.broker(1 + round % 3);
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([its = *broker, i]() mutable {
                while (true) {
                    auto a = its.subscribe("t", [](const Number&) {});
                    auto s = its.stream<Number>("t", {.queue = 2, .overflow = Overflow::wait});
                    auto confirming = its.publish_confirmed("t", Number{1});
                    if (!confirming.get() && !a) return;
                    its.spawn([](Broker b, int times) -> Task<> {
                        while (times-- != 0) co_await b.sleep(1us);
                    }(its, i));
                    if (s.wait(1us)) continue;
                    (void)its.stats();
                }
            });
        }
        std::thread other([its = *broker]() mutable { its.stop(); });
        if (round % 2 == 0) broker->stop();
        broker.reset();
        other.join();
        for (auto& thread : threads) thread.join();
    }
}

TEST(Threads, may_subscribe_at_once_to_a_broker_that_just_began) {
    for (std::uint64_t round = 0; round < rounds(); ++round) {
        Broker broker = Builder().with(Threads{3}).start().value();
        std::vector<Subscription> all;
        for (int i = 0; i < 6; ++i) all.push_back(broker.subscribe("t", [](const Number&) {}));
        EXPECT_EQ(broker.publish("t", Number{1}).value().matched, 6u);
    }
}

TEST(Threads, stop_inside_a_handler_and_outside_at_once) {
    for (std::uint64_t round = 0; round < rounds(); ++round) {
        Sink sink;
        std::optional<Broker> broker = sink.broker(2);
        std::vector<Subscription> all;
        Barrier begun;
        for (int i = 0; i < 4; ++i) {
            all.push_back(broker->subscribe("t", [its = *broker, &begun](const Number&) mutable {
                begun.open();
                its.stop();
            }));
        }
        (void)broker->publish("t", Number{1});
        begun.wait();
        broker->stop();
        broker.reset();
    }
}

TEST(Threads, a_handler_that_blocks_its_thread_blocks_no_other) {
    Sink sink;
    auto broker = sink.broker(2);
    Barrier begun, barrier;
    const auto blocks = broker.subscribe("block", [&](const Number&) {
        begun.open();
        barrier.wait();
    });
    Heard<std::thread::id> homes;
    std::vector<std::unique_ptr<std::atomic<int>>> heard;
    std::vector<Subscription> all;
    for (int i = 0; i < 4; ++i) {
        auto& count = *heard.emplace_back(std::make_unique<std::atomic<int>>(0));
        all.push_back(broker.subscribe("t", [&count](const Number&) { ++count; }));
    }
    (void)broker.publish("block", Number{1});
    begun.wait();
    for (int n = 0; n < 100; ++n) EXPECT_EQ(broker.publish("t", Number{n}).value().matched, 4u);
    // Subscriptions are dealt out in turns: two of these are on the other thread.
    while (*heard[0] + *heard[1] + *heard[2] + *heard[3] < 200) std::this_thread::yield();
    barrier.open();
    EXPECT_TRUE(broker.drain());
    for (const auto& count : heard) EXPECT_EQ(*count, 100);
}

TEST(Threads, coroutines_end_on_foreign_threads_while_the_broker_ends) {
    for (std::uint64_t round = 0; round < rounds(); ++round) {
        Sink sink;
        std::optional<Broker> broker = sink.broker(1 + round % 2);
        Event event;
        Heard<int> begun, ended;
        std::vector<Subscription> all;
        for (int i = 0; i < 4; ++i) {
            all.push_back(broker->subscribe("t", [&](const Number&) -> Task<> {
                begun.add(1);
                co_await event;
                ended.add(1);
            }));
        }
        (void)broker->publish("t", Number{1});
        (void)broker->publish("t", Number{2});
        begun.wait_for(4);
        std::thread opens([&] { event.open(); });
        broker.reset();
        opens.join();
        ended.wait_for(4);
        EXPECT_GE(begun.size(), ended.size());
    }
}

TEST(Threads, every_account_is_settled_when_all_are_at_rest) {
    for (std::uint64_t round = 0; round < rounds() / 4; ++round) {
        Sink sink;
        auto broker = sink.broker(3);
        std::atomic<std::uint64_t> heard = 0;
        const auto count = [&](const Number&) { ++heard; };
        std::vector<Subscription> all;
        for (const auto overflow : {Overflow::wait, Overflow::drop_newest, Overflow::drop_oldest}) {
            for (const auto* group : {"", "g"}) {
                all.push_back(broker.subscribe(
                    "t", count, {.queue = 20, .overflow = overflow, .group = group}));
                all.push_back(broker.subscribe(
                    "+", count, {.queue = 20, .overflow = overflow, .group = group}));
            }
        }
        std::vector<std::thread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 300; ++n) (void)broker.publish("t", Number{n});
            });
        }
        for (auto& thread : threads) thread.join();
        ASSERT_TRUE(broker.drain());
        const auto stats = broker.stats();
        EXPECT_EQ(stats.waiting, 0u);
        EXPECT_EQ(stats.matched, accounted(stats));
        EXPECT_EQ(stats.delivered, heard);
        EXPECT_EQ(stats.published, 600u);
    }
}

}  // namespace
}  // namespace carillon::broker_testing
