// Queue groups: of each publication one member hears, whoever lives and has room.
#include "hub/group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/testing_spread.h"

namespace carillon::hub {
namespace {

using ::testing::ElementsAre;
using testing::glob;
using ::testing::IsEmpty;
using testing::levels;
using testing::message;
using testing::policy_of;
using testing::Reader;
using testing::TestClient;
using testing::TestHistory;
using testing::TestHub;
using ::testing::UnorderedElementsAre;
using OnFull = OutboxPolicy::OnFull;

std::vector<std::string> numbered(const std::string& channel, int from, int to, int step = 1) {
    std::vector<std::string> lines;
    for (int i = from; i <= to; i += step) lines.push_back(channel + ':' + std::to_string(i));
    return lines;
}
void publish(TestHub& house, const std::string& channel, int from, int to) {
    for (int i = from; i <= to; ++i) house.publish(channel, std::to_string(i));
}
std::uint64_t total(TestHub& house, std::uint64_t BooksSnapshot::* field) {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < house.hub.lane_count(); ++i) sum += house.books(i).*field;
    return sum;
}
std::uint64_t dropped(TestHub& house, DropReason reason) {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < house.hub.lane_count(); ++i) {
        sum += house.books(i).dropped[static_cast<std::size_t>(reason)];
    }
    return sum;
}

// Over one lane and over three.
class Groups : public ::testing::TestWithParam<unsigned> {
 protected:
    // The n-th client's lane: all of them have some.
    unsigned lane(unsigned n) const { return n % GetParam(); }
    std::unique_ptr<Reader> member(unsigned n, OutboxPolicy policy = {},
                                   std::string_view channel = "jobs") {
        auto reader = std::make_unique<Reader>(house, lane(n), policy);
        EXPECT_EQ(reader->join_group(channel).outcome, Outcome::ok);
        return reader;
    }
    void TearDown() override { EXPECT_TRUE(house.balanced()); }

    TestHub house{{.lanes = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Lanes, Groups, ::testing::Values(1U, 3U));

TEST_P(Groups, give_each_publication_to_one_member_by_turns) {
    auto ann = member(0);
    auto bob = member(1);
    auto cid = member(2);
    EXPECT_EQ(house.publish("jobs", "1").matched, 1U);
    publish(house, "jobs", 2, 9);
    house.run();
    EXPECT_EQ(ann->take(), numbered("jobs", 1, 9, 3));
    EXPECT_EQ(bob->take(), numbered("jobs", 2, 9, 3));
    EXPECT_EQ(cid->take(), numbered("jobs", 3, 9, 3));
    EXPECT_EQ(total(house, &BooksSnapshot::delivered), 9U);
}

TEST_P(Groups, beside_ordinary_subscribers_and_other_groups) {
    auto ann = member(0);
    auto bob = member(1);
    Reader cid(house, lane(2));
    cid.join_group("jobs", "another");
    auto dan = house.open(lane(1));
    dan->join("jobs");
    EXPECT_EQ(house.publish("jobs", "1").matched, 3U);
    house.publish("jobs", "2");
    house.run();
    EXPECT_THAT(ann->take(), ElementsAre("jobs:1"));
    EXPECT_THAT(bob->take(), ElementsAre("jobs:2"));
    EXPECT_THAT(cid.take(), ElementsAre("jobs:1", "jobs:2"));
    EXPECT_EQ(dan->take(), "jobs:e:1\njobs:e:2\n");
}

TEST_P(Groups, count_as_subscribers_and_keep_their_channel) {
    auto ann = member(0);
    auto bob = member(1);
    auto dan = house.open(lane(2));
    dan->join("jobs");
    EXPECT_EQ(house.hub.describe(house.app, "jobs")->subscribers, 3U);
    EXPECT_EQ(ann->join_group("jobs").outcome, Outcome::already);
    dan->leave("jobs");
    ann->leave("jobs");
    EXPECT_EQ(house.hub.describe(house.app, "jobs")->subscribers, 1U);
    bob->close();
    house.run();
    EXPECT_FALSE(house.hub.describe(house.app, "jobs"));
    EXPECT_EQ(house.publish("jobs", "1").matched, 0U);
}

TEST_P(Groups, on_a_pattern_share_all_that_it_matches) {
    Reader ann(house, lane(0));
    Reader bob(house, lane(1));
    Reader all(house, lane(2));
    const auto jobs = levels("jobs/#");
    ann.join(jobs, {.group = "g"});
    bob.join(jobs, {.group = "g"});
    all.join(levels("#"));
    for (const auto* name : {"jobs/a", "jobs/b", "jobs", "other"}) house.publish(name, "x");
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("jobs/a:x", "jobs:x"));
    EXPECT_THAT(bob.take(), ElementsAre("jobs/b:x"));
    EXPECT_EQ(all.take().size(), 4U);
    ann.leave(jobs);
    house.publish("jobs/c", "x");
    bob.leave(jobs);  // the last one: nobody is left to take it
    house.run();
    EXPECT_THAT(ann.take(), IsEmpty());
    EXPECT_THAT(bob.take(), IsEmpty());
    EXPECT_EQ(total(house, &BooksSnapshot::left), 1U);
    EXPECT_EQ(house.publish("jobs/a", "x").matched, 1U);  // all's
    house.run();
}

TEST_P(Groups, of_a_channel_and_of_a_pattern_are_two) {
    Reader ann(house, lane(0));
    Reader bob(house, lane(1));
    ann.join_group("jobs");
    bob.join(levels("#"), {.group = "g"});
    EXPECT_EQ(house.publish("jobs", "1").matched, 2U);
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("jobs:1"));
    EXPECT_THAT(bob.take(), ElementsAre("jobs:1"));
}

