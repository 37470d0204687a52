// Who reads publications in this process: references and no bytes, in a queue as good as anybody's.
#include "hub/in_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/testing_spread.h"

namespace carillon::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::join;
using testing::levels;
using testing::message;
using testing::policy_of;
using testing::Reader;
using testing::TestClient;
using testing::TestHistory;
using testing::TestHub;
using OnFull = OutboxPolicy::OnFull;

std::uint64_t dropped(TestHub& house, DropReason reason) {
    return house.books().dropped[static_cast<std::size_t>(reason)];
}
void publish(TestHub& house, std::string_view channel, int from, int to) {
    for (int i = from; i <= to; ++i) house.publish(channel, std::to_string(i));
}

TEST(InProcess, hears_the_publication_itself_under_its_channels_name) {
    TestHub house;
    Reader ann(house);
    Reader bob(house);
    ann.join("a");
    bob.join(levels("#"));
    const auto published = message("x");
    const std::string_view name = "a";
    house.hub.publish(house.app, {&name, 1}, published, house.now());
    house.publish("b", "y");
    house.run();
    EXPECT_THAT(ann.heard, ElementsAre("a:x"));
    EXPECT_THAT(bob.heard, ElementsAre("a:x", "b:y"));
    EXPECT_EQ(ann.references[0], published);
    EXPECT_EQ(bob.references[0], published);
    EXPECT_EQ(house.lane().books().bytes_sent.get(), 0U);
    EXPECT_EQ(house.books().delivered, 3U);
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, keeps_a_body_alive_after_its_channel_and_its_publisher_are_gone) {
    TestHub house;
    Reader ann(house);
    Reader bob(house);
    ann.read(0);
    bob.read(0);
    {
        auto publisher = house.open();
        ann.join("a channel with a name of some length");
        bob.join(levels("+"));
        publisher->publish("a channel with a name of some length", std::string(1000, 'x'));
        house.run();
        ann.leave("a channel with a name of some length");
        bob.leave(levels("+"));
    }
    house.run();
    EXPECT_EQ(house.hub.channel_count(), 0U);
    ann.read();
    bob.read();
    house.run();
    const auto line = "a channel with a name of some length:" + std::string(1000, 'x');
    EXPECT_THAT(ann.heard, ElementsAre(line));
    EXPECT_THAT(bob.heard, ElementsAre(line));
}

TEST(InProcess, lets_go_of_what_was_read_and_keeps_what_was_not) {
    TestHub house;
    Reader ann(house);
    ann.join("a");
    ann.read(1);
    const auto one = message("1");
    const auto two = message("2");
    for (const auto& it : {one, two}) {
        const std::string_view name = "a";
        house.hub.publish(house.app, {&name, 1}, it, house.now());
    }
    house.run();
    EXPECT_EQ(ann.outbox.front_count(), 1U);
    EXPECT_EQ(ann.outbox.front(0).publication, two);
    EXPECT_EQ(ann.outbox.front_delivery(0).channel, "a");
    ann.read();
    house.run();
    ann.take();
    EXPECT_EQ(ann.outbox.front_count(), 0U);
    // The batch was given back, and with it the references.
    EXPECT_EQ(house.lane().batch_pool().live_batches(), 0U);
    EXPECT_EQ(house.books().delivered, 2U);
}

TEST(InProcess, reads_in_parts_and_in_order) {
    for (const std::size_t share : {1U, 2U, 3U, 7U, 100U}) {
        TestHub house;
        Reader ann(house);
        ann.share = share;
        ann.join("a");
        ann.join(levels("#"));
        std::vector<std::string> expected;
        for (int i = 0; i < 50; ++i) {
            const auto* name = i % 4 == 0 ? "b" : "a";
            house.publish(name, std::to_string(i));
            expected.push_back(std::string(name) + ":" + std::to_string(i));
            if (i % 10 == 9) house.run();
        }
        const auto in = [](std::vector<std::string> lines, std::string_view begin) {
            std::erase_if(lines, [&](const auto& line) { return !line.starts_with(begin); });
            return lines;
        };
        EXPECT_EQ(in(ann.heard, "a:"), in(expected, "a:")) << share;
        EXPECT_EQ(in(ann.heard, "b:"), in(expected, "b:")) << share;
        EXPECT_EQ(ann.heard.size(), 50U);
        EXPECT_TRUE(house.balanced());
    }
}

