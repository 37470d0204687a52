// Channels that are kept for good: they have a past when they come back, their replays come from
// elsewhere, a page at a time and perhaps not at once, and what keeps them may refuse.
#include <gtest/gtest.h>

#include <map>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::TestClient;
using testing::TestHub;

// What outlives the hub.
struct Disk : History {
    struct Past {
        Position position{};
        std::vector<Kept> kept;
        std::map<std::uint64_t, std::uint64_t> publishers;
    };
    struct PageReader final : Reader {
        PageReader(Disk& d, std::vector<Kept> k) : disk(d), kept(std::move(k)) {}
        Page next(std::size_t, std::vector<Kept>& into) override {
            ++disk.asked;
            if (disk.is_broken) return Page::lost;
            if (disk.is_slow) return Page::later;
            if (at == kept.size()) return Page::end;
            for (std::size_t n = 0; n < disk.page && at < kept.size(); ++n)
                into.push_back(kept[at++]);
            return Page::some;
        }
        Position position() const override { return {}; }
        Disk& disk;
        std::vector<Kept> kept;
        std::size_t at = 0;
    };
    struct OfChannel final : ChannelHistory {
        OfChannel(Disk& d, Past& p) : disk(d), past(p) {}
        Position position() const override { return past.position; }
        bool seen(const Once& once) const override {
            const auto at = past.publishers.find(once.publisher);
            return at != past.publishers.end() && once.sequence <= at->second;
        }
        void append(const PublicationRef& publication, const Stamp& stamp, Now,
                    const CountdownRef& stored) override {
            past.position = stamp.position;
            past.kept.push_back({publication, stamp});
            if (const auto once = publication->once(); once.publisher != 0) {
                past.publishers[once.publisher] = once.sequence;
            }
            if (stored == nullptr) return;
            stored->expect_one_more();
            disk.waiting.push_back(stored);
        }
        std::size_t size() const override { return past.kept.size(); }
        std::unique_ptr<Reader> read_after(std::uint64_t offset) const override {
            std::vector<Kept> found;
            for (const auto& one : past.kept) {
                if (one.stamp.position.offset > offset) found.push_back(one);
            }
            return std::make_unique<PageReader>(disk, std::move(found));
        }
        std::size_t bytes_after(std::uint64_t) const override { return 100; }
        void trim(Now) override {}
        bool outlives_channel() const override { return true; }
        Disk& disk;
        Past& past;
    };
    Keeps keeps(const App&, std::string_view channel) const override {
        return channel.starts_with("kept") ? Keeps::for_good : Keeps::nothing;
    }
    std::unique_ptr<ChannelHistory> open(const App&, std::string_view channel,
                                         std::uint64_t epoch) override {
        auto& past = pasts[std::string(channel)];
        if (past.position.epoch == 0) past.position.epoch = epoch;
        return std::make_unique<OfChannel>(*this, past);
    }
    bool in_trouble() const override { return is_full; }
    Outcome refuses(const App& app, std::string_view channel) const override {
        return keeps(app, channel) == Keeps::for_good ? Outcome::storage_failed : Outcome::ok;
    }
    void swept(Now) override {}
    void stored(const Fate& fate) {
        for (const auto& countdown : std::exchange(waiting, {})) countdown->done(fate);
    }

    std::map<std::string, Past> pasts;
    std::vector<CountdownRef> waiting;
    std::size_t page = 2;
    bool is_slow = false;
    bool is_broken = false;
    bool is_full = false;
    int asked = 0;
};

struct Home {
    Joined recover(TestClient& client, Position from) {
        auto joined = client.join("kept", {.recover = from});
        client.reply("joined\n");
        house.lane().replay(client.outbox, std::move(joined.missed));
        return joined;
    }
    void publish(int from, int to) {
        for (int i = from; i <= to; ++i) house.publish("kept", std::to_string(i));
    }
    Receipt publish_once(std::string_view channel, Once once) {
        return house.hub.publish(house.app, {&channel, 1},
                                 Publication::make({.event = "e", .body = "once", .once = once}),
                                 house.now());
    }
    Position position() { return house.hub.describe(house.app, "kept")->position; }

    Disk disk;
    TestHub house{{}, {.history = &disk}};
};

std::string frames(int from, int to) {
    std::string all;
    for (int i = from; i <= to; ++i) {
        all += "kept:e:" + std::to_string(i) + "@" + std::to_string(i) + "\n";
    }
    return all;
}

