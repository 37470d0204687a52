#include "storage/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/journal/testing_house.h"

namespace carillon::storage {
namespace {

using hub::From;
using hub::Outcome;
using hub::Recovery;
using testing::Bell;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::hear;
using testing::House;
using testing::patience_ms;
using testing::Told;
using Page = hub::Reader::Page;
using Sync = JournalOptions::Sync;

// ---- what is stored, and told so ----

TEST(Journal, what_is_appended_is_stored_and_read_again) {
    House house;
    house.open();
    auto pen = house.pen("a");
    Told told;
    pen.write("one");
    pen.write("two", told.countdown());
    EXPECT_EQ(told.fate().stored, 1U);
    EXPECT_EQ(house.everything("a"), "one two ");
    const auto numbers = house.journal->numbers();
    EXPECT_EQ(numbers.appended, 2U);
    EXPECT_EQ(numbers.written, 2U);
    EXPECT_EQ(numbers.stored, 2U);
    EXPECT_EQ(numbers.queue_bytes, 0U);
    EXPECT_EQ(numbers.usage.messages, 2U);
}

TEST(Journal, tells_that_it_is_stored_only_after_the_sync) {
    House house;
    house.open();
    auto pen = house.pen("a");
    house.disk.syncs.close();
    Told told;
    pen.write("one", told.countdown());
    while (house.disk.syncs.waiting() == 0) std::this_thread::yield();
    EXPECT_FALSE(told.is_over());
    EXPECT_EQ(house.journal->numbers().written, 1U);
    EXPECT_EQ(house.journal->numbers().stored, 0U);
    house.disk.syncs.open();
    EXPECT_EQ(told.fate().stored, 1U);
}

TEST(Journal, who_flushes_does_not_wait_for_the_interval) {
    House house(Sync::interval);
    house.options.interval_ms = 3'600'000;
    house.open();
    auto pen = house.pen("a");
    for (int round = 1; round <= 3; ++round) {
        pen.write("one");
        EXPECT_TRUE(house.journal->flush(patience_ms));
        EXPECT_EQ(house.journal->numbers().stored, static_cast<std::uint64_t>(round));
    }
}

TEST(Journal, what_comes_during_a_sync_is_one_group) {
    House house;
    house.open();
    auto pen = house.pen("a");
    house.disk.syncs.close();
    pen.write("first");
    while (house.disk.syncs.waiting() == 0) std::this_thread::yield();
    auto other = house.pen("b");
    for (int i = 0; i < 50; ++i) (i % 2 == 0 ? pen : other).write("more");
    house.disk.syncs.open();
    ASSERT_TRUE(house.journal->flush(patience_ms));
    EXPECT_EQ(house.journal->numbers().written, 51U);
    EXPECT_LE(house.journal->numbers().groups, 3U);  // the question may have come by itself
}

TEST(Journal, syncs_at_intervals_and_not_for_each_group) {
    House house(Sync::interval);
    house.options.interval_ms = 3'600'000;
    house.open();
    auto pen = house.pen("a");
    Told first;
    pen.write("one", first.countdown());  // the interval is over: it never synced
    EXPECT_EQ(first.fate().stored, 1U);
    const auto synced = house.disk.syncs_done.load();
    Told second;
    pen.write("two", second.countdown());
    while (house.journal->numbers().written != 2) std::this_thread::yield();
    EXPECT_FALSE(second.is_over());
    EXPECT_EQ(house.disk.syncs_done, synced);
    house.journal.reset();  // and at the end
    EXPECT_EQ(second.fate().stored, 1U);
}

TEST(Journal, stores_within_the_interval_what_comes_after_a_sync) {
    House house(Sync::interval);
    house.options.interval_ms = 20;
    house.open();
    auto pen = house.pen("a");
    for (int i = 0; i < 3; ++i) {
        Told told;
        pen.write("one", told.countdown());
        EXPECT_EQ(told.fate().stored, 1U);
    }
    EXPECT_GE(house.journal->numbers().syncs, 3U);
}

TEST(Journal, that_never_syncs_says_stored_when_it_is_written) {
    House house(Sync::never);
    house.open();
    auto pen = house.pen("a");
    const auto synced = house.disk.syncs_done.load();
    Told told;
    pen.write("one", told.countdown());
    EXPECT_EQ(told.fate().stored, 1U);
    EXPECT_EQ(house.disk.syncs_done, synced);
}

TEST(Journal, flush_waits_for_all_that_was_appended_before) {
    House house(Sync::interval);
    house.open();
    auto a = house.pen("a");
    auto b = house.pen("b");
    for (int i = 0; i < 1000; ++i) (i % 3 == 0 ? a : b).write("more");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    EXPECT_EQ(house.journal->numbers().stored, 1000U);
    house.disk.writes.close();
    a.write("late");
    EXPECT_FALSE(house.journal->flush(1));
    house.disk.writes.open();
}

// ---- restarts ----

TEST(Journal, goes_on_where_it_was_after_it_was_closed) {
    House house;
    house.open();
    {
        auto pen = house.pen("a", 7);
        pen.write("one");
        pen.write("two");
    }
    house.open();
    auto pen = house.pen("a", 8);
    EXPECT_EQ(pen.position.epoch, 7U);
    EXPECT_EQ(pen.position.offset, 2U);
    EXPECT_EQ(pen.log->size(), 2U);
    pen.write("three");
    EXPECT_EQ(house.everything("a"), "one two three ");
}

TEST(Journal, is_written_and_closed_when_it_is_destroyed) {
    House house(Sync::never);
    house.open();
    {
        auto pen = house.pen("a");
        for (int i = 0; i < 500; ++i) pen.write("x");
    }
    house.journal.reset();
    house.disk.crash();
    house.open();
    EXPECT_EQ(house.pen("a", 9).position.offset, 500U);
    EXPECT_EQ(house.pen("a", 9).position.epoch, 7U);
}

TEST(Journal, what_was_promised_survives_the_machine) {
    House house;
    house.open();
    {
        auto pen = house.pen("a");
        Told told;
        pen.write("one", told.countdown());
        told.fate();
    }
    house.crash();
    house.open();
    EXPECT_EQ(house.everything("a"), "one ");
}

TEST(Journal, nobody_s_position_counts_after_a_crash_but_the_messages_and_numbers_stay) {
    House house;
    house.open();
    {
        auto pen = house.pen("a", 7);
        pen.write("one");
        ASSERT_TRUE(house.journal->flush(patience_ms));
    }
    std::vector<std::uint64_t> epochs{7};
    for (int i = 0; i < 3; ++i) {
        house.crash();
        house.open();
        auto pen = house.pen("a", 99);
        for (const auto epoch : epochs) EXPECT_NE(pen.position.epoch, epoch);
        EXPECT_NE(pen.position.epoch, 99U);
        EXPECT_EQ(pen.position.offset, static_cast<std::uint64_t>(i + 1));
        hub::ReadOptions how;
        how.from = {.kind = From::Kind::after, .value = 0, .after = {7, 1}};
        EXPECT_EQ(house.journal->read(house.app, "a", how).recovery, Recovery::unknown_epoch);
        epochs.push_back(pen.position.epoch);
        pen.write("more");
        ASSERT_TRUE(house.journal->flush(patience_ms));
    }
    EXPECT_EQ(house.everything("a"), "one more more more ");
}

TEST(Journal, a_channel_that_is_new_after_a_crash_keeps_its_epoch_when_closed_well) {
    House house;
    house.open();
    house.pen("a", 7).write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.crash();
    house.open();
    house.pen("b", 12).write("one");
    const auto epoch = house.pen("a", 9).position.epoch;
    house.open();
    EXPECT_EQ(house.pen("b", 13).position.epoch, 12U);
    EXPECT_EQ(house.pen("a", 13).position.epoch, epoch);
}

TEST(Journal, new_epochs_are_stored_before_anything_else_happens) {
    House house;
    house.open();
    house.pen("a", 7).write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.crash();
    house.open();
    const auto epoch = house.pen("a", 9).position.epoch;
    house.crash();
    house.open();
    EXPECT_NE(house.pen("a", 9).position.epoch, epoch);
}

TEST(Journal, a_generation_that_is_no_number_is_refused) {
    House house;
    {
        testing::MemoryStore store(house.disk);
        ASSERT_TRUE(store.open());
        const Note note{"generation", "many"};
        ASSERT_TRUE(store.write({}, {&note, 1}));
    }
    const auto opened = Journal::open(std::make_unique<testing::MemoryStore>(house.disk),
                                      house.options, house.clock);
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().kind, base::ErrorKind::invalid);
}

TEST(Journal, says_why_a_store_cannot_be_opened) {
    House house;
    house.disk.open_fails = true;
    const auto opened = Journal::open(std::make_unique<testing::MemoryStore>(house.disk),
                                      house.options, house.clock);
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().kind, base::ErrorKind::io);
}

// ---- which channels ----

TEST(Journal, keeps_for_good_what_its_rule_names_and_nothing_else) {
    House house;
    house.options.rule = [](const hub::App&, std::string_view channel) {
        return channel == "kept" ? std::optional(KeepRule{}) : std::nullopt;
    };
    house.open();
    EXPECT_EQ(house.journal->keeps(house.app, "kept"), hub::History::Keeps::for_good);
    EXPECT_EQ(house.journal->keeps(house.app, "other"), hub::History::Keeps::nothing);
    EXPECT_EQ(house.journal->read(house.app, "other", {}).recovery, Recovery::not_kept);
    EXPECT_TRUE(house.pen("kept").log->outlives_channel());
}

TEST(Journal, tells_channels_and_apps_apart_whatever_their_names) {
    House house;
    house.open();
    hub::App longer;
    longer.id = "appa";
    auto a = house.pen("ab", 1);
    testing::Pen b(*house.journal, longer, "b", 2, house.clock);
    a.write("mine");
    b.write("his");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    EXPECT_EQ(house.everything("ab"), "mine ");
    EXPECT_EQ(house.journal->numbers().channels, 2U);
}

}  // namespace
}  // namespace carillon::storage