// The door's own way: several at once, from the front of a slice that goes on.
TEST(InProcess, consumes_some_of_what_stands_at_the_front) {
    TestHub house;
    Reader ann(house);
    ann.join("a");
    ann.read(0);
    publish(house, "a", 1, 5);
    house.run();
    ASSERT_EQ(ann.outbox.front_count(), 5U);
    ann.outbox.consume_front(2);
    EXPECT_EQ(ann.outbox.front_count(), 3U);
    EXPECT_EQ(ann.outbox.front(0).publication->body(), "3");
    EXPECT_EQ(ann.outbox.front_delivery(2).publication.body(), "5");
    EXPECT_EQ(ann.outbox.messages(), 3U);
    ann.outbox.consume_front(3);
    EXPECT_TRUE(ann.outbox.empty());
    EXPECT_EQ(house.books().delivered, 5U);
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, is_shown_messages_only) {
    TestHub house;
    Reader ann(house);
    auto bob = house.open();
    ann.join("a");
    bob->join("a", {.member = "bob"});
    bob->leave("a");
    house.publish("a", "x");
    house.run();
    EXPECT_THAT(ann.heard, ElementsAre("a:x"));
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, hears_what_is_sent_to_it_alone_under_no_name) {
    TestHub house;
    Reader ann(house);
    ann.join("a");
    ann.read(0);
    house.hub.send(ann.session->id(), message("1"), house.now());
    house.publish("a", "2");
    house.hub.send(ann.session->id(), message("3"), house.now());
    house.hub.send(ann.session->id(), message("4"), house.now());
    house.run();
    ann.read();
    house.run();
    auto heard = ann.take();
    std::ranges::sort(heard);
    EXPECT_THAT(heard, ElementsAre(":1", ":3", ":4", "a:2"));
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, replies_to_it_stand_in_the_same_queue) {
    TestHub house;
    Reader ann(house);
    ann.join("a");
    ann.read(0);
    publish(house, "a", 1, 2);
    house.run();
    house.lane().reply(ann.outbox, {"for nobody"});
    EXPECT_EQ(ann.outbox.front_count(), 2U);
    EXPECT_EQ(ann.outbox.reply_bytes(), 10U);
    ann.close();
    EXPECT_TRUE(ann.outbox.empty());
}

// ---- replay ----

TEST(InProcess, is_replayed_what_it_missed_by_reference) {
    for (const bool recovers : {false, true}) {
        TestHistory history;
        TestHub house({}, {.history = &history});
        auto keeper = house.open();
        const auto start = keeper->join("kept").position;
        publish(house, "kept", 1, 5);
        Reader ann(house);
        auto joined =
            recovers ? ann.join("kept", {.recover = start}) : ann.join("kept", {.newest = 5});
        EXPECT_EQ(joined.recovery, recovers ? Recovery::recovered : Recovery::not_asked);
        ASSERT_NE(joined.missed, nullptr);
        house.lane().replay(ann.outbox, std::move(joined.missed));
        publish(house, "kept", 6, 6);
        house.run();
        EXPECT_THAT(ann.heard, ElementsAre("kept:1@1", "kept:2@2", "kept:3@3", "kept:4@4",
                                           "kept:5@5", "kept:6@6"));
        const auto kept = house.hub.newest(house.app, "kept", 10);
        for (std::size_t i = 0; i < 6; ++i) {
            EXPECT_EQ(ann.references[i].get(), kept[i].publication.get());
        }
        EXPECT_TRUE(house.balanced());
    }
}

