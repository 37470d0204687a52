// What the host does with publications and subscriptions before the hub does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "hub/testing_spread.h"

namespace carillon::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::join;
using testing::levels;
using testing::make_app;
using testing::message;
using testing::Reader;
using testing::TestClient;
using testing::TestHistory;
using testing::TestHub;

struct TestHooks final : Hooks {
    bool watch(const App& app) const override { return app.id == "app"; }
    bool may_intervene() const override { return intervenes; }
    bool before_publish(const AppRef&, std::string_view channel,
                        PublicationRef& publication) const override {
        log.push_back("before " + std::string(channel) + " " + std::string(publication->body()));
        return before ? before(channel, publication) : true;
    }
    void after_publish(const AppRef&, std::string_view channel, const PublicationRef& publication,
                       std::uint64_t matched) const override {
        log.push_back("after " + std::string(channel) + " " + std::string(publication->body()) +
                      " " + std::to_string(matched));
        if (after) after(channel);
    }
    bool before_subscribe(const AppRef&, std::string_view channel) const override {
        log.push_back("joins " + std::string(channel));
        return !forbidden.contains(channel);
    }
    void after_unsubscribe(const AppRef&, std::string_view channel) const override {
        log.push_back("left " + std::string(channel));
        if (left) left(channel);
    }
    std::vector<std::string> take() { return std::exchange(log, {}); }

    std::function<bool(std::string_view, PublicationRef&)> before;
    std::function<void(std::string_view)> after;
    std::function<void(std::string_view)> left;
    std::set<std::string, std::less<>> forbidden;
    bool intervenes = true;
    mutable std::vector<std::string> log;
};

class Hooked : public ::testing::Test {
 protected:
    Hooked() { house.hub.attach(hooks); }
    Receipt publish(std::vector<std::string_view> channels, std::string_view body) {
        return house.hub.publish(house.app, channels, message(body), house.now());
    }
    TestHistory history;
    TestHooks hooks;
    TestHub house{{}, {.history = &history}};
};

// ---- publishing ----

TEST_F(Hooked, sees_each_publication_before_and_after_whoever_publishes) {
    auto ann = house.open();
    ann->join("a");
    hooks.take();
    publish({"a"}, "1");
    ann->publish("a", "2");
    house.hub.publish(house.hub.know(house.app), "a", message("3"), house.now(), Patience::none,
                      {});
    EXPECT_THAT(hooks.take(), ElementsAre("before a 1", "after a 1 1", "before a 2", "after a 2 1",
                                          "before a 3", "after a 3 1"));
    publish({"nobody's"}, "4");
    EXPECT_THAT(hooks.take(), ElementsAre("before nobody's 4", "after nobody's 4 0"));
    house.run();
    EXPECT_EQ(ann->take(), "a:e:1\na:e:2\na:e:3\n");
}

TEST_F(Hooked, that_never_intervenes_is_told_afterwards_only) {
    hooks.intervenes = false;
    publish({"a", "b"}, "1");
    EXPECT_THAT(hooks.take(), ElementsAre("after a 1 0", "after b 1 0"));
}

TEST_F(Hooked, is_not_asked_about_apps_it_does_not_watch) {
    const auto other = make_app("other");
    TestClient ann(house, other, 0, {});
    hooks.before = [](std::string_view, PublicationRef&) { return false; };
    hooks.forbidden = {"a"};
    EXPECT_EQ(ann.join("a").outcome, Outcome::ok);
    EXPECT_EQ(ann.publish("a", "1").outcome, Outcome::ok);
    ann.leave("a");
    EXPECT_THAT(hooks.take(), IsEmpty());
}

TEST_F(Hooked, puts_another_publication_in_its_place_for_all_who_hear_and_what_is_kept) {
    auto ann = house.open();
    Reader bob(house);
    Reader cid(house);
    ann->join("kept");
    bob.join(levels("#"));
    cid.join_group("kept");
    hooks.before = [](std::string_view, PublicationRef& publication) {
        publication = message(std::string(publication->body()) + "!");
        return true;
    };
    hooks.take();
    EXPECT_EQ(publish({"kept"}, "hi").matched, 3U);
    EXPECT_THAT(hooks.take(), ElementsAre("before kept hi", "after kept hi! 3"));
    house.run();
    EXPECT_EQ(ann->take(), "kept:e:hi!@1\n");
    EXPECT_THAT(bob.take(), ElementsAre("kept:hi!@1"));
    EXPECT_THAT(cid.take(), ElementsAre("kept:hi!@1"));
    EXPECT_EQ(house.hub.newest(house.app, "kept", 1)[0].publication->body(), "hi!");
    EXPECT_TRUE(house.balanced());
}

