#include "storage/journal/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/journal/testing_house.h"

namespace carillon::storage {
namespace {

using hub::From;
using testing::hear;
using testing::House;
using testing::patience_ms;
using Page = hub::Reader::Page;

struct Keeper : House {
    explicit Keeper(KeepRule rule) {
        options.rule = [rule](const hub::App&, std::string_view) { return rule; };
        open();
    }
    void write(testing::Pen& pen, int count, std::size_t bytes = 1) {
        for (int i = 0; i < count; ++i) pen.write(std::string(bytes, 'x'));
        EXPECT_TRUE(journal->flush(patience_ms));
    }
    // Until the store keeps so many.
    void sweep_until(std::uint64_t messages) {
        const auto until =
            std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
        while (journal->numbers().usage.messages != messages &&
               std::chrono::steady_clock::now() < until) {
            journal->swept({});
            std::this_thread::yield();
        }
        EXPECT_EQ(journal->numbers().usage.messages, messages);
    }
};

TEST(Retention, keeps_the_newest_by_count) {
    Keeper house({.messages_max = 10});
    auto pen = house.pen("a");
    house.write(pen, 25);
    EXPECT_EQ(pen.log->size(), 10U);
    house.sweep_until(10);
    EXPECT_EQ(house.journal->numbers().trimmed, 15U);
    hub::ReadOptions how;
    how.from.kind = From::Kind::beginning;
    EXPECT_EQ(hear(*house.read("a", how)).offsets().front(), 16U);
    how.from = {.kind = From::Kind::after, .value = 0, .after = {7, 14}};
    EXPECT_EQ(house.journal->read(house.app, "a", how).recovery, hub::Recovery::trimmed);
    how.from = {.kind = From::Kind::offset, .value = 15, .after = {}};
    EXPECT_EQ(hear(*house.read("a", how)).how, Page::lost);
    how.from.value = 16;
    EXPECT_EQ(hear(*house.read("a", how)).kept.size(), 10U);
}

TEST(Retention, keeps_about_so_many_bytes) {
    Keeper house({.bytes_max = 10'000});
    auto pen = house.pen("a");
    house.write(pen, 100, 1000);
    EXPECT_GE(pen.log->size(), 8U);
    EXPECT_LE(pen.log->size(), 10U);
    house.write(pen, 2000, 10);
    EXPECT_GE(pen.log->size(), 500U);
    EXPECT_LE(pen.log->size(), 1000U);
}

TEST(Retention, always_keeps_the_newest) {
    Keeper house({.messages_max = 1, .bytes_max = 1, .age_ms_max = 1});
    auto pen = house.pen("a");
    house.write(pen, 5, 1000);
    house.clock.advance_ms(10'000);
    house.sweep_until(1);
    EXPECT_EQ(pen.log->size(), 1U);
    hub::ReadOptions how;
    how.from.kind = From::Kind::beginning;
    EXPECT_EQ(hear(*house.read("a", how)).offsets(), std::vector<std::uint64_t>{5});
}

TEST(Retention, lets_go_of_what_is_too_old) {
    Keeper house({.age_ms_max = 10'000});
    auto pen = house.pen("a");
    house.write(pen, 3);
    house.clock.advance_ms(6'000);
    house.write(pen, 4);
    house.clock.advance_ms(6'000);
    house.sweep_until(4);
    EXPECT_EQ(pen.log->size(), 4U);
    house.clock.advance_ms(6'000);
    house.write(pen, 1);
    house.sweep_until(1);
    EXPECT_EQ(pen.position.offset, 8U);
}

TEST(Retention, judges_channels_that_nobody_opened_since_the_start) {
    Keeper house({});
    {
        auto pen = house.pen("a");
        house.write(pen, 20);
    }
    house.options.rule = [](const hub::App& app, std::string_view channel) {
        EXPECT_EQ(app.id, "app");
        EXPECT_EQ(channel, "a");
        return KeepRule{.messages_max = 5};
    };
    house.open();
    house.sweep_until(5);
}

TEST(Retention, judges_a_channel_anew_whose_rule_became_smaller) {
    Keeper house({});
    {
        auto pen = house.pen("a");
        house.write(pen, 20);
    }
    house.options.rule = [](const hub::App&, std::string_view) {
        return KeepRule{.messages_max = 5};
    };
    house.open();
    const auto pen = house.pen("a");
    house.sweep_until(5);
    EXPECT_EQ(pen.log->size(), 5U);
}

TEST(Retention, numbers_go_on_when_all_of_it_was_let_go) {
    Keeper house({});
    house.disk.bytes_max = 1;
    {
        auto pen = house.pen("a");
        house.write(pen, 5, 100);
        house.sweep_until(0);
        EXPECT_EQ(pen.log->size(), 0U);
    }
    EXPECT_EQ(house.journal->numbers().evicted, 5U);
    house.disk.bytes_max = 0;
    house.open();
    auto pen = house.pen("a", 9);
    EXPECT_EQ(pen.position.offset, 5U);
    EXPECT_EQ(pen.position.epoch, 7U);
    house.write(pen, 2);
    EXPECT_EQ(house.everything("a"), "x x ");
}

TEST(Retention, the_store_s_own_bound_lets_go_of_the_oldest_of_all) {
    Keeper house({});
    house.disk.bytes_max = 1000;
    auto old = house.pen("old");
    house.write(old, 10, 100);
    auto young = house.pen("young");
    house.write(young, 4, 100);
    house.sweep_until(10);
    EXPECT_EQ(house.journal->numbers().evicted, 4U);
    EXPECT_EQ(old.log->size(), 6U);
    EXPECT_EQ(young.log->size(), 4U);
}

TEST(Retention, a_reader_who_is_overtaken_is_told_and_one_who_has_not_begun_begins_later) {
    Keeper house({.messages_max = 5});
    auto pen = house.pen("a");
    house.write(pen, 5);
    hub::ReadOptions how;
    how.from.kind = From::Kind::beginning;
    const auto begun = house.read("a", how);
    const auto fresh = house.read("a", how);
    EXPECT_EQ(hear(*begun).kept.size(), 5U);
    house.write(pen, 20);
    EXPECT_EQ(hear(*begun).how, Page::lost);
    EXPECT_EQ(hear(*fresh).offsets().front(), 21U);
}

TEST(Retention, does_not_hold_up_who_publishes_when_the_disk_stands_still) {
    Keeper house({.messages_max = 5});
    auto pen = house.pen("a");
    house.write(pen, 20);
    house.disk.writes.close();
    house.journal->swept({});
    for (int i = 0; i < 1000; ++i) pen.write("x");
    EXPECT_EQ(pen.position.offset, 1020U);
    house.disk.writes.open();
    ASSERT_TRUE(house.journal->flush(patience_ms));
    EXPECT_EQ(pen.log->size(), 5U);
}

}  // namespace
}  // namespace carillon::storage
