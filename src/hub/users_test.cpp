// Users wherever they are: what is sent to one, done to one, known of one.
#include "hub/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::message;
using testing::TestClient;
using testing::TestHostEvents;
using testing::TestHub;

TEST(Users, are_online_from_their_first_identified_session_to_the_end_of_their_last) {
    TestHostEvents events;
    TestHub house({.lanes = 2}, {.host_events = &events});
    auto phone = house.open(0);
    auto laptop = house.open(1);
    EXPECT_FALSE(house.hub.online(house.app, "ann"));
    EXPECT_EQ(house.hub.identify(*phone->session, "ann", house.now()), Outcome::ok);
    EXPECT_EQ(house.hub.identify(*phone->session, "ann", house.now()), Outcome::already);
    EXPECT_EQ(house.hub.identify(*laptop->session, "ann", house.now()), Outcome::ok);
    EXPECT_EQ(phone->session->user(), "ann");
    phone->close();
    house.run();
    EXPECT_TRUE(house.hub.online(house.app, "ann"));
    laptop->close();
    house.run();
    EXPECT_FALSE(house.hub.online(house.app, "ann"));
    EXPECT_THAT(events.log, ElementsAre("user_online app/ ann", "user_offline app/ ann"));
    EXPECT_GT(events.wakes, 0);
}

TEST(Users, of_two_apps_with_one_name_never_meet) {
    TestHub house;
    auto ann = house.open();
    TestClient other(house, testing::make_app("other"), 0, {});
    house.hub.identify(*ann->session, "ann", house.now());
    EXPECT_FALSE(house.hub.online(testing::make_app("other"), "ann"));
    EXPECT_EQ(
        house.hub.disconnect_user(testing::make_app("other"), "ann", CloseReason::kicked).matched,
        0U);
}

TEST(Users, may_become_others_or_nobody) {
    TestHostEvents events;
    TestHub house({}, {.host_events = &events});
    auto client = house.open();
    house.hub.identify(*client->session, "ann", house.now());
    house.hub.identify(*client->session, "bob", house.now());
    EXPECT_FALSE(house.hub.online(house.app, "ann"));
    EXPECT_TRUE(house.hub.online(house.app, "bob"));
    EXPECT_EQ(house.hub.identify(*client->session, "", house.now()), Outcome::ok);
    EXPECT_FALSE(house.hub.online(house.app, "bob"));
    EXPECT_THAT(events.log, ElementsAre("user_online app/ ann", "user_offline app/ ann",
                                        "user_online app/ bob", "user_offline app/ bob"));
}

TEST(Users, hear_what_is_sent_to_them_on_every_identified_session_once) {
    TestHub house({.lanes = 2});
    auto phone = house.open(0);
    auto laptop = house.open(1);
    auto present = house.open(0);
    auto bob = house.open(1);
    house.hub.identify(*phone->session, "ann", house.now());
    house.hub.identify(*laptop->session, "ann", house.now());
    house.hub.identify(*bob->session, "bob", house.now());
    present->join("room", {.member = "ann"});  // says so in one channel, and is nobody elsewhere
    house.run();
    EXPECT_EQ(house.hub.send(house.app, "ann", message("hi"), house.now()).matched, 2U);
    house.run();
    EXPECT_EQ(phone->take(), ":e:hi\n");
    EXPECT_EQ(laptop->take(), ":e:hi\n");
    EXPECT_EQ(bob->take(), "");
    EXPECT_EQ(present->take(), "");
    EXPECT_EQ(house.hub.send(house.app, "nobody", message("hi"), house.now()).matched, 0U);
    EXPECT_TRUE(house.balanced());
}

TEST(Users, are_sent_to_whole_or_not_at_all_when_a_lane_has_no_room) {
    TestHub house({.lanes = 2, .limits = {.inbox_bytes_max = 300}});
    auto phone = house.open(0);
    auto laptop = house.open(1);
    house.hub.identify(*phone->session, "ann", house.now());
    house.hub.identify(*laptop->session, "ann", house.now());
    auto watcher = house.open(1);
    watcher->join("room");
    house.run();
    ASSERT_EQ(house.publish("room", std::string(200, 'x')).outcome, Outcome::ok);
    EXPECT_EQ(house.hub.send(house.app, "ann", message("hi"), house.now()).outcome,
              Outcome::overloaded);
    house.run();
    EXPECT_EQ(phone->take(), "");
    EXPECT_EQ(laptop->take(), "");
}

