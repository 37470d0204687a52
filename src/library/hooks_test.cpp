#include "carillon/hooks.h"

#include "library/testing_broker.h"

namespace carillon::broker_testing {
namespace {

using Log = std::shared_ptr<Heard<std::string>>;
Log new_log() { return std::make_shared<Heard<std::string>>(); }

// Writes down what it is asked and told.
struct Witness {
    std::string name;
    Log log;
    void say(const std::string& what) { log->add(name + " " + what); }

    void on_start(Broker& broker) { say("start " + std::to_string(broker.stats().published)); }
    Verdict on_publish(PublishEvent& event) {
        say("publish " + std::string(event.topic()) + " " + std::string(event.body()));
        return Verdict::pass();
    }
    void on_published(const PublishedEvent& event) {
        say("published " + std::string(event.body()) + " to " + std::to_string(event.matched));
    }
    Verdict on_subscribe(std::string_view topic) {
        say("subscribe " + std::string(topic));
        return Verdict::pass();
    }
    void on_unsubscribe(std::string_view topic) { say("unsubscribe " + std::string(topic)); }
    void on_stop() { say("stop"); }
};

// Only on_publish, as a function.
struct OnPublish {
    std::function<Verdict(PublishEvent&)> ask;
    Verdict on_publish(PublishEvent& event) { return ask(event); }
};

TEST(Hooks, are_asked_in_their_order_from_start_to_stop) {
    for (const unsigned threads : {0U, 1U}) {
        Sink sink;
        const auto log = new_log();
        {
            auto broker = sink.builder(threads)
                              .with(Witness{"a", log})
                              .with(Witness{"b", log})
                              .start()
                              .value();
            auto one = broker.subscribe("t/+", [](const Number&) {});
            (void)broker.publish("t/x", Number{1});
            EXPECT_TRUE(broker.drain());
            one.drop();
            EXPECT_TRUE(broker.drain());
            broker.stop();
            broker.stop();
        }
        EXPECT_THAT(log->all(),
                    ElementsAre("a start 0", "b start 0", "a subscribe t/+", "b subscribe t/+",
                                R"(a publish t/x {"n":1})", R"(b publish t/x {"n":1})",
                                R"(a published {"n":1} to 1)", R"(b published {"n":1} to 1)",
                                "a unsubscribe t/+", "b unsubscribe t/+", "a stop", "b stop"));
    }
}

TEST(Hooks, are_asked_for_their_topics_only_and_without_any_for_all) {
    Sink sink;
    const auto log = new_log();
    auto broker = sink.builder(0)
                      .with(Witness{"all", log})
                      .with(Witness{"some", log}, "a/#")
                      .with(Witness{"glob", log}, glob("*b"))
                      .start()
                      .value();
    for (const auto* topic : {"a/b", "c", "$sys"}) (void)broker.publish(topic, "x");
    std::vector<std::string> asked;
    for (const auto& line : log->all()) {
        if (line.find(" publish ") != line.npos) asked.push_back(line);
    }
    EXPECT_THAT(asked, ElementsAre("all publish a/b x", "some publish a/b x", "glob publish a/b x",
                                   "all publish c x", "all publish $sys x"));
    const auto wrong = Builder().with(Witness{"w", log}, "a/#/b").with(Threads{65}).start();
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, HasSubstr("byte 3"));
    EXPECT_THAT(wrong.error().message, HasSubstr("; Threads: at most 64"));
}

TEST(Hooks, put_something_else_in_its_place_for_later_hooks_and_everybody) {
    Sink sink;
    std::vector<std::string> seen;
    const auto look = [&](PublishEvent& event) {
        const auto* typed = event.get_if<Number>();
        seen.push_back(typed != nullptr ? std::to_string(typed->n) : std::string(event.body()));
        return Verdict::pass();
    };
    auto broker =
        sink.builder(0)
            .with(OnPublish{look})
            .with(transform<Number>([](Number& m) { m.n *= 2; }), "t/#")
            .with(OnPublish{look})
            .with(OnPublish{[](PublishEvent& event) {
                const auto was = event.as<Number>();
                event.replace(Raw{Encoding::json, R"({"n":)" + std::to_string(was->n + 1) + "}"});
                return Verdict::pass();
            }})
            .with(OnPublish{look})
            .start()
            .value();
    std::vector<std::int64_t> heard;
    std::string raw;
    const auto a = broker.subscribe("t", [&](const Number& m) { heard.push_back(m.n); });
    const auto b = broker.subscribe("#", [&](Number m) -> Task<> {
        heard.push_back(m.n);
        co_return;
    });
    const auto c = broker.subscribe("t", [&](const Raw& m) { raw = m.body; });
    const Number mine{5};
    (void)broker.publish("t", mine);
    broker.run_ready();
    EXPECT_THAT(seen, ElementsAre("5", "10", R"({"n":11})"));
    EXPECT_THAT(heard, ElementsAre(11, 11));
    EXPECT_EQ(raw, R"({"n":11})");
    EXPECT_EQ(mine.n, 5);
}

TEST(Hooks, refuse_with_a_reason_and_then_nobody_hears_it) {
    Sink sink;
    const auto log = new_log();
    auto broker = sink.builder(0)
                      .with(OnPublish{[](PublishEvent& event) {
                                return event.as<Number>()->n == 13 ? Verdict::refuse("bad luck")
                                                                   : Verdict::pass();
                            }},
                            "t")
                      .with(Witness{"later", log})
                      .start()
                      .value();
    std::vector<std::int64_t> heard;
    const auto a = broker.subscribe("#", [&](const Number& m) { heard.push_back(m.n); });
    auto stream = broker.stream<Number>("t");
    const auto refused = broker.publish("t", Number{13});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::forbidden);
    EXPECT_EQ(refused.error().message, "t: bad luck");
    EXPECT_EQ(broker.publish_confirmed("t", Number{13}).get().error().message, "t: bad luck");
    EXPECT_TRUE(broker.publish("other", Number{13}));
    EXPECT_TRUE(broker.publish("t", Number{14}));
    broker.run_ready();
    EXPECT_THAT(heard, ElementsAre(13, 14));
    EXPECT_EQ(stream.wait(10s)->value().n, 14);
    EXPECT_EQ(broker.stats().refused, 2u);
    for (const auto& line : log->all()) EXPECT_EQ(line.find("t {\"n\":13}"), line.npos) << line;
}

