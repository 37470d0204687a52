#include "hub/lane.h"

#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::LineFormat;
using testing::message;
using testing::TestHub;

constexpr OutboxPolicy dropping(std::uint32_t messages, std::size_t bytes = 1 << 20) {
    return {messages, bytes, OutboxPolicy::OnFull::drop_newest};
}
constexpr OutboxPolicy closing(std::uint32_t messages, std::size_t bytes = 1 << 20) {
    return {messages, bytes, OutboxPolicy::OnFull::close};
}

// ---- waking ----

TEST(Lane, is_woken_once_for_what_waits_and_again_after_it_was_taken) {
    TestHub house;
    auto ann = house.open();
    ann->join("news");
    house.run();
    const auto before = house.wakes[0]->times.load();
    for (int i = 0; i < 10; ++i) house.publish("news", "x");
    EXPECT_EQ(house.wakes[0]->times, before + 1);
    house.run();
    house.publish("news", "y");
    EXPECT_TRUE(house.wakes[0]->woken);
}

TEST(Lane, sleeps_when_nothing_is_to_be_done) {
    TestHub house({.lanes = 2});
    auto ann = house.open(0);
    auto bob = house.open(1);
    ann->join("news");
    bob->join("other");
    house.run();
    const auto before = house.wakes[1]->times.load();
    house.publish("news", "x");
    house.run();
    EXPECT_EQ(house.wakes[1]->times, before);
    EXPECT_FALSE(house.lane(0).has_work());
    EXPECT_FALSE(house.lane(1).has_work());
}

TEST(Lane, is_woken_by_a_reply_a_close_an_end_an_unblocked_socket_and_a_leave) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    house.run();
    ann->reply("x");
    EXPECT_TRUE(house.wakes[0]->woken);
    house.run();
    EXPECT_EQ(ann->take(), "x");

    ann->door.room = 0;
    ann->reply("y");
    house.run();
    EXPECT_EQ(ann->take(), "");
    ann->unblock();
    EXPECT_TRUE(house.wakes[0]->woken);
    house.run();
    EXPECT_EQ(ann->take(), "y");

    house.hub.end(*ann->session, CloseReason::kicked);
    EXPECT_TRUE(house.wakes[0]->woken);
    house.run();
    EXPECT_EQ(ann->goodbyes.size(), 1U);
    bob->close();
    EXPECT_TRUE(house.wakes[0]->woken);
}

TEST(Lane, is_woken_to_reap_who_left_while_nothing_else_happens) {
    TestHub house;
    auto ann = house.open();
    ann->join("news");
    house.run();
    ann->leave("news");
    EXPECT_TRUE(house.wakes[0]->woken);
}

TEST(Lane, keeps_its_place_when_take_is_cut_short) {
    TestHub house;
    auto ann = house.open();
    ann->join("news");
    for (int i = 0; i < 5; ++i) house.publish("news", std::to_string(i));
    house.lane().take(2);
    EXPECT_EQ(house.lane().taken_number(), 2U);
    EXPECT_TRUE(house.balanced());
    EXPECT_EQ(house.books().pending_inbox, 3U);
    EXPECT_EQ(house.books().pending_batch, 2U);
    EXPECT_TRUE(house.lane().has_work());
    house.run();
    EXPECT_EQ(ann->take(), "news:e:0\nnews:e:1\nnews:e:2\nnews:e:3\nnews:e:4\n");
}

