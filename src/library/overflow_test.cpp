// What happens at the bound of a subscription's queue. The reader is a stream that nobody asks, or a
// coroutine that waits for the test: then the queue fills, and the loop goes on.
#include <thread>

#include "library/testing_broker.h"

namespace carillon::broker_testing {
namespace {

std::vector<std::int64_t> rest_of(Stream<Number>& stream) {
    std::vector<std::int64_t> all;
    while (const auto delivery = stream.wait(0ns)) all.push_back(delivery->value().n);
    return all;
}

TEST(Overflow, drops_the_newest) {
    Sink sink;
    auto broker = sink.broker(0);
    auto stream = broker.stream<Number>("t", {.queue = 3, .overflow = Overflow::drop_newest});
    std::vector<std::uint64_t> queued, dropped;
    for (int n = 0; n < 5; ++n) {
        const auto fate = broker.publish_confirmed("t", Number{n}).get().value();
        EXPECT_EQ(fate.matched, 1u);
        queued.push_back(fate.queued);
        dropped.push_back(fate.dropped);
    }
    EXPECT_THAT(queued, ElementsAre(1, 1, 1, 0, 0));
    EXPECT_THAT(dropped, ElementsAre(0, 0, 0, 1, 1));
    EXPECT_EQ(broker.stats().waiting, 3u);
    EXPECT_THAT(rest_of(stream), ElementsAre(0, 1, 2));
    const auto stats = broker.stats();
    EXPECT_EQ(stats.matched, 5u);
    EXPECT_EQ(stats.delivered, 3u);
    EXPECT_EQ(stats.dropped, 2u);
    EXPECT_EQ(stats.waiting, 0u);
    EXPECT_TRUE(stream);
    EXPECT_THAT(sink.all(), IsEmpty());
}

TEST(Overflow, drops_the_oldest) {
    Sink sink;
    auto broker = sink.broker(0);
    auto stream = broker.stream<Number>("t", {.queue = 3, .overflow = Overflow::drop_oldest});
    for (int n = 0; n < 5; ++n) {
        EXPECT_EQ(broker.publish_confirmed("t", Number{n}).get().value().queued, 1u);
    }
    EXPECT_THAT(rest_of(stream), ElementsAre(2, 3, 4));
    EXPECT_EQ(broker.stats().dropped, 2u);
    EXPECT_EQ(broker.stats().waiting, 0u);
}

TEST(Overflow, closes_the_subscription_and_says_why) {
    Sink sink;
    auto broker = sink.broker(0);
    auto stream = broker.stream<Number>("a/+", {.queue = 3, .overflow = Overflow::close});
    std::uint64_t queued = 0, dropped = 0;
    for (int n = 0; n < 5; ++n) {
        const auto fate = broker.publish_confirmed("a/b", Number{n}).get().value();
        queued += fate.queued;
        dropped += fate.dropped;
        EXPECT_EQ(fate.matched, n < 4 ? 1u : 0u);
    }
    EXPECT_EQ(queued, 3u);  // at that time they were
    EXPECT_EQ(dropped, 1u);
    broker.run_ready();
    EXPECT_FALSE(stream);
    ASSERT_NE(stream.error(), nullptr);
    EXPECT_EQ(stream.error()->kind, ErrorKind::overloaded);
    EXPECT_THAT(sink.all(), ElementsAre("a/+: the subscription's queue was full"));
    EXPECT_FALSE(stream.wait());
    const auto stats = broker.stats();
    EXPECT_EQ(stats.matched, 4u);
    EXPECT_EQ(stats.dropped, 4u);
    EXPECT_EQ(stats.waiting, 0u);
}

TEST(Overflow, is_drop_newest_instead_of_waiting_for_oneself) {
    for (const unsigned threads : {0U, 1U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        auto stream = broker.stream<Number>("t", {.queue = 3, .overflow = Overflow::wait});
        const auto a = broker.subscribe("begin", [&](const Number&) {
            for (int n = 0; n < 10; ++n) (void)broker.publish("t", Number{n});
        });
        (void)broker.publish("begin", Number{1});
        EXPECT_TRUE(broker.drain());
        EXPECT_EQ(broker.stats().dropped, 7u);
        EXPECT_EQ(broker.stats().waiting, 3u);
        for (int n = 0; n < 3; ++n) EXPECT_EQ(stream.wait(10s)->value().n, n);
    }
}

TEST(Overflow, lets_publishers_wait_at_the_bound_until_there_is_room) {
    for (const unsigned threads : {0U, 1U, 2U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        auto stream = broker.stream<Number>("t", {.queue = 3, .overflow = Overflow::wait});
        constexpr int all = 200;
        Heard<int> published;
        std::thread publisher([&] {
            for (int n = 0; n < all; ++n) {
                EXPECT_EQ(broker.publish("t", Number{n}).value().matched, 1u);
                published.add(n);
            }
        });
        published.wait_for(3);
        for (int n = 0; n < all; ++n) {
            EXPECT_EQ(stream.wait()->value().n, n);
            // Never more than the queue, what the stream took out of it, and one that went in since.
            EXPECT_LE(published.size(), static_cast<std::size_t>(n) + 1 + 64 + 3 + 3);
        }
        publisher.join();
        const auto stats = broker.stats();
        EXPECT_EQ(stats.dropped, 0u);
        EXPECT_EQ(stats.delivered, static_cast<std::uint64_t>(all));
    }
}

TEST(Overflow, blocks_a_publisher_at_exactly_the_bound) {
    Sink sink;
    auto broker = sink.broker(0);
    Event done;
    const auto a = broker.subscribe("t", [&](const Number&) -> Task<> { co_await done; },
                                    {.queue = 3, .overflow = Overflow::wait});
    Heard<int> published;
    std::atomic<bool> blocked = true;
    std::thread publisher([&] {
        for (int n = 0; n < 3; ++n) {
            (void)broker.publish("t", Number{n});
            published.add(n);
        }
        (void)broker.publish("t", Number{3});  // not before somebody runs the loop
        published.add(3);
        EXPECT_FALSE(blocked);
    });
    published.wait_for(3);
    // Nobody has run the loop: the fourth has no room, however long we wait. What shows it is that
    // the publisher's next words come after ours.
    for (int i = 0; i < 100; ++i) std::this_thread::yield();
    EXPECT_EQ(published.size(), 3u);
    EXPECT_EQ(broker.stats().waiting, 3u);
    blocked = false;
    broker.run_ready();  // one is in hand, and so there is room
    published.wait_for(4);
    publisher.join();
    broker.run_ready();
    EXPECT_EQ(broker.stats().delivered, 1u);
    EXPECT_EQ(broker.stats().waiting, 3u);
    done.open();
    broker.run_ready();
    EXPECT_EQ(broker.stats().delivered, 4u);
}

TEST(Overflow, ends_the_wait_of_a_publisher_when_the_subscription_or_the_broker_ends) {
    for (const bool stop : {false, true}) {
        for (const unsigned threads : {0U, 2U}) {
            Sink sink;
            auto broker = sink.broker(threads);
            std::optional<Stream<Number>> stream =
                broker.stream<Number>("t", {.queue = 2, .overflow = Overflow::wait});
            Heard<int> published;
            std::thread publisher([&] {
                for (int n = 0; n < 10; ++n) {
                    (void)broker.publish("t", Number{n});
                    published.add(n);
                }
            });
            published.wait_for(2);
            stop ? broker.stop() : stream.reset();
            publisher.join();
            const auto stats = broker.stats();
            EXPECT_EQ(stats.matched, accounted(stats));
            EXPECT_EQ(stats.delivered, 0u);
        }
    }
}

TEST(Overflow, of_a_coroutine_that_waits_delays_nobody_else) {
    for (const unsigned threads : {0U, 1U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        Event event;
        Heard<std::int64_t> slow, quick;
        const auto a = broker.subscribe("t",
                                        [&](Number m) -> Task<> {
                                            slow.add(m.n);
                                            co_await event;
                                        },
                                        {.queue = 2, .overflow = Overflow::drop_oldest});
        const auto b = broker.subscribe("t", [&](const Number& m) { quick.add(m.n); });
        for (int n = 0; n < 10; ++n) {
            (void)broker.publish_confirmed("t", Number{n}).get();
        }
        quick.wait_for(10);
        EXPECT_THAT(slow.all(), ElementsAre(0));
        EXPECT_FALSE(broker.drain(1ms));
        event.open();
        EXPECT_TRUE(broker.drain());
        EXPECT_THAT(slow.all(), ElementsAre(0, 8, 9));
        EXPECT_EQ(broker.stats().dropped, 7u);
        EXPECT_EQ(broker.stats().waiting, 0u);
    }
}

TEST(Overflow, counts_what_was_queued_for_who_leaves) {
    Sink sink;
    auto broker = sink.broker(0);
    {
        auto stream = broker.stream<Number>("t");
        for (int n = 0; n < 4; ++n) (void)broker.publish("t", Number{n});
        broker.run_ready();
        EXPECT_EQ(broker.stats().waiting, 4u);
    }
    broker.run_ready();
    EXPECT_EQ(broker.stats().left, 4u);
    EXPECT_EQ(broker.stats().waiting, 0u);
}

// 64 MiB for one, 256 MiB for all of a loop: then who holds most goes, and is told.
TEST(Overflow, ends_who_holds_most_when_memory_is_used_up) {
    Sink sink;
    auto broker = sink.broker(0);
    std::vector<Stream<Raw>> streams;
    for (int i = 0; i < 5; ++i) {
        streams.push_back(
            broker.stream<Raw>("t/" + std::to_string(i), {.overflow = Overflow::wait}));
    }
    const Raw large{Encoding::text, std::string(8 << 20, 'x')};
    for (int i = 0; i < 5; ++i) {
        for (int n = 0; n < 7; ++n) {
            ASSERT_TRUE(broker.publish("t/" + std::to_string(i), large));
            broker.run_ready();
        }
    }
    std::size_t open = 0;
    for (auto& stream : streams) {
        open += stream ? 1 : 0;
        if (!stream) {
            EXPECT_EQ(stream.error()->kind, ErrorKind::overloaded);
        }
    }
    EXPECT_LT(open, 5u);
    EXPECT_GE(open, 3u);
    EXPECT_THAT(sink.all(), ::testing::Contains(HasSubstr("out of memory")));
    const auto stats = broker.stats();
    EXPECT_EQ(stats.matched, accounted(stats));
    EXPECT_GE(stats.waiting, 7u * open);
}

}  // namespace
}  // namespace carillon::broker_testing
