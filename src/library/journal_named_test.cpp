// Named subscriptions: what their handlers did not take they hear again, whoever ended meanwhile.
#include <algorithm>
#include <map>
#include <stdexcept>
#include <thread>

#include "library/testing_journal.h"

namespace carillon::broker_testing {
namespace {

constexpr Redelivery soon{.timeout = 30s, .first = 1ms, .most = 4ms, .attempts = 16};

TEST(Named, goes_on_where_it_was_after_a_restart) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        std::vector<std::int64_t> heard;
        Position last;
        const auto hear = [&](const Delivery<Number>& d) {
            heard.push_back(d->n);
            EXPECT_EQ(d.deliveries(), 1u);
            EXPECT_TRUE(last.epoch == 0 || last.epoch == d.position().epoch);
            last = d.position();
        };
        for (std::int64_t run = 0; run < 3; ++run) {
            auto broker = keeper.broker(0);
            auto mine = broker.subscribe("t", hear, {.name = "billing"});
            EXPECT_TRUE(mine);
            publish_numbers(broker, "t", run * 20 + 1, run * 20 + 10);
            ASSERT_TRUE(broker.drain());
            EXPECT_EQ(heard, numbers_from(1, run * 20 + 10));
            EXPECT_EQ(last.offset, static_cast<std::uint64_t>(run * 20 + 10));
            mine.drop();
            publish_numbers(broker, "t", run * 20 + 11, run * 20 + 20);  // nobody is there
            ASSERT_TRUE(broker.drain());
            const auto stats = broker.stats();
            EXPECT_EQ(stats.matched, accounted(stats));
        }
        EXPECT_THAT(keeper.sink.all(), IsEmpty());
    }
}

TEST(Named, hears_what_failed_again_before_anything_newer_with_a_count) {
    for (const unsigned threads : {0U, 1U, 3U}) {
        Keeper keeper;
        auto broker = keeper.broker(threads);
        Heard<std::string> heard;
        auto mine = broker.subscribe("t",
                                     [&](const Delivery<Number>& d) {
                                         heard.add(std::to_string(d->n) + " for the " +
                                                   std::to_string(d.deliveries()) + ".");
                                         if (d->n == 2 && d.deliveries() < 3)
                                             throw std::runtime_error("not yet");
                                     },
                                     {.name = "n", .redelivery = soon});
        publish_numbers(broker, "t", 1, 3);
        if (threads == 0) {
            run_until(broker, [&] { return heard.size() == 5; });
        } else {
            heard.wait_for(5);
        }
        ASSERT_TRUE(broker.drain());
        EXPECT_THAT(heard.all(), ElementsAre("1 for the 1.", "2 for the 1.", "2 for the 2.",
                                             "2 for the 3.", "3 for the 1."));
        EXPECT_THAT(keeper.sink.all(), ElementsAre("t: not yet", "t: not yet"));
        EXPECT_EQ(broker.stats().failed, 2u);
        const auto stats = broker.named("t", "n").value();
        EXPECT_EQ(stats.cursor, 3u);
        EXPECT_EQ(stats.delivered, 5u);
        EXPECT_EQ(stats.redelivered, 2u);
        EXPECT_EQ(stats.acknowledged, 3u);
        EXPECT_EQ(stats.rejected, 2u);
        EXPECT_EQ(stats.members, 1u);
    }
}

TEST(Named, waits_longer_from_time_to_time_and_the_callers_loop_knows_how_long) {
    Keeper keeper;
    auto broker = keeper.broker(0);
    std::vector<std::chrono::steady_clock::time_point> at;
    auto mine = broker.subscribe(
        "t",
        [&](const Number&) {
            at.push_back(std::chrono::steady_clock::now());
            if (at.size() < 4) throw std::runtime_error("no");
        },
        {.name = "n", .redelivery = {.timeout = 30s, .first = 20ms, .most = 40ms}});
    publish_numbers(broker, "t", 1, 1);
    ASSERT_TRUE(broker.drain());  // which does not wait for what is to be heard again
    ASSERT_EQ(at.size(), 1u);
    while (at.size() < 4) {
        const auto rest = broker.next_deadline();
        ASSERT_TRUE(rest);
        ASSERT_LE(*rest, 250ms);  // the loop looks after the journal so often
        broker.run_for(*rest);
    }
    EXPECT_GE(at[1] - at[0], 20ms);
    EXPECT_GE(at[2] - at[1], 40ms);
    EXPECT_GE(at[3] - at[2], 40ms);
}

