#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::make_app;
using testing::TestHostEvents;
using testing::TestHub;

TEST(Presence, tells_others_once_per_user_and_never_the_joiner_itself) {
    TestHub house({.lanes = 2});
    auto watcher = house.open(0);
    auto phone = house.open(0);
    auto laptop = house.open(1);
    watcher->join("room");
    phone->join("room", {.member = "ann", .member_data = "{1}"});
    laptop->join("room", {.member = "ann", .member_data = "{2}"});
    house.run();
    EXPECT_EQ(watcher->take(), "room+ann:{1}\n");
    EXPECT_EQ(phone->take(), "");
    EXPECT_EQ(laptop->take(), "");
    ASSERT_EQ(house.hub.members(house.app, "room").size(), 1U);
    EXPECT_EQ(house.hub.members(house.app, "room")[0].data, "{1}");  // the first data wins
    EXPECT_EQ(phone->session->member_in("room"), "ann");
    EXPECT_EQ(watcher->session->member_in("room"), "");

    phone->leave("room");
    house.run();
    EXPECT_EQ(watcher->take(), "");
    laptop->close();
    house.run();
    EXPECT_EQ(watcher->take(), "room-ann\n");
    EXPECT_TRUE(house.hub.members(house.app, "room").empty());
    EXPECT_TRUE(house.balanced());
}

TEST(Presence, a_joiner_hears_who_joins_after_it) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    ann->join("room", {.member = "ann"});
    EXPECT_EQ(bob->join("room", {.member = "bob", .roster = true}).roster.size(), 2U);
    house.run();
    EXPECT_EQ(ann->take(), "room+bob:\n");
    EXPECT_EQ(bob->take(), "");
}

TEST(Presence, limits_members_but_not_their_connections) {
    AppLimits limits;
    limits.presence_members_max = 1;
    limits.presence_member_bytes_max = 4;
    TestHub house;
    house.app = make_app("small", limits);
    auto phone = house.open();
    auto laptop = house.open();
    EXPECT_EQ(phone->join("room", {.member = "ann", .member_data = "fives"}).outcome,
              Outcome::limit_presence_bytes);
    EXPECT_EQ(phone->join("room", {.member = "ann"}).outcome, Outcome::ok);
    EXPECT_EQ(laptop->join("room", {.member = "bob"}).outcome, Outcome::limit_presence_members);
    EXPECT_EQ(laptop->join("room", {.member = "ann"}).outcome, Outcome::ok);
}

TEST(Presence, a_join_without_room_for_its_event_is_refused_and_changes_nothing) {
    TestHub house({.limits = {.inbox_bytes_max = 100}});
    auto watcher = house.open();
    auto ann = house.open();
    watcher->join("room");
    EXPECT_EQ(house.publish("room", std::string(30, 'x')).outcome, Outcome::ok);
    EXPECT_EQ(ann->join("room", {.member = "ann"}).outcome, Outcome::overloaded);
    EXPECT_FALSE(ann->session->subscribed("room"));
    EXPECT_TRUE(house.hub.members(house.app, "room").empty());
    EXPECT_EQ(house.hub.describe(house.app, "room")->subscribers, 1U);
    house.run();
    EXPECT_EQ(ann->join("room", {.member = "ann"}).outcome, Outcome::ok);
}

