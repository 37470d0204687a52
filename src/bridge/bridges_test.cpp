#include "bridge/bridges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/limits.h"

namespace carillon::bridge {
namespace {

using hub::BodyKind;
using hub::Publication;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using End = hub::Bridges::End;

struct TestLog final : base::Log {
    void write(base::LogLevel level, std::string_view event,
               std::span<const base::LogField> fields) override {
        auto line = std::string(level == base::LogLevel::warning ? "warning " : "? ");
        line += event;
        for (const auto& [key, value] : fields) {
            line += " " + std::string(key) + "=" + std::string(std::get<0>(value));
        }
        lines.push_back(std::move(line));
    }
    std::vector<std::string> lines;
};

hub::AppRef app(std::string id, hub::AppLimits limits = {}) {
    hub::App made;
    made.id = std::move(id);
    made.limits = limits;
    return std::make_shared<const hub::App>(std::move(made));
}

bool begins_with(std::string_view name, std::string_view prefix) {
    return name.starts_with(prefix);
}

class BridgesTest : public ::testing::Test {
 protected:
    // shop: every name, a roof over some. web: no colon, "private-" reserved, "!" hidden; narrow.
    void SetUp() override {
        const auto reserved = [](std::string_view name) { return begins_with(name, "private-"); };
        const auto hidden = [](std::string_view name) { return begins_with(name, "!"); };
        places.push_back({app("shop"), reserved, hidden, {}});
        places.push_back({app("web", {.channel_name_bytes_max = 12,
                                      .event_name_bytes_max = 8,
                                      .event_payload_bytes_max = 16}),
                          reserved, hidden, [](std::string_view name) {
                              return name.find(':') == std::string_view::npos;
                          }});
        places.push_back({app("free"), {}, {}, {}});
    }

    void make(std::vector<Rule> rules) {
        auto made = Bridges::make(rules, places, log);
        ASSERT_TRUE(made.has_value()) << made.error().message;
        bridges = std::move(made).value();
    }
    std::string error_of(std::vector<Rule> rules) {
        const auto made = Bridges::make(rules, places, log);
        return made.has_value() ? "none" : made.error().message;
    }
    std::vector<hub::Bridges::Crossing> crossings(std::string_view from, std::string_view channel,
                                                  const hub::PublicationRef& publication) {
        std::vector<hub::Bridges::Crossing> out;
        bridges->cross(*app(std::string(from)), channel, publication, out);
        return out;
    }
    // "0 web/chat-lobby": the bridge, and where it leads.
    std::vector<std::string> ways(std::string_view from, std::string_view channel) {
        std::vector<std::string> lines;
        for (const auto& crossing :
             crossings(from, channel, Publication::make({.event = "e", .body = "hi"}))) {
            lines.push_back(std::to_string(crossing.bridge) + " " + crossing.app->id + "/" +
                            crossing.channel);
        }
        return lines;
    }
    // Every number that is not zero.
    std::vector<std::string> counts() {
        std::vector<std::string> lines;
        bridges->each([&](std::string_view bridge, Ending fate, std::uint64_t count) {
            if (count == 0) return;
            lines.push_back(std::string(bridge) + ": " + std::to_string(count) + " " +
                            std::string(name_of(fate)));
        });
        return lines;
    }