TEST(Hooks, may_publish_until_they_are_nested_too_deep) {
    Sink sink;
    struct Echo {
        std::optional<Broker> broker{};
        int depth = 0;
        std::vector<std::string>* errors = nullptr;
        void on_start(Broker& its) { broker = its; }  // keeps nothing alive
        Verdict on_publish(PublishEvent& event) {
            if (event.topic() != "t") return Verdict::pass();
            ++depth;
            const auto inner = broker->publish("t", Number{depth});
            if (!inner) errors->push_back(inner.error().message);
            return Verdict::pass();
        }
    };
    std::vector<std::string> errors;
    Echo echo;
    echo.errors = &errors;
    auto broker = sink.builder(0).with(std::move(echo)).start().value();
    std::vector<std::int64_t> heard;
    const auto a = broker.subscribe("t", [&](const Number& m) { heard.push_back(m.n); });
    EXPECT_TRUE(broker.publish("t", Number{0}));
    broker.run_ready();
    EXPECT_THAT(heard, ElementsAre(7, 6, 5, 4, 3, 2, 1, 0));
    EXPECT_THAT(errors, ElementsAre(HasSubstr("too deep")));
    EXPECT_TRUE(broker.publish("other", Number{1}));
}

TEST(Hooks, that_throw_have_refused) {
    Sink sink;
    auto broker = sink.builder(0)
                      .with(OnPublish{[](PublishEvent& event) -> Verdict {
                          if (event.topic() == "int") throw 5;
                          throw std::runtime_error("broken");
                      }})
                      .start()
                      .value();
    EXPECT_THAT(broker.publish("t", Number{1}).error().message,
                HasSubstr("t: a hook failed: broken"));
    EXPECT_EQ(broker.publish("int", Number{1}).error().kind, ErrorKind::forbidden);
    EXPECT_THAT(sink.all(), ElementsAre("broken", HasSubstr("no std::exception")));
}

