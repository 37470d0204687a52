#include <set>
#include <thread>

#include "library/testing_broker.h"

namespace carillon::broker_testing {
namespace {

TEST(QueueGroup, is_heard_by_one_member_in_turns) {
    Sink sink;
    auto broker = sink.broker(0);
    std::vector<std::vector<std::int64_t>> heard(3);
    std::vector<Subscription> members;
    for (auto& its : heard) {
        members.push_back(
            broker.subscribe("t", [&its](const Number& m) { its.push_back(m.n); }, {.group = "g"}));
    }
    std::vector<std::int64_t> other, outside;
    const auto a =
        broker.subscribe("t", [&](const Number& m) { other.push_back(m.n); }, {.group = "h"});
    const auto b = broker.subscribe("#", [&](const Number& m) { outside.push_back(m.n); });
    for (int n = 0; n < 6; ++n) EXPECT_EQ(broker.publish("t", Number{n}).value().matched, 3u);
    broker.run_ready();
    EXPECT_THAT(heard, ElementsAre(ElementsAre(0, 3), ElementsAre(1, 4), ElementsAre(2, 5)));
    EXPECT_THAT(other, ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_EQ(outside, other);
}

TEST(QueueGroup, takes_turns_over_patterns_and_threads) {
    for (const auto& filter : {TopicFilter("a/b"), TopicFilter("a/+"), TopicFilter(glob("a*"))}) {
        Sink sink;
        auto broker = sink.broker(3);
        std::vector<std::unique_ptr<std::atomic<int>>> heard;
        std::vector<Subscription> members;
        for (int i = 0; i < 6; ++i) {
            auto& count = *heard.emplace_back(std::make_unique<std::atomic<int>>(0));
            members.push_back(
                broker.subscribe(filter, [&count](const Number&) { ++count; }, {.group = "g"}));
        }
        for (int n = 0; n < 60; ++n) (void)broker.publish("a/b", Number{n});
        EXPECT_TRUE(broker.drain());
        for (const auto& count : heard) EXPECT_EQ(*count, 10);
    }
}

TEST(QueueGroup, passes_on_what_waited_for_a_member_that_is_dropped) {
    for (const unsigned threads : {0U, 2U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        std::optional<Stream<Number>> idle = broker.stream<Number>("t", {.group = "g"});
        Heard<std::int64_t> heard;
        const auto a =
            broker.subscribe("t", [&](const Number& m) { heard.add(m.n); }, {.group = "g"});
        for (int n = 0; n < 10; ++n) (void)broker.publish("t", Number{n});
        EXPECT_TRUE(broker.drain());
        EXPECT_EQ(heard.size(), 5u);
        idle.reset();
        EXPECT_TRUE(broker.drain());
        auto all = heard.all();
        std::sort(all.begin(), all.end());
        EXPECT_THAT(all, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
        const auto stats = broker.stats();
        EXPECT_EQ(stats.passed, 5u);
        EXPECT_EQ(stats.matched, 15u);
        EXPECT_EQ(stats.matched, accounted(stats));
        EXPECT_EQ(stats.waiting, 0u);
    }
}

TEST(QueueGroup, passes_on_what_a_full_member_has_no_room_for) {
    Sink sink;
    auto broker = sink.broker(0);
    auto idle = broker.stream<Number>("t", {.queue = 2, .group = "g"});
    std::vector<std::int64_t> heard;
    const auto a =
        broker.subscribe("t", [&](const Number& m) { heard.push_back(m.n); }, {.group = "g"});
    for (int n = 0; n < 10; ++n) {
        (void)broker.publish("t", Number{n});
        broker.run_ready();
    }
    EXPECT_EQ(heard.size(), 8u);
    EXPECT_EQ(broker.stats().dropped, 0u);
    EXPECT_EQ(broker.stats().waiting, 2u);
}

// A pool of workers, as one would write it: each message is done exactly once, whoever joins, leaves
// or is slow meanwhile.
TEST(QueueGroup, is_a_pool_of_workers_on_real_threads) {
    const auto rounds = 3 * number_from("CARILLON_THREADS_SECONDS", 2);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        Sink sink;
        auto broker = sink.broker(1 + round % 3);
        Heard<std::int64_t> done;
        const auto worker = [&] {
            return broker.subscribe("jobs/+", [&](const Number& m) { done.add(m.n); },
                                    {.group = "pool"});
        };
        const auto stays = worker();
        constexpr int publishers = 2, each = 300;
        std::vector<std::thread> threads;
        for (int p = 0; p < publishers; ++p) {
            threads.emplace_back([&, p] {
                for (int n = 0; n < each; ++n) {
                    (void)broker.publish("jobs/" + std::to_string(n % 5), Number{p * each + n});
                }
            });
        }
        threads.emplace_back([&] {
            for (int i = 0; i < 30; ++i) {
                auto comes = worker();
                auto reads = broker.stream<Number>("jobs/+", {.queue = 8, .group = "pool"});
                if (const auto one = reads.wait(50us)) done.add(one->value().n);
                // What left the queue for a stream that is dropped is lost: it is told how much.
                while (const auto more = reads.wait(0ns)) done.add(more->value().n);
            }
        });
        for (auto& thread : threads) thread.join();
        ASSERT_TRUE(broker.drain());
        const auto all = done.all();
        const std::set<std::int64_t> different(all.begin(), all.end());
        EXPECT_EQ(different.size(), all.size()) << "one was done twice";
        const auto stats = broker.stats();
        EXPECT_EQ(stats.matched, accounted(stats));
        EXPECT_EQ(stats.waiting, 0u);
        EXPECT_EQ(stats.dropped, 0u);
        EXPECT_EQ(stats.left, 0u);
        EXPECT_EQ(stats.delivered, static_cast<std::uint64_t>(publishers * each));
    }
}

}  // namespace
}  // namespace carillon::broker_testing
