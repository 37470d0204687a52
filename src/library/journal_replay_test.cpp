// What is kept is heard from where one says, and then what is published: no gap and no duplicate.
#include <thread>

#include "library/testing_journal.h"

namespace carillon::broker_testing {
namespace {

// What somebody who begins there hears of the numbers 1 … 10, which have the offsets 1 … 10.
std::vector<std::int64_t> heard_from(Broker& broker, const From& from) {
    auto stream = broker.stream<Number>("t", {.from = from});
    EXPECT_TRUE(stream) << stream.error()->message;
    std::vector<std::int64_t> heard;
    while (heard.empty() || heard.back() != 10) {
        const auto delivery = stream.wait(5s);
        if (!delivery) break;
        EXPECT_EQ(delivery->offset(), static_cast<std::uint64_t>(delivery->value().n));
        heard.push_back(delivery->value().n);
    }
    return heard;
}

TEST(Replay, begins_where_it_is_told) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        auto broker = keeper.broker();
        publish_numbers(broker, "t", 1, 10);
        ASSERT_TRUE(broker.drain());
        EXPECT_EQ(heard_from(broker, From::beginning()), numbers_from(1, 10));
        EXPECT_EQ(heard_from(broker, From::last(3)), numbers_from(8, 10));
        EXPECT_EQ(heard_from(broker, From::last(300)), numbers_from(1, 10));
        EXPECT_EQ(heard_from(broker, From::offset(4)), numbers_from(4, 10));
        EXPECT_EQ(heard_from(broker, From::time({})), numbers_from(1, 10));
        auto stream = broker.stream<Number>("t", {.from = From::offset(9)});
        const auto ninth = stream.wait()->position();
        EXPECT_EQ(heard_from(broker, From::after(ninth)), numbers_from(10, 10));
        EXPECT_THAT(keeper.sink.all(), IsEmpty());
    }
}

TEST(Replay, from_a_time_is_what_was_not_published_before_it) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        auto broker = keeper.broker();
        publish_numbers(broker, "t", 1, 5);
        auto all = broker.stream<Number>("t", {.from = From::beginning()});
        auto last = all.wait()->time();
        for (int n = 2; n <= 5; ++n) last = all.wait()->time();
        while (std::chrono::system_clock::now() < last + 20ms) std::this_thread::yield();
        publish_numbers(broker, "t", 6, 10);
        ASSERT_TRUE(broker.drain());
        EXPECT_EQ(heard_from(broker, From::time(last + 1ms)), numbers_from(6, 10));
    }
}

