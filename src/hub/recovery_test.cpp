// Recovery at the join: what was missed stands between the reply and what comes next, whole, or the
// joiner is told why not.
#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::make_app;
using testing::message;
using testing::TestClient;
using testing::TestHistory;
using testing::TestHub;

struct Home {
    explicit Home(AppLimits limits = {}) { house.app = make_app("app", limits); }

    void publish(int from, int to) {
        for (int i = from; i <= to; ++i) house.publish("kept", std::to_string(i));
        house.run();
    }
    // Joins as a protocol does: the reply first, then what was missed.
    Joined recover(TestClient& client, Position from) {
        auto joined = client.join("kept", {.recover = from});
        client.reply("joined\n");
        house.lane().replay(client.outbox, std::move(joined.missed));
        return joined;
    }
    // The position of someone who was there when `offset` publications had been made.
    Position at(std::uint64_t offset) {
        return {house.hub.describe(house.app, "kept")->position.epoch, offset};
    }
    void sweep() { house.hub.sweep(ChannelTable::stripe_count, house.now()); }

    TestHistory history;
    TestHub house{{}, {.history = &history}};
};

std::string frames(int from, int to) {
    std::string all;
    for (int i = from; i <= to; ++i) {
        all += "kept:e:" + std::to_string(i) + "@" + std::to_string(i) + "\n";
    }
    return all;
}

TEST(Recovery, replays_what_was_missed_between_the_reply_and_what_comes_next) {
    Home home;
    home.publish(1, 5);
    auto ann = home.house.open();
    const auto joined = home.recover(*ann, home.at(2));
    EXPECT_EQ(joined.recovery, Recovery::recovered);
    EXPECT_EQ(joined.position.offset, 5U);
    home.publish(6, 7);
    EXPECT_EQ(ann->take(), "joined\n" + frames(3, 7));
    EXPECT_TRUE(home.house.balanced());
    EXPECT_EQ(home.house.books().delivered, 5U);
    EXPECT_EQ(home.house.hub.recovered(Recovery::recovered).get(), 1U);
}

TEST(Recovery, is_complete_when_nothing_was_missed) {
    Home home;
    home.publish(1, 3);
    auto ann = home.house.open();
    auto joined = home.recover(*ann, home.at(3));
    EXPECT_EQ(joined.recovery, Recovery::recovered);
    EXPECT_EQ(joined.missed, nullptr);
    home.publish(4, 4);
    EXPECT_EQ(ann->take(), "joined\n" + frames(4, 4));
}

TEST(Recovery, is_not_asked_by_a_join_that_names_no_position) {
    Home home;
    home.publish(1, 3);
    auto ann = home.house.open();
    EXPECT_EQ(ann->join("kept").recovery, Recovery::not_asked);
    home.publish(4, 4);
    EXPECT_EQ(ann->take(), frames(4, 4));
}

TEST(Recovery, of_more_than_the_app_allows_is_refused_whole) {
    Home home({.recover_max = 3});
    home.publish(1, 4);
    auto ann = home.house.open();
    EXPECT_EQ(home.recover(*ann, home.at(0)).recovery, Recovery::too_many);
    home.publish(5, 5);
    EXPECT_EQ(ann->take(), "joined\n" + frames(5, 5));
    auto bob = home.house.open();
    EXPECT_EQ(home.recover(*bob, home.at(2)).recovery, Recovery::recovered);
}

TEST(Recovery, from_before_the_oldest_that_is_kept_is_refused_whole) {
    Home home;
    home.history.room = 3;
    home.publish(1, 5);
    auto ann = home.house.open();
    EXPECT_EQ(home.recover(*ann, home.at(1)).recovery, Recovery::trimmed);
    auto bob = home.house.open();
    EXPECT_EQ(home.recover(*bob, home.at(2)).recovery, Recovery::recovered);
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n");
    EXPECT_EQ(bob->take(), "joined\n" + frames(3, 5));
}

TEST(Recovery, from_an_offset_that_was_never_given_is_refused) {
    Home home;
    home.publish(1, 2);
    auto ann = home.house.open();
    EXPECT_EQ(home.recover(*ann, home.at(3)).recovery, Recovery::ahead);
}

