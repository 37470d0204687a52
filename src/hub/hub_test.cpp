#include "hub/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::make_app;
using testing::message;
using testing::TestClient;
using testing::TestHistory;
using testing::TestHostEvents;
using testing::TestHub;

TEST(Hub, a_subscriber_hears_what_is_published_after_it_joined) {
    TestHub house;
    auto ann = house.open();
    house.publish("news", "too early");
    EXPECT_EQ(ann->join("news").outcome, Outcome::ok);
    EXPECT_EQ(house.publish("news", "one").matched, 1U);
    EXPECT_EQ(house.publish("news", "two").matched, 1U);
    EXPECT_EQ(house.publish("olds", "elsewhere").matched, 0U);
    house.run();
    EXPECT_EQ(ann->take(), "news:e:one\nnews:e:two\n");
    EXPECT_TRUE(house.balanced());
    EXPECT_EQ(house.books().delivered, 2U);
}

// ---- joining and leaving ----

TEST(Hub, says_already_and_answers_again_with_position_and_roster) {
    TestHistory history;
    TestHub house({}, {.history = &history});
    auto ann = house.open();
    EXPECT_EQ(ann->join("kept", {.member = "ann", .member_data = "{}"}).outcome, Outcome::ok);
    house.publish("kept", "one");
    const auto again = ann->join("kept", {.member = "ann", .roster = true});
    EXPECT_EQ(again.outcome, Outcome::already);
    EXPECT_EQ(again.position.offset, 1U);
    ASSERT_EQ(again.roster.size(), 1U);
    EXPECT_EQ(again.roster[0].id, "ann");
    EXPECT_EQ(again.roster[0].data, "{}");
    EXPECT_EQ(house.hub.describe(house.app, "kept")->subscribers, 1U);
}

TEST(Hub, refuses_a_name_that_is_empty_or_too_long) {
    AppLimits limits;
    limits.channel_name_bytes_max = 5;
    TestHub house;
    TestClient ann(house, make_app("small", limits), 0, {});
    EXPECT_EQ(ann.join("").outcome, Outcome::bad_name);
    EXPECT_EQ(ann.join("sixsix").outcome, Outcome::bad_name);
    EXPECT_EQ(ann.join("fives").outcome, Outcome::ok);
    EXPECT_EQ(house.hub.refused(Outcome::bad_name).get(), 2U);
}

TEST(Hub, publishes_to_no_name_that_nobody_may_join) {
    TestHub house;
    EXPECT_EQ(house.publish("", "x").outcome, Outcome::bad_name);
    EXPECT_EQ(house.publish(std::string(limits::channel_name_bytes_max + 1, 'n'), "x").outcome,
              Outcome::bad_name);
    EXPECT_EQ(house.hub.refused(Outcome::bad_name).get(), 2U);
}

TEST(Hub, refuses_connections_above_the_limit_of_the_app_and_takes_the_next_when_one_went) {
    AppLimits limits;
    limits.connections_max = 1;
    TestHub house;
    const auto app = make_app("small", limits);
    TestClient ann(house, app, 0, {});
    {
        testing::TestDoor door;
        Outbox outbox(house.lane(), door);
        const auto opened = house.hub.open(app, house.lane(), outbox, ann, {}, house.lines);
        EXPECT_EQ(opened.outcome, Outcome::limit_connections);
        EXPECT_EQ(opened.session, nullptr);
    }
    EXPECT_EQ(house.hub.connections(app), 1U);
    ann.close();
    const TestClient bob(house, app, 0, {});
    EXPECT_NE(bob.session, nullptr);
    EXPECT_EQ(house.hub.connections(app), 1U);
}

TEST(Hub, refuses_more_subscriptions_than_a_session_may_have) {
    TestHub house;
    auto ann = house.open();
    for (std::size_t i = 0; i < limits::session_channels_max; ++i) {
        ASSERT_EQ(ann->join("c" + std::to_string(i)).outcome, Outcome::ok);
    }
    EXPECT_EQ(ann->join("one too many").outcome, Outcome::limit_subscriptions);
    EXPECT_EQ(ann->join("c7").outcome, Outcome::already);
    EXPECT_EQ(ann->leave("c7"), Outcome::ok);
    EXPECT_FALSE(ann->session->subscribed("c7"));
    EXPECT_TRUE(ann->session->subscribed("c9999"));
    EXPECT_EQ(ann->join("one too many").outcome, Outcome::ok);
}