TEST(Presence, a_leave_is_never_refused_and_settles_when_there_is_room) {
    TestHostEvents events;
    TestHub house({.lanes = 2, .limits = {.inbox_bytes_max = 100}}, {.host_events = &events});
    auto watcher = house.open(1);
    auto ann = house.open(0);
    watcher->join("room");
    ann->join("room", {.member = "ann"});
    house.run();
    watcher->take();
    events.log.clear();

    ASSERT_EQ(house.publish("room", std::string(30, 'x')).outcome, Outcome::ok);
    EXPECT_EQ(ann->leave("room"), Outcome::ok);
    EXPECT_FALSE(ann->session->subscribed("room"));
    EXPECT_EQ(house.hub.members(house.app, "room").size(), 1U);  // unsettled presence
    house.iterate(0);                                            // lane 1 is still full
    EXPECT_FALSE(house.lane(0).has_work());                      // no spinning: a timer
    EXPECT_NE(house.lane(0).next_deadline_ns(), base::never_ns);
    EXPECT_EQ(house.hub.members(house.app, "room").size(), 1U);
    EXPECT_TRUE(events.log.empty());

    house.iterate(1);
    house.ms += 10;
    house.run();
    EXPECT_TRUE(house.hub.members(house.app, "room").empty());
    EXPECT_EQ(watcher->take(), "room:e:" + std::string(30, 'x') + "\nroom-ann\n");
    EXPECT_EQ(events.log, (std::vector<std::string>{"member_removed app/room ann"}));
    EXPECT_TRUE(house.balanced());
}

TEST(Presence, a_user_that_returns_before_its_leave_is_settled_never_left) {
    TestHub house({.limits = {.inbox_bytes_max = 100}});
    auto watcher = house.open();
    auto ann = house.open();
    watcher->join("room");
    ann->join("room", {.member = "ann"});
    house.run();
    watcher->take();
    ASSERT_EQ(house.publish("room", std::string(30, 'x')).outcome, Outcome::ok);
    ann->leave("room");
    EXPECT_EQ(ann->join("room", {.member = "ann"}).outcome, Outcome::ok);
    house.run();
    house.ms += 10;
    house.run();
    EXPECT_EQ(watcher->take(), "room:e:" + std::string(30, 'x') + "\n");
    EXPECT_EQ(house.hub.members(house.app, "room").size(), 1U);
}

TEST(Presence, a_closed_session_leaves_its_rooms_when_its_lane_reaps) {
    TestHub house;
    auto watcher = house.open();
    auto ann = house.open();
    watcher->join("room");
    ann->join("room", {.member = "ann"});
    house.run();
    watcher->take();
    ann->close();
    EXPECT_EQ(house.hub.members(house.app, "room").size(), 1U);
    house.run();
    EXPECT_EQ(watcher->take(), "room-ann\n");
}

TEST(Presence, settles_a_crowd_five_hundred_per_iteration) {
    TestHub house;
    auto ann = house.open();
    for (int i = 0; i < 1200; ++i) ann->join("c" + std::to_string(i), {.member = "ann"});
    ann->close();
    house.iterate();
    EXPECT_EQ(house.hub.channel_count(), 700U);
    EXPECT_TRUE(house.lane().has_work());
    house.iterate();
    EXPECT_EQ(house.hub.channel_count(), 200U);
    house.run();
    EXPECT_EQ(house.hub.channel_count(), 0U);
}

TEST(Presence, a_draining_server_sends_no_member_events) {
    TestHostEvents events;
    TestHub house({}, {.host_events = &events});
    auto watcher = house.open();
    auto ann = house.open();
    watcher->join("room");
    ann->join("room", {.member = "ann"});
    house.run();
    watcher->take();
    house.hub.drain();
    ann->close();
    house.run();
    EXPECT_EQ(watcher->take(), "");
    EXPECT_EQ(events.log.back(), "member_removed app/room ann");  // hooks still hear of it
}

TEST(Presence, host_events_come_in_the_order_of_the_decisions) {
    TestHostEvents events;
    TestHub house({.lanes = 2}, {.host_events = &events});
    auto ann = house.open(0);
    auto bob = house.open(1);
    ann->join("room", {.member = "ann"});
    bob->join("room", {.member = "bob"});
    bob->join("plain");
    ann->leave("room");
    bob->close();
    house.run();
    EXPECT_EQ(events.log,
              (std::vector<std::string>{"occupied app/room", "member_added app/room ann",
                                        "member_added app/room bob", "occupied app/plain",
                                        "member_removed app/room ann", "vacated app/plain",
                                        "member_removed app/room bob", "vacated app/room"}));
}

}  // namespace
}  // namespace carillon::hub
