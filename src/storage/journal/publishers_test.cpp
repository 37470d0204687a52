#include "storage/journal/publishers.h"

#include <gtest/gtest.h>

#include "storage/journal/retention.h"
#include "storage/journal/testing_house.h"

namespace carillon::storage {
namespace {

using hub::Once;
using testing::House;
using testing::patience_ms;

TEST(Publishers, have_seen_what_is_not_above_their_newest) {
    Publishers publishers;
    EXPECT_FALSE(publishers.seen({1, 0}));
    publishers.add({1, 5});
    publishers.add({2, 1});
    EXPECT_TRUE(publishers.seen({1, 4}));
    EXPECT_TRUE(publishers.seen({1, 5}));
    EXPECT_FALSE(publishers.seen({1, 6}));
    EXPECT_FALSE(publishers.seen({2, 5}));
    EXPECT_FALSE(publishers.seen({3, 1}));
}

TEST(Publishers, forget_who_was_silent_longest) {
    Publishers publishers(3);
    for (std::uint64_t id = 1; id <= 3; ++id) publishers.add({id, 1});
    publishers.add({1, 2});
    publishers.add({4, 1});
    EXPECT_EQ(publishers.size(), 3U);
    EXPECT_TRUE(publishers.seen({1, 2}));
    EXPECT_FALSE(publishers.seen({2, 1}));
    EXPECT_TRUE(publishers.seen({3, 1}));
    EXPECT_TRUE(publishers.seen({4, 1}));
}

TEST(Publishers, are_the_same_after_they_were_noted_in_their_order_too) {
    Publishers publishers(3);
    publishers.add({1, UINT64_MAX});
    publishers.add({UINT64_MAX, 7});
    publishers.add({3, 3});
    publishers.add({1, 1});
    auto decoded = Publishers::decode(publishers.encode(99), 3);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->complete_up_to, 99U);
    decoded->publishers.add({4, 1});
    EXPECT_FALSE(decoded->publishers.seen({UINT64_MAX, 7}));
    EXPECT_TRUE(decoded->publishers.seen({1, UINT64_MAX}));
    EXPECT_TRUE(decoded->publishers.seen({3, 3}));
}

TEST(Publishers, a_note_of_another_length_is_none) {
    const auto note = Publishers{}.encode(1) + std::string(16, 'x');
    for (std::size_t bytes = 0; bytes <= note.size(); ++bytes) {
        const auto decoded = Publishers::decode(std::string_view(note).substr(0, bytes), 8);
        EXPECT_EQ(decoded.has_value(), bytes == 8 || bytes == 24) << bytes;
    }
}

// ---- across a restart ----

TEST(Duplicates, are_found_as_long_as_the_process_lives) {
    House house;
    house.open();
    auto pen = house.pen("a");
    EXPECT_TRUE(pen.write_once("one", {9, 1}));
    EXPECT_FALSE(pen.write_once("one", {9, 1}));
    EXPECT_TRUE(pen.write_once("two", {9, 2}));
    EXPECT_TRUE(house.pen("b").write_once("two", {9, 2}));
    EXPECT_EQ(house.everything("a"), "one two ");
    EXPECT_EQ(house.journal->numbers().duplicates, 1U);
}

TEST(Duplicates, are_found_after_the_journal_was_closed) {
    House house;
    house.open();
    house.pen("a").write_once("one", {9, 5});
    house.open();
    EXPECT_FALSE(house.pen("a").write_once("one", {9, 5}));
    EXPECT_TRUE(house.pen("a").write_once("two", {9, 6}));
}

// Whatever of it survived: nothing that is there is taken again, what is not there is.
TEST(Duplicates, of_what_survived_a_crash_are_found_and_of_what_did_not_are_not) {
    for (std::size_t survive = 0; survive < 40; ++survive) {
        House house(JournalOptions::Sync::never);
        house.open();
        house.pen("a").write("plain");
        for (std::uint64_t i = 1; i <= 6; ++i) {
            house.pen("a").write_once("once", {1 + i % 2, i});
            ASSERT_TRUE(house.journal->flush(patience_ms));
        }
        house.crash(survive);
        house.open();
        auto pen = house.pen("a");
        const auto there = pen.position.offset;
        for (std::uint64_t i = 1; i <= 6; ++i) {
            EXPECT_EQ(pen.log->seen({1 + i % 2, i}), i < there) << survive << " of " << there;
        }
    }
}

TEST(Duplicates, are_found_although_their_messages_are_not_kept_any_more) {
    House house;
    house.options.rule = [](const hub::App&, std::string_view) {
        return KeepRule{.messages_max = 2};
    };
    house.open();
    {
        auto pen = house.pen("a");
        for (std::uint64_t id = 1; id <= 20; ++id) pen.write_once("x", {id, 1});
        ASSERT_TRUE(house.journal->flush(patience_ms));
        house.journal->swept({});
        while (house.journal->numbers().usage.messages != 2) std::this_thread::yield();
    }
    house.crash(1000);
    house.open();
    auto pen = house.pen("a");
    for (std::uint64_t id = 1; id <= 20; ++id) EXPECT_TRUE(pen.log->seen({id, 1})) << id;
    EXPECT_EQ(house.everything("a"), "x x ");
}

TEST(Duplicates, are_looked_for_in_few_messages_only) {
    House house;
    house.open();
    const auto count = 5 * Retention::unnoted_max + 10;
    {
        auto pen = house.pen("a");
        for (std::uint64_t i = 1; i <= count; ++i) {
            pen.write_once("x", {9, i});
            EXPECT_TRUE(i % 1000 != 0 || house.journal->flush(patience_ms));
        }
        ASSERT_TRUE(house.journal->flush(patience_ms));
    }
    house.crash();
    testing::MemoryStore store(house.disk);
    auto found = store.open();
    ASSERT_TRUE(found);
    const auto note =
        Publishers::decode(found.value().notes.at(once_key(channel_key("app", "a"))), 8);
    ASSERT_TRUE(note.has_value());
    EXPECT_GE(note->complete_up_to + 2 * Retention::unnoted_max, count);
    EXPECT_TRUE(note->publishers.seen({9, note->complete_up_to}));
    EXPECT_FALSE(note->publishers.seen({9, note->complete_up_to + 1}));
}

TEST(Duplicates, a_damaged_note_is_refused_at_the_start) {
    House house;
    house.open();
    house.pen("a").write_once("one", {9, 1});
    house.journal.reset();
    {
        testing::MemoryStore store(house.disk);
        ASSERT_TRUE(store.open());
        const auto key = once_key(channel_key("app", "a"));
        const Note note{key, "short"};
        ASSERT_TRUE(store.write({}, {&note, 1}));
        ASSERT_TRUE(store.close());
    }
    const auto opened = Journal::open(std::make_unique<testing::MemoryStore>(house.disk),
                                      house.options, house.clock);
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().kind, base::ErrorKind::invalid);
}

}  // namespace
}  // namespace carillon::storage