TEST(Hub, says_not_subscribed_and_closing) {
    TestHub house;
    auto ann = house.open();
    EXPECT_EQ(ann->leave("news"), Outcome::not_subscribed);
    ann->join("news");
    house.hub.end(*ann->session, CloseReason::kicked);
    EXPECT_EQ(ann->join("olds").outcome, Outcome::closing);
    EXPECT_EQ(ann->leave("news"), Outcome::not_subscribed);
}

TEST(Hub, keeps_equal_names_of_two_apps_apart) {
    TestHub house;
    auto ann = house.open();
    TestClient bob(house, make_app("other"), 0, {});
    ann->join("news");
    bob.join("news");
    EXPECT_EQ(house.hub.channel_count(), 2U);
    EXPECT_EQ(house.publish("news", "x").matched, 1U);
    house.run();
    EXPECT_EQ(ann->take(), "news:e:x\n");
    EXPECT_EQ(bob.take(), "");
}

TEST(Hub, sends_nothing_of_a_channel_after_the_reply_to_its_unsubscribe) {
    TestHub house;
    auto ann = house.open();
    ann->join("news");
    house.publish("news", "encoded");
    house.lane().take();
    house.publish("news", "waiting");
    ann->leave("news");
    ann->reply("unsubscribed\n");
    house.publish("news", "after");
    house.run();
    EXPECT_EQ(ann->take(), "unsubscribed\n");
    EXPECT_EQ(house.books().left, 2U);
    EXPECT_TRUE(house.balanced());
    EXPECT_EQ(house.hub.channel_count(), 0U);
}

TEST(Hub, sends_a_join_reply_before_the_first_publication) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    bob->join("news");
    house.publish("news", "before");
    ann->join("news");
    ann->reply("joined\n");
    house.publish("news", "after");
    house.run();
    EXPECT_EQ(ann->take(), "joined\nnews:e:after\n");
    EXPECT_EQ(bob->take(), "news:e:before\nnews:e:after\n");
}

TEST(Hub, who_leaves_and_rejoins_in_one_iteration_hears_only_what_follows) {
    TestHub house;
    auto ann = house.open();
    ann->join("news");
    house.publish("news", "first life");
    ann->leave("news");
    house.publish("news", "between");
    ann->join("news");
    house.publish("news", "second life");
    house.run();
    EXPECT_EQ(ann->take(), "news:e:second life\n");
    EXPECT_EQ(house.books().left, 1U);
    EXPECT_TRUE(house.balanced());
}

TEST(Hub, what_excluded_a_session_before_it_rejoined_does_not_concern_its_second_life) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    for (auto* client : {ann.get(), bob.get()}) client->join("news");
    ann->publish_to_others("news", "own");
    ann->leave("news");
    ann->join("news");
    house.run();
    EXPECT_EQ(bob->take(), "news:e:own\n");
    EXPECT_EQ(ann->take(), "");
    EXPECT_EQ(house.books().left, 1U);
    EXPECT_EQ(house.books().filtered, 0U);
    EXPECT_TRUE(house.balanced());
}

TEST(Hub, a_joiner_that_leaves_when_the_lane_has_just_come_to_its_note_is_no_trouble) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    bob->join("other");
    house.publish("other", "x");
    ann->join("news");  // notes item 1, which still waits
    house.run();
    ann->leave("news");
    house.run();
    EXPECT_EQ(house.hub.channel_count(), 1U);
    EXPECT_TRUE(house.balanced());
}

TEST(Hub, unsubscribe_all_leaves_every_channel_but_not_the_hub) {
    TestHub house;
    auto ann = house.open();
    ann->join("a");
    ann->join("b");
    house.hub.unsubscribe_all(*ann->session, house.now());
    EXPECT_EQ(ann->session->subscription_count(), 0U);
    house.run();
    EXPECT_EQ(house.hub.channel_count(), 0U);
    EXPECT_EQ(ann->join("a").outcome, Outcome::ok);
}

// ---- publishing ----

