#include <poll.h>

#include <thread>

#include "library/testing_broker.h"

namespace carillon::broker_testing {
namespace {

bool readable(const Broker& broker) {
    pollfd one{broker.fd(), POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
}

Task<int> answer() { co_return 42; }
Task<int> sum(Event& event) {
    co_await event;
    co_return co_await answer() + co_await answer();
}
Task<std::unique_ptr<int>> moved() { co_return std::make_unique<int>(7); }
Task<int> thrown() {
    throw std::runtime_error("inner");
    co_return 1;
}

TEST(Task, gives_its_value_to_who_awaits_it) {
    Sink sink;
    auto broker = sink.broker(0);
    Event event;
    int got = 0;
    broker.spawn([](Event& e, int& into) -> Task<> {
        into = co_await sum(e);
        into += *co_await moved();
    }(event, got));
    broker.run_ready();
    EXPECT_EQ(got, 0);
    event.open();
    EXPECT_EQ(got, 91);
}

TEST(Task, throws_where_it_is_awaited_and_at_last_into_the_sink) {
    Sink sink;
    auto broker = sink.broker(0);
    std::string caught;
    broker.spawn([](std::string& into) -> Task<> {
        try {
            (void)co_await thrown();
        } catch (const std::runtime_error& error) {
            into = error.what();
        }
        throw std::runtime_error("outer");
    }(caught));
    broker.run_ready();
    EXPECT_EQ(caught, "inner");
    EXPECT_THAT(sink.all(), ElementsAre("outer"));
}

TEST(Task, that_is_never_awaited_never_begins_and_leaks_nothing) {
    bool begun = false;
    {
        auto task = [](bool& at, std::string kept) -> Task<> {
            at = true;
            (void)kept;
            co_return;
        }(begun, std::string(100, 'x'));
        Task<> other = std::move(task);
        task = std::move(other);
    }
    Broker broker = Builder().with(Threads{0}).start().value();
    broker.stop();
    broker.spawn([](bool& at) -> Task<> {
        at = true;
        co_return;
    }(begun));
    broker.run_ready();
    EXPECT_FALSE(begun);
}

Task<> sleep_and_tell(Broker& broker, int id, std::chrono::nanoseconds time, Heard<int>& heard) {
    co_await broker.sleep(time);
    heard.add(id);
}

TEST(Sleep, ends_in_the_order_of_the_times_asked_for) {
    for (const unsigned threads : {0U, 1U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        Heard<int> heard;
        broker.spawn([](Broker& b, Heard<int>& h) -> Task<> {
            // On one loop, in one go: nobody's time comes before all of them sleep.
            b.spawn(sleep_and_tell(b, 3, 600ms, h));
            b.spawn(sleep_and_tell(b, 1, 200ms, h));
            b.spawn(sleep_and_tell(b, 2, 400ms, h));
            co_return;
        }(broker, heard));
        while (threads == 0 && heard.size() < 3) broker.run_for(1ms);
        heard.wait_for(3);
        EXPECT_THAT(heard.all(), ElementsAre(1, 2, 3));
    }
}

TEST(Sleep, unwinds_with_the_broker) {
    for (const unsigned threads : {0U, 1U, 3U}) {
        for (const bool stop : {false, true}) {
            Sink sink;
            std::optional<Broker> broker = sink.broker(threads);
            Heard<int> begun, unwound;
            struct OnEnd {
                Heard<int>* heard;
                ~OnEnd() { heard->add(1); }
            };
            for (int i = 0; i < 5; ++i) {
                broker->spawn([](Broker& b, Heard<int>& first, Heard<int>& last) -> Task<> {
                    const OnEnd end{&last};
                    first.add(1);
                    while (true) co_await b.sleep(1h);
                }(*broker, begun, unwound));
            }
            const auto a = broker->subscribe("t", [&](const Number&) -> Task<> {
                const OnEnd end{&unwound};
                begun.add(1);
                co_await broker->sleep(1h);
            });
            (void)broker->publish("t", Number{1});
            if (threads == 0) broker->run_ready();
            begun.wait_for(6);
            if (stop) broker->stop();
            broker.reset();
            EXPECT_EQ(unwound.size(), 6u);
            EXPECT_THAT(sink.all(), IsEmpty());
        }
    }
}

// ---- the caller's loop ----

TEST(CallersLoop, is_readable_if_and_only_if_there_is_work) {
    Sink sink;
    auto broker = sink.broker(0);
    EXPECT_FALSE(broker.run_ready());
    EXPECT_FALSE(readable(broker));
    int heard = 0;
    auto a = broker.subscribe("t", [&](const Number& m) {
        ++heard;
        if (m.n != 0) (void)broker.publish("t", Number{m.n - 1});
    });
    broker.run_ready();
    for (int round = 0; round < 100; ++round) {
        EXPECT_FALSE(readable(broker));
        (void)broker.publish("t", Number{3});
        EXPECT_TRUE(readable(broker));
        EXPECT_TRUE(broker.run_ready());
        EXPECT_FALSE(readable(broker));
        EXPECT_FALSE(broker.run_ready());
    }
    EXPECT_EQ(heard, 400);
    a.drop();
    broker.run_ready();
    EXPECT_FALSE(readable(broker));
    broker.spawn([]() -> Task<> { co_return; }());
    EXPECT_TRUE(readable(broker));
    broker.run_ready();
}

TEST(CallersLoop, is_woken_by_other_threads) {
    Sink sink;
    auto broker = sink.broker(0);
    int heard = 0;
    const auto a = broker.subscribe("t", [&](const Number&) { ++heard; });
    constexpr int all = 2000;
    std::thread publisher([&] {
        for (int n = 0; n < all; ++n) (void)broker.publish("t", Number{n});
    });
    while (heard < all) {  // a lost wake-up would leave us here
        pollfd one{broker.fd(), POLLIN, 0};
        ASSERT_EQ(::poll(&one, 1, 60'000), 1) << heard;
        broker.run_ready();
    }
    publisher.join();
}

TEST(CallersLoop, knows_when_somebody_who_sleeps_is_to_be_woken) {
    Sink sink;
    auto broker = sink.broker(0);
    EXPECT_FALSE(broker.next_deadline());
    Heard<int> heard;
    broker.spawn(sleep_and_tell(broker, 1, 50ms, heard));
    broker.run_ready();
    ASSERT_TRUE(broker.next_deadline());
    EXPECT_LE(*broker.next_deadline(), 50ms);
    while (heard.size() == 0) {
        EXPECT_TRUE(broker.next_deadline());
        std::this_thread::sleep_for(*broker.next_deadline());
        broker.run_ready();
    }
    EXPECT_FALSE(broker.next_deadline());
}

TEST(CallersLoop, is_not_run_inside_itself) {
    Sink sink;
    auto broker = sink.broker(0);
    std::vector<std::string> heard;
    auto stream = broker.stream<Number>("u");
    const auto a = broker.subscribe("t", [&](const Number& m) {
        heard.push_back("begin " + std::to_string(m.n));
        EXPECT_FALSE(broker.run_ready());
        broker.run_for(1h);
        EXPECT_FALSE(broker.drain(1h));
        EXPECT_FALSE(broker.publish_confirmed("t", Number{5}).get());
        EXPECT_FALSE(stream.wait());
        heard.push_back("end");
        if (m.n == 5) broker.stop();
    });
    (void)broker.publish("t", Number{1});
    broker.run_ready();
    EXPECT_THAT(heard, ElementsAre("begin 1", "end", "begin 5", "end"));
}

TEST(CallersLoop, ends_run_for_and_drain_in_time_though_there_is_always_work) {
    Sink sink;
    auto broker = sink.broker(0);
    const auto a = broker.subscribe("t", [&](const Number& m) { (void)broker.publish("t", m); });
    (void)broker.publish("t", Number{1});
    broker.run_for(2ms);
    EXPECT_FALSE(broker.drain(2ms));
    broker.stop();
}

TEST(CallersLoop, may_be_stopped_by_another_thread) {
    Sink sink;
    auto broker = sink.broker(0);
    int heard = 0;
    const auto a = broker.subscribe("t", [&](const Number&) { ++heard; });
    (void)broker.publish("t", Number{1});
    std::thread([&] { broker.stop(); }).join();
    broker.run_ready();
    EXPECT_EQ(heard, 0);
    EXPECT_FALSE(a);
}

TEST(CallersLoop, is_taken_apart_by_another_thread_with_all_that_waits) {
    Sink sink;
    std::optional<Broker> broker = sink.broker(0);
    const auto a = broker->subscribe("t", [](const Number&) {});
    (void)broker->publish("t", Number{1});
    std::optional<Confirming> confirming = broker->publish_confirmed("t", Number{2});
    std::thread([&] { broker.reset(); }).join();
    EXPECT_FALSE(a);
    EXPECT_TRUE(confirming->get());
}

// ---- drain ----

TEST(Drain, waits_for_what_follows_from_what_was_published) {
    for (const unsigned threads : {0U, 1U, 3U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        std::atomic<int> heard = 0;
        std::vector<Subscription> all;
        for (int i = 0; i < 6; ++i) {
            all.push_back(
                broker.subscribe("t/" + std::to_string(i), [&, i](const Number& m) -> Task<> {
                    ++heard;
                    co_await broker.sleep(10us);
                    if (m.n != 0) {
                        (void)broker.publish("t/" + std::to_string((i + 1) % 6), Number{m.n - 1});
                    }
                }));
        }
        for (int round = 1; round <= 5; ++round) {
            (void)broker.publish("t/0", Number{20});
            ASSERT_TRUE(broker.drain());
            ASSERT_EQ(heard, 21 * round);
            EXPECT_EQ(broker.stats().waiting, 0u);
        }
    }
}

TEST(Drain, gives_up_when_the_time_is_over) {
    for (const unsigned threads : {0U, 1U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        Event event;
        const auto a = broker.subscribe("t", [&](const Number&) -> Task<> { co_await event; });
        (void)broker.publish("t", Number{1});
        EXPECT_FALSE(broker.drain(1ms));
        event.open();
        EXPECT_TRUE(broker.drain());
    }
    Sink sink;
    auto broker = sink.broker(1);
    Barrier in_handler, barrier;
    const auto a = broker.subscribe("t", [&](const Number&) {
        in_handler.open();
        barrier.wait();
    });
    (void)broker.publish("t", Number{1});
    in_handler.wait();
    EXPECT_FALSE(broker.drain(1ms));
    barrier.open();
    EXPECT_TRUE(broker.drain());
}

// ---- publish_confirmed ----

TEST(Confirming, is_awaited_in_a_coroutine_and_asked_outside) {
    for (const unsigned threads : {0U, 1U, 3U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        std::atomic<int> heard = 0;
        std::vector<Subscription> all;
        for (int i = 0; i < 4; ++i) {
            all.push_back(broker.subscribe("t", [&](const Number&) { ++heard; }));
        }
        const auto fate = broker.publish_confirmed("t", Number{1}).get().value();
        EXPECT_EQ(fate.matched, 4u);
        EXPECT_EQ(fate.queued, 4u);
        EXPECT_EQ(fate.dropped, 0u);
        EXPECT_EQ(broker.publish_confirmed("nobody", Number{1}).get().value().matched, 0u);
        EXPECT_EQ(broker.publish_confirmed("t", Number{-1}).get().error().kind, ErrorKind::invalid);
        Heard<std::uint64_t> queued;
        broker.spawn([](Broker& b, Heard<std::uint64_t>& into) -> Task<> {
            for (int i = 0; i < 50; ++i) {
                const auto one = co_await b.publish_confirmed("t", Number{i});
                into.add(one.value().queued);
            }
        }(broker, queued));
        if (threads == 0) broker.run_ready();
        queued.wait_for(50);
        EXPECT_THAT(queued.all(), ::testing::Each(4u));
        EXPECT_TRUE(broker.drain());
        EXPECT_EQ(heard, 4 * 51);
    }
}

TEST(Confirming, does_not_keep_the_broker_alive) {
    for (const unsigned threads : {0U, 1U}) {
        Barrier ended;
        struct Ends {
            Barrier* ended;
            void on_stop() { ended->open(); }
        };
        std::optional<Confirming> kept;
        {
            auto broker = Builder().with(Threads{threads}).with(Ends{&ended}).start().value();
            const auto a = broker.subscribe("t", [](const Number&) {});
            kept = broker.publish_confirmed("t", Number{1});
        }
        ended.wait();
        (void)kept->get();
    }
}

}  // namespace
}  // namespace carillon::broker_testing