TEST(InProcess, a_replay_of_several_pages_goes_on_where_it_stopped) {
    TestHistory history;
    TestHub house({}, {.history = &history});
    const std::string big(20'000, 'x');
    for (int i = 0; i < 20; ++i) house.publish("kept", big + std::to_string(i));
    Reader ann(house);
    ann.read(3);
    auto joined = ann.join("kept", {.newest = 20});
    ASSERT_NE(joined.missed, nullptr);
    house.lane().replay(ann.outbox, std::move(joined.missed));
    house.publish("kept", "live");
    house.run();
    EXPECT_EQ(ann.heard.size(), 3U);
    EXPECT_EQ(ann.outbox.messages(), 18U);
    ann.share = 2;
    ann.read();
    house.run();
    ASSERT_EQ(ann.heard.size(), 21U);
    EXPECT_EQ(ann.heard.back(), "kept:live@21");
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(ann.heard[static_cast<std::size_t>(i)],
                  "kept:" + big + std::to_string(i) + "@" + std::to_string(i + 1));
    }
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, a_replay_ends_with_the_session) {
    TestHistory history;
    TestHub house({}, {.history = &history});
    publish(house, "kept", 1, 10);
    Reader ann(house);
    ann.read(4);
    auto joined = ann.join("kept", {.newest = 10});
    house.lane().replay(ann.outbox, std::move(joined.missed));
    house.run();
    EXPECT_EQ(ann.heard.size(), 4U);
    ann.close();
    house.run();
    EXPECT_EQ(house.books().left, 6U);
    EXPECT_TRUE(house.balanced());
}

// ---- who is slow ----

TEST(InProcess, drops_the_newest) {
    TestHub house;
    Reader ann(house, 0, policy_of(OnFull::drop_newest, 3));
    ann.join("a");
    ann.join("b");
    ann.read(1);
    for (int i = 0; i < 5; ++i) {
        publish(house, "a", i, i);
        publish(house, "b", i, i);
        house.run();
    }
    EXPECT_EQ(ann.outbox.messages(), 3U);
    EXPECT_EQ(dropped(house, DropReason::newest), 6U);
    ann.read();
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:0", "b:0", "a:1", "b:1"));
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, drops_the_oldest) {
    TestHub house;
    Reader ann(house, 0, policy_of(OnFull::drop_oldest, 3));
    ann.join("a");
    ann.read(1);
    publish(house, "a", 1, 4);
    house.run();
    publish(house, "a", 5, 9);
    house.run();
    EXPECT_EQ(dropped(house, DropReason::oldest), 5U);
    ann.read();
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:7", "a:8", "a:9"));
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, is_closed_when_it_is_too_slow) {
    TestHub house;
    Reader ann(house, 0, policy_of(OnFull::close, 3));
    ann.join("a");
    ann.read(1);
    publish(house, "a", 1, 9);
    house.run();
    EXPECT_THAT(ann.goodbyes, ElementsAre(CloseReason::slow));
    EXPECT_EQ(dropped(house, DropReason::closed), 8U);
    ann.read();
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1"));
    EXPECT_EQ(house.lane().batch_pool().live_batches(), 0U);
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, bytes_are_bounded_as_if_it_had_some) {
    TestHub house;
    Reader ann(house, 0, {.messages_max = 1000, .bytes_max = 1000, .on_full = OnFull::drop_newest});
    ann.join("a");
    ann.read(0);
    for (int i = 0; i < 10; ++i) house.publish("a", std::string(300, 'x'));
    house.run();
    EXPECT_EQ(ann.outbox.messages(), 2U);  // 300 and what an item costs, each
    EXPECT_LE(ann.outbox.bytes(), 1000U);
    EXPECT_EQ(dropped(house, DropReason::newest), 8U);
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, a_gap_is_not_told_to_who_is_shown_messages_only) {
    TestHub house;
    Reader ann(house, 0, {.messages_max = 2, .on_full = OnFull::drop_newest, .gap_notice = true});
    ann.join("a");
    ann.read(0);
    publish(house, "a", 1, 5);
    house.run();
    ann.read();
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:2"));
    publish(house, "a", 6, 6);
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:6"));
    EXPECT_TRUE(house.balanced());
}