TEST(Lane, stops_taking_at_256_kib_not_yet_offered) {
    TestHub house;
    auto ann = house.open();
    ann->join("news");
    for (int i = 0; i < 40; ++i) house.publish("news", std::string(10'000, 'x'));
    house.lane().take();
    EXPECT_EQ(house.lane().taken_number(), 27U);
    EXPECT_TRUE(house.lane().has_work());
    house.run();
    EXPECT_EQ(ann->take().size(), 40 * 10'008U);
    EXPECT_EQ(house.books().delivered, 40U);
}

// ---- formats ----

TEST(Lane, encodes_once_per_format_and_lane_and_not_at_all_for_nobody) {
    TestHub house({.lanes = 2});
    const LineFormat loud("!");
    auto ann = house.open(0);
    auto bob = house.open(0);
    auto cat = house.open(0);
    auto dan = house.open(1);
    for (auto* client : {ann.get(), bob.get(), dan.get()}) client->join("news");
    cat->join("news", loud);
    house.publish("news", "x");
    house.run();
    EXPECT_EQ(house.lines.calls, 2);  // one per lane
    EXPECT_EQ(loud.calls, 1);
    EXPECT_EQ(cat->take(), "!news:e:x\n");
    cat->publish_to_others("news", "y");
    house.run();
    EXPECT_EQ(loud.calls, 1);  // its only reader may not hear it
}

TEST(Lane, counts_as_filtered_what_a_format_does_not_show) {
    TestHub house;
    const LineFormat quiet("?", false);
    auto ann = house.open();
    auto bob = house.open();
    ann->join("room", quiet);
    bob->join("room", {.member = "bob"});
    house.run();  // the round holds nothing but an event without a frame
    EXPECT_EQ(ann->take(), "");
    EXPECT_EQ(house.books().filtered, 1U);
    house.publish("room", "x");
    bob->leave("room");
    house.publish("room", "y");
    house.run();
    EXPECT_EQ(ann->take(), "?room:e:x\n?room:e:y\n");
    EXPECT_EQ(bob->take(), "");
    EXPECT_TRUE(house.balanced());
}

TEST(Lane, seals_a_batch_at_64_kib) {
    TestHub house;
    auto ann = house.open();
    ann->join("news");
    std::string expected;
    for (int i = 0; i < 5; ++i) {
        const std::string body(30'000, static_cast<char>('a' + i));
        house.publish("news", body);
        expected += "news:e:" + body + "\n";
    }
    house.lane().take();
    EXPECT_EQ(house.lane().batch_pool().live_batches(), 3U);
    house.run();
    EXPECT_EQ(ann->take(), expected);
    EXPECT_EQ(house.lane().batch_pool().live_batches(), 0U);
}

// ---- the door ----

TEST(Lane, does_not_knock_at_a_door_with_nothing_to_bring) {
    TestHub house;
    auto ann = house.open();
    house.hub.send(ann->session->id(), message("x"), house.now());
    house.lane().take();                                // listed for a write
    house.hub.end(*ann->session, CloseReason::kicked);  // what it owed is gone
    house.run();
    EXPECT_EQ(ann->door.writes, 0);
}

TEST(Lane, sends_nothing_to_a_blocked_socket_though_nothing_waits_for_it) {
    TestHub house;
    auto ann = house.open(0, dropping(0));
    ann->join("news");
    ann->door.room = 0;
    house.publish("news", "1");
    house.run();
    EXPECT_EQ(ann->door.direct_writes, 1);
    EXPECT_TRUE(ann->outbox.empty() && ann->outbox.blocked());
    ann->door.room = 1000;  // not yet told
    house.publish("news", "2");
    house.run();
    EXPECT_EQ(ann->door.direct_writes, 1);
    EXPECT_EQ(ann->take(), "");
    ann->unblock();
    house.publish("news", "3");
    house.run();
    EXPECT_EQ(ann->take(), "news:e:3\n");
    EXPECT_EQ(house.books().dropped[static_cast<int>(DropReason::newest)], 2U);
}

// The first bytes that the walk could not write are in a record before they are in any queue.
TEST(Lane, offers_first_what_a_walk_left_half_on_its_way) {
    const std::string all = "news:e:0\nnews:e:1\nnews:e:2\nnews:e:3\n";
    for (std::size_t room = 0; room < all.size(); ++room) {
        for (std::size_t record = 1; room + record <= all.size(); ++record) {
            TestHub house;
            auto ann = house.open(0, {0, 0, OutboxPolicy::OnFull::drop_oldest});
            ann->join("news");
            ann->door.room = room;
            ann->door.record_bytes = record;
            for (const auto* body : {"0", "1", "2", "3"}) house.publish("news", body);
            house.run();
            EXPECT_EQ(ann->door.direct_writes, 1);
            house.publish("news", "later");
            house.run();
            ann->unblock();
            house.run();
            const auto frames = (room + record + 8) / 9;
            ASSERT_EQ(ann->take(), all.substr(0, 9 * frames)) << room << " and " << record;
            EXPECT_TRUE(house.balanced());
        }
    }
}

TEST(Lane, takes_what_was_on_its_way_for_gone_once_it_was_sent) {
    TestHub house;
    auto ann = house.open(0, {0, 0, OutboxPolicy::OnFull::drop_oldest});
    ann->join("news");
    ann->door.room = 0;
    ann->door.record_bytes = 9;
    house.publish("news", "0");
    house.run();
    ann->reply("reply\n");
    house.publish("news", "1");
    ann->door.share = 0;  // the record is taken, and nothing else
    ann->unblock();
    house.lane().take();
    house.lane().flush(10);
    EXPECT_EQ(ann->take(), "news:e:0\n");
    EXPECT_EQ(ann->outbox.messages(), 0U);  // so this was dropped
    ann->door.share = 1000;
    house.run();
    EXPECT_EQ(ann->take(), "reply\n");
}

TEST(Lane, writes_a_share_per_round_and_goes_on_in_the_next) {
    TestHub house;
    auto ann = house.open();
    ann->join("news");
    ann->door.share = 4;
    ann->reply("12345678\n");
    house.publish("news", "x");
    house.run();
    EXPECT_EQ(ann->take(), "12345678\nnews:e:x\n");
    EXPECT_EQ(ann->door.writes, 5);
}

// ---- the end of a session ----

TEST(Lane, closes_who_is_over_its_policy_and_says_so_once) {
    TestHub house;
    auto slow = house.open(0, closing(2));
    auto quick = house.open();
    for (auto* client : {slow.get(), quick.get()}) client->join("news");
    slow->on_goodbye = [&] { slow->reply("bye\n"); };
    slow->door.room = 10;  // one frame and a piece of the next
    for (int i = 0; i < 5; ++i) house.publish("news", std::to_string(i));
    house.run();
    EXPECT_EQ(slow->goodbyes, (std::vector<CloseReason>{CloseReason::slow}));
    EXPECT_TRUE(slow->session->closing());
    EXPECT_EQ(house.books().dropped[static_cast<int>(DropReason::closed)], 3U);
    house.publish("news", "unheard");
    slow->unblock();
    house.run();
    EXPECT_EQ(slow->take(), "news:e:0\nnews:e:1\nbye\n");  // the committed frame, then goodbye
    EXPECT_EQ(quick->take().size(), 5 * 9U + 15);
    EXPECT_TRUE(house.balanced());
    slow->close();
    house.run();
    EXPECT_EQ(slow->goodbyes.size(), 1U);
    EXPECT_EQ(house.lane().books().closed[static_cast<int>(CloseReason::slow)].get(), 1U);
    EXPECT_EQ(house.lane().books().closed[static_cast<int>(CloseReason::peer)].get(), 0U);
}

TEST(Lane, drops_the_newest_whole_frames_of_who_is_over_its_policy) {
    TestHub house;
    auto slow = house.open(0, dropping(3));
    slow->join("news");
    slow->door.room = 10;
    for (int i = 0; i < 8; ++i) house.publish("news", std::to_string(i));
    house.run();
    EXPECT_EQ(house.books().dropped[static_cast<int>(DropReason::newest)], 4U);
    slow->reply("still here\n");
    slow->unblock();
    house.run();
    EXPECT_EQ(slow->take(), "news:e:0\nnews:e:1\nnews:e:2\nnews:e:3\nstill here\n");
    house.publish("news", "8");
    house.run();
    EXPECT_EQ(slow->take(), "news:e:8\n");
    EXPECT_TRUE(house.balanced());
}

TEST(Lane, judges_after_the_write_so_that_a_quick_client_may_be_sent_more_than_its_policy) {
    TestHub house;
    auto quick = house.open(0, closing(2));
    quick->join("news");
    quick->reply("first\n");  // not the short cut
    for (int i = 0; i < 100; ++i) house.publish("news", "x");
    house.run();
    EXPECT_TRUE(quick->goodbyes.empty());
    EXPECT_EQ(house.books().delivered, 100U);
}

TEST(Lane, closes_the_worst_debtors_until_its_frames_fit_in_memory) {
    TestHub house({.limits = {.batch_bytes_max = 300'000}});
    auto worst = house.open();
    auto bad = house.open();
    auto good = house.open();
    worst->join("big");
    bad->join("small");
    good->join("small");
    worst->door.room = 0;
    bad->door.room = 0;
    for (int i = 0; i < 8; ++i) {
        house.publish("big", std::string(60'000, 'x'));
        house.publish("small", "x");
        house.run();
    }
    EXPECT_EQ(worst->goodbyes, (std::vector<CloseReason>{CloseReason::memory}));
    EXPECT_TRUE(bad->goodbyes.empty());
    EXPECT_TRUE(good->goodbyes.empty());
    EXPECT_GE(house.books().dropped[static_cast<int>(DropReason::memory)], 4U);
    EXPECT_LE(house.lane().batch_pool().live_bytes(), 300'000U);
    EXPECT_TRUE(house.balanced());
}

TEST(Lane, tells_a_kicked_client_and_nobody_who_closed_itself) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    ann->join("news");
    ann->on_goodbye = [&] { ann->close(); };  // at once, inside the call
    house.hub.end(*ann->session, CloseReason::kicked);
    house.hub.end(*ann->session, CloseReason::shutdown);
    bob->close();
    EXPECT_TRUE(ann->goodbyes.empty());  // only when the lane reaps
    house.run();
    EXPECT_EQ(ann->goodbyes, (std::vector<CloseReason>{CloseReason::kicked}));
    EXPECT_TRUE(bob->goodbyes.empty());
    EXPECT_EQ(house.lane().session_count(), 0U);
    EXPECT_EQ(house.hub.connections(house.app), 0U);
}

TEST(Lane, does_not_say_goodbye_to_who_went_first) {
    TestHub house;
    auto ann = house.open();
    house.hub.end(*ann->session, CloseReason::kicked);
    ann->close();
    house.run();
    EXPECT_TRUE(ann->goodbyes.empty());
    EXPECT_EQ(house.lane().books().closed[static_cast<int>(CloseReason::kicked)].get(), 1U);
}

TEST(Lane, survives_a_goodbye_that_ends_and_closes_another_session) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    ann->on_goodbye = [&] {
        house.hub.end(*bob->session, CloseReason::kicked);
        bob->close();
    };
    house.hub.end(*ann->session, CloseReason::kicked);
    house.run();
    EXPECT_EQ(ann->goodbyes.size(), 1U);
    EXPECT_TRUE(bob->goodbyes.empty());
    EXPECT_EQ(house.lane().session_count(), 1U);
}

// ---- taking apart ----

TEST(Lane, can_be_taken_apart_while_its_flush_was_cut_short_and_more_is_encoded) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    for (auto* client : {ann.get(), bob.get()}) client->join("news");
    house.publish("news", "x");
    house.lane().take();
    EXPECT_TRUE(house.lane().flush(1));  // the cursor stands before the second entry
    house.publish("news", "y");
    house.lane().take();
    house.publish("news", "z");
}

TEST(Lane, can_be_taken_apart_after_a_channel_of_the_unfinished_round_was_retired) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    ann->join("first");
    bob->join("second");
    house.publish("first", "x");
    house.publish("second", "x");
    house.lane().take();
    EXPECT_TRUE(house.lane().flush(1));
    ann->leave("first");
    bob->leave("second");
    house.lane().reap(house.now());
}

TEST(Lane, forgets_a_channel_that_its_last_subscriber_left_while_items_waited) {
    TestHub house;
    auto ann = house.open();
    for (int i = 0; i < 100; ++i) {
        ann->join("news");
        house.publish("news", "x");
        ann->leave("news");
        house.run();
    }
    EXPECT_EQ(house.lane().channel_slots(), 1U);  // the one place is used again and again
    EXPECT_EQ(house.books().left, 100U);
}

}  // namespace
}  // namespace carillon::hub