TEST_F(Hooked, puts_something_else_in_one_channel_and_not_in_another) {
    auto ann = house.open();
    ann->join("a");
    ann->join("b");
    ann->join("c");
    hooks.before = [](std::string_view channel, PublicationRef& publication) {
        if (channel == "b") publication = message("other");
        return true;
    };
    EXPECT_EQ(publish({"a", "b", "c"}, "1").matched, 3U);
    house.run();
    EXPECT_EQ(ann->take(), "a:e:1\nb:e:other\nc:e:1\n");
}

TEST_F(Hooked, what_it_refuses_reaches_nobody) {
    auto ann = house.open();
    Reader bob(house);
    Reader cid(house);
    ann->join("kept");
    bob.join(levels("#"));
    cid.join_group("kept");
    hooks.before = [](std::string_view, PublicationRef&) { return false; };
    hooks.take();
    int told = 0;
    EXPECT_EQ(publish({"kept"}, "1").outcome, Outcome::vetoed);
    EXPECT_EQ(ann->publish("kept", "2").outcome, Outcome::vetoed);
    EXPECT_EQ(house.hub
                  .publish(house.hub.know(house.app), "kept", message("3"), house.now(),
                           Patience::none, [&](const Fate&) { ++told; })
                  .outcome,
              Outcome::vetoed);
    EXPECT_THAT(hooks.take(), ElementsAre("before kept 1", "before kept 2", "before kept 3"));
    house.run();
    EXPECT_EQ(told, 0);
    EXPECT_EQ(ann->take(), "");
    EXPECT_THAT(bob.take(), IsEmpty());
    EXPECT_THAT(cid.take(), IsEmpty());
    EXPECT_THAT(history.log, IsEmpty());
    EXPECT_THAT(house.hub.newest(house.app, "kept", 10), IsEmpty());
    EXPECT_EQ(house.books().matched, 0U);
    EXPECT_EQ(house.lane().inbox().reserved_bytes(), 0U);
    EXPECT_EQ(house.hub.refused(Outcome::vetoed).get(), 3U);
    EXPECT_EQ(house.hub.published().get(), 0U);
    EXPECT_EQ(name_of(Outcome::vetoed), "vetoed");
}

TEST_F(Hooked, one_refusal_among_several_names_or_wishes_refuses_all) {
    auto ann = house.open();
    for (const auto* name : {"a", "b", "c"}) ann->join(name);
    hooks.before = [](std::string_view channel, PublicationRef&) { return channel != "b"; };
    EXPECT_EQ(publish({"a", "b", "c"}, "1").outcome, Outcome::vetoed);
    const std::string_view a = "a";
    const std::string_view b = "b";
    const Wish wishes[] = {{{&a, 1}, message("2")}, {{&b, 1}, message("3")}};
    EXPECT_EQ(house.hub.publish(house.app, wishes, house.now()).outcome, Outcome::vetoed);
    house.run();
    EXPECT_EQ(ann->take(), "");
    EXPECT_EQ(publish({"a", "c"}, "4").outcome, Outcome::ok);
    house.run();
    EXPECT_EQ(ann->take(), "a:e:4\nc:e:4\n");
}

// ---- hooks that publish ----

TEST_F(Hooked, may_publish_and_is_asked_about_that_too) {
    auto ann = house.open();
    ann->join("a");
    ann->join("copy");
    hooks.take();
    hooks.before = [&](std::string_view channel, PublicationRef& publication) {
        if (channel == "a") {
            const std::string_view name = "copy";
            house.hub.publish(house.app, {&name, 1}, publication, house.now());
        }
        return true;
    };
    publish({"a"}, "1");
    EXPECT_THAT(hooks.take(),
                ElementsAre("before a 1", "before copy 1", "after copy 1 1", "after a 1 1"));
    house.run();
    auto heard = ann->take();
    EXPECT_NE(heard.find("copy:e:1\n"), std::string::npos);
    EXPECT_NE(heard.find("a:e:1\n"), std::string::npos);
}

