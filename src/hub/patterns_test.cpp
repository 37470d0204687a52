// Subscribing to many names at once: what a pattern's subscriber hears, and once only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/testing_spread.h"

namespace carillon::hub {
namespace {

using ::testing::ElementsAre;
using testing::glob;
using testing::join;
using testing::leave;
using testing::levels;
using testing::LineFormat;
using testing::make_app;
using testing::message;
using testing::Reader;
using testing::TestClient;
using testing::TestHistory;
using testing::TestHub;

bool is_reserved(std::string_view channel) { return channel.starts_with("#server"); }

AppRef app_with_reserved_names() {
    App app;
    app.id = "app";
    app.hidden_from_patterns = is_reserved;
    return std::make_shared<const App>(std::move(app));
}

// ---- what is heard ----

TEST(Patterns, hear_the_names_they_match_and_no_others) {
    struct Row {
        Pattern pattern;
        std::vector<std::string> heard;
        std::vector<std::string> unheard;
    };
    const Row rows[] = {
        {levels("a/+"), {"a/b", "a/", "a/$x"}, {"a", "a/b/c", "b/a", "$a/b"}},
        {levels("a/*"), {"a/b", "a/"}, {"a", "a/b/c"}},
        {levels("a/#"), {"a", "a/b", "a/b/c", "a/"}, {"ab", "b", "$a"}},
        {levels("+/b"), {"a/b", "/b"}, {"a/c", "b", "$s/b"}},
        {levels("+"), {"a", "long name"}, {"a/b", "$s"}},
        {levels("#"), {"a", "a/b/c", "/"}, {"$s", "$s/a", "#server-to-user-7"}},
        {levels("$s/#"), {"$s", "$s/a"}, {"s", "$t/a"}},
        {levels("a/b"), {"a/b"}, {"a/c", "a"}},
        {glob("*"), {"a", "a/b"}, {"$s", "#server-to-user-7"}},
        {glob("$*"), {"$s", "$s/a"}, {"s"}},
        {glob("news-??"), {"news-de", "news-//"}, {"news-d", "news-deu", "old-de"}},
        {glob("a*z"), {"az", "a/b/z", "abcz"}, {"a", "azb"}},
        {glob("#server*"), {}, {"#server-to-user-7"}},
        {glob("?"), {"a"}, {"$", "ab"}},
    };
    for (const auto& [pattern, heard, unheard] : rows) {
        TestHub house;
        house.app = app_with_reserved_names();
        auto ann = house.open();
        EXPECT_EQ(join(*ann, pattern).outcome, Outcome::ok);
        for (const auto& name : heard) {
            EXPECT_EQ(house.publish(name, "x").matched, 1U) << pattern.text() << ' ' << name;
            house.run();
            EXPECT_EQ(ann->take(), name + ":e:x\n") << pattern.text();
        }
        for (const auto& name : unheard) {
            EXPECT_EQ(house.publish(name, "x").matched, 0U) << pattern.text() << ' ' << name;
            house.run();
            EXPECT_EQ(ann->take(), "") << pattern.text() << ' ' << name;
        }
        EXPECT_TRUE(house.balanced());
    }
}

TEST(Patterns, do_not_hide_a_reserved_name_from_who_asks_for_it_by_name) {
    TestHub house;
    house.app = app_with_reserved_names();
    auto ann = house.open();
    join(*ann, levels("#"));
    ann->join("#server-to-user-7");
    EXPECT_EQ(house.publish("#server-to-user-7", "x").matched, 1U);
    house.run();
    EXPECT_EQ(ann->take(), "#server-to-user-7:e:x\n");
}

TEST(Patterns, belong_to_one_app) {
    TestHub house;
    auto ann = house.open();
    TestClient bob(house, make_app("other"), 0, {});
    join(*ann, levels("#"));
    join(bob, levels("#"));
    EXPECT_EQ(house.publish("a", "x").matched, 1U);
    house.run();
    EXPECT_EQ(ann->take(), "a:e:x\n");
    EXPECT_EQ(bob.take(), "");
}

TEST(Patterns, hear_what_is_published_after_the_join_in_channels_old_and_new) {
    TestHub house({.lanes = 3});
    auto watcher = house.open(2);
    watcher->join("old");
    auto ann = house.open(1);
    for (const auto* name : {"old", "new"}) house.publish(name, "before");
    join(*ann, levels("+"));
    for (const auto* name : {"old", "new", "newer"}) house.publish(name, "after");
    house.run();
    EXPECT_EQ(ann->take(), "old:e:after\nnew:e:after\nnewer:e:after\n");
    EXPECT_EQ(house.hub.channel_count(), 1U);  // a pattern makes no channel, nor does who publishes
    EXPECT_TRUE(house.balanced());
}

TEST(Patterns, hear_the_offset_of_what_is_kept_and_none_of_what_is_not) {
    TestHistory history;
    TestHub house({}, {.history = &history});
    auto ann = house.open();
    join(*ann, levels("#"));
    house.publish("kept", "1");
    house.publish("kept", "2");
    house.publish("lost", "3");
    house.run();
    EXPECT_EQ(ann->take(), "kept:e:1@1\nkept:e:2@2\nlost:e:3\n");
}

TEST(Patterns, say_nothing_of_who_joins_and_leaves_a_channel) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    join(*ann, levels("#"));
    bob->join("room", {.member = "bob"});
    bob->leave("room");
    house.run();
    EXPECT_EQ(ann->take(), "");
    EXPECT_TRUE(house.balanced());
}

// ---- joining and leaving ----

TEST(Patterns, hear_no_more_after_they_left_even_what_was_matched_before) {
    TestHub house;
    auto ann = house.open();
    const auto all = levels("#");
    join(*ann, all);
    EXPECT_EQ(join(*ann, all).outcome, Outcome::already);
    house.publish("a", "waits in the inbox");
    EXPECT_EQ(leave(*ann, all), Outcome::ok);
    EXPECT_EQ(leave(*ann, all), Outcome::not_subscribed);
    EXPECT_EQ(house.publish("a", "later").matched, 0U);
    house.run();
    EXPECT_EQ(ann->take(), "");
    EXPECT_EQ(house.books().left, 1U);
    EXPECT_TRUE(house.balanced());
    EXPECT_EQ(house.lane().channel_slots(), 1U);
    join(*ann, all);
    EXPECT_EQ(house.lane().channel_slots(), 1U);  // its place was free again
    house.publish("a", "again");
    house.run();
    EXPECT_EQ(ann->take(), "a:e:again\n");
}

TEST(Patterns, that_mean_the_same_are_one) {
    TestHub house;
    auto ann = house.open();
    join(*ann, levels("a/*"));
    EXPECT_EQ(join(*ann, levels("a/+")).outcome, Outcome::already);
    EXPECT_EQ(leave(*ann, levels("a/+")), Outcome::ok);
    EXPECT_EQ(house.publish("a/b", "x").matched, 0U);
}

TEST(Patterns, and_channels_of_the_same_name_are_two_subscriptions) {
    TestHub house;
    auto ann = house.open();
    EXPECT_EQ(ann->join("a/b").outcome, Outcome::ok);
    EXPECT_EQ(join(*ann, levels("a/b")).outcome, Outcome::ok);
    EXPECT_EQ(join(*ann, glob("a/b")).outcome, Outcome::ok);
    EXPECT_EQ(ann->session->subscription_count(), 3U);
    house.publish("a/b", "x");
    house.run();
    EXPECT_EQ(ann->take(), "a/b:e:x\n");
    EXPECT_EQ(ann->leave("a/b"), Outcome::ok);
    EXPECT_EQ(leave(*ann, glob("a/b")), Outcome::ok);
    house.publish("a/b", "y");
    house.run();
    EXPECT_EQ(ann->take(), "a/b:e:y\n");
    EXPECT_TRUE(house.balanced());
}

// Their keys begin with one of two control characters.
TEST(Patterns, are_not_reached_by_a_channel_that_is_called_as_one) {
    TestHub house;
    auto ann = house.open();
    const auto all = levels("#");
    EXPECT_EQ(ann->join(all.key()).outcome, Outcome::bad_name);
    EXPECT_EQ(ann->join("\x02*").outcome, Outcome::bad_name);
    EXPECT_EQ(house.publish(all.key(), "x").outcome, Outcome::bad_name);
    join(*ann, all);
    EXPECT_EQ(ann->join(all.key()).outcome, Outcome::bad_name);
    EXPECT_EQ(house.publish("a", "x").matched, 1U);
}

TEST(Patterns, are_refused_as_names_are) {
    TestHub house;
    house.app = make_app("app", {.channel_name_bytes_max = 5});
    auto ann = house.open();
    EXPECT_EQ(join(*ann, levels("1234/+")).outcome, Outcome::bad_name);
    EXPECT_EQ(join(*ann, levels("123/+")).outcome, Outcome::ok);
    house.hub.end(*ann->session, CloseReason::kicked);
    EXPECT_EQ(join(*ann, levels("12/+")).outcome, Outcome::closing);
    EXPECT_EQ(house.publish("123/4", "x").matched, 1U);  // until its departure is settled
    house.run();
    EXPECT_EQ(house.publish("123/4", "x").matched, 0U);
}

TEST(Patterns, count_among_the_subscriptions_of_a_session) {
    TestHub house;
    auto ann = house.open();
    for (std::size_t i = 0; i < limits::session_channels_max; ++i) {
        ASSERT_EQ(join(*ann, levels("c" + std::to_string(i) + "/#")).outcome, Outcome::ok);
    }
    EXPECT_EQ(join(*ann, levels("one/too/many")).outcome, Outcome::limit_subscriptions);
    house.publish("c7/x", "x");
    house.run();
    EXPECT_EQ(ann->take(), "c7/x:e:x\n");
}

TEST(Patterns, too_many_that_begin_with_the_same_text_are_refused) {
    TestHub house;
    auto ann = house.open();
    for (std::size_t i = 0; i < limits::glob_neighbours_max; ++i) {
        ASSERT_EQ(join(*ann, glob("a*" + std::to_string(i))).outcome, Outcome::ok) << i;
    }
    EXPECT_EQ(join(*ann, glob("a*x")).outcome, Outcome::limit_channels);
    EXPECT_EQ(house.hub.refused(Outcome::limit_channels).get(), 1U);
    EXPECT_FALSE(ann->session->subscribed(glob("a*x").key()));
    EXPECT_EQ(house.publish("a to x", "x").matched, 0U);
    // But one that somebody has may be shared, and others stand elsewhere.
    auto bob = house.open();
    EXPECT_EQ(join(*bob, glob("a*7")).outcome, Outcome::ok);
    EXPECT_EQ(join(*bob, glob("b*x")).outcome, Outcome::ok);
    EXPECT_EQ(join(*bob, levels("a/x")).outcome, Outcome::ok);
    leave(*ann, glob("a*8"));
    EXPECT_EQ(join(*ann, glob("a*x")).outcome, Outcome::ok);
}

TEST(Patterns, end_with_their_session_on_every_lane) {
    TestHub house({.lanes = 3});
    std::vector<std::unique_ptr<TestClient>> clients;
    for (unsigned i = 0; i < 9; ++i) {
        clients.push_back(house.open(i % 3));
        join(*clients.back(), levels("a/#"));
        join(*clients.back(), glob("a*"));
    }
    EXPECT_EQ(house.publish("a/b", "x").matched, 18U);
    house.run();
    for (auto& client : clients) EXPECT_EQ(client->take(), "a/b:e:x\n");
    for (std::size_t i = 0; i < 8; ++i) clients[i]->close();
    house.run();
    EXPECT_EQ(house.publish("a/b", "y").matched, 2U);
    house.run();
    EXPECT_EQ(clients.back()->take(), "a/b:e:y\n");
    clients.back()->close();
    house.run();
    EXPECT_EQ(house.publish("a/b", "z").matched, 0U);
    EXPECT_TRUE(house.balanced());
}

// ---- one copy ----

// Every way in which a session may have a channel, a pattern and another that overlap, in formats
// that are the same or not.
TEST(Patterns, a_session_that_hears_several_ways_gets_one_copy) {
    const auto first = levels("a/#");
    const auto second = glob("*b");
    for (int way = 0; way < 8 * 27; ++way) {
        TestHub house;
        const LineFormat loud("!");
        auto ann = house.open();
        auto bob = house.open();
        auto sender = house.open();
        bob->join("a/b");
        const LineFormat quiet("?");
        const LineFormat* const formats[] = {&house.lines, &loud, &quiet};
        const int shape = way % 8;
        auto kind = way / 8;
        int subscriptions = 0;
        std::string marks;
        const auto next = [&]() -> const LineFormat& {
            const int at = kind % 3;
            kind /= 3;
            marks += at == 0 ? '.' : at == 1 ? '!' : '?';
            ++subscriptions;
            return *formats[at];
        };
        // Bit 0: the channel comes after the patterns; bits 1 and 2: leaves one of them out.
        if ((shape & 1) == 0) ann->join("a/b", next());
        if ((shape & 2) == 0) join(*ann, first, next());
        if ((shape & 4) == 0) join(*ann, second, next());
        if ((shape & 1) == 1) ann->join("a/b", next());

        EXPECT_EQ(house.publish("a/b", "1").matched, 1U + static_cast<unsigned>(subscriptions));
        house.publish("a/b", "2");
        house.hub.publish(*sender->session, "a/b", message("3", ann->session->id()), house.now());
        house.run();
        // As a subscriber of the channel: in that format.
        const char mark = (shape & 1) == 0 ? marks.front() : marks.back();
        const auto begin = mark == '.' ? std::string() : std::string(1, mark);
        EXPECT_EQ(ann->take(), begin + "a/b:e:1\n" + begin + "a/b:e:2\n") << way;
        EXPECT_EQ(bob->take(), "a/b:e:1\na/b:e:2\na/b:e:3\n");
        EXPECT_TRUE(house.balanced());
        const auto copies = static_cast<unsigned>(subscriptions);
        EXPECT_EQ(house.books().filtered, 2 * (copies - 1) + copies) << way;
        // And by a pattern, once it has left the channel.
        ann->leave("a/b");
        house.publish("a/b", "4");
        house.run();
        EXPECT_EQ(std::ranges::count(ann->take(), '\n'), copies > 1 ? 1 : 0) << way;
        EXPECT_TRUE(house.balanced());
    }
}

TEST(Patterns, one_copy_goes_to_who_has_many_subscriptions_too) {
    TestHub house;
    auto ann = house.open();
    for (int i = 0; i < 30; ++i) ann->join("filler " + std::to_string(i));
    join(*ann, levels("a/#"));
    join(*ann, glob("*b"));
    house.publish("a/b", "1");
    ann->join("a/b");
    house.publish("a/b", "2");
    ann->publish_to_others("a/b", "not to herself");
    house.run();
    EXPECT_EQ(ann->take(), "a/b:e:1\na/b:e:2\n");
    EXPECT_TRUE(house.balanced());
}

// The channel's name is not to be asked for: it is gone, and the item that speaks of it is not.
TEST(Patterns, one_copy_is_sought_where_the_channel_is_gone_meanwhile) {
    for (const int fillers : {0, 30}) {
        TestHub house;
        auto ann = house.open();
        auto bob = house.open();
        for (int i = 0; i < fillers; ++i) ann->join("filler " + std::to_string(i));
        join(*ann, levels("a/#"));
        join(*ann, levels("+/b"));
        join(*bob, levels("a/+"));
        bob->join("a/b");
        ann->join("a/b");
        house.publish("a/b", "1");
        bob->leave("a/b");
        leave(*bob, levels("a/+"));
        ann->leave("a/b");
        EXPECT_FALSE(house.hub.describe(house.app, "a/b"));
        house.run();
        EXPECT_EQ(ann->take(), "a/b:e:1\n");
        EXPECT_TRUE(house.balanced());
    }
}

TEST(Patterns, what_was_encoded_for_one_subscription_is_not_lost_when_it_leaves) {
    TestHub house;
    auto ann = house.open();
    const auto all = levels("#");
    ann->join("a");
    join(*ann, all);
    house.publish("a", "1");
    house.lane().take();  // she is to have it as a subscriber of the channel, and not yet has it
    ann->leave("a");
    ann->reply("left a\n");
    house.publish("a", "2");
    house.lane().take();
    join(*ann, glob("*"));
    house.publish("a", "3");
    house.lane().take();  // by one of the two
    leave(*ann, all);
    house.publish("a", "4");
    house.run();
    EXPECT_EQ(ann->take(), "a:e:1\nleft a\na:e:2\na:e:3\na:e:4\n");
    EXPECT_EQ(house.books().left, 0U);
    EXPECT_TRUE(house.balanced());
}

TEST(Patterns, keep_the_order_of_a_channel_when_she_joins_it_half_way) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    bob->join("a");  // so that the channel's own batch is older than what ann hears in it
    join(*ann, levels("#"));
    house.publish("a", "1");
    house.lane().take();
    ann->join("a");
    house.publish("a", "2");
    house.run();
    EXPECT_EQ(ann->take(), "a:e:1\na:e:2\n");
    EXPECT_TRUE(house.balanced());
}