TEST(Hooks, may_forbid_to_subscribe) {
    for (const unsigned threads : {0U, 2U}) {
        Sink sink;
        const auto log = new_log();
        struct Guard {
            Verdict on_subscribe(std::string_view topic) {
                return topic.starts_with("secret") ? Verdict::refuse("not for you")
                                                   : Verdict::pass();
            }
        };
        auto broker = sink.builder(threads).with(Guard{}).with(Witness{"w", log}).start().value();
        const auto a = broker.subscribe("secret/+", [](const Number&) {});
        const auto b = broker.stream<Number>("secret/1");
        EXPECT_FALSE(a);
        ASSERT_NE(a.error(), nullptr);
        EXPECT_EQ(a.error()->kind, ErrorKind::forbidden);
        EXPECT_EQ(a.error()->message, "secret/+: not for you");
        ASSERT_NE(b.error(), nullptr);
        EXPECT_EQ(broker.publish("secret/1", Number{1}).value().matched, 0u);
        broker.stop();
        EXPECT_THAT(log->all(), ::testing::Not(::testing::Contains(HasSubstr("subscribe"))));
    }
}

TEST(Hooks, may_call_the_broker_whatever_they_are_told) {
    for (const unsigned threads : {0U, 1U, 2U}) {
        struct Busy {
            std::optional<Broker> broker{};
            std::shared_ptr<std::vector<Subscription>> kept =
                std::make_shared<std::vector<Subscription>>();
            void on_start(Broker& its) {
                broker = its;
                kept->push_back(its.subscribe("own", [](const Number&) {}));
            }
            Verdict on_subscribe(std::string_view topic) {
                if (topic == "t") (void)broker->publish("own", Number{1});
                return Verdict::pass();
            }
            void on_unsubscribe(std::string_view topic) {
                if (topic != "t") return;
                (void)broker->publish("own", Number{2});
                (void)broker->subscribe("more", [](const Number&) {});
            }
            void on_published(const PublishedEvent& event) {
                if (event.topic == "own") return;
                auto more = broker->subscribe("more", [](const Number&) {});
            }
            void on_stop() {
                EXPECT_FALSE(broker->publish("own", Number{3}));
                auto late = broker->subscribe("more", [](const Number&) {});
                EXPECT_FALSE(late);
                broker->stop();
            }
        };
        Sink sink;
        auto broker = sink.builder(threads).with(Busy{}).start().value();
        for (int n = 0; n < 20; ++n) {
            auto a = broker.subscribe("t", [&](const Number&) {
                auto inner = broker.subscribe("t", [](const Number&) {});
            });
            (void)broker.publish("t", Number{n});
        }
        EXPECT_TRUE(broker.drain());
    }
}

// ---- those that we ship ----

TEST(Logging, writes_a_line_for_each_event_and_never_the_message) {
    Sink sink;
    const auto log = new_log();
    auto broker = sink.builder(0)
                      .with(Logging([log](std::string_view line) { log->add(std::string(line)); }))
                      .start()
                      .value();
    {
        const auto a = broker.subscribe("t/+", [](const std::string&) {});
        (void)broker.publish("t/x", "secret");
    }
    broker.run_ready();
    EXPECT_THAT(log->all(),
                ElementsAre("subscribed t/+", HasSubstr("published t/x"), "unsubscribed t/+"));
    EXPECT_THAT(log->all()[1], HasSubstr("matched=1"));
    EXPECT_THAT(log->all()[1], ::testing::Not(HasSubstr("secret")));
}

TEST(Metrics, counts_in_the_format_of_prometheus) {
    Sink sink;
    Metrics metrics;
    auto broker = sink.builder(0).with(metrics).start().value();
    auto a = broker.subscribe("t", [](const Number&) {});
    const auto b = broker.subscribe("+", [](const Number&) {});
    for (int n = 0; n < 3; ++n) (void)broker.publish("t", Number{n});
    a.drop();
    broker.run_ready();
    EXPECT_EQ(metrics.published(), 3u);
    EXPECT_EQ(metrics.matched(), 6u);
    EXPECT_EQ(metrics.text(),
              "# HELP carillon_library_published_total Publications.\n"
              "# TYPE carillon_library_published_total counter\n"
              "carillon_library_published_total 3\n"
              "# HELP carillon_library_matched_total Pairs of publication and subscriber.\n"
              "# TYPE carillon_library_matched_total counter\n"
              "carillon_library_matched_total 6\n"
              "# HELP carillon_library_subscribed_total Subscriptions asked for.\n"
              "# TYPE carillon_library_subscribed_total counter\n"
              "carillon_library_subscribed_total 2\n"
              "# HELP carillon_library_unsubscribed_total Subscriptions that ended.\n"
              "# TYPE carillon_library_unsubscribed_total counter\n"
              "carillon_library_unsubscribed_total 1\n");
}

}  // namespace
}  // namespace carillon::broker_testing