TEST(Recovery, of_more_than_the_outbox_may_hold_is_refused_whole) {
    Home home;
    home.publish(1, 5);
    auto few = home.house.open(0, {.messages_max = 4});
    EXPECT_EQ(home.recover(*few, home.at(0)).recovery, Recovery::no_room);
    auto small = home.house.open(0, {.bytes_max = 200});
    EXPECT_EQ(home.recover(*small, home.at(0)).recovery, Recovery::no_room);
    // What waits already takes room, and so does a replay that waits.
    auto slow = home.house.open(0, {.messages_max = 9});
    slow->door.room = 0;
    EXPECT_EQ(home.recover(*slow, home.at(0)).recovery, Recovery::recovered);
    home.house.run();
    slow->leave("kept");
    EXPECT_EQ(home.recover(*slow, home.at(0)).recovery, Recovery::no_room);
}

TEST(Recovery, is_refused_when_a_lane_has_too_much_to_replay_and_taken_again_when_it_has_not) {
    TestHistory history;
    TestHub house({.limits = {.replay_bytes_max = 200}}, {.history = &history});
    house.publish("kept", "1");
    house.publish("kept", "2");  // 66 bytes each
    const Position start{house.hub.describe(house.app, "kept")->position.epoch, 0};
    std::vector<std::unique_ptr<TestClient>> clients;
    const auto recover = [&] {
        auto& client = *clients.emplace_back(house.open());
        client.door.room = 0;
        auto joined = client.join("kept", {.recover = start});
        house.lane().replay(client.outbox, std::move(joined.missed));
        return joined.recovery;
    };
    EXPECT_EQ(recover(), Recovery::recovered);
    EXPECT_EQ(recover(), Recovery::no_room);
    clients[0]->close();
    EXPECT_EQ(recover(), Recovery::recovered);
    house.hub.end(*clients[2]->session, CloseReason::kicked);
    EXPECT_EQ(recover(), Recovery::recovered);
    house.run();  // it is encoded now, and counts as frames
    EXPECT_EQ(recover(), Recovery::recovered);
}

TEST(Recovery, of_a_channel_that_keeps_nothing_is_refused) {
    Home home;
    auto ann = home.house.open();
    const auto position = ann->join("live").position;
    ann->leave("live");
    EXPECT_EQ(ann->join("live", {.recover = position}).recovery, Recovery::not_kept);
    EXPECT_EQ(home.house.hub.recovered(Recovery::not_kept).get(), 1U);
}

TEST(Recovery, never_takes_a_position_of_an_earlier_life_of_the_channel) {
    Home home;
    home.publish(1, 5);
    const auto before = home.at(3);
    home.history.forget_before_ns = home.house.now().steady_ns;
    home.sweep();
    EXPECT_EQ(home.house.hub.channel_count(), 0U);
    home.publish(1, 5);
    auto ann = home.house.open();
    EXPECT_EQ(home.recover(*ann, before).recovery, Recovery::unknown_epoch);
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n");
}

TEST(Recovery, goes_on_within_one_life_after_everything_kept_was_trimmed) {
    Home home;
    auto ann = home.house.open();
    ann->join("kept");
    home.publish(1, 5);
    home.history.forget_before_ns = home.house.now().steady_ns;
    home.sweep();
    EXPECT_EQ(home.house.hub.channel_count(), 1U);  // someone is there
    auto bob = home.house.open();
    EXPECT_EQ(home.recover(*bob, home.at(4)).recovery, Recovery::trimmed);
    auto eve = home.house.open();
    EXPECT_EQ(home.recover(*eve, home.at(5)).recovery, Recovery::recovered);
    home.publish(6, 6);
    EXPECT_EQ(eve->take(), "joined\n" + frames(6, 6));
}