    TestLog log;
    std::vector<Place> places;
    std::unique_ptr<Bridges> bridges;
};

TEST_F(BridgesTest, lead_from_one_name_to_the_same_name_or_another) {
    make({{"shop", "news", "free", ""}, {"shop", "old", "free", "new"}});
    EXPECT_THAT(ways("shop", "news"), ElementsAre("0 free/news"));
    EXPECT_THAT(ways("shop", "old"), ElementsAre("1 free/new"));
    EXPECT_THAT(ways("shop", "other"), IsEmpty());
    EXPECT_THAT(ways("free", "news"), IsEmpty());
}

TEST_F(BridgesTest, fill_the_star_of_the_new_name_with_what_the_patterns_stood_for) {
    make({{"shop", "chat:*", "free", "chat-*"},
          {"shop", "log:*", "free", "logs"},
          {"shop", "a*z", "free", ""}});
    EXPECT_THAT(ways("shop", "chat:lobby"), ElementsAre("0 free/chat-lobby"));
    EXPECT_THAT(ways("shop", "log:7"), ElementsAre("1 free/logs"));
    EXPECT_THAT(ways("shop", "a-z"), ElementsAre("2 free/a-z"));
}

TEST_F(BridgesTest, all_carry_a_name_that_fits_them_first_those_that_name_it) {
    make({{"shop", "*", "free", "all"},
          {"shop", "c*", "free", "c"},
          {"shop", "chat", "free", "1"},
          {"shop", "chat", "web", "2"}});
    EXPECT_THAT(ways("shop", "chat"), ElementsAre("2 free/1", "3 web/2", "0 free/all", "1 free/c"));
}

TEST_F(BridgesTest, know_where_they_begin) {
    make({{"shop", "news", "free", ""}});
    EXPECT_TRUE(bridges->lead_from(*app("shop")));
    EXPECT_FALSE(bridges->lead_from(*app("free")));
    EXPECT_FALSE(bridges->lead_from(*app("web")));
}

TEST_F(BridgesTest, hand_on_the_same_publication_to_the_app_they_were_given) {
    make({{"shop", "news", "free", ""}});
    const auto publication = Publication::make({.body = "hi"});
    const auto out = crossings("shop", "news", publication);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].publication, publication);
    EXPECT_EQ(out[0].app, places[2].app);
}

// ---- names ----

TEST_F(BridgesTest, with_a_pattern_do_not_mean_reserved_names_and_with_a_name_do) {
    make({{"shop", "*", "free", "all"}, {"shop", "private-a", "free", "a"}});
    EXPECT_THAT(ways("shop", "private-a"), ElementsAre("1 free/a"));
    EXPECT_THAT(ways("shop", "private-b"), IsEmpty());
    EXPECT_THAT(ways("shop", "open"), ElementsAre("0 free/all"));
    EXPECT_THAT(counts(), IsEmpty());
}

TEST_F(BridgesTest, never_carry_a_hidden_name) {
    make({{"shop", "*", "free", "all"}});
    EXPECT_THAT(ways("shop", "!own"), IsEmpty());
    EXPECT_THAT(error_of({{"shop", "!own", "free", "own"}}),
                HasSubstr("no client of app shop can use the name !own"));
}

TEST_F(BridgesTest, refuse_a_name_that_the_other_side_cannot_say) {
    make({{"shop", "*", "web", ""}});
    EXPECT_THAT(ways("shop", "chat:lobby"), IsEmpty());  // no colon there
    EXPECT_THAT(ways("shop", "twelve-bytes"), ElementsAre("0 web/twelve-bytes"));
    EXPECT_THAT(ways("shop", "thirteen-byte"), IsEmpty());  // longer than its app allows
    EXPECT_THAT(counts(), ElementsAre("shop/* -> web/*: 2 name"));
}

TEST_F(BridgesTest, refuse_an_empty_name_and_one_longer_than_any_may_be) {
    places.push_back({app("wide", {.channel_name_bytes_max = 5000}), {}, {}, {}});
    make({{"shop", "x*", "free", "*"}, {"shop", "y*", "wide", "yy*"}});
    EXPECT_THAT(ways("shop", "x"), IsEmpty());
    EXPECT_THAT(ways("shop", "y" + std::string(limits::channel_name_bytes_max - 1, '-')),
                IsEmpty());
    EXPECT_THAT(ways("shop", "y" + std::string(limits::channel_name_bytes_max - 2, '-')).size(),
                1U);
    EXPECT_THAT(counts(), ElementsAre("shop/x* -> free/*: 1 name", "shop/y* -> wide/yy*: 1 name"));
}