// ---- who leaves ----

TEST_P(Groups, hand_on_what_was_on_its_way_to_one_who_left) {
    auto ann = member(0);
    auto bob = member(1);
    auto cid = member(2);
    publish(house, "jobs", 1, 9);  // in the inboxes
    ann->leave("jobs");
    house.run();
    EXPECT_THAT(ann->take(), IsEmpty());
    auto heard = bob->take();
    const auto more = cid->take();
    EXPECT_NE(more.size(), 9U);  // both have their share
    heard.insert(heard.end(), more.begin(), more.end());
    std::ranges::sort(heard);
    EXPECT_EQ(heard, numbered("jobs", 1, 9));
    EXPECT_EQ(total(house, &BooksSnapshot::passed), 3U);
}

TEST_P(Groups, hand_on_what_one_who_leaves_or_closes_has_not_read) {
    for (const bool closes : {false, true}) {
        auto ann = member(0);
        auto bob = member(1);
        auto cid = member(2);
        ann->read(1);
        publish(house, "jobs", 1, 12);
        house.run();
        EXPECT_THAT(ann->take(), ElementsAre("jobs:1"));
        EXPECT_EQ(bob->take(), numbered("jobs", 2, 12, 3));
        EXPECT_EQ(cid->take(), numbered("jobs", 3, 12, 3));
        EXPECT_EQ(ann->outbox.messages(), 3U);
        closes ? ann->close() : static_cast<void>(ann->leave("jobs"));
        EXPECT_EQ(ann->outbox.messages(), 0U);
        EXPECT_TRUE(house.balanced());
        ann->read();
        house.run();
        EXPECT_THAT(ann->take(), IsEmpty());
        auto heard = bob->take();
        const auto more = cid->take();
        EXPECT_EQ(std::max(heard.size(), more.size()), 2U);  // shared out, too
        heard.insert(heard.end(), more.begin(), more.end());
        EXPECT_THAT(heard, UnorderedElementsAre("jobs:4", "jobs:7", "jobs:10"));
        bob->close();
        cid->close();
        house.run();
    }
    EXPECT_EQ(total(house, &BooksSnapshot::passed), 6U);
    EXPECT_EQ(total(house, &BooksSnapshot::left), 0U);
}

TEST_P(Groups, hand_on_in_turn_what_several_who_close_have_not_read) {
    std::vector<std::unique_ptr<Reader>> members;
    for (unsigned i = 0; i < 6; ++i) {
        members.push_back(member(i));
        if (i != 5) members.back()->read(0);
    }
    publish(house, "jobs", 1, 30);
    house.run();
    auto heard = members[5]->take();
    for (std::size_t i = 0; i < 5; ++i) {
        members[i]->close();
        if (i == 2) house.run();
    }
    house.run();
    const auto more = members[5]->take();
    heard.insert(heard.end(), more.begin(), more.end());
    auto all = numbered("jobs", 1, 30);
    std::ranges::sort(all);
    std::ranges::sort(heard);
    EXPECT_EQ(heard, all);
    EXPECT_EQ(total(house, &BooksSnapshot::left), 0U);
}