TEST(Recovery, is_not_wrong_when_what_is_replayed_was_trimmed_after_the_join) {
    Home home;
    home.publish(1, 5);
    auto ann = home.house.open();
    ann->door.room = 0;
    home.recover(*ann, home.at(0));
    home.history.forget_before_ns = home.house.now().steady_ns;
    home.sweep();
    home.publish(6, 6);
    ann->unblock();
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n" + frames(1, 6));
}

TEST(Recovery, survives_that_its_client_leaves_the_channel_before_it_was_sent) {
    Home home;
    home.publish(1, 3);
    auto ann = home.house.open();
    ann->door.room = 0;
    home.recover(*ann, home.at(0));
    ann->leave("kept");
    ann->reply("left\n");
    home.publish(4, 4);
    ann->unblock();
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n" + frames(1, 3) + "left\n");
    EXPECT_TRUE(home.house.balanced());
}

TEST(Recovery, encodes_a_page_at_a_time_as_the_socket_drains) {
    Home home({.recover_max = 1000});
    const std::string body(10'000, 'x');
    for (int i = 0; i < 100; ++i) home.house.publish("kept", body);
    home.house.run();
    auto ann = home.house.open();
    ann->door.room = 0;
    home.house.lines.calls = 0;
    home.recover(*ann, home.at(0));
    home.house.run();
    EXPECT_EQ(home.house.lines.calls.load(), 0);  // the reply stands before it
    ann->unblock(7 + 1);
    home.house.run();
    EXPECT_EQ(home.house.lines.calls.load(), 7);  // 64 KB and the rest of a frame
    EXPECT_LT(home.house.lane().batch_pool().live_bytes(), 4 * limits::batch_bytes_max);
    for (int i = 0; i < 20; ++i) {
        ann->unblock(50'000);
        home.house.run();
        EXPECT_LE(home.house.lane().batch_pool().live_bytes(), 4 * limits::batch_bytes_max);
    }
    ann->unblock();
    home.house.run();
    EXPECT_EQ(home.house.lines.calls.load(), 100);
    EXPECT_EQ(home.house.books().delivered, 100U);
    EXPECT_TRUE(home.house.balanced());
}

TEST(Recovery, keeps_its_place_when_what_is_owed_around_it_is_compacted) {
    Home home;
    home.publish(1, 2);
    auto ann = home.house.open(0, {1000, 600, OutboxPolicy::OnFull::drop_newest});
    ann->join("a");
    ann->door.room = 2;
    ann->reply("first ");
    std::string expected = "first ";
    for (int i = 0; i < 6; ++i) {
        const auto body = std::to_string(i);
        home.house.publish("a", body);
        home.house.publish("a", std::string(60'000, 'x'));  // dropped, and pinned until compacted
        expected += "a:e:" + body + "\n";
        home.house.run();
        if (i == 3) {
            EXPECT_EQ(home.recover(*ann, home.at(0)).recovery, Recovery::recovered);
            expected += "joined\n" + frames(1, 2);
        }
    }
    EXPECT_LE(home.house.lane().batch_pool().live_bytes(), 2 * limits::batch_bytes_max);
    for (std::size_t split = 2; split < expected.size(); ++split) {
        ann->unblock(1);
        home.house.run();
    }
    EXPECT_EQ(ann->take(), expected);
    EXPECT_TRUE(home.house.balanced());
    EXPECT_EQ(home.house.lane().slice_pool().live(), 0U);
}

TEST(Recovery, of_many_at_once_takes_turns_and_does_not_delay_those_who_stayed) {
    Home home;
    home.publish(1, 3);
    auto stayed = home.house.open();
    stayed->join("live");
    std::vector<std::unique_ptr<TestClient>> back;
    for (int i = 0; i < 50; ++i) {
        back.push_back(home.house.open());
        home.recover(*back.back(), home.at(0));
    }
    const auto served = [&] {
        return std::count_if(back.begin(), back.end(),
                             [](const auto& client) { return !client->door.received.empty(); });
    };
    for (std::size_t round = 1; round <= 5; ++round) {
        home.house.publish("live", "x");
        home.house.iterate();
        EXPECT_EQ(stayed->take(), "live:e:x\n") << round;
        EXPECT_EQ(static_cast<std::size_t>(served()), round * limits::replays_per_round_max);
    }
    home.publish(4, 4);
    for (auto& client : back) EXPECT_EQ(client->take(), "joined\n" + frames(1, 4));
}

TEST(Recovery, is_exempt_from_the_policy_that_drops_what_is_live) {
    for (const auto on_full :
         {OutboxPolicy::OnFull::drop_newest, OutboxPolicy::OnFull::drop_oldest}) {
        Home home;
        home.publish(1, 4);
        auto ann = home.house.open(0, {.messages_max = 4, .on_full = on_full});
        ann->door.room = 0;
        EXPECT_EQ(home.recover(*ann, home.at(0)).recovery, Recovery::recovered);
        home.publish(5, 20);
        ann->unblock(9);  // all but the rest of a frame is still there
        home.house.run();
        ann->unblock();
        home.house.run();
        const bool newest = on_full == OutboxPolicy::OnFull::drop_newest;
        EXPECT_EQ(ann->take(),
                  "joined\n" + frames(1, 4) + (newest ? frames(5, 8) : frames(17, 20)));
        EXPECT_TRUE(home.house.balanced());
    }
}

TEST(Recovery, counts_a_replay_that_never_came_as_left_or_dropped) {
    for (const bool ended : {false, true}) {
        Home home;
        home.publish(1, 4);
        auto ann = home.house.open();
        ann->door.room = 7 + 3;  // the first frame is on its way
        home.recover(*ann, home.at(0));
        home.house.run();
        if (ended) home.house.hub.end(*ann->session, CloseReason::kicked);
        home.house.run();
        const auto closed = static_cast<std::size_t>(DropReason::closed);
        EXPECT_EQ(home.house.books().dropped[closed], ended ? 3U : 0U);
        ann->close();
        home.house.run();
        EXPECT_EQ(home.house.books().left, ended ? 1U : 4U);
        EXPECT_EQ(home.house.books().pending_outbox, 0U);
        EXPECT_TRUE(home.house.balanced());
    }
}

TEST(Recovery, that_is_not_encoded_yet_when_its_session_is_ended_is_dropped_whole) {
    Home home;
    home.publish(1, 4);
    auto ann = home.house.open();
    ann->door.room = 3;
    home.recover(*ann, home.at(0));
    home.house.run();
    home.house.hub.end(*ann->session, CloseReason::kicked);
    home.house.run();
    EXPECT_EQ(home.house.books().dropped[static_cast<std::size_t>(DropReason::closed)], 4U);
    EXPECT_EQ(home.house.books().pending_outbox, 0U);
    EXPECT_TRUE(home.house.balanced());
    ann->unblock();
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n");
}

TEST(Recovery, matches_nothing_if_the_protocol_throws_away_what_was_missed) {
    Home home;
    home.publish(1, 4);
    auto ann = home.house.open();
    {
        const auto joined = ann->join("kept", {.recover = home.at(0)});
    }
    home.house.run();
    EXPECT_EQ(home.house.books().matched, 0U);
    EXPECT_EQ(ann->take(), "");
}

TEST(Recovery, does_not_replay_to_a_session_what_must_not_reach_it) {
    Home home;
    home.publish(1, 1);
    auto ann = home.house.open();
    home.house.hub.publish(*ann->session, "kept", message("2", ann->session->id()),
                           home.house.now());
    home.publish(3, 3);
    home.recover(*ann, home.at(0));
    auto bob = home.house.open();
    home.recover(*bob, home.at(0));
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n" + frames(1, 1) + frames(3, 3));
    EXPECT_EQ(bob->take(), "joined\n" + frames(1, 3));
    EXPECT_EQ(home.house.books().filtered, 1U);
    EXPECT_TRUE(home.house.balanced());
}

TEST(Recovery, knows_no_member_events_for_they_take_no_offset) {
    Home home;
    home.publish(1, 1);
    auto guest = home.house.open();
    guest->join("kept", {.member = "guest"});
    home.publish(2, 2);
    auto ann = home.house.open();
    home.recover(*ann, home.at(0));
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n" + frames(1, 2));
}

TEST(Recovery, knows_nothing_of_what_was_only_passing) {
    Home home;
    home.publish(1, 1);
    auto guest = home.house.open();
    guest->join("kept");
    const std::string_view kept = "kept";
    const auto passing = Publication::make({.event = "e", .body = "gone", .passing = true});
    home.house.hub.publish(home.house.app, {&kept, 1}, passing, home.house.now());
    home.publish(2, 2);
    auto ann = home.house.open();
    EXPECT_EQ(home.recover(*ann, home.at(0)).recovery, Recovery::recovered);
    home.house.run();
    EXPECT_EQ(guest->take(), "kept:e:gone@1\n" + frames(2, 2));
    EXPECT_EQ(ann->take(), "joined\n" + frames(1, 2));
}

TEST(Recovery, is_not_for_who_is_there_already) {
    Home home;
    home.publish(1, 3);
    auto ann = home.house.open();
    ann->join("kept");
    const auto again = home.recover(*ann, home.at(0));
    EXPECT_EQ(again.outcome, Outcome::already);
    EXPECT_EQ(again.recovery, Recovery::not_asked);
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n");
}

// ---- the newest, without a position ----

TEST(Recovery, of_the_newest_gives_the_last_value_to_who_joins) {
    Home home;
    home.publish(1, 3);
    auto ann = home.house.open();
    auto joined = ann->join("kept", {.newest = 1});
    EXPECT_EQ(joined.recovery, Recovery::not_asked);
    home.house.lane().replay(ann->outbox, std::move(joined.missed));
    home.publish(4, 4);
    EXPECT_EQ(ann->take(), frames(3, 4));
    auto bob = home.house.open();
    EXPECT_EQ(bob->join("empty", {.newest = 1}).missed, nullptr);
}

TEST(Recovery, asked_for_comes_before_the_newest) {
    Home home;
    home.publish(1, 5);
    auto ann = home.house.open();
    auto joined = ann->join("kept", {.recover = home.at(9), .newest = 2});
    EXPECT_EQ(joined.recovery, Recovery::ahead);
    EXPECT_EQ(joined.missed, nullptr);
}

// ---- a channel and what it keeps ----

TEST(History, keeps_a_channel_alive_until_a_sweep_finds_nothing_left) {
    Home home;
    home.publish(1, 2);
    auto ann = home.house.open();
    ann->join("kept");
    ann->close();
    home.house.run();
    home.sweep();
    EXPECT_EQ(home.history.sweeps, 1);
    EXPECT_EQ(home.house.hub.channel_count(), 1U);
    home.history.forget_before_ns = home.house.now().steady_ns;
    home.house.hub.sweep(ChannelTable::stripe_count / 2, home.house.now());
    home.house.hub.sweep(ChannelTable::stripe_count / 2, home.house.now());
    EXPECT_EQ(home.history.sweeps, 2);
    EXPECT_EQ(home.house.hub.channel_count(), 0U);
}

TEST(History, numbers_what_it_could_not_keep_so_that_nobody_recovers_past_it) {
    Home home;
    auto ann = home.house.open();
    ann->join("kept");
    home.publish(1, 3);
    home.history.room = 0;
    home.publish(4, 4);
    home.history.room = 10;
    home.publish(5, 6);
    auto bob = home.house.open();
    EXPECT_EQ(home.recover(*bob, home.at(3)).recovery, Recovery::trimmed);
    auto eve = home.house.open();
    EXPECT_EQ(home.recover(*eve, home.at(4)).recovery, Recovery::recovered);
    home.house.run();
    EXPECT_EQ(eve->take(), "joined\n" + frames(5, 6));
    EXPECT_EQ(ann->take(), frames(1, 6));
}

TEST(History, that_keeps_nothing_of_a_publication_to_nobody_leaves_no_channel) {
    Home home;
    home.history.room = 0;
    home.publish(1, 1);
    EXPECT_EQ(home.house.hub.channel_count(), 0U);
}

}  // namespace
}  // namespace carillon::hub