TEST(Named, gives_up_after_so_many_times_and_the_letter_can_be_read_replayed_and_dropped) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        const SubscribeOptions options{
            .name = "n", .redelivery = {.timeout = 30s, .first = 1ms, .most = 1ms, .attempts = 2}};
        std::vector<std::string> heard;
        bool works = false;
        const auto hear = [&](const Delivery<Number>& d) {
            heard.push_back(std::to_string(d->n) + "/" + std::to_string(d.deliveries()));
            if (d->n < 3 && !works) throw std::runtime_error("cannot " + std::to_string(d->n));
        };
        {
            auto broker = keeper.broker(0);
            auto mine = broker.subscribe("t", hear, options);
            publish_numbers(broker, "t", 1, 3);
            run_until(broker, [&] { return heard.size() == 5; });
            ASSERT_TRUE(broker.drain());
            EXPECT_THAT(heard, ElementsAre("1/1", "1/2", "2/1", "2/2", "3/1"));
        }
        auto broker = keeper.broker(0);
        EXPECT_THAT(broker.names("t").value(), ElementsAre("n"));
        const auto letters = broker.dead_letters("t", "n").value();
        ASSERT_EQ(letters.size(), 2u);
        EXPECT_EQ(letters[0].offset, 1u);
        EXPECT_EQ(letters[0].deliveries, 2u);
        EXPECT_EQ(letters[0].reason, "cannot 1");
        EXPECT_EQ(letters[1].offset, 2u);
        works = true;
        heard.clear();
        ASSERT_TRUE(broker.drop_dead_letter("t", "n", 2));
        ASSERT_TRUE(broker.replay_dead_letter("t", "n", 1));
        EXPECT_EQ(broker.replay_dead_letter("t", "n", 7).error().kind, ErrorKind::not_found);
        auto mine = broker.subscribe("t", hear, options);
        run_until(broker, [&] { return heard.size() == 1; });
        ASSERT_TRUE(broker.drain());
        EXPECT_THAT(heard, ElementsAre("1/1"));
        EXPECT_THAT(broker.dead_letters("t", "n").value(), IsEmpty());
    }
}

TEST(Named, shares_the_work_among_its_members) {
    Keeper keeper;
    auto broker = keeper.broker(3);
    constexpr std::int64_t all = 900;
    Heard<std::int64_t> heard;
    std::vector<std::jthread> workers;
    std::vector<std::atomic<int>> by(3);
    for (int w = 0; w < 3; ++w) {
        workers.emplace_back(
            [&, w, stream = broker.stream<Number>("jobs", {.name = "work"})]() mutable {
                while (const auto job = stream.wait()) {
                    heard.add(job->value().n);
                    ++by[static_cast<std::size_t>(w)];
                }
            });
    }
    publish_numbers(broker, "jobs", 1, all);
    heard.wait_for(all);
    while (broker.named("jobs", "work").value().cursor < all) std::this_thread::yield();
    broker.stop();
    workers.clear();
    auto list = heard.all();
    std::sort(list.begin(), list.end());
    EXPECT_EQ(list, numbers_from(1, all));
    for (const auto& one : by) EXPECT_GT(one.load(), 0);
}

TEST(Named, goes_to_another_member_when_one_takes_too_long) {
    Keeper keeper;
    auto broker = keeper.broker(2);
    const SubscribeOptions options{.name = "n",
                                   .redelivery = {.timeout = 20ms, .first = 1ms, .most = 1ms}};
    auto slow = broker.stream<Number>("t", options);
    publish_numbers(broker, "t", 1, 1);
    EXPECT_EQ(slow.wait()->deliveries(), 1u);
    auto quick = broker.stream<Number>("t", options);
    const auto again = quick.wait();
    EXPECT_EQ(again->deliveries(), 2u);
    EXPECT_FALSE(quick.wait(0ms));  // and with that it is done with the first
    while (broker.named("t", "n").value().cursor < 1) std::this_thread::yield();
    EXPECT_FALSE(slow.wait(1ms));  // which is too late, and changes nothing
    const auto stats = broker.named("t", "n").value();
    EXPECT_EQ(stats.timed_out, 1u);
    EXPECT_EQ(stats.acknowledged, 1u);
}

