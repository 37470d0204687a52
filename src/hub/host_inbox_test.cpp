#include "hub/host_inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TestHub;

struct Listener final : HostListener {
    bool wants(HostEvent::Kind kind, const App&) const override { return kind == wanted; }
    void on_event(const HostNews& news, Now) override {
        told.push_back(news.app->id + "/" + news.channel + " " + news.member);
    }
    void resync(Now) override { told.emplace_back("resync"); }
    void drained(Now) override { ++drains; }
    HostEvent::Kind wanted = HostEvent::Kind::occupied;
    std::vector<std::string> told;
    int drains = 0;
};

struct HostInboxTest : ::testing::Test {
    HostInboxTest() { inbox.listen(listener); }
    int wakes = 0;
    Listener listener;
    HostInbox inbox{[this] { ++wakes; }, 3};
    TestHub house{{}, {.host_events = &inbox}};
};

TEST_F(HostInboxTest, tells_what_was_decided_in_its_order_when_it_is_drained) {
    auto client = house.open();
    client->join("a");
    client->join("b");
    EXPECT_THAT(listener.told, IsEmpty());
    inbox.drain(house.now());
    EXPECT_THAT(listener.told, ElementsAre("app/a ", "app/b "));
    EXPECT_EQ(listener.drains, 1);
    inbox.drain(house.now());
    EXPECT_EQ(listener.told.size(), 2U);
}

TEST_F(HostInboxTest, keeps_nothing_that_nobody_wants) {
    auto client = house.open();
    client->join("a");
    client->leave("a");  // vacated: not wanted
    EXPECT_EQ(inbox.recorded(), 1U);
}

TEST_F(HostInboxTest, asks_to_be_drained_once_until_it_is) {
    auto client = house.open();
    client->join("a");
    client->join("b");
    EXPECT_EQ(wakes, 1);
    inbox.drain(house.now());
    client->join("c");
    EXPECT_EQ(wakes, 2);
}

TEST_F(HostInboxTest, that_is_full_counts_and_says_to_look_at_the_live_state) {
    auto client = house.open();
    for (const std::string name : {"a", "b", "c", "d", "e"}) client->join(name);
    EXPECT_EQ(inbox.lost(), 2U);
    inbox.drain(house.now());
    EXPECT_THAT(listener.told, ElementsAre("app/a ", "app/b ", "app/c ", "resync"));
    EXPECT_EQ(inbox.resyncs(), 1U);
    listener.told.clear();
    client->join("f");
    inbox.drain(house.now());
    EXPECT_THAT(listener.told, ElementsAre("app/f "));
}

TEST(HostInboxParts, are_told_a_thousand_at_a_time_and_the_loss_after_them) {
    int wakes = 0;
    Listener listener;
    HostInbox inbox([&] { ++wakes; }, limits::host_events_per_drain_max + 500);
    inbox.listen(listener);
    const auto app = testing::make_app("app");
    for (std::size_t i = 0; i < limits::host_events_per_drain_max + 501; ++i) {
        inbox.record({HostEvent::Kind::occupied, app, std::to_string(i), {}, 0});
    }
    inbox.wake();
    inbox.drain({});
    EXPECT_EQ(listener.told.size(), limits::host_events_per_drain_max);
    EXPECT_EQ(wakes, 2);  // there is more
    inbox.drain({});
    EXPECT_EQ(listener.told.size(), limits::host_events_per_drain_max + 501);
    EXPECT_EQ(listener.told.back(), "resync");
    EXPECT_EQ(wakes, 2);
}

TEST(HostEvents, say_nothing_of_the_count_of_a_name_that_its_protocol_reserves) {
    testing::TestHostEvents events;
    events.counts = true;
    TestHub house({}, {.host_events = &events});
    auto ann = house.open();
    ann->join("own", {.reserved = true});
    ann->leave("own");
    EXPECT_THAT(events.log, ElementsAre("occupied app/own", "vacated app/own"));
}

TEST(HostEvents, say_that_a_count_changed_for_each_who_comes_or_goes) {
    testing::TestHostEvents events;
    events.counts = true;
    TestHub house({.lanes = 2}, {.host_events = &events});
    auto first = house.open(0);
    auto second = house.open(1);
    first->join("a");
    second->join("a");
    second->join("a");  // already
    second->leave("a");
    first->close();
    house.run();
    EXPECT_THAT(events.log,
                ElementsAre("occupied app/a", "count_changed app/a", "count_changed app/a",
                            "count_changed app/a", "count_changed app/a", "vacated app/a"));
}

}  // namespace
}  // namespace carillon::hub