TEST_F(BridgesTest, reach_no_hidden_name) {
    make({{"free", "*", "web", ""}});
    EXPECT_THAT(ways("free", "!own"), IsEmpty());
    EXPECT_THAT(counts(), ElementsAre("free/* -> web/*: 1 name"));
}

// A client that may speak anywhere in one app must not reach into private channels of another.
TEST_F(BridgesTest, reach_a_reserved_name_only_where_the_operator_wrote_it) {
    make({{"free", "*", "web", ""},
          {"free", "p:*", "web", "private-*"},
          {"free", "q:*", "web", "private-q"},
          {"free", "r:*", "web", "*"}});
    EXPECT_THAT(ways("free", "private-a"), IsEmpty());
    EXPECT_THAT(ways("free", "p:a"), ElementsAre("1 web/private-a"));
    EXPECT_THAT(ways("free", "q:a"), ElementsAre("2 web/private-q"));
    EXPECT_THAT(ways("free", "r:private-a"), IsEmpty());
}

// ---- bodies ----

TEST_F(BridgesTest, convert_bodies_and_refuse_those_without_a_form) {
    make({{"shop", "*", "free", "", BodyRule::json, "message"}});
    const auto out =
        crossings("shop", "x", Publication::make({.body_kind = BodyKind::text, .body = "hi"}));
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].publication->body(), "\"hi\"");
    EXPECT_EQ(out[0].publication->event(), "message");
    EXPECT_THAT(
        crossings("shop", "x", Publication::make({.body_kind = BodyKind::binary, .body = "hi"})),
        IsEmpty());
    EXPECT_THAT(counts(), ElementsAre("shop/* -> free/*: 1 body"));
}

TEST_F(BridgesTest, refuse_what_is_larger_than_the_other_app_allows) {
    make({{"shop", "*", "web", ""}, {"shop", "*", "web", "e*", BodyRule::envelope}});
    const auto of = [&](std::size_t body, std::size_t event) {
        return crossings("shop", "x",
                         Publication::make(
                             {.event = std::string(event, 'e'), .body = std::string(body, '1')}))
            .size();
    };
    EXPECT_EQ(of(16, 8), 1U);
    EXPECT_EQ(of(17, 8), 0U);
    EXPECT_EQ(of(16, 9), 0U);
    // What counts is what it becomes.
    EXPECT_THAT(counts(),
                ElementsAre("shop/* -> web/*: 2 too_large", "shop/* -> web/e*: 3 too_large"));
}

// ---- numbers and words ----

TEST_F(BridgesTest, count_what_the_hub_tells_of_each) {
    make({{"shop", "a", "free", ""}, {"shop", "b", "free", ""}});
    bridges->told(0, End::crossed);
    bridges->told(0, End::crossed);
    bridges->told(1, End::looped);
    bridges->told(1, End::overloaded);
    EXPECT_THAT(counts(), ElementsAre("shop/a -> free/a: 2 crossed", "shop/b -> free/b: 1 looped",
                                      "shop/b -> free/b: 1 overloaded"));
    EXPECT_THAT(log.lines, IsEmpty());
}

TEST_F(BridgesTest, show_zeros_too) {
    make({{"shop", "a", "free", ""}});
    std::vector<std::string> seen;
    bridges->each([&](std::string_view, Ending fate, std::uint64_t count) {
        EXPECT_EQ(count, 0U);
        seen.emplace_back(name_of(fate));
    });
    EXPECT_THAT(seen, ElementsAre("crossed", "name", "body", "too_large", "looped", "too_far",
                                  "overloaded"));
}