TEST(Patterns, one_copy_by_bytes_and_by_reference) {
    TestHub house;
    Reader ann(house);
    auto bob = house.open();
    ann.join("a");
    ann.join(levels("#"));
    join(*bob, levels("#"));
    bob->join("a");
    EXPECT_EQ(house.publish("a", "1").matched, 4U);
    EXPECT_EQ(house.publish("b", "2").matched, 2U);
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "b:2"));
    EXPECT_EQ(bob->take(), "a:e:1\nb:e:2\n");
    EXPECT_TRUE(house.balanced());
}

// ---- how they fare, and what they cost ----

TEST(Patterns, balance_the_books_between_any_two_calls) {
    TestHub house({.lanes = 2});
    auto slow = house.open(0, testing::policy_of(OutboxPolicy::OnFull::drop_newest, 3));
    auto quick = house.open(1);
    slow->join("a");
    join(*slow, levels("#"));
    join(*quick, levels("+"));
    join(*quick, glob("a*"));
    slow->door.room = 10;
    for (int i = 0; i < 20; ++i) {
        house.publish(i % 3 == 0 ? "a" : "ab", std::to_string(i));
        EXPECT_TRUE(house.balanced());
        if (i == 12) leave(*quick, levels("+"));
        EXPECT_TRUE(house.balanced());
        for (unsigned lane = 0; lane < 2; ++lane) {
            house.lane(lane).take(1);
            EXPECT_TRUE(house.balanced());
            house.lane(lane).flush(1);
            EXPECT_TRUE(house.balanced());
            house.lane(lane).reap(house.now());
            EXPECT_TRUE(house.balanced());
        }
    }
    slow->close();
    house.run();
    EXPECT_TRUE(house.balanced());
    EXPECT_EQ(house.books(1).pending_batch + house.books(1).pending_outbox, 0U);
    EXPECT_NE(house.books(0).dropped[static_cast<std::size_t>(DropReason::newest)], 0U);
}

