#include "storage/memory/memory_history.h"

#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::storage {
namespace {

using hub::ChannelTable;
using hub::Position;
using hub::Recovery;
using hub::testing::TestHub;

// Names say what is kept: "keep3/…" three, "last/…" one, anything else nothing. Everything for a
// second, "long…" for an hour.
Retention rule(const hub::App&, std::string_view channel) {
    Retention retention;
    if (channel.starts_with("keep3/")) retention.messages_max = 3;
    if (channel.starts_with("last/")) retention.messages_max = 1;
    if (channel.starts_with("long/")) retention.messages_max = 1000;
    retention.age_ms_max = channel.starts_with("long/") ? 3'600'000 : 1000;
    return retention;
}

struct Home {
    explicit Home(std::size_t bytes_max = limits::history_bytes_max) : history(rule, bytes_max) {}

    void publish(std::string_view channel, int count, std::size_t body_bytes = 4) {
        for (int i = 0; i < count; ++i) {
            house.publish(channel, std::string(body_bytes, static_cast<char>('a' + i % 26)));
        }
        house.run();
    }
    void wait_ms(std::int64_t ms) { house.ms += ms; }
    void sweep() { house.hub.sweep(ChannelTable::stripe_count, house.now()); }
    Position position(std::string_view channel) {
        return house.hub.describe(house.app, channel)->position;
    }
    Recovery recover(std::string_view channel, Position from) {
        return house.open()->join(channel, {.recover = from}).recovery;
    }
    // What someone is given who asks for everything that is kept.
    std::size_t kept(std::string_view channel) {
        const auto joined = house.open()->join(channel, {.newest = 1000});
        house.run();  // and is gone
        return joined.missed == nullptr ? 0 : joined.missed->left();
    }