TEST(Named, coroutine_is_through_when_it_has_ended_though_it_was_dropped_meanwhile) {
    Keeper keeper;
    auto broker = keeper.broker(0);
    Event door;
    std::vector<std::int64_t> heard;
    {
        auto mine = broker.subscribe("t",
                                     [&](const Number& n) -> Task<> {
                                         heard.push_back(n.n);
                                         co_await door;
                                     },
                                     {.name = "n"});
        publish_numbers(broker, "t", 1, 2);
        run_until(broker, [&] { return heard.size() == 1; });
        EXPECT_EQ(broker.named("t", "n").value().in_hand, 1u);
    }
    broker.run_ready();
    EXPECT_EQ(broker.named("t", "n").value().members, 1u);  // until it is through
    door.open();
    run_until(broker, [&] { return broker.named("t", "n").value().cursor == 1; });
    EXPECT_EQ(broker.named("t", "n").value().members, 0u);
    auto next = broker.stream<Number>("t", {.name = "n"});
    const auto second = next.wait();
    EXPECT_EQ(second->value().n, 2);
    EXPECT_EQ(second->deliveries(), 1u);
    EXPECT_THAT(heard, ElementsAre(1));
}

TEST(Named, coroutine_that_the_end_of_the_broker_interrupts_is_not_through) {
    Keeper keeper;
    Heard<std::uint32_t> deliveries;
    for (int run = 0; run < 2; ++run) {
        auto broker = keeper.broker(1);
        auto mine = broker.subscribe("t",
                                     [&](const Delivery<Number>& d) -> Task<> {
                                         deliveries.add(d.deliveries());
                                         if (run == 0) co_await broker.sleep(1h);
                                     },
                                     {.name = "n"});
        if (run == 0) publish_numbers(broker, "t", 1, 1);
        deliveries.wait_for(static_cast<std::size_t>(run) + 1);
        if (run == 1) {
            ASSERT_TRUE(broker.drain());
            EXPECT_EQ(broker.named("t", "n").value().cursor, 1u);
        }
        broker.stop();
    }
    EXPECT_EQ(deliveries.size(), 2u);
}

TEST(Named, stream_is_through_with_what_it_gave_when_the_next_is_asked_for) {
    for (const unsigned threads : {0U, 2U}) {
        Keeper keeper;
        auto broker = keeper.broker(threads);
        publish_numbers(broker, "t", 1, 5);
        {
            auto stream = broker.stream<Number>("t", {.name = "n", .redelivery = soon});
            EXPECT_EQ(stream.wait()->value().n, 1);
            EXPECT_EQ(stream.wait()->value().n, 2);
            EXPECT_TRUE(stream.reject("not this one"));
            EXPECT_FALSE(stream.reject("twice"));
            const auto again = stream.wait();
            EXPECT_EQ(again->value().n, 2);
            EXPECT_EQ(again->deliveries(), 2u);
            EXPECT_EQ(stream.wait()->value().n, 3);
        }  // which it gives back
        while (broker.named("t", "n").value().members != 0) std::this_thread::yield();
        auto stream = broker.stream<Number>("t", {.name = "n", .redelivery = soon});
        const auto third = stream.wait();
        EXPECT_EQ(third->value().n, 3);
        EXPECT_EQ(third->deliveries(), 1u);
        EXPECT_EQ(stream.wait()->value().n, 4);
        EXPECT_EQ(broker.named("t", "n").value().cursor, 3u);
        EXPECT_EQ(broker.named("t", "n").value().rejected, 1u);
    }
}

TEST(Named, stream_waits_in_a_coroutine_too) {
    Keeper keeper;
    auto broker = keeper.broker(1);
    Heard<std::int64_t> heard;
    broker.spawn([](Stream<Number> its, Heard<std::int64_t>& into) -> Task<> {
        while (const auto d = co_await its.next()) {
            if (d->value().n == 2 && d->deliveries() == 1) {
                its.reject("again");
            } else {
                into.add(d->value().n);
            }
        }
    }(broker.stream<Number>("t", {.name = "n", .redelivery = soon}), heard));
    publish_numbers(broker, "t", 1, 200);
    heard.wait_for(200);
    broker.stop();
    EXPECT_EQ(heard.all(), numbers_from(1, 200));
}

TEST(Named, what_does_not_decode_is_heard_again_and_dies) {
    Keeper keeper;
    auto broker = keeper.broker(1);
    ASSERT_TRUE(broker.publish("t", "no number"));
    publish_numbers(broker, "t", 1, 1);
    const Redelivery twice{.timeout = 30s, .first = 1ms, .most = 1ms, .attempts = 2};
    Heard<std::int64_t> heard;
    auto mine = broker.subscribe("t", [&](const Number& n) { heard.add(n.n); },
                                 {.name = "function", .redelivery = twice});
    auto stream = broker.stream<Number>("t", {.name = "stream", .redelivery = twice});
    EXPECT_EQ(stream.wait()->value().n, 1);
    heard.wait_for(1);
    for (const char* name : {"function", "stream"}) {
        const auto letters = broker.dead_letters("t", name).value();
        ASSERT_EQ(letters.size(), 1u) << name;
        EXPECT_THAT(letters[0].reason, HasSubstr("not JSON"));
    }
}