TEST_F(Hooked, is_stopped_where_it_publishes_one_inside_the_other) {
    auto ann = house.open();
    ann->join("a");
    for (const bool from_session : {false, true}) {
        for (const bool inside_after : {false, true}) {
            std::vector<Outcome> outcomes;
            unsigned depth = 0;
            unsigned deepest = 0;
            const auto again = [&] {
                deepest = std::max(deepest, ++depth);
                outcomes.push_back(from_session ? ann->publish("a", "x").outcome
                                                : publish({"a"}, "x").outcome);
                --depth;
            };
            hooks.before = nullptr;
            hooks.after = nullptr;
            if (inside_after) {
                hooks.after = [&](std::string_view) { again(); };
            } else {
                hooks.before = [&](std::string_view, PublicationRef&) {
                    again();
                    return true;
                };
            }
            const auto refused = house.hub.refused(Outcome::limit_nesting).get();
            EXPECT_EQ(publish({"a"}, "x").outcome, Outcome::ok);
            EXPECT_EQ(deepest, limits::hook_nesting_max);
            ASSERT_EQ(outcomes.size(), limits::hook_nesting_max);
            EXPECT_EQ(outcomes.front(), Outcome::limit_nesting);  // the innermost is back first
            EXPECT_EQ(std::ranges::count(outcomes, Outcome::limit_nesting), 1);
            EXPECT_EQ(house.hub.refused(Outcome::limit_nesting).get(), refused + 1);
            house.run();
            EXPECT_EQ(ann->take().size(), limits::hook_nesting_max * std::string("a:e:x\n").size());
        }
    }
    EXPECT_EQ(name_of(Outcome::limit_nesting), "limit_nesting");
    hooks.before = nullptr;
    hooks.after = nullptr;
    EXPECT_EQ(publish({"a"}, "x").outcome, Outcome::ok);  // and is as deep as before
    EXPECT_TRUE(house.balanced());
}

TEST_F(Hooked, a_refusal_deep_inside_is_not_the_outer_ones) {
    auto ann = house.open();
    ann->join("a");
    hooks.before = [&](std::string_view channel, PublicationRef&) {
        if (channel != "a") return false;
        EXPECT_EQ(publish({"inner"}, "x").outcome, Outcome::vetoed);
        return true;
    };
    EXPECT_EQ(publish({"a"}, "1").outcome, Outcome::ok);
}

// ---- subscribing ----

TEST_F(Hooked, may_forbid_a_subscription) {
    hooks.forbidden = {"secret", "secret/#"};
    auto ann = house.open();
    EXPECT_EQ(ann->join("secret").outcome, Outcome::vetoed);
    EXPECT_EQ(join(*ann, levels("secret/#")).outcome, Outcome::vetoed);
    EXPECT_EQ(ann->join("secret", {.member = "ann"}).outcome, Outcome::vetoed);
    EXPECT_EQ(ann->join("secret", {.group = "g"}).outcome, Outcome::vetoed);
    EXPECT_THAT(hooks.take(),
                ElementsAre("joins secret", "joins secret/#", "joins secret", "joins secret"));
    EXPECT_EQ(ann->session->subscription_count(), 0U);
    EXPECT_FALSE(house.hub.describe(house.app, "secret"));
    EXPECT_EQ(publish({"secret"}, "x").matched, 0U);
    EXPECT_EQ(publish({"secret/a"}, "x").matched, 0U);
    EXPECT_EQ(house.hub.refused(Outcome::vetoed).get(), 4U);
    hooks.take();
    EXPECT_EQ(ann->leave("secret"), Outcome::not_subscribed);
    EXPECT_THAT(hooks.take(), IsEmpty());
}

TEST_F(Hooked, is_asked_once_for_each_subscription) {
    auto ann = house.open();
    ann->join("a");
    ann->join("a");
    join(*ann, levels("b/*"));
    join(*ann, levels("b/*"));
    EXPECT_THAT(hooks.take(), ElementsAre("joins a", "joins b/+"));
}

TEST_F(Hooked, is_told_once_of_each_that_ends_however_it_ends) {
    auto ann = house.open();
    ann->join("a");
    ann->join("b", {.member = "ann"});
    join(*ann, levels("c/#"));
    ann->join("d", {.group = "g"});
    ann->join("e");
    hooks.take();
    ann->leave("a");
    EXPECT_THAT(hooks.take(), ElementsAre("left a"));
    ann->leave("a");
    house.run();
    EXPECT_THAT(hooks.take(), IsEmpty());
    ann->leave("e");
    ann->close();
    house.run();
    auto rest = hooks.take();
    std::ranges::sort(rest);
    EXPECT_THAT(rest, ElementsAre("left b", "left c/#", "left d", "left e"));
    house.run();
    EXPECT_THAT(hooks.take(), IsEmpty());
    EXPECT_EQ(house.hub.channel_count(), 0U);
}

