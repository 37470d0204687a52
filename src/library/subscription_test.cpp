#include <thread>

#include "library/testing_broker.h"

namespace carillon::broker_testing {
namespace {

TEST(Subscription, hears_as_long_as_it_lives) {
    Sink sink;
    auto broker = sink.broker(0);
    int heard = 0;
    {
        const auto a = broker.subscribe("t", [&](const Number&) { ++heard; });
        EXPECT_TRUE(a);
        EXPECT_EQ(broker.stats().subscriptions, 1u);
        (void)broker.publish("t", Number{1});
        broker.run_ready();
    }
    (void)broker.publish("t", Number{2});
    broker.run_ready();
    EXPECT_EQ(heard, 1);
    EXPECT_EQ(broker.stats().subscriptions, 0u);
    EXPECT_EQ(broker.publish("t", Number{3}).value().matched, 0u);
}

TEST(Subscription, is_moved_and_dropped_once) {
    Sink sink;
    auto broker = sink.broker(0);
    int a_heard = 0, b_heard = 0;
    auto a = broker.subscribe("t", [&](const Number&) { ++a_heard; });
    auto b = broker.subscribe("t", [&](const Number&) { ++b_heard; });
    Subscription c = std::move(a);
    EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(a.error(), nullptr);
    EXPECT_TRUE(c);
    (void)broker.publish("t", Number{1});
    broker.run_ready();
    c = std::move(b);  // what c had is dropped
    auto& same = c;
    c = std::move(same);
    (void)broker.publish("t", Number{2});
    broker.run_ready();
    EXPECT_EQ(a_heard, 1);
    EXPECT_EQ(b_heard, 2);
    c.drop();
    c.drop();
    EXPECT_FALSE(c);
    broker.run_ready();
    EXPECT_EQ(broker.publish("t", Number{3}).value().matched, 0u);
}

TEST(Subscription, may_be_dropped_inside_its_own_handler) {
    for (const unsigned threads : {0U, 1U, 3U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        std::atomic<int> by_function = 0, by_coroutine = 0;
        std::optional<Subscription> a, b;
        a = broker.subscribe("t", [&](const Number&) {
            ++by_function;
            a.reset();
        });
        b = broker.subscribe("t", [&](const Number&) -> Task<> {
            ++by_coroutine;
            b.reset();
            co_return;
        });
        for (int n = 0; n < 10; ++n) (void)broker.publish("t", Number{n});
        EXPECT_TRUE(broker.drain());
        EXPECT_EQ(by_function, 1);
        EXPECT_EQ(by_coroutine, 1);
        const auto stats = broker.stats();
        EXPECT_EQ(stats.waiting, 0u);
        EXPECT_EQ(stats.subscriptions, 0u);
    }
}

TEST(Subscription, may_be_dropped_inside_anothers_handler) {
    for (const unsigned threads : {0U, 1U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        int a_heard = 0, b_heard = 0;
        std::optional<Subscription> a, b;
        a = broker.subscribe("t", [&](const Number&) {
            ++a_heard;
            b.reset();
        });
        b = broker.subscribe("t", [&](const Number&) {
            ++b_heard;
            a.reset();
        });
        for (int n = 0; n < 10; ++n) (void)broker.publish("t", Number{n});
        EXPECT_TRUE(broker.drain());
        // Whoever was first has dropped the other before it heard anything.
        EXPECT_EQ(std::min(a_heard, b_heard), 0);
        EXPECT_EQ(std::max(a_heard, b_heard), 10);
    }
}

TEST(Subscription, lets_a_coroutine_that_waits_go_on_to_its_end) {
    Sink sink;
    auto broker = sink.broker(0);
    Event event;
    std::vector<std::string> ended;
    auto a = broker.subscribe(
        "t", [&, kept = std::string("its captures live on")](const Person& m) -> Task<> {
            co_await event;
            ended.push_back(m.name + ": " + kept);
        });
    (void)broker.publish("t", Person{"Ada"});
    (void)broker.publish("t", Person{"Grace"});
    broker.run_ready();
    a.drop();
    broker.run_ready();
    event.open();
    EXPECT_THAT(ended, ElementsAre("Ada: its captures live on"));
    EXPECT_TRUE(broker.drain(1s));
}

TEST(Subscription, outlives_its_broker) {
    for (const unsigned threads : {0U, 2U}) {
        std::optional<Subscription> a, b;
        std::optional<Stream<Number>> c;
        {
            Broker broker = Builder().with(Threads{threads}).start().value();
            a = broker.subscribe("t", [](const Number&) {});
            b = broker.subscribe("t", [](Number) -> Task<> { co_return; });
            c = broker.stream<Number>("t");
            (void)broker.publish("t", Number{1});
        }
        EXPECT_FALSE(*a);
        EXPECT_FALSE(*c);
        EXPECT_FALSE(c->wait());
        a->drop();
    }
}

TEST(Subscription, ends_with_the_broker_and_what_is_queued_is_not_heard) {
    Sink sink;
    auto broker = sink.broker(0);
    int heard = 0;
    const auto a = broker.subscribe("t", [&](const Number&) { ++heard; });
    (void)broker.publish("t", Number{1});
    broker.stop();
    EXPECT_EQ(heard, 0);
    EXPECT_FALSE(a);
    broker.stop();
    EXPECT_FALSE(broker.run_ready());
}

TEST(Subscription, stops_its_broker_inside_its_handler) {
    for (const unsigned threads : {0U, 1U, 3U}) {
        Sink sink;
        std::optional<Broker> broker = sink.broker(threads);
        std::atomic<int> heard = 0;
        Barrier stopped;
        std::vector<Subscription> all;
        for (int i = 0; i < 6; ++i) {
            all.push_back(broker->subscribe("t", [&](const Number&) {
                ++heard;
                broker->stop();
                broker->stop();
                EXPECT_EQ(broker->publish("t", Number{2}).error().kind, ErrorKind::closed);
                stopped.open();
            }));
        }
        for (int n = 0; n < 10; ++n) (void)broker->publish("t", Number{n});
        if (threads == 0) broker->run_ready();
        stopped.wait();
        broker->stop();  // outside it waits for the threads
        const int until_then = heard;
        broker.reset();
        EXPECT_EQ(heard, until_then);
        EXPECT_FALSE(all[0]);
    }
}

TEST(Subscription, drops_the_last_handle_of_its_broker_inside_its_handler) {
    for (const unsigned threads : {0U, 1U, 2U}) {
        for (const bool stop_first : {false, true}) {
            Barrier dropped, ended;
            struct Opens {
                Barrier* barrier;
                ~Opens() { barrier->open(); }
            };
            std::optional<Broker> broker = Builder().with(Threads{threads}).start().value();
            const auto a =
                broker->subscribe("t", [&, opens = std::make_shared<Opens>(&ended)](const Number&) {
                    if (stop_first) broker->stop();
                    broker.reset();
                    dropped.open();
                });
            (void)broker->publish("t", Number{1});
            if (threads == 0) broker->run_ready();
            dropped.wait();
            ended.wait();  // its handler was destroyed
        }
    }
}

TEST(Subscription, of_a_handler_that_keeps_a_handle_lets_go_of_it_when_it_is_dropped) {
    for (const unsigned threads : {0U, 1U}) {
        Barrier ended;
        struct Ends {
            Barrier* ended;
            void on_stop() { ended->open(); }
        };
        auto made = Builder().with(Threads{threads}).with(Ends{&ended}).start();
        auto a = made->subscribe("t", [broker = *made](const Number&) { (void)broker.stats(); });
        {
            const auto gone = std::move(*made);
        }
        a.drop();
        ended.wait();
    }
}

}  // namespace
}  // namespace carillon::broker_testing