// Of batches that others have read long ago it keeps only what it owes itself.
TEST(InProcess, does_not_hold_on_to_what_it_dropped) {
    TestHub house;
    Reader ann(house, 0, policy_of(OnFull::drop_oldest, 2));
    ann.join("a");
    ann.read(0);
    std::vector<PublicationRef> all;
    const std::string_view name = "a";
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 50; ++i) {
            all.push_back(message(std::string(1000, 'x') + std::to_string(all.size())));
            house.hub.publish(house.app, {&name, 1}, all.back(), house.now());
        }
        house.run();
        // At most four times what it owes, and a batch.
        EXPECT_LE(house.lane().batch_pool().live_bytes(),
                  4 * 2 * 1200 + 2 * limits::batch_bytes_max);
    }
    ann.read();
    house.run();
    EXPECT_EQ(ann.heard.size(), 2U);
    EXPECT_EQ(ann.references.back(), all.back());
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, what_is_sent_to_it_alone_and_dropped_is_not_held_either) {
    TestHub house;
    Reader ann(house, 0, policy_of(OnFull::drop_newest, 20));
    ann.read(0);
    for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 50; ++i) {
            house.hub.send(ann.session->id(), message(std::string(1000, 'x')), house.now());
        }
        house.run();
        ann.read(1);  // room for one of the next fifty
        house.run();
    }
    EXPECT_EQ(ann.outbox.messages(), 19U);
    EXPECT_LE(house.lane().batch_pool().live_bytes(),
              4 * ann.outbox.held_bytes() + 2 * limits::batch_bytes_max);
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, moves_what_it_owes_to_batches_of_its_own_and_reads_on_unmoved) {
    TestHub house;
    Reader slow(house);
    slow.join("a");
    slow.join(levels("+"));
    slow.read(0);
    const std::string big(3000, 'x');
    for (int i = 0; i < 200; ++i) house.publish(i % 2 == 0 ? "a" : "b", big + std::to_string(i));
    house.run();
    std::vector<std::string> heard;
    // Little by little: of each batch less and less is owed, until it is not worth keeping.
    for (int i = 0; i < 50; ++i) {
        slow.read(4);
        house.run();
        EXPECT_TRUE(house.balanced());
        EXPECT_LE(house.lane().batch_pool().live_bytes(),
                  4 * slow.outbox.held_bytes() + 3 * limits::batch_bytes_max);
    }
    ASSERT_EQ(slow.heard.size(), 200U);
    std::map<char, int> next{{'a', 0}, {'b', 1}};
    for (const auto& line : slow.heard) {
        EXPECT_EQ(line.substr(2), big + std::to_string(next[line[0]]));
        next[line[0]] += 2;
    }
}