TEST_F(Hooked, is_told_of_those_whom_the_hub_ends) {
    auto ann = house.open();
    ann->join("a");
    join(*ann, levels("#"));
    hooks.take();
    house.hub.end(*ann->session, CloseReason::kicked);
    house.run();
    auto told = hooks.take();
    std::ranges::sort(told);
    EXPECT_THAT(told, ElementsAre("left #", "left a"));
    ann->close();
    house.run();
    EXPECT_THAT(hooks.take(), IsEmpty());
}

TEST_F(Hooked, may_do_anything_when_somebody_left) {
    auto ann = house.open();
    auto bob = house.open();
    auto cid = house.open();
    for (const auto* name : {"a", "b", "c"}) {
        ann->join(name);
        bob->join(name);
        cid->join(name);
    }
    join(*bob, levels("#"));
    bool closed = false;
    hooks.left = [&](std::string_view channel) {
        publish({channel}, "bye");
        if (!std::exchange(closed, true)) bob->close();
        cid->leave(channel);
    };
    hooks.take();
    ann->close();
    house.run();
    const auto log = hooks.take();
    for (const auto* name : {"left a", "left b", "left c"}) {
        EXPECT_EQ(std::ranges::count(log, name), 3) << name;
    }
    EXPECT_EQ(std::ranges::count(log, "left #"), 1);
    EXPECT_EQ(house.hub.channel_count(), 0U);
    EXPECT_TRUE(house.balanced());
}

TEST_F(Hooked, may_let_the_last_ones_go_while_the_last_departure_is_settled) {
    auto ann = house.open();
    auto bob = house.open();
    ann->join("a");
    bob->join("b");
    hooks.left = [&](std::string_view channel) {
        if (channel == "a") bob->close();  // the list of departures has just become empty
    };
    ann->close();
    house.run();
    EXPECT_THAT(hooks.take(), ElementsAre("joins a", "joins b", "left a", "left b"));
    EXPECT_EQ(house.hub.channel_count(), 0U);
}

// ---- bridges ----

struct OneBridge final : Bridges {
    bool lead_from(const App& app) const override { return app.id == "app"; }
    void cross(const App&, std::string_view channel, const PublicationRef& publication,
               std::vector<Crossing>& out) const override {
        if (channel == from) out.push_back({0, to, name, publication});
    }
    void told(std::size_t, End end) const override { ends.push_back(end); }
    std::string from;
    AppRef to;
    std::string name;
    mutable std::vector<End> ends;
};

TEST_F(Hooked, what_a_bridge_brings_is_not_asked_about_and_what_was_refused_does_not_cross) {
    OneBridge bridge;
    bridge.from = "a";
    bridge.to = house.app;
    bridge.name = "there";
    house.hub.attach(bridge);
    auto ann = house.open();
    ann->join("there");
    hooks.take();
    hooks.before = [](std::string_view, PublicationRef& publication) {
        if (publication->body() == "no") return false;
        publication = message("rewritten");
        return true;
    };
    publish({"a"}, "yes");
    publish({"a"}, "no");
    house.run();
    EXPECT_EQ(ann->take(), "there:e:rewritten\n");
    EXPECT_THAT(hooks.take(), ElementsAre("before a yes", "after a rewritten 0", "before a no"));
}

// One publish that names both ends of a bridge is heard once at each: hooks that change nothing
// change nothing of that.
TEST_F(Hooked, several_names_cross_bridges_as_they_do_without_hooks) {
    OneBridge bridge;
    bridge.from = "a";
    bridge.to = house.app;
    bridge.name = "b";
    for (const bool hooked : {false, true}) {
        TestHub other;
        other.hub.attach(bridge);
        if (hooked) other.hub.attach(hooks);
        bridge.to = other.app;
        auto ann = other.open();
        ann->join("b");
        const std::string_view names[] = {"a", "b"};
        other.hub.publish(other.app, names, message("x"), other.now());
        other.run();
        EXPECT_EQ(ann->take(), "b:e:x\n") << hooked;
        EXPECT_THAT(bridge.ends, ElementsAre(Bridges::End::looped));
        EXPECT_EQ(other.hub.published().get(), 1U);
        bridge.ends.clear();
    }
}

}  // namespace
}  // namespace carillon::hub
