// exactly_once: what a handler publishes with a message is published once, though the message should be
// heard more often; and what a publisher numbers is published once.
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "library/testing_journal.h"

namespace carillon::broker_testing {
namespace {

const SubscribeOptions once_each{.name = "n",
                                 .guarantee = Guarantee::exactly_once,
                                 .redelivery = {.timeout = 30s, .first = 1ms, .most = 2ms}};

std::vector<std::int64_t> all_of(Broker& broker, const char* topic) {
    std::vector<std::int64_t> all;
    EXPECT_TRUE(broker.drain());
    auto heard = broker.subscribe(topic, [&](const Number& n) { all.push_back(n.n); },
                                  {.from = From::beginning()});
    EXPECT_TRUE(broker.drain());
    return all;
}

TEST(ExactlyOnce, publishes_what_the_handler_wants_in_its_order_when_it_is_through) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        auto broker = keeper.broker(0);
        std::size_t heard_early = 0;
        std::vector<std::int64_t> live;
        auto outcome = broker.subscribe("out", [&](const Number& n) { live.push_back(n.n); });
        auto mine = broker.subscribe(
            "in",
            [&](const Delivery<Number>& d) {
                EXPECT_TRUE(d.publish("out", Number{d->n * 10}));
                EXPECT_TRUE(d.publish("out", Number{d->n * 10 + 1}));
                heard_early += live.size() == static_cast<std::size_t>(2 * (d->n - 1)) ? 0 : 1;
            },
            once_each);
        for (std::int64_t n = 1; n <= 3; ++n) {
            publish_numbers(broker, "in", n, n);
            ASSERT_TRUE(broker.drain());
        }
        EXPECT_EQ(heard_early, 0u);
        EXPECT_THAT(live, ElementsAre(10, 11, 20, 21, 30, 31));
        EXPECT_EQ(all_of(broker, "out"), live);
    }
}

TEST(ExactlyOnce, publishes_nothing_of_a_handler_that_throws) {
    Keeper keeper;
    auto broker = keeper.broker(0);
    auto mine = broker.subscribe(
        "in",
        [&](const Delivery<Number>& d) {
            EXPECT_TRUE(d.publish("out", Number{static_cast<std::int64_t>(d.deliveries())}));
            if (d.deliveries() < 3) throw std::runtime_error("not yet");
        },
        once_each);
    publish_numbers(broker, "in", 1, 1);
    run_until(broker, [&] { return broker.named("in", "n").value().cursor == 1; });
    EXPECT_THAT(all_of(broker, "out"), ElementsAre(3));
}

// Ends the process in the moment in which the last effect was published, and is on the disk.
struct DieAfter {
    void on_published(const PublishedEvent& event) {
        if (event.topic != "out" || event.body() != last) return;
        while (broker->journal()->stored < broker->journal()->appended) std::this_thread::yield();
        ::_exit(7);
    }
    void on_start(Broker& its) { broker = its; }
    std::string last;
    std::optional<Broker> broker{};
};

// A process that is killed between the effects of a message and its acknowledgement; another one goes on.
void work_in_a_process(const Keeper& keeper, const std::string& die_after) {
    const auto child = ::fork();
    if (child == 0) {
        Builder builder;
        builder.with(DieAfter{die_after});
        auto broker = keep_in(builder, keeper.in, keeper.folder).start().value();
        auto mine = broker.subscribe(
            "in",
            [](const Delivery<Number>& d) {
                for (int part = 0; part < 3; ++part) {
                    (void)d.publish("out", Number{d->n * 10 + part});
                }
            },
            once_each);
        while (broker.named("in", "n").value().cursor < 20) std::this_thread::yield();
        broker.stop();
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), die_after.empty() ? 0 : 7);
}

TEST(ExactlyOnce, does_not_double_what_was_published_before_a_process_died) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        {
            auto broker = keeper.broker(0);
            publish_numbers(broker, "in", 1, 20);
        }
        for (const char* die_after : {R"({"n":10})", R"({"n":51})", R"({"n":112})", ""}) {
            ASSERT_NO_FATAL_FAILURE(work_in_a_process(keeper, die_after));
        }
        std::vector<std::int64_t> expected;
        for (std::int64_t n = 10; n <= 200; n += 10) {
            for (std::int64_t part = 0; part < 3; ++part) expected.push_back(n + part);
        }
        auto broker = keeper.broker(0);
        EXPECT_EQ(all_of(broker, "out"), expected);
    }
}

TEST(ExactlyOnce, has_one_subscription_at_a_time) {
    Keeper keeper;
    auto broker = keeper.broker(1);
    const auto ignore = [](const Number&) {};
    {
        auto first = broker.subscribe("in", ignore, once_each);
        EXPECT_TRUE(first);
        auto second = broker.subscribe("in", ignore, once_each);
        ASSERT_NE(second.error(), nullptr);
        EXPECT_EQ(second.error()->kind, ErrorKind::forbidden);
    }
    while (broker.named("in", "n").value().members != 0) std::this_thread::yield();
    EXPECT_TRUE(broker.subscribe("in", ignore, once_each));
}