TEST(Hub, publishes_to_several_channels_and_counts_each_subscriber_of_each) {
    TestHub house({.lanes = 2});
    auto ann = house.open(0);
    auto bob = house.open(1);
    ann->join("a");
    ann->join("b");
    bob->join("b");
    const std::string_view names[] = {"a", "b", "nobody"};
    EXPECT_EQ(house.hub.publish(house.app, names, message("x"), house.now()).matched, 3U);
    house.run();
    EXPECT_EQ(bob->take(), "b:e:x\n");
    auto heard = ann->take();  // between channels no order is promised
    EXPECT_TRUE(heard == "a:e:x\nb:e:x\n" || heard == "b:e:x\na:e:x\n") << heard;
    EXPECT_EQ(house.hub.published().get(), 1U);
}

TEST(Hub, refuses_a_publication_that_names_too_many_channels) {
    TestHub house;
    const std::vector<std::string_view> names(limits::publish_channels_max + 1, "a");
    EXPECT_EQ(house.hub.publish(house.app, names, message("x"), house.now()).outcome,
              Outcome::limit_channels);
}

TEST(Hub, steps_the_sender_over_its_own_publication_and_over_nothing_else) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    for (auto* client : {ann.get(), bob.get()}) client->join("news");
    house.publish("news", "1");
    EXPECT_EQ(ann->publish_to_others("news", "2").matched, 2U);
    house.publish("news", "3");
    house.run();
    EXPECT_EQ(ann->take(), "news:e:1\nnews:e:3\n");
    EXPECT_EQ(bob->take(), "news:e:1\nnews:e:2\nnews:e:3\n");
    EXPECT_EQ(house.books().filtered, 1U);
    EXPECT_TRUE(house.balanced());
}

TEST(Hub, refuses_whole_what_one_lane_has_no_room_for) {
    const auto bytes = message("0123456789")->inbox_bytes();
    TestHub house({.lanes = 2, .limits = {.inbox_bytes_max = 2 * bytes}});
    auto ann = house.open(0);
    auto bob = house.open(1);
    ann->join("a");
    bob->join("b");
    EXPECT_EQ(house.publish("a", "0123456789").outcome, Outcome::ok);
    const std::string_view both[] = {"b", "a"};
    const auto refused = house.hub.publish(house.app, both, message("0123456789"), house.now());
    EXPECT_EQ(refused.outcome, Outcome::overloaded);
    EXPECT_EQ(refused.matched, 0U);
    EXPECT_EQ(house.lane(1).inbox().reserved_bytes(), 0U);
    EXPECT_EQ(house.lane(0).inbox().reserved_bytes(), bytes);
    house.run();
    EXPECT_EQ(bob->take(), "");
    EXPECT_EQ(house.lane(0).inbox().reserved_bytes(), 0U);
    EXPECT_EQ(house.hub.publish(house.app, both, message("0123456789"), house.now()).matched, 2U);
    EXPECT_EQ(house.hub.refused(Outcome::overloaded).get(), 1U);
}

TEST(Hub, gives_back_the_room_that_no_lane_needed) {
    TestHub house({.lanes = 2});
    auto ann = house.open(0);
    ann->join("a");
    house.publish("a", "x");
    EXPECT_NE(house.lane(0).inbox().reserved_bytes(), 0U);
    EXPECT_EQ(house.lane(1).inbox().reserved_bytes(), 0U);
}

TEST(Hub, sends_to_one_session_in_its_own_format) {
    TestHub house({.lanes = 2});
    auto ann = house.open(1);
    auto bob = house.open(1);
    EXPECT_EQ(house.hub.send(ann->session->id(), message("for you"), house.now()), Outcome::ok);
    house.run();
    EXPECT_EQ(ann->take(), ":e:for you\n");
    EXPECT_EQ(bob->take(), "");
    EXPECT_TRUE(house.balanced());
    EXPECT_EQ(house.books(1).delivered, 1U);
}

TEST(Hub, counts_what_is_sent_to_a_session_that_is_gone_as_left) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    const auto id = ann->session->id();
    house.hub.send(id, message("x"), house.now());
    house.hub.send(bob->session->id(), message("x"), house.now());
    ann->close();
    house.hub.end(*bob->session, CloseReason::kicked);
    house.run();
    EXPECT_EQ(house.hub.send(id, message("x"), house.now()), Outcome::ok);
    house.run();
    EXPECT_EQ(house.books().left, 3U);
    EXPECT_TRUE(house.balanced());
    EXPECT_EQ(house.hub.send(SessionId{0x1ff}, message("x"), house.now()), Outcome::bad_name);
}