    MemoryHistory history;
    TestHub house{{}, {.history = &history}};
};

TEST(MemoryHistory, keeps_the_newest_by_count) {
    Home home;
    home.publish("keep3/a", 5);
    EXPECT_EQ(home.kept("keep3/a"), 3U);
    EXPECT_EQ(home.history.publications(), 3U);
    const auto now = home.position("keep3/a");
    EXPECT_EQ(now.offset, 5U);
    EXPECT_EQ(home.recover("keep3/a", {now.epoch, 2}), Recovery::recovered);
    EXPECT_EQ(home.recover("keep3/a", {now.epoch, 1}), Recovery::trimmed);
}

TEST(MemoryHistory, keeps_the_last_value) {
    Home home;
    home.publish("last/a", 5);
    auto ann = home.house.open();
    auto joined = ann->join("last/a", {.newest = 1});
    home.house.lane().replay(ann->outbox, std::move(joined.missed));
    home.house.run();
    EXPECT_EQ(ann->take(), "last/a:e:eeee@5\n");
}

TEST(MemoryHistory, keeps_nothing_where_the_rule_says_nothing) {
    Home home;
    home.publish("live", 5);
    EXPECT_EQ(home.house.hub.channel_count(), 0U);
    EXPECT_EQ(home.history.bytes(), 0U);
}

TEST(MemoryHistory, lets_go_of_what_is_too_old_in_the_next_sweep) {
    Home home;
    home.publish("keep3/a", 2);
    home.wait_ms(600);
    home.publish("keep3/a", 1);
    home.wait_ms(600);
    EXPECT_EQ(home.kept("keep3/a"), 3U);
    home.sweep();
    EXPECT_EQ(home.kept("keep3/a"), 1U);
    EXPECT_EQ(home.history.too_old(), 2U);
    home.wait_ms(600);
    home.sweep();
    EXPECT_EQ(home.house.hub.channel_count(), 0U);
    EXPECT_EQ(home.history.bytes(), 0U);
}

TEST(MemoryHistory, takes_memory_only_while_it_keeps_something) {
    Home home;
    home.publish("long/a", 500);
    EXPECT_EQ(home.history.publications(), 500U);
    EXPECT_GT(home.history.bytes(), 500 * 64U);
    home.wait_ms(3'600'001);
    home.sweep();
    EXPECT_EQ(home.history.publications(), 0U);
    EXPECT_EQ(home.history.bytes(), 0U);
}

// ---- the budget ----

// Within a budget that holds about `publications` of 1,000 bytes.
std::size_t budget_of(std::size_t publications) { return publications * 1120; }

TEST(MemoryHistory, over_its_budget_the_least_recently_published_to_lose_theirs) {
    Home home(budget_of(30));
    home.publish("long/oldest", 10, 1000);
    home.publish("long/older", 10, 1000);
    for (int i = 0; i < 5; ++i) home.sweep();  // within the budget: nobody is touched
    home.publish("long/newer", 10, 1000);
    home.publish("long/oldest", 1, 1000);  // and so it is no longer
    home.sweep();
    EXPECT_EQ(home.kept("long/older"), 10U);  // one sweep counts, the next one lets go
    home.sweep();
    EXPECT_EQ(home.kept("long/older"), 0U);
    EXPECT_EQ(home.kept("long/oldest"), 11U);
    EXPECT_EQ(home.kept("long/newer"), 10U);
    EXPECT_EQ(home.history.evicted(), 10U);
    EXPECT_LE(home.history.bytes(), home.history.bytes_max());
    home.sweep();
    EXPECT_EQ(home.history.evicted(), 10U);  // within the budget nobody is touched
}

TEST(MemoryHistory, spares_who_was_published_to_since_the_count) {
    Home home(budget_of(20));
    home.publish("long/a", 11, 1000);
    home.publish("long/b", 11, 1000);
    home.sweep();
    home.publish("long/a", 1, 1000);
    home.sweep();
    EXPECT_EQ(home.kept("long/a"), 12U);
}

TEST(MemoryHistory, a_quarter_over_its_budget_it_takes_nothing_more_and_nobody_recovers_past_it) {
    Home home(budget_of(20));
    auto ann = home.house.open();
    ann->join("long/b");
    home.publish("long/b", 2, 1000);
    home.publish("long/a", 40, 1000);
    EXPECT_LE(home.history.bytes(), home.history.bytes_max() * 5 / 4);
    EXPECT_GT(home.history.not_taken(), 0U);
    home.publish("long/b", 1, 1000);
    const auto now = home.position("long/b");
    EXPECT_EQ(now.offset, 3U);
    EXPECT_EQ(ann->take().size(), 3U * std::string_view("long/b:e:@1\n").size() + 3000);
}

TEST(MemoryHistory, what_was_not_taken_leaves_no_hole_in_what_is_kept) {
    Home home(budget_of(8));
    auto ann = home.house.open();
    ann->join("long/a");
    home.publish("long/a", 11, 1000);  // the eleventh has no room: it goes, and all before it
    EXPECT_EQ(home.history.not_taken(), 1U);
    EXPECT_EQ(home.kept("long/a"), 0U);
    home.publish("long/a", 2, 10);
    const auto now = home.position("long/a");
    EXPECT_EQ(now.offset, 13U);
    EXPECT_EQ(home.recover("long/a", {now.epoch, 10}), Recovery::trimmed);
    EXPECT_EQ(home.recover("long/a", {now.epoch, 11}), Recovery::recovered);
}

TEST(MemoryHistory, gives_everything_back_when_the_hub_goes) {
    auto history = std::make_unique<MemoryHistory>(rule);
    {
        TestHub house({}, {.history = history.get()});
        for (int i = 0; i < 10; ++i) house.publish("long/a", "x");
        EXPECT_EQ(history->publications(), 10U);
    }
    EXPECT_EQ(history->publications(), 0U);
    EXPECT_EQ(history->bytes(), 0U);
}

}  // namespace
}  // namespace carillon::storage
