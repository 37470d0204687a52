#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::make_app;
using testing::message;
using testing::TestClient;
using testing::TestHub;

// From one channel to another, or from every channel of an app with something put before its name.
struct Way {
    std::string from;
    std::string channel;  // empty: all
    AppRef to;
    std::string becomes;  // of all: what comes before the name
};

struct TestBridges final : Bridges {
    bool lead_from(const App& app) const override {
        ++asked;
        return std::ranges::any_of(ways, [&](const Way& way) { return way.from == app.id; });
    }
    void cross(const App& from, std::string_view channel, const PublicationRef& publication,
               std::vector<Crossing>& out) const override {
        for (std::size_t i = 0; i < ways.size(); ++i) {
            const auto& way = ways[i];
            if (way.from != from.id || (!way.channel.empty() && way.channel != channel)) continue;
            auto name = way.becomes + (way.channel.empty() ? std::string(channel) : "");
            out.push_back({i, way.to, std::move(name), publication});
        }
    }
    void told(std::size_t bridge, End end) const override {
        static constexpr std::array<const char*, 4> names = {"crossed", "looped", "too_far",
                                                             "overloaded"};
        log.push_back(std::to_string(bridge) + " " + names[static_cast<std::size_t>(end)]);
    }
    auto count(std::string_view line) const { return std::ranges::count(log, line); }

    std::vector<Way> ways;
    mutable std::vector<std::string> log;  // bridge and how it ended
    mutable int asked = 0;
};

class Bridging : public ::testing::Test {
 protected:
    Bridging() { house.hub.attach(bridges); }
    std::unique_ptr<TestClient> listener(const AppRef& app, std::string_view channel) {
        auto client = std::make_unique<TestClient>(house, app, 0, OutboxPolicy{});
        client->join(channel);
        return client;
    }
    Receipt publish(const AppRef& app, std::vector<std::string_view> channels,
                    std::string_view body) {
        return house.hub.publish(app, channels, message(body), house.now());
    }

    AppRef a = make_app("a");
    AppRef b = make_app("b");
    AppRef c = make_app("c");
    TestBridges bridges;
    TestHub house;
};

TEST_F(Bridging, publishes_on_the_other_side_under_the_name_it_has_there) {
    bridges.ways = {{"a", "x", b, "y"}};
    const auto there = listener(b, "y");
    const auto same_name = listener(b, "x");
    EXPECT_EQ(publish(a, {"x"}, "hi").outcome, Outcome::ok);
    house.run();
    EXPECT_EQ(there->take(), "y:e:hi\n");
    EXPECT_EQ(same_name->take(), "");
    EXPECT_THAT(bridges.log, ElementsAre("0 crossed"));
    EXPECT_EQ(house.hub.published().get(), 2U);
    EXPECT_TRUE(house.balanced());
}

TEST_F(Bridging, answers_for_the_first_app_alone) {
    bridges.ways = {{"a", "x", b, "x"}};
    const auto here = listener(a, "x");
    const auto there = listener(b, "x");
    const auto there_too = listener(b, "x");
    EXPECT_EQ(publish(a, {"x"}, "hi").matched, 1U);
    EXPECT_EQ(publish(b, {"x"}, "not back").matched, 2U);
    house.run();
    EXPECT_EQ(here->take(), "x:e:hi\n");
    EXPECT_EQ(there->take(), "x:e:hi\nx:e:not back\n");
}

TEST_F(Bridging, crosses_where_nobody_hears_it_here) {
    bridges.ways = {{"a", "x", b, "x"}};
    const auto there = listener(b, "x");
    EXPECT_EQ(publish(a, {"x"}, "hi").matched, 0U);
    house.run();
    EXPECT_EQ(there->take(), "x:e:hi\n");
}

TEST_F(Bridging, carries_what_a_client_publishes_and_what_is_published_together) {
    bridges.ways = {{"a", "", b, ""}};
    const auto speaker = listener(a, "x");
    const auto there = listener(b, "x");
    speaker->publish("x", "from a client");
    const std::array<std::string_view, 1> x{"x"};
    const std::array wishes{Wish{x, message("one")}, Wish{x, message("two")}};
    house.hub.publish(a, wishes, house.now());
    house.run();
    EXPECT_EQ(there->take(), "x:e:from a client\nx:e:one\nx:e:two\n");
}

TEST_F(Bridging, keeps_the_order_of_one_publisher) {
    bridges.ways = {{"a", "", b, ""}, {"a", "", c, ""}, {"b", "", c, ""}};
    const auto there = listener(b, "x");
    const auto far = listener(c, "x");
    std::string expected;
    for (int i = 0; i < 50; ++i) {
        const auto body = std::to_string(i);
        publish(a, {"x"}, body);
        expected += "x:e:" + body + "\n";
    }
    house.run();
    EXPECT_EQ(there->take(), expected);
    EXPECT_EQ(far->take(), expected);
}