// ---- history ----

TEST(Hub, hands_history_what_it_keeps_in_order_and_numbers_nothing_else) {
    TestHistory history;
    TestHub house({}, {.history = &history});
    house.publish("kept", "one");  // nobody is there: the channel opens for it and stays
    auto ann = house.open();
    EXPECT_EQ(ann->join("kept", {.member = "ann"}).position.offset, 1U);
    auto bob = house.open();
    EXPECT_EQ(bob->join("kept", {.member = "bob"}).position.offset, 1U);
    house.publish("kept", "two");
    bob->close();
    house.run();
    house.publish("kept", "three");
    house.publish("live", "never");
    house.run();
    EXPECT_EQ(history.log,
              (std::vector<std::string>{"app/kept@1 one", "app/kept@2 two", "app/kept@3 three"}));
    EXPECT_EQ(ann->take(), "kept+bob:@1\nkept:e:two@2\nkept-bob@2\nkept:e:three@3\n");
    EXPECT_EQ(house.hub.describe(house.app, "kept")->position.offset, 3U);
}

TEST(Hub, a_refused_join_does_not_forget_a_channel_that_history_keeps) {
    TestHistory history;
    AppLimits limits;
    limits.presence_members_max = 0;
    TestHub house({}, {.history = &history});
    house.app = make_app("app", limits);
    house.publish("kept", "one");
    auto ann = house.open();
    EXPECT_EQ(ann->join("kept", {.member = "ann"}).outcome, Outcome::limit_presence_members);
    house.publish("kept", "two");
    EXPECT_EQ(history.log, (std::vector<std::string>{"app/kept@1 one", "app/kept@2 two"}));
}

TEST(Hub, forgets_a_channel_that_a_refused_join_had_opened) {
    AppLimits limits;
    limits.presence_members_max = 0;
    TestHostEvents events;
    TestHub house({}, {.host_events = &events});
    house.app = make_app("app", limits);
    auto ann = house.open();
    EXPECT_EQ(ann->join("live", {.member = "ann"}).outcome, Outcome::limit_presence_members);
    EXPECT_EQ(house.hub.channel_count(), 0U);
    EXPECT_TRUE(events.log.empty());
}

TEST(Hub, publishes_several_at_once_in_their_order_or_none_of_them) {
    TestHub house({.limits = {.inbox_bytes_max = 400}});
    auto ann = house.open();
    ann->join("a");
    ann->join("b");
    const std::string_view a = "a";
    const std::string_view b = "b";
    const std::string_view both[] = {a, b};
    const std::array wishes{Wish{{&a, 1}, testing::message("1")}, Wish{both, testing::message("2")},
                            Wish{{&a, 1}, testing::message("3")}};
    const auto receipt = house.hub.publish(house.app, wishes, house.now());
    EXPECT_EQ(receipt.outcome, Outcome::ok);
    EXPECT_EQ(receipt.matched, 4U);
    house.run();
    EXPECT_EQ(ann->take(), "a:e:1\na:e:2\na:e:3\nb:e:2\n");

    const std::array too_much{Wish{{&a, 1}, testing::message("1")},
                              Wish{{&a, 1}, testing::message(std::string(300, 'x'))}};
    EXPECT_EQ(house.hub.publish(house.app, too_much, house.now()).outcome, Outcome::overloaded);
    house.run();
    EXPECT_EQ(ann->take(), "");
    EXPECT_EQ(house.lane(0).inbox().reserved_bytes(), 0U);
}