TEST(InProcess, whoever_holds_most_is_ended_when_the_lanes_memory_is_used_up) {
    TestHub house({.limits = {.batch_bytes_max = 512 * 1024}});
    Reader slow(house, 0, {.messages_max = 1'000'000, .bytes_max = std::size_t{1} << 40});
    Reader quick(house);
    slow.join("a");
    quick.join("a");
    slow.read(0);
    for (int i = 0; i < 100; ++i) {
        house.publish("a", std::string(20'000, 'x'));
        house.iterate();
    }
    house.run();
    EXPECT_THAT(slow.goodbyes, ElementsAre(CloseReason::memory));
    EXPECT_NE(dropped(house, DropReason::memory), 0U);
    EXPECT_EQ(quick.heard.size(), 100U);
    EXPECT_LE(house.lane().batch_pool().live_bytes(), 512U * 1024);
    EXPECT_TRUE(house.balanced());
}

// ---- whatever is done while it reads ----

TEST(InProcess, may_leave_while_it_reads_and_hears_what_was_in_its_queue) {
    TestHub house;
    Reader ann(house);
    ann.join("a");
    ann.on_heard = [&](const std::string& line) {
        if (line == "a:2") {
            EXPECT_EQ(ann.leave("a"), Outcome::ok);
        }
    };
    publish(house, "a", 1, 4);
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:2", "a:3", "a:4"));
    publish(house, "a", 5, 5);
    house.run();
    EXPECT_THAT(ann.take(), IsEmpty());
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, may_leave_its_group_while_it_reads_and_the_rest_is_somebody_elses) {
    TestHub house;
    Reader ann(house);
    Reader bob(house);
    ann.join_group("a");
    ann.on_heard = [&](const std::string& line) {
        if (line == "a:2") ann.leave("a");
    };
    publish(house, "a", 1, 4);
    house.lane().take();
    bob.join_group("a");
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:2"));
    EXPECT_THAT(bob.take(), ElementsAre("a:3", "a:4"));
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, may_close_while_it_reads) {
    TestHub house;
    Reader ann(house);
    Reader bob(house);
    ann.join("a");
    ann.join(levels("#"));
    bob.join("a");
    ann.on_heard = [&](const std::string& line) {
        if (line == "a:2") ann.close();
    };
    publish(house, "a", 1, 4);
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:2"));
    EXPECT_EQ(bob.take().size(), 4U);
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, may_close_and_open_others_while_it_reads) {
    TestHub house;
    Reader ann(house);
    std::vector<std::unique_ptr<Reader>> others;
    for (int i = 0; i < 40; ++i) {
        others.push_back(std::make_unique<Reader>(house));
        others.back()->join("a");
    }
    ann.join("a");
    ann.on_heard = [&](const std::string& line) {
        if (line == "a:1") {
            for (std::size_t i = 0; i < 40; i += 2) others[i]->close();
        } else {
            auto joiner = std::make_unique<Reader>(house);
            joiner->join("a");
            joiner->join(levels("+"));
            others.push_back(std::move(joiner));
        }
    };
    publish(house, "a", 1, 3);
    house.run();
    publish(house, "a", 4, 4);
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:2", "a:3", "a:4"));
    for (std::size_t i = 1; i < 40; i += 2) EXPECT_EQ(others[i]->take().size(), 4U);
    EXPECT_THAT(others[40]->take(), ElementsAre("a:4"));
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, may_subscribe_and_publish_while_it_reads) {
    TestHub house;
    Reader ann(house);
    ann.join("a");
    ann.on_heard = [&](const std::string& line) {
        if (line == "a:1") {
            ann.join("b");
            ann.join(levels("#"));
            house.publish("a", "2");
            house.publish("b", "3");
        }
        if (ann.heard.size() < 100) house.publish("c", std::to_string(ann.heard.size()));
    };
    publish(house, "a", 1, 1);
    house.run();
    EXPECT_EQ(std::ranges::count(ann.heard, "a:2"), 1);
    EXPECT_EQ(std::ranges::count(ann.heard, "b:3"), 1);
    EXPECT_EQ(ann.heard.size(), 102U);
    EXPECT_TRUE(house.balanced());
}

TEST(InProcess, a_walk_that_writes_bytes_at_once_is_not_disturbed_by_who_reads) {
    TestHub house;
    auto bob = house.open();
    auto cid = house.open();
    Reader ann(house);
    bob->join("a");
    ann.join("a");
    cid->join("a");
    ann.on_heard = [&](const std::string&) {
        cid->close();
        bob->leave("a");
    };
    publish(house, "a", 1, 1);
    house.run(1);  // one visit at a time
    publish(house, "a", 2, 2);
    house.run(1);
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:2"));
    EXPECT_EQ(bob->take(), "a:e:1\n");
    EXPECT_TRUE(house.balanced());
}

}  // namespace
}  // namespace carillon::hub