TEST(Users, are_disconnected_wherever_they_are_identified_or_present) {
    TestHub house({.lanes = 2});
    auto phone = house.open(0);
    auto present = house.open(1);
    auto bob = house.open(0);
    house.hub.identify(*phone->session, "ann", house.now());
    house.hub.identify(*bob->session, "bob", house.now());
    present->join("room", {.member = "ann"});
    present->join("hall", {.member = "ann"});
    EXPECT_EQ(house.hub.disconnect_user(house.app, "ann", CloseReason::kicked).matched, 2U);
    house.run();
    EXPECT_THAT(phone->goodbyes, ElementsAre(CloseReason::kicked));
    EXPECT_FALSE(house.hub.online(house.app, "ann"));  // though the connection drains for a while
    EXPECT_THAT(present->goodbyes, ElementsAre(CloseReason::kicked));
    EXPECT_THAT(bob->goodbyes, IsEmpty());
}

TEST(Users, that_left_every_channel_are_not_found_by_it_any_more) {
    TestHub house;
    auto ann = house.open();
    ann->join("room", {.member = "ann"});
    ann->join("hall", {.member = "ann"});
    ann->leave("room");
    EXPECT_EQ(house.hub.disconnect_user(house.app, "ann", CloseReason::kicked).matched, 1U);
    ann->leave("hall");
    house.run();
    EXPECT_EQ(house.hub.disconnect_user(house.app, "ann", CloseReason::kicked).matched, 0U);
}

TEST(Users, who_are_gone_when_the_word_arrives_are_let_go) {
    TestHub house;
    auto ann = house.open();
    house.hub.identify(*ann->session, "ann", house.now());
    EXPECT_EQ(house.hub.disconnect_user(house.app, "ann", CloseReason::kicked).matched, 1U);
    ann->close();
    house.run();
    EXPECT_THAT(ann->goodbyes, IsEmpty());
    EXPECT_EQ(house.lane(0).inbox().reserved_bytes(), 0U);
    EXPECT_TRUE(house.balanced());
}

TEST(Users, are_not_said_to_go_by_a_server_that_drains) {
    TestHostEvents events;
    TestHub house({}, {.host_events = &events});
    auto ann = house.open();
    house.hub.identify(*ann->session, "ann", house.now());
    house.hub.drain();
    ann->close();
    house.run();
    EXPECT_THAT(events.log, ElementsAre("user_online app/ ann"));
}

TEST(Users, may_be_shared_by_thousands_of_sessions_and_each_is_found) {
    Users users;
    const AppState app(testing::make_app("app"));
    const auto id = [](std::uint64_t i) { return SessionId{(i + 1) << 8}; };
    for (std::uint64_t i = 0; i < 5000; ++i) users.enter(app, "guest", id(i));
    for (std::uint64_t i = 0; i < 5000; i += 2) users.enter(app, "guest", id(i));
    EXPECT_EQ(users.sessions_of(app, "guest").size(), 5000U);
    for (std::uint64_t i = 0; i < 5000; ++i) users.leave(app, "guest", id(i));
    const auto left = users.sessions_of(app, "guest");
    EXPECT_EQ(left.size(), 2500U);
    for (const auto& its : left) EXPECT_EQ((its.session.value >> 8) % 2, 1U);
    for (std::uint64_t i = 0; i < 5000; i += 2) users.leave(app, "guest", id(i));
    EXPECT_THAT(users.sessions_of(app, "guest"), IsEmpty());
}

TEST(Users, come_and_go_on_many_threads_and_the_last_word_is_true) {
    Users users;
    const AppState app(testing::make_app("app"));
    std::atomic<int> online{0};
    std::atomic<bool> wrong{false};
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (std::uint64_t t = 1; t <= 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 2000; ++i) {
                users.sign_in(app, "ann", SessionId{t << 8}, [&] {
                    if (online.fetch_add(1) != 0) wrong = true;
                });
                users.enter(app, "ann", SessionId{t << 8});
                users.leave(app, "ann", SessionId{t << 8});
                users.sign_out(app, "ann", SessionId{t << 8}, [&] {
                    if (online.fetch_sub(1) != 1) wrong = true;
                });
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_FALSE(wrong) << "online and offline take turns";
    EXPECT_EQ(online, 0);
    EXPECT_THAT(users.sessions_of(app, "ann"), IsEmpty());
}

}  // namespace
}  // namespace carillon::hub