TEST_F(Bridging, carries_messages_only) {
    bridges.ways = {{"a", "", b, ""}};
    const auto there = listener(b, "x");
    const std::array<std::string_view, 1> x{"x"};
    for (const auto kind : {Kind::joined, Kind::left, Kind::gap, Kind::announcement}) {
        house.hub.publish(a, x, Publication::make({.kind = kind, .body = "no"}), house.now());
    }
    const auto member = listener(a, "other");
    house.hub.subscribe(*member->session, "x", house.lines, {.member = "ann"}, house.now());
    house.run();
    EXPECT_EQ(there->take(), "");
    EXPECT_THAT(bridges.log, IsEmpty());
}

TEST_F(Bridging, does_not_carry_what_was_refused) {
    bridges.ways = {{"a", "", b, ""}};
    EXPECT_EQ(publish(a, {""}, "hi").outcome, Outcome::bad_name);
    const std::vector<std::string_view> many(limits::publish_channels_max + 1, "x");
    EXPECT_EQ(publish(a, many, "hi").outcome, Outcome::limit_channels);
    EXPECT_EQ(bridges.asked, 0);
}

TEST_F(Bridging, goes_on_over_further_bridges) {
    bridges.ways = {{"a", "x", b, "y"}, {"b", "y", c, "z"}};
    const auto there = listener(c, "z");
    publish(a, {"x"}, "hi");
    house.run();
    EXPECT_EQ(there->take(), "z:e:hi\n");
    EXPECT_THAT(bridges.log, ElementsAre("0 crossed", "1 crossed"));
}

TEST_F(Bridging, never_comes_back) {
    bridges.ways = {{"a", "x", b, "y"}, {"b", "y", a, "x"}};
    const auto here = listener(a, "x");
    const auto there = listener(b, "y");
    publish(a, {"x"}, "from here");
    publish(b, {"y"}, "from there");
    house.run();
    EXPECT_EQ(here->take(), "x:e:from here\nx:e:from there\n");
    EXPECT_EQ(there->take(), "y:e:from here\ny:e:from there\n");
    EXPECT_THAT(bridges.log, ElementsAre("0 crossed", "1 looped", "1 crossed", "0 looped"));
}

TEST_F(Bridging, tells_channels_of_one_name_in_two_apps_apart) {
    bridges.ways = {{"a", "x", b, "x"}, {"b", "x", a, "y"}};
    const auto here = listener(a, "y");
    publish(a, {"x"}, "hi");
    house.run();
    EXPECT_EQ(here->take(), "y:e:hi\n");
}

TEST_F(Bridging, enters_a_channel_once_however_many_ways_lead_there) {
    bridges.ways = {{"a", "x", b, "y"}, {"a", "x", b, "y"}, {"a", "z", b, "y"}, {"a", "x", a, "z"}};
    const auto there = listener(b, "y");
    const auto here = listener(a, "z");
    publish(a, {"x", "z"}, "hi");
    house.run();
    EXPECT_EQ(there->take(), "y:e:hi\n");
    EXPECT_EQ(here->take(), "z:e:hi\n");  // it was named itself
    EXPECT_THAT(bridges.log, ElementsAre("0 crossed", "1 looped", "3 looped", "2 looped"));
}

TEST_F(Bridging, takes_the_shorter_of_two_ways) {
    bridges.ways = {{"a", "x", b, "y"}, {"b", "y", c, "z"}, {"a", "x", c, "z"}};
    publish(a, {"x"}, "hi");
    EXPECT_THAT(bridges.log, ElementsAre("0 crossed", "2 crossed", "1 looped"));
}

TEST_F(Bridging, begins_anew_with_each_publish) {
    bridges.ways = {{"a", "x", b, "y"}};
    const auto same = message("hi");
    const std::array<std::string_view, 1> x{"x"};
    house.hub.publish(a, x, same, house.now());
    const std::array wishes{Wish{x, same}, Wish{x, same}};
    house.hub.publish(a, wishes, house.now());
    EXPECT_EQ(bridges.count("0 crossed"), 3);
}

TEST_F(Bridging, goes_over_no_more_than_eight_in_a_row) {
    for (int i = 0; i < 12; ++i) {
        bridges.ways.push_back({"a", std::to_string(i), a, std::to_string(i + 1)});
    }
    const auto eighth = listener(a, "8");
    const auto ninth = listener(a, "9");
    publish(a, {"0"}, "hi");
    house.run();
    EXPECT_EQ(eighth->take(), "8:e:hi\n");
    EXPECT_EQ(ninth->take(), "");
    EXPECT_EQ(bridges.log.size(), limits::bridge_hops_max + 1);
    EXPECT_EQ(bridges.log.back(), "8 too_far");
}

