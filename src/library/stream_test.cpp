#include <thread>

#include "library/testing_broker.h"

namespace carillon::broker_testing {
namespace {

TEST(Stream, gives_what_was_published_to_a_coroutine_until_it_ends) {
    for (const unsigned threads : {0U, 1U, 3U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        Heard<std::string> heard;
        auto stream = broker.stream<Number>("a/+");
        broker.spawn([](Stream<Number>& its, Heard<std::string>& into) -> Task<> {
            while (const auto d = co_await its.next()) {
                into.add(std::string(d->topic()) + "=" + std::to_string(d->value().n));
            }
            into.add("end");
        }(stream, heard));
        constexpr int all = 300;  // several handfuls
        for (int n = 0; n < all; ++n) (void)broker.publish("a/b", Number{n});
        if (threads == 0) broker.run_ready();
        heard.wait_for(all);
        broker.stop();
        heard.wait_for(all + 1);
        const auto list = heard.all();
        for (int n = 0; n < all; ++n) EXPECT_EQ(list[n], "a/b=" + std::to_string(n));
        EXPECT_EQ(list.back(), "end");
    }
}

TEST(Stream, gives_what_was_published_to_a_thread_that_waits) {
    Broker broker;
    auto stream = broker.stream<Number>("t");
    EXPECT_FALSE(stream.wait(1ms));
    std::thread reader([&] {
        for (int n = 0; n < 1000; ++n) EXPECT_EQ(stream.wait()->value().n, n);
        EXPECT_FALSE(stream.wait());
    });
    for (int n = 0; n < 1000; ++n) (void)broker.publish("t", Number{n});
    while (broker.stats().delivered < 1000) std::this_thread::yield();
    broker.stop();
    reader.join();
    EXPECT_FALSE(stream);
}

TEST(Stream, keeps_a_delivery_after_the_broker_is_gone) {
    std::optional<Delivery<Person>> typed, decoded;
    {
        Sink sink;
        auto broker = sink.broker(0);
        auto stream = broker.stream<Person>("t");
        (void)broker.publish("t", Person{"a name too long to be kept in place, on purpose"});
        (void)broker.publish("t", Raw{Encoding::json, R"({"name":"from bytes"})"});
        typed = stream.wait(10s);
        decoded = stream.wait(10s);
    }
    Delivery<Person> moved = std::move(*typed);
    EXPECT_THAT(moved->name, HasSubstr("on purpose"));
    EXPECT_EQ(moved.topic(), "t");
    EXPECT_EQ((*decoded)->name, "from bytes");
}

TEST(Stream, skips_what_does_not_decode_and_tells_the_sink) {
    Sink sink;
    auto broker = sink.broker(0);
    auto stream = broker.stream<Number>("t");
    (void)broker.publish("t", "no number");
    (void)broker.publish("t", Number{1});
    (void)broker.publish("t", Raw{Encoding::json, R"({"n":-5})"});
    (void)broker.publish("t", Raw{Encoding::json, R"({"n":2})"});
    EXPECT_EQ(stream.wait(10s)->value().n, 1);
    EXPECT_EQ(stream.wait(10s)->value().n, 2);
    EXPECT_THAT(sink.all(), ElementsAre(HasSubstr("t: "), "t: the message: below zero"));
    EXPECT_EQ(broker.stats().failed, 2u);
}

TEST(Stream, that_was_dropped_or_moved_has_ended) {
    Sink sink;
    auto broker = sink.broker(0);
    auto a = broker.stream<Number>("t");
    auto b = std::move(a);
    EXPECT_FALSE(a);         // NOLINT(bugprone-use-after-move)
    EXPECT_FALSE(a.wait());  // NOLINT(bugprone-use-after-move)
    b.drop();
    EXPECT_FALSE(b.wait());
    std::vector<bool> got;
    broker.spawn([](Stream<Number>& s, std::vector<bool>& into) -> Task<> {
        into.push_back((co_await s.next()).has_value());
    }(b, got));
    broker.run_ready();
    EXPECT_THAT(got, ElementsAre(false));
}

TEST(Stream, tells_who_waits_for_it_that_it_was_dropped_by_somebody_else) {
    for (const unsigned threads : {0U, 1U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        std::optional<Stream<Number>> stream = broker.stream<Number>("t");
        Heard<bool> got;
        const auto a = broker.subscribe("drop", [&](const Number&) { stream.reset(); });
        broker.spawn([](std::optional<Stream<Number>>& s, Broker& b, Heard<bool>& into) -> Task<> {
            (void)b.publish("drop", Number{1});
            into.add((co_await s->next()).has_value());
        }(stream, broker, got));
        if (threads == 0) broker.run_ready();
        got.wait_for(1);
        EXPECT_THAT(got.all(), ElementsAre(false));
    }
}

TEST(Stream, whose_reader_blocks_keeps_nobody_waiting) {
    Sink sink;
    auto broker = sink.broker(1);
    Barrier barrier;
    std::thread reader([&, stream = broker.stream<Number>("t", {.queue = 4})]() mutable {
        EXPECT_EQ(stream.wait()->value().n, 0);
        barrier.wait();
    });
    Heard<std::int64_t> heard;
    const auto a = broker.subscribe("t", [&](const Number& m) { heard.add(m.n); });
    for (int n = 0; n < 500; ++n) EXPECT_TRUE(broker.publish_confirmed("t", Number{n}).get());
    heard.wait_for(500);
    EXPECT_TRUE(broker.drain());
    EXPECT_GT(broker.stats().dropped, 400u);
    barrier.open();
    reader.join();
}

TEST(Stream, waits_no_longer_than_it_was_told_whatever_comes_that_does_not_decode) {
    Sink sink;
    auto broker = sink.broker(1);
    auto stream = broker.stream<Number>("t");
    std::atomic<bool> done = false;
    std::thread publisher([&] {
        while (!done) {
            (void)broker.publish("t", "junk");
            std::this_thread::sleep_for(100us);
        }
    });
    EXPECT_FALSE(stream.wait(20ms));
    done = true;
    publisher.join();
}

}  // namespace
}  // namespace carillon::broker_testing