TEST(Patterns, tell_the_publisher_how_it_fared) {
    TestHub house({.lanes = 2});
    auto ann = house.open(0);
    auto bob = house.open(1);
    ann->join("a");
    join(*ann, levels("#"));
    join(*bob, levels("#"));
    const std::string_view name = "a";
    std::vector<std::uint64_t> told;
    const auto receipt =
        house.hub.publish(house.app, {&name, 1}, message("x"), house.now(), [&](const Fate& fate) {
            told.push_back(fate.queued);
            told.push_back(fate.dropped);
        });
    EXPECT_EQ(receipt.matched, 3U);
    house.run();
    EXPECT_THAT(told, ElementsAre(2U, 0U));  // two who hear it, one of them by two ways
}

TEST(Patterns, are_an_item_for_each_lane_that_hears_and_none_for_the_others) {
    TestHub house({.lanes = 3});
    auto ann = house.open(0);
    auto bob = house.open(2);
    ann->join("a");
    join(*ann, levels("#"));
    join(*bob, levels("#"));
    house.publish("a", "x");
    EXPECT_EQ(house.lane(0).inbox().last_number(), 1U);
    EXPECT_EQ(house.lane(1).inbox().last_number(), 0U);
    EXPECT_EQ(house.lane(2).inbox().last_number(), 1U);
    house.run();
    for (unsigned lane = 0; lane < 3; ++lane) {
        EXPECT_EQ(house.lane(lane).inbox().reserved_bytes(), 0U);
    }
}

TEST(Patterns, encode_once_for_all_who_share_one) {
    TestHub house;
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(house.open());
        join(*clients.back(), levels("a/#"));
    }
    house.publish("a/b", "x");
    house.run();
    EXPECT_EQ(house.lines.calls, 1);
}

}  // namespace
}  // namespace carillon::hub