TEST(Named, begins_where_it_is_told_once) {
    Keeper keeper;
    auto broker = keeper.broker(1);
    publish_numbers(broker, "t", 1, 10);
    ASSERT_TRUE(broker.drain());
    {
        auto last = broker.stream<Number>("t", {.from = From::last(2), .name = "last"});
        EXPECT_EQ(last.wait()->value().n, 9);
        EXPECT_EQ(last.wait()->value().n, 10);
        EXPECT_FALSE(last.wait(1ms));
    }
    auto again = broker.stream<Number>("t", {.from = From::beginning(), .name = "last"});
    auto now = broker.stream<Number>("t", {.from = From::now(), .name = "now"});
    publish_numbers(broker, "t", 11, 11);
    EXPECT_EQ(again.wait()->value().n, 11);
    EXPECT_EQ(now.wait()->value().n, 11);
}

TEST(Named, is_forgotten_when_nobody_is_there) {
    Keeper keeper;
    auto broker = keeper.broker(1);
    publish_numbers(broker, "t", 1, 2);
    {
        auto stream = broker.stream<Number>("t", {.name = "n"});
        EXPECT_EQ(stream.wait()->value().n, 1);
        EXPECT_EQ(stream.wait()->value().n, 2);
        EXPECT_EQ(broker.forget("t", "n").error().kind, ErrorKind::forbidden);
    }
    while (broker.named("t", "n").value().members != 0) std::this_thread::yield();
    EXPECT_TRUE(broker.forget("t", "n"));
    EXPECT_EQ(broker.named("t", "n").error().kind, ErrorKind::not_found);
    EXPECT_EQ(broker.dead_letters("t", "m").error().kind, ErrorKind::not_found);
    auto stream = broker.stream<Number>("t", {.name = "n"});
    EXPECT_EQ(stream.wait()->value().n, 1);
}

TEST(Named, is_told_how_many_the_journal_let_go_of_before_it_heard_them) {
    Keeper keeper;
    auto broker = keeper.broker(1, {.keep = {.messages = 10}});
    publish_numbers(broker, "t", 1, 1);
    {
        auto first = broker.stream<Number>("t", {.name = "n"});
        EXPECT_EQ(first.wait()->value().n, 1);
        EXPECT_FALSE(first.wait(1ms));
    }
    publish_numbers(broker, "t", 2, 50'000);
    ASSERT_TRUE(broker.drain());
    std::uint64_t heard = 1, last = 1;
    auto mine = broker.stream<Number>("t", {.name = "n"});
    while (last < 50'000) {
        const auto next = mine.wait(5s);
        ASSERT_TRUE(next);
        EXPECT_GT(next->offset(), last);
        last = next->offset();
        ++heard;
    }
    const auto stats = broker.named("t", "n").value();
    EXPECT_EQ(stats.lost + heard, 50'000u);
    EXPECT_THAT(keeper.sink.all(), ElementsAre(HasSubstr("were let go of before n heard them")));
}

TEST(Named, needs_options_that_go_together) {
    Keeper keeper;
    auto broker = keeper.broker(1);
    const auto refused = [&](TopicFilter topic, SubscribeOptions options) {
        const auto stream = broker.stream<Number>(topic, options);
        return stream.error() != nullptr ? stream.error()->message : "";
    };
    EXPECT_THAT(refused("t/#", {.name = "n"}), HasSubstr("not a pattern"));
    EXPECT_THAT(refused("t", {.group = "g", .name = "n"}), HasSubstr("group"));
    EXPECT_THAT(refused("t", {.guarantee = Guarantee::exactly_once}), HasSubstr("name"));
    EXPECT_THAT(refused("t", {.name = "n", .guarantee = Guarantee::at_most_once}),
                HasSubstr("at_least_once"));
    EXPECT_THAT(refused("t", {.name = "a\nb"}), HasSubstr("name"));
    EXPECT_THAT(refused("t", {.name = "n", .redelivery = {.timeout = 0s}}), HasSubstr("timeout"));
    Sink sink;
    auto without = sink.broker(1);
    EXPECT_EQ(without.stream<Number>("t", {.name = "n"}).error()->kind, ErrorKind::unsupported);
    EXPECT_EQ(without.dead_letters("t", "n").error().kind, ErrorKind::unsupported);
}

}  // namespace
}  // namespace carillon::broker_testing