TEST(ForGood, a_channel_goes_on_with_its_epoch_and_its_numbers_in_another_hub) {
    Home home;
    home.publish(1, 3);
    const auto before = home.position();

    TestHub later({.seed = 2}, {.history = &home.disk});
    auto ann = later.open();
    const auto joined = ann->join("kept", {.recover = Position{before.epoch, 1}});
    EXPECT_EQ(joined.recovery, Recovery::recovered);
    EXPECT_EQ(joined.position.epoch, before.epoch);
    EXPECT_EQ(joined.position.offset, 3U);
    ASSERT_NE(joined.missed, nullptr);
    EXPECT_EQ(joined.missed->left(), 2U);
    later.publish("kept", "4");
    later.run();
    EXPECT_EQ(ann->take(), frames(4, 4));
}

TEST(ForGood, a_channel_that_nobody_is_in_makes_room_in_a_sweep_and_is_found_again) {
    Home home;
    home.publish(1, 3);
    const auto before = home.position();
    EXPECT_EQ(home.house.hub.channel_count(), 1U);
    home.house.hub.sweep(ChannelTable::stripe_count, home.house.now());
    EXPECT_EQ(home.house.hub.channel_count(), 0U);
    home.publish(4, 4);
    EXPECT_EQ(home.position().epoch, before.epoch);
    EXPECT_EQ(home.position().offset, 4U);
}

TEST(ForGood, a_channel_with_subscribers_stays_in_a_sweep) {
    Home home;
    auto ann = home.house.open();
    ann->join("kept");
    home.publish(1, 1);
    home.house.hub.sweep(ChannelTable::stripe_count, home.house.now());
    home.publish(2, 2);
    home.house.run();
    EXPECT_EQ(ann->take(), frames(1, 2));
}

TEST(ForGood, a_replay_comes_in_pages_before_what_is_new) {
    Home home;
    home.publish(1, 5);
    auto ann = home.house.open();
    EXPECT_EQ(home.recover(*ann, {home.position().epoch, 0}).recovery, Recovery::recovered);
    home.publish(6, 7);
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n" + frames(1, 7));
    EXPECT_TRUE(home.house.balanced());
    EXPECT_EQ(home.house.books().delivered, 7U);
}

TEST(ForGood, a_replay_waits_for_a_slow_disk_without_turning_the_loop) {
    Home home;
    home.publish(1, 3);
    auto ann = home.house.open();
    home.disk.is_slow = true;
    home.recover(*ann, {home.position().epoch, 0});
    home.publish(4, 4);
    home.house.iterate();
    EXPECT_EQ(ann->take(), "joined\n");
    EXPECT_FALSE(home.house.lane().has_work());
    EXPECT_NE(home.house.lane().next_deadline_ns(), base::never_ns);
    home.house.iterate();  // it looks again, in vain
    EXPECT_EQ(ann->take(), "");
    home.disk.is_slow = false;
    home.house.iterate();
    home.house.iterate();
    EXPECT_EQ(ann->take(), frames(1, 4));
    EXPECT_EQ(home.house.lane().next_deadline_ns(), base::never_ns);
    EXPECT_TRUE(home.house.balanced());
}

TEST(ForGood, others_hear_at_once_while_one_waits_for_the_disk) {
    Home home;
    home.publish(1, 3);
    auto ann = home.house.open();
    auto bob = home.house.open();
    bob->join("kept");
    home.disk.is_slow = true;
    home.recover(*ann, {home.position().epoch, 0});
    home.publish(4, 4);
    home.house.iterate();
    EXPECT_EQ(bob->take(), frames(4, 4));
    EXPECT_EQ(ann->take(), "joined\n");
}

TEST(ForGood, who_waits_for_the_disk_may_leave) {
    Home home;
    home.publish(1, 3);
    auto ann = home.house.open();
    home.disk.is_slow = true;
    home.recover(*ann, {home.position().epoch, 0});
    home.house.iterate();
    ann->close();
    home.house.iterate();
    EXPECT_TRUE(home.house.balanced());
    EXPECT_EQ(home.house.books().left, 3U);
    EXPECT_EQ(home.house.lane().next_deadline_ns(), base::never_ns);
}

TEST(ForGood, a_promise_that_cannot_be_kept_ends_the_session_and_nothing_is_heard_behind_it) {
    Home home;
    home.publish(1, 5);
    auto ann = home.house.open();
    home.recover(*ann, {home.position().epoch, 0});
    home.disk.is_broken = true;  // its first page is at hand
    home.publish(6, 6);
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\n" + frames(1, 2));
    EXPECT_EQ(ann->goodbyes, std::vector{CloseReason::lost});
    EXPECT_TRUE(home.house.balanced());
}