TEST(Hub, lists_the_channels_of_an_app_that_have_subscribers_a_part_at_a_time) {
    TestHistory history;
    TestHub house({}, {.history = &history});
    TestClient other(house, testing::make_app("other"), 0, {});
    other.join("theirs");
    auto ann = house.open();
    for (const std::string name : {"a", "b", "c"}) ann->join(name);
    ann->join("room", {.member = "ann"});
    house.publish("kept", "nobody is there");
    std::vector<std::string> found;
    for (std::size_t first = 0; first < ChannelTable::stripe_count; first += 32) {
        house.hub.each_channel(
            house.app, first, 32, [&](std::string_view name, const Description& known) {
                found.push_back(std::string(name) + " " + std::to_string(known.subscribers) + " " +
                                std::to_string(known.members));
            });
    }
    EXPECT_THAT(found, ::testing::UnorderedElementsAre("a 1 0", "b 1 0", "c 1 0", "room 1 1"));
}

TEST(Hub, shows_the_newest_of_what_a_channel_keeps) {
    TestHistory history;
    TestHub house({}, {.history = &history});
    for (const auto* body : {"1", "2", "3"}) house.publish("kept", body);
    const auto newest = house.hub.newest(house.app, "kept", 2);
    ASSERT_EQ(newest.size(), 2U);
    EXPECT_EQ(newest[0].publication->body(), "2");
    EXPECT_EQ(newest[1].publication->body(), "3");
    EXPECT_TRUE(house.hub.newest(house.app, "live", 2).empty());
    EXPECT_EQ(house.hub.newest(house.app, "kept", 9).size(), 3U);
}

TEST(Hub, counts_for_each_app_what_it_was_sent_and_who_came) {
    TestHub house;
    TestClient other(house, testing::make_app("other"), 0, {});
    other.join("a");
    auto ann = house.open();
    auto bob = house.open();
    ann->join("a");
    bob->join("a");
    house.publish("a", "direct");  // one batch is all there is
    house.run();
    ann->reply("hello");
    house.publish("a", "offered");
    house.run();
    bob->close();
    house.run();
    const auto bytes = ann->door.received.size() + std::string("a:e:direct\na:e:offered\n").size();
    house.hub.each_app([&](const AppRef& app, std::span<const AppBooks> lanes) {
        const auto& books = lanes[0];
        EXPECT_EQ(books.opened.get(), app->id == "app" ? 2U : 1U);
        EXPECT_EQ(books.closed.get(), app->id == "app" ? 1U : 0U);
        EXPECT_EQ(books.sent.get(), app->id == "app" ? 5U : 0U);
        EXPECT_EQ(books.sent_bytes.get(), app->id == "app" ? bytes : 0U);
    });
}

TEST(Hub, takes_no_more_sessions_than_the_process_may_have) {
    TestHub house;
    hub::Hub small({.lanes = 1, .sessions_max = 1, .random = [](unsigned) {
                        return std::make_unique<base::SeededRandom>(1);
                    }});
    testing::TestWake wake;
    small.lane(0).attach(wake);
    testing::TestDoor door;
    Outbox first(small.lane(0), door);
    Outbox second(small.lane(0), door);
    struct : Subscriber {
        void on_close(CloseReason) override {}
    } nobody;
    const auto app = testing::make_app("app");
    const auto opened = small.open(app, small.lane(0), first, nobody, {}, house.lines);
    ASSERT_EQ(opened.outcome, Outcome::ok);
    EXPECT_EQ(small.open(app, small.lane(0), second, nobody, {}, house.lines).outcome,
              Outcome::limit_sessions);
    EXPECT_EQ(small.connections(app), 1U);
    small.close(*opened.session, CloseReason::peer);
    small.lane(0).reap({});
    const auto again = small.open(app, small.lane(0), second, nobody, {}, house.lines);
    ASSERT_EQ(again.outcome, Outcome::ok);
    small.close(*again.session, CloseReason::peer);
    small.lane(0).reap({});
}

TEST(Hub, lets_a_protocol_subscribe_to_a_name_of_its_own_that_is_longer_than_clients_may_choose) {
    TestHub house;
    house.app = testing::make_app("app", {.channel_name_bytes_max = 5});
    auto ann = house.open();
    EXPECT_EQ(ann->join("longer").outcome, Outcome::bad_name);
    EXPECT_EQ(ann->join("longer", {.reserved = true}).outcome, Outcome::ok);
    EXPECT_EQ(
        ann->join(std::string(limits::channel_name_bytes_max + 1, 'x'), {.reserved = true}).outcome,
        Outcome::bad_name);
}

}  // namespace
}  // namespace carillon::hub