TEST_P(Groups, leave_what_nobody_can_take_any_more) {
    auto ann = member(0);
    auto bob = member(1);
    ann->read(0);
    publish(house, "jobs", 1, 4);
    house.run();
    EXPECT_EQ(bob->take(), numbered("jobs", 2, 4, 2));
    bob->close();
    publish(house, "jobs", 5, 6);
    ann->close();
    house.run();
    EXPECT_EQ(total(house, &BooksSnapshot::left), 4U);
    EXPECT_EQ(dropped(house, DropReason::no_consumer), 0U);
}

TEST_P(Groups, who_left_and_came_back_is_a_new_member) {
    auto ann = member(0);
    auto bob = member(1);
    publish(house, "jobs", 1, 2);
    ann->leave("jobs");
    bob->leave("jobs");
    ann->join_group("jobs");
    house.run();
    EXPECT_THAT(ann->take(), IsEmpty());
    EXPECT_EQ(total(house, &BooksSnapshot::left), 2U);
    house.publish("jobs", "3");
    house.run();
    EXPECT_THAT(ann->take(), ElementsAre("jobs:3"));
}

TEST_P(Groups, keep_what_was_written_down_for_a_member_with_bytes) {
    auto ann = house.open(lane(0));
    ann->join("jobs", {.group = "g"});
    auto bob = member(1);
    ann->door.room = 5;
    publish(house, "jobs", 1, 6);
    house.run();
    ann->leave("jobs");  // what is queued goes out before what she is answered
    ann->reply("left\n");
    ann->unblock();
    house.run();
    EXPECT_EQ(ann->take(), "jobs:e:1\njobs:e:3\njobs:e:5\nleft\n");
    EXPECT_EQ(bob->take(), numbered("jobs", 2, 6, 2));
}

// ---- who has no room ----

TEST_P(Groups, pass_on_what_a_full_member_has_no_room_for) {
    auto ann = member(0, policy_of(OnFull::drop_newest, 2));
    auto bob = member(1, policy_of(OnFull::drop_newest, 2));
    auto cid = member(2);
    ann->read(0);
    bob->read(0);
    publish(house, "jobs", 1, 30);
    house.run();
    ann->read();
    bob->read();
    house.run();
    EXPECT_THAT(ann->take(), ElementsAre("jobs:1", "jobs:4"));
    EXPECT_THAT(bob->take(), ElementsAre("jobs:2", "jobs:5"));
    EXPECT_EQ(cid->take().size(), 26U);
    EXPECT_EQ(dropped(house, DropReason::no_consumer), 0U);
    EXPECT_EQ(dropped(house, DropReason::newest), 0U);
}

TEST_P(Groups, drop_and_count_what_nobody_has_room_for) {
    auto ann = member(0, policy_of(OnFull::drop_newest, 2));
    auto bob = member(1, policy_of(OnFull::drop_oldest, 1));
    auto cid = member(2, policy_of(OnFull::close, 3));
    for (auto* reader : {ann.get(), bob.get(), cid.get()}) reader->read(0);
    publish(house, "jobs", 1, 20);
    house.run();
    EXPECT_EQ(dropped(house, DropReason::no_consumer), 14U);
    EXPECT_EQ(total(house, &BooksSnapshot::pending_outbox), 6U);
    EXPECT_THAT(cid->goodbyes, IsEmpty());  // nothing is put on top of what is full
    EXPECT_EQ(house.publish("jobs", "21").matched, 1U);
    bob->read(1);
    house.run();
    for (auto* reader : {ann.get(), bob.get(), cid.get()}) reader->read();
    house.run();
    EXPECT_EQ(total(house, &BooksSnapshot::pending_outbox), 0U);
    EXPECT_EQ(ann->heard.size() + bob->heard.size() + cid->heard.size() +
                  dropped(house, DropReason::no_consumer),
              21U);
}

TEST_P(Groups, ask_each_member_once_whatever_others_publish_meanwhile) {
    std::vector<std::unique_ptr<Reader>> members;
    for (unsigned i = 0; i < 5; ++i) {
        members.push_back(member(i, policy_of(OnFull::drop_newest, i == 3 ? 1000 : 1)));
        members.back()->read(0);
    }
    publish(house, "jobs", 1, 5);  // each has one
    house.run();
    // One step of one lane at a time, and between them others take turns.
    for (int i = 6; i <= 60; ++i) {
        publish(house, "jobs", i, i);
        house.lane(static_cast<unsigned>(i) % GetParam()).take(1);
    }
    house.run();
    members[3]->read();
    house.run();
    EXPECT_EQ(members[3]->take().size(), 56U);
    EXPECT_EQ(dropped(house, DropReason::no_consumer), 0U);
}