TEST_F(BridgesTest, log_the_first_refusal_of_each_kind_and_no_clients_word) {
    make({{"shop", "c:*", "web", ""}, {"shop", "d*", "web", ""}});
    for (int i = 0; i < 3; ++i) {
        ways("shop", "c:secret");
        ways("shop", "d:secret");
        crossings("shop", "d", Publication::make({.body = "a body of seventeen"}));
    }
    EXPECT_THAT(log.lines,
                ElementsAre("warning bridge_refused bridge=shop/c:* -> web/c:* reason=name",
                            "warning bridge_refused bridge=shop/d* -> web/d* reason=name",
                            "warning bridge_refused bridge=shop/d* -> web/d* reason=too_large"));
    EXPECT_THAT(counts(), ElementsAre("shop/c:* -> web/c:*: 3 name", "shop/d* -> web/d*: 3 name",
                                      "shop/d* -> web/d*: 3 too_large"));
}

TEST_F(BridgesTest, count_on_every_thread) {
    make({{"shop", "*", "web", ""}});
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) {
                ways("shop", "a:b");
                bridges->told(0, End::crossed);
            }
        });
    }
    threads.clear();
    EXPECT_THAT(counts(),
                ElementsAre("shop/* -> web/*: 4000 crossed", "shop/* -> web/*: 4000 name"));
    EXPECT_EQ(log.lines.size(), 1U);
}

// ---- at start ----

TEST_F(BridgesTest, are_refused_with_their_text_and_a_reason) {
    EXPECT_EQ(error_of({{"shop", "a*b*", "free", "x"}}),
              "bridge shop/a*b* -> free/x: its pattern needs a name with at most one *");
    EXPECT_THAT(error_of({{"shop", "", "free", "x"}}), HasSubstr("its pattern needs a name"));
    EXPECT_EQ(error_of({{"shop", "a*", "free", "**"}}),
              "bridge shop/a* -> free/**: its new name may hold one * at most");
    EXPECT_EQ(error_of({{"shop", "a", "free", "b*"}}),
              "bridge shop/a -> free/b*: its new name has a *, its pattern has none");
    EXPECT_EQ(error_of({{"shop", "a", "free", "a"}, {"ship", "a", "free", ""}}),
              "bridge ship/a -> free/a: there is no app ship");
    EXPECT_EQ(error_of({{"shop", "a", "fre", ""}}), "bridge shop/a -> fre/a: there is no app fre");
    EXPECT_EQ(error_of({{"shop", "a", "web", "", BodyRule::same, "123456789"}}),
              "bridge shop/a -> web/a: its event is longer than app web allows");
}

TEST_F(BridgesTest, that_lead_to_where_they_begin_are_refused) {
    EXPECT_THAT(error_of({{"shop", "a*", "shop", ""}}), HasSubstr("leads to where it begins"));
    EXPECT_THAT(error_of({{"shop", "a", "shop", "a"}}), HasSubstr("leads to where it begins"));
    EXPECT_EQ(error_of({{"shop", "a*", "shop", "b*"}}), "none");
}

TEST_F(BridgesTest, with_a_name_in_full_that_cannot_be_are_refused) {
    EXPECT_EQ(error_of({{"shop", "a:b", "web", ""}}),
              "bridge shop/a:b -> web/a:b: no client of app web can use the name a:b");
    EXPECT_THAT(error_of({{"shop", "chat:*", "web", "chat:all"}}),
                HasSubstr("no client of app web can use the name chat:all"));
    EXPECT_THAT(error_of({{"shop", "a", "web", "thirteen-byte"}}), HasSubstr("no client of app"));
    EXPECT_THAT(error_of({{"shop", "a", "web", "!own"}}), HasSubstr("no client of app web"));
    EXPECT_THAT(error_of({{"web", "a:b", "shop", ""}}), HasSubstr("no client of app web"));
    EXPECT_EQ(error_of({{"shop", "a", "web", "private-a"}}), "none");
    EXPECT_EQ(error_of({{"shop", "a:*", "web", ""}}), "none");  // not known before it happens
}

TEST_F(BridgesTest, are_bounded) {
    std::vector<Rule> rules(limits::bridges_max, {"shop", "a", "free", ""});
    EXPECT_EQ(error_of(rules), "none");
    rules.push_back(rules.front());
    EXPECT_EQ(error_of(rules), "more than 256 bridges");
}

}  // namespace
}  // namespace carillon::bridge