TEST(ForGood, a_goodbye_is_not_held_up_by_a_replay_that_is_lost) {
    Home home;
    home.publish(1, 5);
    auto ann = home.house.open();
    home.disk.is_slow = true;
    home.recover(*ann, {home.position().epoch, 0});
    home.house.lane().silence(ann->outbox, CloseReason::protocol);
    ann->reply("bye\n");
    home.disk.is_slow = false;
    home.disk.is_broken = true;
    home.house.run();
    EXPECT_EQ(ann->take(), "joined\nbye\n");
    EXPECT_TRUE(home.house.balanced());
}

TEST(ForGood, a_duplicate_is_said_to_be_one_and_heard_by_nobody) {
    Home home;
    auto ann = home.house.open();
    ann->join("kept");
    EXPECT_EQ(home.publish_once("kept", {7, 1}).outcome, Outcome::ok);
    EXPECT_EQ(home.publish_once("kept", {7, 1}).outcome, Outcome::already);
    EXPECT_EQ(home.publish_once("kept", {8, 1}).outcome, Outcome::ok);
    EXPECT_EQ(home.publish_once("kept", {7, 2}).outcome, Outcome::ok);
    home.house.run();
    EXPECT_EQ(ann->take(), "kept:e:once@1\nkept:e:once@2\nkept:e:once@3\n");
    EXPECT_EQ(home.house.hub.published().get(), 3U);
    EXPECT_EQ(home.position().offset, 3U);
}

TEST(ForGood, where_nothing_is_kept_there_are_no_duplicates) {
    Home home;
    EXPECT_EQ(home.publish_once("other", {7, 1}).outcome, Outcome::ok);
    EXPECT_EQ(home.publish_once("other", {7, 1}).outcome, Outcome::ok);
}

TEST(ForGood, a_full_disk_refuses_what_it_keeps_and_nothing_else) {
    Home home;
    auto ann = home.house.open();
    ann->join("kept");
    ann->join("other");
    home.disk.is_full = true;
    EXPECT_EQ(home.house.publish("kept", "1").outcome, Outcome::storage_failed);
    EXPECT_EQ(home.house.hub.refused(Outcome::storage_failed).get(), 1U);
    EXPECT_EQ(home.house.publish("other", "2").outcome, Outcome::ok);
    home.disk.is_full = false;
    EXPECT_EQ(home.house.publish("kept", "3").outcome, Outcome::ok);
    home.house.run();
    EXPECT_EQ(ann->take(), "other:e:2\nkept:e:3@1\n");
}

TEST(ForGood, of_several_channels_none_is_published_to_if_one_cannot_be_kept) {
    Home home;
    auto ann = home.house.open();
    ann->join("other");
    home.disk.is_full = true;
    const std::array<std::string_view, 2> both{"other", "kept"};
    EXPECT_EQ(home.house.hub.publish(home.house.app, both, testing::message("1"), home.house.now())
                  .outcome,
              Outcome::storage_failed);
    home.house.run();
    EXPECT_EQ(ann->take(), "");
}

TEST(ForGood, a_publisher_is_told_when_it_is_stored_and_not_before) {
    Home home;
    auto ann = home.house.open();
    ann->join("kept");
    std::vector<Fate> fates;
    const std::string_view name = "kept";
    home.house.hub.publish(home.house.app, {&name, 1}, testing::message("1"), home.house.now(),
                           [&](const Fate& fate) { fates.push_back(fate); });
    home.house.run();
    EXPECT_EQ(ann->take(), frames(1, 1));
    EXPECT_TRUE(fates.empty());
    home.disk.stored({.stored = 1});
    ASSERT_EQ(fates.size(), 1U);
    EXPECT_EQ(fates[0].queued, 1U);
    EXPECT_EQ(fates[0].stored, 1U);
    EXPECT_EQ(fates[0].not_stored, 0U);
}

TEST(ForGood, a_publisher_is_told_that_it_was_not_stored) {
    Home home;
    std::vector<Fate> fates;
    const std::string_view name = "kept";
    home.house.hub.publish(home.house.app, {&name, 1}, testing::message("1"), home.house.now(),
                           [&](const Fate& fate) { fates.push_back(fate); });
    home.disk.stored({.not_stored = 1});
    ASSERT_EQ(fates.size(), 1U);
    EXPECT_EQ(fates[0].stored, 0U);
    EXPECT_EQ(fates[0].not_stored, 1U);
}

}  // namespace
}  // namespace carillon::hub