TEST(ExactlyOnce, publishes_only_with_a_message_in_hand_and_where_it_is_kept) {
    Keeper keeper;
    auto broker = keeper.broker(0, {.topics = {"in", "out"}});
    std::vector<ErrorKind> kinds;
    const auto note = [&](const Result<void>& result) {
        kinds.push_back(result ? ErrorKind::internal : result.error().kind);
    };
    auto plain = broker.subscribe(
        "in", [&](const Delivery<Number>& d) { note(d.publish("out", "text")); }, {.name = "m"});
    publish_numbers(broker, "in", 1, 1);
    ASSERT_TRUE(broker.drain());
    auto stream = broker.stream<Number>("in", once_each);
    const auto first = stream.wait();
    note(first->publish("elsewhere", "text"));
    note(first->publish("out/+", "text"));
    note(first->publish("out", Number{-1}));
    for (int n = 0; n < 1'024; ++n) EXPECT_TRUE(first->publish("out", Number{n}));
    note(first->publish("out", Number{0}));
    EXPECT_FALSE(stream.wait(5ms));  // through with it
    note(first->publish("out", Number{0}));
    broker.stop();
    EXPECT_THAT(kinds,
                ElementsAre(ErrorKind::unsupported, ErrorKind::unsupported, ErrorKind::invalid,
                            ErrorKind::invalid, ErrorKind::too_large, ErrorKind::closed));
}

TEST(ExactlyOnce, stream_publishes_when_the_next_is_asked_for) {
    Keeper keeper;
    auto broker = keeper.broker(1);
    publish_numbers(broker, "in", 1, 3);
    {
        auto stream = broker.stream<Number>("in", once_each);
        for (int n = 1; n <= 2; ++n) {
            const auto next = stream.wait();
            ASSERT_TRUE(next->publish("out", Number{next->value().n}));
        }
        const auto third = stream.wait();
        ASSERT_TRUE(third->publish("out", Number{3}));
    }  // and so the third is not through
    EXPECT_THAT(all_of(broker, "out"), ElementsAre(1, 2));
}

TEST(ExactlyOnce, coroutine_publishes_when_it_has_ended) {
    Keeper keeper;
    auto broker = keeper.broker(2);
    auto mine = broker.subscribe(
        "in",
        [&](const Delivery<Number>& d) -> Task<> {
            EXPECT_TRUE(d.publish("out", Number{d->n}));
            co_await broker.sleep(100us);
            EXPECT_TRUE(d.publish("out", Number{d->n}));
        },
        once_each);
    publish_numbers(broker, "in", 1, 50);
    while (broker.named("in", "n").value().cursor < 50) std::this_thread::yield();
    std::vector<std::int64_t> expected;
    for (std::int64_t n = 1; n <= 50; ++n) expected.insert(expected.end(), 2, n);
    EXPECT_EQ(all_of(broker, "out"), expected);
}

TEST(ExactlyOnce, replays_dead_letters_in_any_order_with_effects_of_their_own) {
    Keeper keeper;
    auto broker = keeper.broker(0);
    bool works = false;
    auto options = once_each;
    options.redelivery.attempts = 1;
    auto mine = broker.subscribe(
        "in",
        [&](const Delivery<Number>& d) {
            EXPECT_TRUE(d.publish("out", Number{d->n}));
            if (d->n != 3 && !works) throw std::runtime_error("cannot");
        },
        options);
    publish_numbers(broker, "in", 1, 3);
    run_until(broker, [&] { return broker.named("in", "n").value().cursor == 3; });
    works = true;
    for (const std::uint64_t offset : {2U, 1U}) {
        const auto before = broker.named("in", "n").value().acknowledged;
        ASSERT_TRUE(broker.replay_dead_letter("in", "n", offset));
        run_until(broker, [&] { return broker.named("in", "n").value().acknowledged > before; });
    }
    EXPECT_THAT(all_of(broker, "out"), ElementsAre(3, 2, 1));
}

// ---- publishing once ----

TEST(Once, refuses_a_duplicate_also_after_a_restart) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        std::vector<std::int64_t> heard;
        for (int run = 0; run < 2; ++run) {
            auto broker = keeper.broker(0);
            auto live = broker.subscribe("t", [&](const Number& n) { heard.push_back(n.n); });
            for (std::uint64_t sequence : {1U, 2U, 2U, 1U, 5U}) {
                const auto receipt = broker.publish(
                    "t", Number{static_cast<std::int64_t>(sequence)}, Once{77, sequence});
                ASSERT_TRUE(receipt);
                const bool seen = run == 1 || heard.size() == 3;
                if (seen) {
                    EXPECT_TRUE(receipt->duplicate);
                }
                ASSERT_TRUE(broker.drain());
            }
            const auto told = broker.publish_confirmed("t", Number{5}, Once{77, 5}).get().value();
            EXPECT_TRUE(told.duplicate);
            EXPECT_FALSE(told.stored);
            EXPECT_FALSE(broker.publish("t", Number{1}, Once{78 + static_cast<unsigned>(run), 1})
                             .value()
                             .duplicate);
            EXPECT_EQ(broker.stats().duplicates, run == 0 ? 3u : 6u);
            ASSERT_TRUE(broker.drain());
        }
        EXPECT_THAT(heard, ElementsAre(1, 2, 5, 1, 1));
    }
}

TEST(Once, needs_a_topic_that_is_kept_and_somebody) {
    Keeper keeper;
    auto broker = keeper.broker(0, {.topics = {"kept"}});
    EXPECT_EQ(broker.publish("t", "text", Once{1, 1}).error().kind, ErrorKind::unsupported);
    EXPECT_EQ(broker.publish("kept", "text", Once{0, 1}).error().kind, ErrorKind::invalid);
    EXPECT_EQ(broker.publish_confirmed("t", "text", Once{1, 1}).get().error().kind,
              ErrorKind::unsupported);
    EXPECT_EQ(broker.stats().refused, 3u);
    EXPECT_TRUE(broker.topic<Number>("kept").publish(Number{1}, Once{1, 1}));
}

}  // namespace
}  // namespace carillon::broker_testing
