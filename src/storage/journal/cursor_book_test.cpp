#include "storage/journal/cursor_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/journal/keys.h"
#include "storage/journal/testing_house.h"

namespace carillon::storage {
namespace {

using ::testing::ElementsAre;
using testing::House;
using ::testing::IsEmpty;
using testing::patience_ms;
using testing::Told;

TEST(Cursors, are_loaded_as_they_were_saved_and_after_a_restart) {
    House house;
    house.open();
    Told told;
    EXPECT_TRUE(house.journal->save(house.app, "a", "me", "at 5", told.countdown()));
    EXPECT_TRUE(house.journal->save(house.app, "a", "you", "at 6", nullptr));
    EXPECT_EQ(house.journal->load(house.app, "a", "me"), "at 5");
    EXPECT_EQ(told.fate().stored, 1U);
    EXPECT_THAT(house.journal->names(house.app, "a"), ElementsAre("me", "you"));
    EXPECT_THAT(house.journal->names(house.app, "b"), IsEmpty());
    house.open();
    EXPECT_EQ(house.journal->load(house.app, "a", "me"), "at 5");
    EXPECT_EQ(house.journal->load(house.app, "a", "nobody"), "");
    EXPECT_THAT(house.journal->names(house.app, "a"), ElementsAre("me", "you"));
}

TEST(Cursors, that_are_empty_are_forgotten) {
    House house;
    house.open();
    EXPECT_TRUE(house.journal->save(house.app, "a", "me", "at 5", nullptr));
    EXPECT_TRUE(house.journal->save(house.app, "a", "me", "", nullptr));
    EXPECT_THAT(house.journal->names(house.app, "a"), IsEmpty());
    ASSERT_TRUE(house.journal->flush(patience_ms));
    EXPECT_TRUE(house.journal->save(house.app, "a", "me", "at 6", nullptr));
    EXPECT_EQ(house.journal->load(house.app, "a", "me"), "at 6");
    EXPECT_TRUE(house.journal->save(house.app, "a", "me", "", nullptr));
    house.open();
    EXPECT_EQ(house.journal->load(house.app, "a", "me"), "");
    EXPECT_THAT(house.journal->names(house.app, "a"), IsEmpty());
}

TEST(Cursors, have_names_that_nobody_can_mistake) {
    House house;
    house.open();
    EXPECT_TRUE(house.journal->save(house.app, "a", "bc", "1", nullptr));
    EXPECT_TRUE(house.journal->save(house.app, "ab", "c", "2", nullptr));
    EXPECT_TRUE(house.journal->save(house.app, "", "abc", "3", nullptr));
    EXPECT_EQ(house.journal->load(house.app, "a", "bc"), "1");
    EXPECT_EQ(house.journal->load(house.app, "ab", "c"), "2");
    EXPECT_THAT(house.journal->names(house.app, "a"), ElementsAre("bc"));
    EXPECT_THAT(house.journal->names(house.app, ""), ElementsAre("abc"));
}

TEST(Cursors, that_are_too_large_for_a_note_are_refused) {
    House house;
    house.open();
    EXPECT_FALSE(house.journal->save(house.app, "a", "me",
                                     std::string(note_value_bytes_max + 1, 'x'), nullptr));
    EXPECT_FALSE(
        house.journal->save(house.app, "a", std::string(note_key_bytes_max, 'x'), "1", nullptr));
    EXPECT_EQ(house.journal->load(house.app, "a", "me"), "");
}

TEST(Cursors, of_several_saves_in_one_group_the_newest_is_written_and_all_are_told) {
    House house;
    house.open();
    house.disk.writes.close();
    house.pen("a").write("one");
    while (house.disk.writes.waiting() == 0) std::this_thread::yield();
    Told told[3];
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(
            house.journal->save(house.app, "a", "me", std::to_string(i), told[i].countdown()));
    }
    house.disk.writes.open();
    for (auto& each : told) EXPECT_EQ(each.fate().stored, 1U);
    house.crash();
    house.open();
    EXPECT_EQ(house.journal->load(house.app, "a", "me"), "2");
}

// A save that was taken by the writer is told when it is stored, and not when a newer one is.
TEST(Cursors, that_say_stored_are) {
    House house;
    house.open();
    house.disk.syncs.close();
    Told first;
    EXPECT_TRUE(house.journal->save(house.app, "a", "me", "1", first.countdown()));
    while (house.disk.syncs.waiting() == 0) std::this_thread::yield();
    EXPECT_TRUE(house.journal->save(house.app, "a", "me", "2", nullptr));
    EXPECT_FALSE(first.is_over());
    house.disk.sync_fails = true;
    house.disk.syncs.open();
    EXPECT_EQ(first.fate().not_stored, 1U);
}

// However much of what was not synced survives.
TEST(Cursors, never_survive_without_what_was_appended_or_saved_before) {
    for (std::size_t survive = 0; survive < 60; ++survive) {
        House house(JournalOptions::Sync::never);
        house.open();
        {
            auto a = house.pen("a");
            auto b = house.pen("b");
            for (std::uint64_t i = 1; i <= 8; ++i) {
                a.write("x");
                b.write("x");
                const auto state = std::to_string(i);
                EXPECT_TRUE(house.journal->save(house.app, "a", i % 2 == 0 ? "even" : "odd", state,
                                                nullptr));
                EXPECT_TRUE(i % 3 != 0 || house.journal->flush(patience_ms));
            }
            ASSERT_TRUE(house.journal->flush(patience_ms));
        }
        house.crash(survive);
        house.open();
        const auto number = [&](const char* name) {
            return std::strtoull(house.journal->load(house.app, "a", name).c_str(), nullptr, 10);
        };
        const auto newest = std::max(number("even"), number("odd"));
        EXPECT_GE(house.pen("a").position.offset, newest) << survive;
        EXPECT_GE(house.pen("b").position.offset, newest) << survive;
        const auto other = std::min(number("even"), number("odd"));
        EXPECT_TRUE(newest <= 1 || other + 1 == newest) << survive;
    }
}

}  // namespace
}  // namespace carillon::storage