// Three bridges that each make the name longer: 3 + 9 + … + 6,561 channels, if nobody counted.
TEST_F(Bridging, does_not_multiply_without_end) {
    bridges.ways = {{"a", "", a, "p"}, {"a", "", a, "q"}, {"a", "", a, "r"}};
    publish(a, {"x"}, "hi");
    const auto crossed =
        bridges.count("0 crossed") + bridges.count("1 crossed") + bridges.count("2 crossed");
    EXPECT_EQ(crossed, static_cast<std::ptrdiff_t>(limits::bridge_crossings_max));
    EXPECT_EQ(bridges.log.size(), 3 * (limits::bridge_crossings_max + 1));
}

TEST_F(Bridging, gives_every_named_channel_its_way) {
    bridges.ways = {{"a", "", b, ""}};
    const auto one = listener(b, "one");
    const auto two = listener(b, "two");
    publish(a, {"one", "two"}, "hi");
    house.run();
    EXPECT_EQ(one->take(), "one:e:hi\n");
    EXPECT_EQ(two->take(), "two:e:hi\n");
}

TEST_F(Bridging, that_finds_no_room_does_not_take_back_the_first_publish) {
    bridges.ways = {{"a", "x", b, "y"}, {"b", "y", c, "z"}, {"a", "x", c, "z"}};
    // Room for two of these on the lane.
    TestHub narrow{{.limits = {.inbox_bytes_max = 2 * message("hi")->inbox_bytes()}}};
    narrow.hub.attach(bridges);
    TestClient here(narrow, a, 0, {});
    TestClient there(narrow, b, 0, {});
    TestClient far(narrow, c, 0, {});
    here.join("x");
    there.join("y");
    far.join("z");
    const std::array<std::string_view, 1> x{"x"};
    EXPECT_EQ(narrow.hub.publish(a, x, message("hi"), narrow.now()).outcome, Outcome::ok);
    narrow.run();
    EXPECT_EQ(here.take(), "x:e:hi\n");
    EXPECT_EQ(there.take(), "y:e:hi\n");
    EXPECT_EQ(far.take(), "");
    // Where it did not get in it has not been: the second way tries again.
    EXPECT_THAT(bridges.log, ElementsAre("0 crossed", "2 overloaded", "1 overloaded"));
    EXPECT_EQ(narrow.hub.refused(Outcome::overloaded).get(), 0U);  // no publish was refused
    EXPECT_EQ(narrow.hub.published().get(), 2U);
    EXPECT_TRUE(narrow.balanced());
    // And nothing was taken for good.
    EXPECT_EQ(
        narrow.hub.publish(c, std::array<std::string_view, 1>{"z"}, message("hi"), narrow.now())
            .outcome,
        Outcome::ok);
}

TEST_F(Bridging, goes_no_further_from_where_it_did_not_get) {
    bridges.ways = {{"a", "x", b, "y"}, {"b", "y", c, "z"}};
    TestHub narrow{{.limits = {.inbox_bytes_max = message("hi")->inbox_bytes()}}};
    narrow.hub.attach(bridges);
    TestClient here(narrow, a, 0, {});
    here.join("x");
    narrow.hub.publish(a, std::array<std::string_view, 1>{"x"}, message("hi"), narrow.now());
    EXPECT_THAT(bridges.log, ElementsAre("0 overloaded"));
}

TEST_F(Bridging, is_kept_there_where_the_other_side_keeps) {
    testing::TestHistory history;
    TestHub keeping{{}, {.history = &history}};
    keeping.hub.attach(bridges);
    bridges.ways = {{"a", "x", b, "kept"}};
    keeping.hub.publish(a, std::array<std::string_view, 1>{"x"}, message("hi"), keeping.now());
    EXPECT_THAT(history.log, ElementsAre("b/kept@1 hi"));
}

TEST_F(Bridging, wakes_the_lanes_of_the_other_side) {
    TestHub wide{{.lanes = 2}};
    wide.hub.attach(bridges);
    bridges.ways = {{"a", "x", b, "y"}};
    TestClient there(wide, b, 1, {});
    there.join("y");
    wide.run();
    wide.hub.publish(a, std::array<std::string_view, 1>{"x"}, message("hi"), wide.now());
    EXPECT_FALSE(wide.wakes[0]->woken.load());
    EXPECT_TRUE(wide.wakes[1]->woken.load());
    wide.run();
    EXPECT_EQ(there.take(), "y:e:hi\n");
}

TEST_F(Bridging, asks_no_further_where_no_bridge_begins) {
    bridges.ways = {{"b", "", c, ""}};
    publish(a, {"x"}, "hi");
    EXPECT_EQ(bridges.asked, 1);
    EXPECT_THAT(bridges.log, IsEmpty());
}

}  // namespace
}  // namespace carillon::hub