TEST_P(Groups, bytes_are_room_too) {
    auto ann = member(0, {.messages_max = 1000, .bytes_max = 300});
    auto bob = member(1, {.messages_max = 1000, .bytes_max = 1000});
    ann->read(0);
    const std::string big(200, 'x');
    house.publish("jobs", big);
    house.publish("jobs", big);
    house.publish("jobs", big);
    house.run();
    EXPECT_EQ(ann->outbox.messages(), 1U);
    EXPECT_EQ(bob->take().size(), 2U);
}

TEST_P(Groups, do_not_give_it_to_the_sender) {
    auto ann = member(0);
    auto bob = member(1);
    for (int i = 1; i <= 4; ++i) {
        house.hub.publish(*ann->session, "jobs", message(std::to_string(i), ann->session->id()),
                          house.now());
    }
    house.run();
    EXPECT_THAT(ann->take(), IsEmpty());
    const auto heard = bob->take();
    EXPECT_THAT(heard, UnorderedElementsAre("jobs:1", "jobs:2", "jobs:3", "jobs:4"));
    bob->close();
    house.run();
    house.hub.publish(*ann->session, "jobs", message("5", ann->session->id()), house.now());
    house.run();
    EXPECT_THAT(ann->take(), IsEmpty());
    EXPECT_EQ(total(house, &BooksSnapshot::filtered), 1U);
}

TEST_P(Groups, tell_the_publisher_how_it_fared) {
    auto ann = member(0, policy_of(OnFull::drop_newest, 1));
    auto bob = member(1, policy_of(OnFull::drop_newest, 1));
    ann->read(0);
    bob->read(0);
    Fate sum;
    int told = 0;
    const auto publish_one = [&] {
        house.hub.publish(house.hub.know(house.app), "jobs", message("x"), house.now(),
                          Patience::none, [&](const Fate& fate) {
                              sum.queued += fate.queued;
                              sum.dropped += fate.dropped;
                              ++told;
                          });
    };
    for (int i = 0; i < 5; ++i) publish_one();
    house.run();
    EXPECT_EQ(told, 5);
    EXPECT_EQ(sum.queued, 2U);
    EXPECT_EQ(sum.dropped, 3U);
    // And of what one had for a moment before he left: nobody dropped it.
    bob->read();
    house.run();
    publish_one();
    for (unsigned i = 0; i < GetParam(); ++i) house.lane(i).take();
    bob->leave("jobs");
    house.run();
    EXPECT_EQ(told, 6);
    EXPECT_LE(sum.dropped, 4U);
    EXPECT_EQ(
        sum.queued + sum.dropped + total(house, &BooksSnapshot::left) + (sum.dropped == 3 ? 1 : 0),
        6U);
}

// ---- and what they have not ----

TEST_P(Groups, are_told_nothing_of_the_past) {
    TestHistory history;
    TestHub keeper({.lanes = GetParam()}, {.history = &history});
    keeper.publish("kept", "1");
    Reader ann(keeper);
    const auto joined = ann.join("kept", {.newest = 5, .group = "g"});
    EXPECT_EQ(joined.outcome, Outcome::ok);
    EXPECT_EQ(joined.missed, nullptr);
    keeper.publish("kept", "2");
    keeper.run();
    EXPECT_THAT(ann.take(), ElementsAre("kept:2@2"));
    EXPECT_TRUE(keeper.balanced());
}

TEST_P(Groups, hear_messages_only) {
    auto ann = member(0);
    auto bob = house.open(lane(1));
    bob->join("jobs", {.member = "bob"});
    bob->leave("jobs");
    house.run();
    EXPECT_THAT(ann->take(), IsEmpty());
}

TEST_P(Groups, of_many_members_on_many_channels_give_everything_once) {
    std::vector<std::unique_ptr<Reader>> readers;
    for (unsigned i = 0; i < 12; ++i) {
        readers.push_back(std::make_unique<Reader>(house, lane(i)));
        readers.back()->join_group("a");
        if (i % 2 == 0) readers.back()->join_group("b");
        if (i % 3 == 0) readers.back()->join(glob("*"), {.group = "g"});
    }
    publish(house, "a", 1, 50);
    publish(house, "b", 1, 50);
    house.run();
    std::map<std::string, int> times;
    for (const auto& reader : readers) {
        for (const auto& line : reader->heard) ++times[line];
    }
    EXPECT_EQ(times.size(), 100U);
    for (const auto& [line, count] : times) EXPECT_EQ(count, 2) << line;
}

}  // namespace
}  // namespace carillon::hub