TEST(Replay, then_live_has_no_gap_and_no_duplicate_under_concurrent_publishers) {
    const auto all = static_cast<std::int64_t>(number_from("CARILLON_TEST_REPLAYED", 6'000));
    for (const auto in : everywhere) {
        for (const unsigned threads : {1U, 3U}) {
            Keeper keeper(in);
            auto broker = keeper.broker(threads);
            std::vector<std::thread> publishers;
            for (int p = 0; p < 3; ++p) {
                publishers.emplace_back([&broker, all] {
                    for (std::int64_t n = 0; n < all / 3; ++n) {
                        while (!broker.publish("t", Number{n})) std::this_thread::yield();
                    }
                });
            }
            const SubscribeOptions options{.queue = 65'536, .from = From::beginning()};
            std::vector<std::unique_ptr<Heard<std::uint64_t>>> heard;
            std::vector<Subscription> subscriptions;
            for (int s = 0; s < 6; ++s) {
                auto& its = *heard.emplace_back(std::make_unique<Heard<std::uint64_t>>());
                if (s % 2 == 0) {
                    subscriptions.push_back(broker.subscribe(
                        "t", [&its](const Delivery<Number>& d) { its.add(d.offset()); }, options));
                } else {
                    subscriptions.push_back(broker.subscribe(
                        "t",
                        [&its, &broker](const Delivery<Number>& d) -> Task<> {
                            its.add(d.offset());
                            if (d.offset() % 512 == 0) co_await broker.sleep(100us);
                        },
                        options));
                }
                while (its.size() < static_cast<std::size_t>(s) * 100) std::this_thread::yield();
            }
            auto stream = broker.stream<Number>("t", options);
            for (std::int64_t n = 1; n <= all; ++n) {
                ASSERT_EQ(stream.wait()->offset(), static_cast<std::uint64_t>(n));
            }
            for (auto& publisher : publishers) publisher.join();
            ASSERT_TRUE(broker.drain());
            for (const auto& its : heard) {
                const auto list = its->all();
                ASSERT_EQ(list.size(), static_cast<std::size_t>(all));
                for (std::size_t i = 0; i < list.size(); ++i) ASSERT_EQ(list[i], i + 1);
            }
            EXPECT_THAT(keeper.sink.all(), IsEmpty());
            const auto stats = broker.stats();
            EXPECT_EQ(stats.dropped, 0u);
            EXPECT_EQ(stats.matched, accounted(stats));
        }
    }
}

TEST(Replay, overflows_no_queue_and_is_waited_for_by_drain) {
    Keeper keeper;
    auto broker = keeper.broker(0);
    publish_numbers(broker, "t", 1, 5'000);
    std::vector<std::int64_t> heard;
    auto small =
        broker.subscribe("t", [&](const Number& n) { heard.push_back(n.n); },
                         {.queue = 1, .overflow = Overflow::close, .from = From::beginning()});
    ASSERT_TRUE(broker.drain());
    EXPECT_EQ(heard, numbers_from(1, 5'000));
    publish_numbers(broker, "t", 5'001, 5'001);
    ASSERT_TRUE(broker.drain());
    EXPECT_EQ(heard.back(), 5'001);
    EXPECT_TRUE(small);
    const auto stats = broker.stats();
    EXPECT_EQ(stats.delivered, 5'001u);
    EXPECT_EQ(stats.matched, accounted(stats));
    EXPECT_EQ(stats.subscriptions, 1u);
}

TEST(Replay, of_a_reader_that_was_left_behind_ends_and_says_why) {
    Keeper keeper;
    auto broker = keeper.broker(1, {.keep = {.messages = 100}});
    publish_numbers(broker, "t", 1, 100);
    auto stream = broker.stream<Number>("t", {.from = From::beginning()});
    EXPECT_EQ(stream.wait()->value().n, 1);
    for (std::int64_t more = 0; more < 60'000; more += 100) {
        publish_numbers(broker, "t", more + 101, more + 200);
    }
    ASSERT_TRUE(broker.drain());
    std::int64_t last = 1;
    while (const auto next = stream.wait(5s)) {
        ASSERT_EQ(next->value().n, last + 1);  // until then nothing is missing
        last = next->value().n;
    }
    ASSERT_NE(stream.error(), nullptr);
    EXPECT_EQ(stream.error()->kind, ErrorKind::not_found);
    EXPECT_LT(last, 60'000);
    EXPECT_FALSE(stream);
}

TEST(Replay, of_a_topic_that_is_not_there_yet_hears_it_begin) {
    for (const auto in : everywhere) {
        for (const auto& from : {From::beginning(), From::last(5), From::time({})}) {
            Keeper keeper(in);
            auto broker = keeper.broker(0);
            std::vector<std::int64_t> heard;
            auto early = broker.subscribe("t", [&](const Number& n) { heard.push_back(n.n); },
                                          {.from = from});
            broker.run_ready();
            publish_numbers(broker, "t", 1, 3);
            ASSERT_TRUE(broker.drain());
            EXPECT_EQ(heard, numbers_from(1, 3));
            EXPECT_THAT(keeper.sink.all(), IsEmpty());
        }
    }
}

TEST(Replay, needs_a_topic_that_is_kept_and_a_place_that_is_there) {
    Keeper keeper;
    auto broker = keeper.broker(1, {.topics = {"kept/#"}});
    const auto refused = [&](TopicFilter topic, SubscribeOptions options) {
        const auto stream = broker.stream<Number>(topic, options);
        return stream.error() != nullptr ? stream.error()->kind : ErrorKind::internal;
    };
    EXPECT_EQ(refused("other", {.from = From::beginning()}), ErrorKind::unsupported);
    EXPECT_EQ(refused("kept/+", {.from = From::beginning()}), ErrorKind::invalid);
    EXPECT_EQ(refused("kept/1", {.group = "g", .from = From::last(1)}), ErrorKind::invalid);
    publish_numbers(broker, "kept/1", 1, 3);
    ASSERT_TRUE(broker.drain());
    EXPECT_EQ(refused("kept/1", {.from = From::offset(17)}), ErrorKind::not_found);
    EXPECT_EQ(refused("kept/1", {.from = From::after({12345, 1})}), ErrorKind::not_found);
    Sink sink;
    auto without = sink.broker(1);
    EXPECT_EQ(without.stream<Number>("t", {.from = From::last(1)}).error()->kind,
              ErrorKind::unsupported);
    EXPECT_THAT(sink.all().front(), HasSubstr("add a FileJournal"));
    EXPECT_FALSE(without.journal());
}

TEST(Replay, reads_what_was_published_as_a_type_again_as_that_type) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        {
            auto broker = keeper.broker();
            ASSERT_TRUE(broker.publish("people", Person{"Ada"}));
            ASSERT_TRUE(broker.publish("people", "no person"));
            ASSERT_TRUE(broker.publish("people", Person{"Bob"}));
        }
        auto broker = keeper.broker();
        auto people = broker.stream<Person>("people", {.from = From::beginning()});
        EXPECT_EQ(people.wait()->value(), Person{"Ada"});
        EXPECT_EQ(people.wait()->value(), Person{"Bob"});
        EXPECT_THAT(keeper.sink.all(), ElementsAre(HasSubstr("people: ")));
        auto texts = broker.stream<std::string>("people", {.from = From::offset(2)});
        EXPECT_EQ(texts.wait()->value(), "no person");
    }
}

TEST(Replay, asks_hooks_once_and_a_refusal_shows_nothing) {
    struct Door {
        Verdict on_subscribe(std::string_view topic) {
            log->add("in " + std::string(topic));
            return topic == "secret" ? Verdict::refuse("not you") : Verdict::pass();
        }
        void on_unsubscribe(std::string_view topic) { log->add("out " + std::string(topic)); }
        std::shared_ptr<Heard<std::string>> log;
    };
    const auto log = std::make_shared<Heard<std::string>>();
    Keeper keeper;
    auto builder = keeper.sink.builder(0);
    auto broker = keep_in(builder, In::files, keeper.folder).with(Door{log}).start().value();
    publish_numbers(broker, "t", 1, 3);
    publish_numbers(broker, "secret", 1, 3);
    ASSERT_TRUE(broker.drain());
    int heard = 0;
    const auto count = [&](const Number&) { ++heard; };
    const auto secret = broker.subscribe("secret", count, {.from = From::beginning()});
    const auto named = broker.subscribe("secret", count, {.name = "n"});
    {
        auto open = broker.subscribe("t", count, {.from = From::beginning()});
        ASSERT_TRUE(broker.drain());
        EXPECT_EQ(heard, 3);
    }
    broker.run_ready();  // a session is gone when its loop has seen to it
    {
        const auto never_read = broker.stream<Number>("t", {.from = From::beginning()});
    }
    {
        const auto member = broker.stream<Number>("t", {.name = "n"});
    }
    broker.run_ready();
    EXPECT_EQ(secret.error()->kind, ErrorKind::forbidden);
    EXPECT_EQ(named.error()->kind, ErrorKind::forbidden);
    EXPECT_THAT(log->all(), ElementsAre("in secret", "in secret", "in t", "out t", "in t", "out t",
                                        "in t", "out t"));
}

TEST(Replay, may_be_dropped_while_it_goes_on) {
    for (const unsigned threads : {0U, 2U}) {
        Keeper keeper;
        auto broker = keeper.broker(threads);
        publish_numbers(broker, "t", 1, 3'000);
        std::atomic<int> heard = 0;
        Barrier made;
        std::optional<Subscription> mine;
        mine = broker.subscribe("t",
                                [&](const Number&) {
                                    if (heard == 0) made.wait();
                                    if (++heard == 1'500) mine.reset();
                                },
                                {.from = From::beginning()});
        made.open();
        if (threads == 0) {
            run_until(broker, [&] { return heard == 1'500; });
        } else {
            while (heard < 1'500) std::this_thread::yield();
        }
        ASSERT_TRUE(broker.drain());
        EXPECT_EQ(heard, 1'500);
        const auto stats = broker.stats();
        EXPECT_EQ(stats.subscriptions, 0u);
        EXPECT_EQ(stats.matched, accounted(stats));
    }
}

}  // namespace
}  // namespace carillon::broker_testing
