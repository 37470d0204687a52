#include "library/testing_broker.h"

namespace carillon::broker_testing {
namespace {

// ---- who hears what ----

TEST(Broker, publishes_to_functions_coroutines_and_streams_alike) {
    Sink sink;
    auto broker = sink.broker(0);
    std::vector<std::int64_t> by_function, by_coroutine, by_stream;
    const auto a = broker.subscribe("t", [&](const Number& m) { by_function.push_back(m.n); });
    const auto b = broker.subscribe("t", [&](Number m) -> Task<> {
        by_coroutine.push_back(m.n);
        co_return;
    });
    auto c = broker.stream<Number>("t");
    for (int n = 0; n < 5; ++n) EXPECT_EQ(broker.publish("t", Number{n}).value().matched, 3u);
    broker.run_ready();
    while (by_stream.size() < 5) by_stream.push_back(c.wait(10s)->value().n);
    EXPECT_THAT(by_function, ElementsAre(0, 1, 2, 3, 4));
    EXPECT_EQ(by_coroutine, by_function);
    EXPECT_EQ(by_stream, by_function);
}

TEST(Broker, tells_a_handler_the_topic_and_the_time) {
    Broker broker;
    Heard<std::string> topics;
    const auto begin = std::chrono::system_clock::now();
    const auto a = broker.subscribe("a/+", [&](const Delivery<Number>& d) {
        EXPECT_GE(d.time(), begin - 1s);
        topics.add(std::string(d.topic()) + "=" + std::to_string(d->n));
    });
    (void)broker.publish("a/x", Number{1});
    (void)broker.publish("a/y", Number{2});
    topics.wait_for(2);
    EXPECT_THAT(topics.all(), ElementsAre("a/x=1", "a/y=2"));
}

TEST(Broker, keeps_the_delivery_of_a_coroutine_until_it_is_finished) {
    Sink sink;
    auto broker = sink.broker(0);
    Event event;
    std::vector<std::string> heard;
    const auto a = broker.subscribe("a/+", [&](const Delivery<Person>& d) -> Task<> {
        co_await event;
        heard.push_back(std::string(d.topic()) + "=" + d->name);
    });
    const auto b = broker.subscribe("a/+", [&](Delivery<Person> d) -> Task<> {
        co_await event;
        heard.push_back(std::string(d.topic()) + "=" + d->name);
    });
    (void)broker.publish("a/x", Person{"a name too long to be kept in place, on purpose"});
    (void)broker.publish("a/x", Raw{Encoding::json, R"({"name":"again"})"});
    broker.run_ready();
    event.open();
    broker.run_ready();
    EXPECT_THAT(heard, ElementsAre(HasSubstr("a/x=a name too long"), HasSubstr("on purpose"),
                                   "a/x=again", "a/x=again"));
}

TEST(Broker, may_be_published_to_and_subscribed_to_inside_a_handler) {
    for (const unsigned threads : {0U, 1U, 3U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        Heard<std::int64_t> heard;
        Heard<std::string> late;
        std::vector<Subscription> more;
        const auto a = broker.subscribe("t", [&](const Number& m) {
            heard.add(m.n);
            if (m.n == 3) {
                more.push_back(
                    broker.subscribe("t", [&](const Number& x) { late.add(std::to_string(x.n)); }));
            }
            if (m.n < 5) (void)broker.publish("t", Number{m.n + 1});
        });
        (void)broker.publish("t", Number{1});
        EXPECT_TRUE(broker.drain());
        EXPECT_THAT(heard.all(), ElementsAre(1, 2, 3, 4, 5));
        EXPECT_THAT(late.all(), ElementsAre("4", "5"));
    }
}

TEST(Broker, takes_plain_functions_and_texts) {
    static std::vector<std::string> heard;
    heard.clear();
    Sink sink;
    auto broker = sink.broker(0);
    struct Here {
        static void hear(const std::string& text) noexcept { heard.push_back(text); }
    };
    const auto a = broker.subscribe("t", &Here::hear);
    (void)broker.publish("t", "literal");
    (void)broker.publish("t", std::string("string"));
    (void)broker.publish("t", std::string_view("view"));
    broker.run_ready();
    EXPECT_THAT(heard, ElementsAre("literal", "string", "view"));
}

// ---- what is wrong with a message concerns who cannot read it ----

TEST(Broker, tells_only_the_sink_of_messages_that_do_not_read_as_the_type) {
    for (const unsigned threads : {0U, 2U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        Heard<std::int64_t> numbers;
        Heard<std::string> raws, values;
        const auto a = broker.subscribe("t", [&](const Number& m) { numbers.add(m.n); });
        const auto b = broker.subscribe("t", [&](Number m) -> Task<> {
            numbers.add(m.n);
            co_return;
        });
        const auto c = broker.subscribe("t", [&](const Raw& m) { raws.add(m.body); });
        const auto d = broker.subscribe("t", [&](const Value& m) { values.add(m.to_json()); });
        (void)broker.publish("t", Raw{Encoding::json, R"({"n":"text"})"});
        (void)broker.publish("t", Raw{Encoding::json, R"({"m":1})"});
        (void)broker.publish("t", Raw{Encoding::json, R"({"n":-1})"});
        (void)broker.publish("t", Person{"Ada"});
        (void)broker.publish("t", Number{7});
        EXPECT_TRUE(broker.drain());
        EXPECT_THAT(numbers.all(), ElementsAre(7, 7));
        EXPECT_THAT(raws.all(), ElementsAre(R"({"n":"text"})", R"({"m":1})", R"({"n":-1})",
                                            R"({"name":"Ada"})", R"({"n":7})"));
        EXPECT_EQ(values.all(), raws.all());
        const auto errors = sink.all();
        ASSERT_EQ(errors.size(), 8u);
        EXPECT_EQ(std::count_if(errors.begin(), errors.end(),
                                [](const auto& e) { return e.starts_with("t: /n: "); }),
                  6);
        EXPECT_EQ(std::count_if(errors.begin(), errors.end(),
                                [](const auto& e) { return e.find("below zero") != e.npos; }),
                  2);
        EXPECT_EQ(broker.stats().failed, 8u);
    }
}

TEST(Broker, goes_on_after_a_handler_that_throws) {
    for (const unsigned threads : {0U, 2U}) {
        Sink sink;
        auto broker = sink.broker(threads);
        Heard<std::int64_t> a_heard, b_heard, c_heard;
        const auto a = broker.subscribe("t", [&](const Number& m) {
            a_heard.add(m.n);
            if (m.n == 1) throw std::runtime_error("function");
            if (m.n == 2) throw 5;
        });
        const auto b = broker.subscribe("t", [&](Number m) -> Task<> {
            b_heard.add(m.n);
            if (m.n == 1) throw std::runtime_error("coroutine");
            co_return;
        });
        const auto c = broker.subscribe("t", [&](const Number& m) { c_heard.add(m.n); });
        for (int n = 1; n <= 3; ++n) (void)broker.publish("t", Number{n});
        EXPECT_TRUE(broker.drain());
        EXPECT_THAT(a_heard.all(), ElementsAre(1, 2, 3));
        EXPECT_EQ(b_heard.all(), a_heard.all());
        EXPECT_EQ(c_heard.all(), a_heard.all());
        EXPECT_THAT(sink.all(), ::testing::UnorderedElementsAre("t: function", "t: coroutine",
                                                                HasSubstr("no std::exception")));
    }
}

TEST(Broker, survives_a_sink_that_throws) {
    auto broker = Builder().with(Threads{0}).with([](const Error&) { throw 1; }).start().value();
    int heard = 0;
    const auto a = broker.subscribe("t", [&](const Number&) {
        if (++heard == 1) throw 2;
    });
    (void)broker.publish("t", Number{1});
    (void)broker.publish("t", Number{2});
    broker.run_ready();
    EXPECT_EQ(heard, 2);
}

// ---- what is refused ----

TEST(Broker, refuses_a_message_that_nobody_would_read) {
    Broker broker;
    const auto refused = broker.publish("big", std::string((16U << 20) + 1, 'a'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
    EXPECT_TRUE(broker.publish("big", std::string(1U << 20, 'a')));
}

TEST(Broker, refuses_what_is_no_topic) {
    Sink sink;
    auto broker = sink.broker(0);
    const auto refusal = [&](std::string_view topic) {
        const auto receipt = broker.publish(topic, Number{1});
        return receipt ? "taken" : receipt.error().message;
    };
    EXPECT_THAT(refusal(""), HasSubstr("has a name"));
    EXPECT_THAT(refusal("a\nb"), HasSubstr("control"));
    EXPECT_THAT(refusal("a\x7f"), HasSubstr("control"));
    for (const auto* pattern : {"a/+", "#", "a*"}) {
        EXPECT_THAT(refusal(pattern), HasSubstr("pattern"));
    }
    EXPECT_THAT(refusal(std::string(1025, 'a')), HasSubstr("too long"));
    EXPECT_EQ(refusal(std::string(1024, 'a')), "taken");
    EXPECT_EQ(broker.stats().refused, 7u);
    EXPECT_EQ(broker.stats().published, 1u);
    EXPECT_EQ(broker.publish_confirmed("", Number{1}).get().error().kind, ErrorKind::invalid);
    EXPECT_EQ(broker.stats().refused, 8u);
}

TEST(Broker, refuses_what_validate_refuses_and_everything_after_stop) {
    Sink sink;
    auto broker = sink.broker(0);
    auto refused = broker.publish("t", Number{-1});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_THAT(refused.error().message, HasSubstr("t: "));
    EXPECT_THAT(refused.error().message, HasSubstr("below zero"));
    broker.stop();
    EXPECT_EQ(broker.publish("t", Number{1}).error().kind, ErrorKind::closed);
    const auto late = broker.subscribe("t", [](const Number&) {});
    ASSERT_NE(late.error(), nullptr);
    EXPECT_EQ(late.error()->kind, ErrorKind::closed);
    EXPECT_FALSE(late);
}

TEST(Broker, refuses_what_64_mebibytes_wait_in_front_of) {
    Sink sink;
    auto broker = sink.broker(0);
    std::size_t heard = 0;
    const auto a = broker.subscribe("t", [&](const Raw&) { ++heard; });
    const Raw large{Encoding::text, std::string(8 << 20, 'x')};
    std::size_t taken = 0;
    auto receipt = broker.publish("t", large);
    for (; receipt; receipt = broker.publish("t", large)) ++taken;
    EXPECT_EQ(receipt.error().kind, ErrorKind::overloaded);
    EXPECT_EQ(taken, 7u);
    broker.run_ready();
    EXPECT_EQ(heard, 7u);
    EXPECT_TRUE(broker.publish("t", large));
}

TEST(Broker, names_the_place_of_what_is_wrong_with_a_pattern) {
    Sink sink;
    auto broker = sink.broker(1);
    const auto refusal = [&](const TopicFilter& filter) {
        const auto made = broker.subscribe(filter, [](const Number&) {});
        return made.error() != nullptr ? made.error()->message : "taken";
    };
    EXPECT_THAT(refusal("a/#/b"), HasSubstr("byte 3"));
    EXPECT_THAT(refusal("a/b+"), HasSubstr("byte 4"));
    EXPECT_THAT(refusal("a\tb"), HasSubstr("byte 2"));
    EXPECT_THAT(refusal("a\t/+"), HasSubstr("byte 2"));
    EXPECT_THAT(refusal(""), HasSubstr("empty"));
    EXPECT_EQ(refusal(glob("a/b*")), "taken");
    EXPECT_EQ(sink.all().size(), 5u);
}

// ---- patterns: the table of protocols/whispeer.md, section 8 ----

TEST(Broker, matches_levels_and_globs) {
    struct Row {
        TopicFilter filter;
        std::vector<std::string> hears;
    };
    const std::vector<std::string> topics = {"a",     "a/b", "a/b/c", "a/",   "/a",  "a//b",
                                             "a/x/b", "/",   "$sys",  "$s/b", "ab-1"};
    const std::vector<Row> rows = {
        {"a", {"a"}},
        {"a/+", {"a/b", "a/"}},
        {"a/*", {"a/b", "a/"}},
        {"a/#", {"a", "a/b", "a/b/c", "a/", "a//b", "a/x/b"}},
        {"a/+/b", {"a//b", "a/x/b"}},
        {"+/+", {"a/b", "a/", "/a", "/"}},
        {"+", {"a", "ab-1"}},
        {"#", {"a", "a/b", "a/b/c", "a/", "/a", "a//b", "a/x/b", "/", "ab-1"}},
        {"$s/#", {"$s/b"}},
        {"$sys", {"$sys"}},
        {glob("a*b"), {"a/b", "a//b", "a/x/b"}},
        {glob("a?"), {"a/"}},
        {glob("*"), {"a", "a/b", "a/b/c", "a/", "/a", "a//b", "a/x/b", "/", "ab-1"}},
        {glob("$*"), {"$sys", "$s/b"}},
    };
    Sink sink;
    auto broker = sink.broker(0);
    std::vector<std::vector<std::string>> heard(rows.size());
    std::vector<Subscription> subscriptions;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        subscriptions.push_back(broker.subscribe(
            rows[i].filter,
            [&heard, i](const Delivery<std::string>& d) { heard[i].emplace_back(d.topic()); }));
    }
    for (const auto& topic : topics) (void)broker.publish(topic, "x");
    broker.run_ready();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(heard[i], rows[i].hears) << rows[i].filter.where().text;
    }
}

// ---- what a message costs ----

struct Counted {
    std::string text{};
    static inline int copies = 0;
    static inline int moves = 0;

    Counted() = default;
    explicit Counted(std::string t) : text(std::move(t)) {}
    Counted(const Counted& other) : text(other.text) { ++copies; }
    Counted(Counted&& other) noexcept : text(std::move(other.text)) { ++moves; }
    Counted& operator=(const Counted& other) = default;
    Counted& operator=(Counted&& other) = default;
};
CARILLON_DESCRIBE(Counted, text)

TEST(Broker, copies_or_moves_a_message_once_and_everybody_reads_that_one) {
    Sink sink;
    auto broker = sink.broker(0);
    std::vector<const Counted*> seen;
    std::vector<Subscription> all;
    for (int i = 0; i < 3; ++i) {
        all.push_back(broker.subscribe("t", [&](const Counted& m) { seen.push_back(&m); }));
    }
    auto stream = broker.stream<Counted>("t");
    Counted::copies = Counted::moves = 0;
    const Counted message("text");
    (void)broker.publish("t", message);
    broker.run_ready();
    const auto pulled = stream.wait(10s);
    EXPECT_EQ(Counted::copies, 1);
    EXPECT_EQ(Counted::moves, 0);
    EXPECT_THAT(seen, ElementsAre(&pulled->value(), seen[0], seen[0]));
    (void)broker.publish("t", Counted("other"));
    broker.run_ready();
    EXPECT_EQ(Counted::copies, 1);
    EXPECT_EQ(Counted::moves, 1);
}

TEST(Broker, makes_the_bytes_of_a_message_once) {
    Sink sink;
    auto broker = sink.broker(0);
    std::vector<const char*> bodies;
    const auto look = [&](const PublishedEvent& event) { bodies.push_back(event.body().data()); };
    struct Look {
        decltype(look) at;
        void on_published(const PublishedEvent& event) { at(event); }
    };
    auto looked = sink.builder(0).with(Look{look}).with(Look{look}).start().value();
    std::string raw;
    const auto a = looked.subscribe("t", [&](const Raw& m) { raw = m.body; });
    (void)looked.publish("t", Number{5});
    looked.run_ready();
    ASSERT_EQ(bodies.size(), 2u);
    EXPECT_EQ(bodies[0], bodies[1]);
    EXPECT_EQ(raw, R"({"n":5})");
}

TEST(Broker, publishes_by_a_bound_topic) {
    Sink sink;
    auto broker = sink.broker(0);
    std::vector<std::int64_t> heard;
    const auto a = broker.subscribe("t", [&](const Number& m) { heard.push_back(m.n); });
    auto topic = broker.topic<Number>("t");
    const Number one{1};
    EXPECT_EQ(topic.publish(one).value().matched, 1u);
    EXPECT_EQ(topic.publish({2}).value().matched, 1u);
    EXPECT_EQ(topic.publish_confirmed({3}).get().value().queued, 1u);
    EXPECT_THAT(heard, ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace carillon::broker_testing
