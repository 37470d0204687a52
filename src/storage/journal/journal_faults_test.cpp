// What a journal does when the disk says no, or nothing at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/journal/testing_house.h"

namespace carillon::storage {
namespace {

using hub::Outcome;
using ::testing::HasSubstr;
using testing::hear;
using testing::House;
using ::testing::IsEmpty;
using testing::patience_ms;
using testing::Told;
using Page = hub::Reader::Page;

// What a journal told, on whatever thread.
struct Diary {
    void follow(House& house) {
        house.options.tell = [this](std::string_view event, const std::string& what) {
            const std::scoped_lock lock(mutex);
            text.append(event).append(": ").append(what).append("\n");
        };
    }
    std::string read() const {
        const std::scoped_lock lock(mutex);
        return text;
    }
    mutable std::mutex mutex;
    std::string text;
};

void wait_for(const House& house, JournalState state) {
    while (house.journal->numbers().state != state) std::this_thread::yield();
}

TEST(JournalFaults, a_full_disk_refuses_publications_until_it_takes_them_again) {
    House house;
    Diary diary;
    diary.follow(house);
    house.open();
    auto pen = house.pen("a");
    EXPECT_FALSE(house.journal->in_trouble());
    house.disk.write_fails = true;
    Told told;
    pen.write("one", told.countdown());
    wait_for(house, JournalState::full);
    EXPECT_TRUE(house.journal->in_trouble());
    EXPECT_EQ(house.journal->refuses(house.app, "a"), Outcome::storage_failed);
    EXPECT_FALSE(house.journal->save(house.app, "a", "me", "1", nullptr));
    EXPECT_EQ(house.journal->load(house.app, "a", "me"), "");
    EXPECT_THAT(house.journal->numbers().what, HasSubstr("the disk of this test fails"));
    pen.write("two");  // was on its way already
    EXPECT_FALSE(told.is_over());
    house.disk.write_fails = false;
    EXPECT_EQ(told.fate().stored, 1U);
    ASSERT_TRUE(house.journal->flush(patience_ms));
    EXPECT_EQ(house.journal->refuses(house.app, "a"), Outcome::ok);
    EXPECT_EQ(house.everything("a"), "one two ");
    const auto numbers = house.journal->numbers();
    EXPECT_EQ(numbers.state, JournalState::well);
    EXPECT_THAT(numbers.what, IsEmpty());
    EXPECT_GE(numbers.write_failures, 1U);
    EXPECT_EQ(numbers.refused, 1U);
    EXPECT_THAT(diary.read(), HasSubstr("journal_full: write of 1 messages: the disk"));
    EXPECT_THAT(diary.read(), HasSubstr("journal_well: "));
}

TEST(JournalFaults, a_channel_that_is_not_kept_is_not_refused) {
    House house;
    house.options.rule = [](const hub::App&, std::string_view channel) {
        return channel == "a" ? std::optional(KeepRule{}) : std::nullopt;
    };
    house.open();
    house.disk.write_fails = true;
    house.pen("a").write("one");
    wait_for(house, JournalState::full);
    EXPECT_EQ(house.journal->refuses(house.app, "live"), Outcome::ok);
    EXPECT_EQ(house.journal->refuses(house.app, "a"), Outcome::storage_failed);
    house.disk.write_fails = false;
}

TEST(JournalFaults, a_failing_sync_is_the_end_until_the_next_start) {
    House house;
    Diary diary;
    diary.follow(house);
    house.open();
    auto pen = house.pen("a");
    pen.write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.disk.sync_fails = true;
    Told doomed;
    pen.write("two", doomed.countdown());
    EXPECT_EQ(doomed.fate().not_stored, 1U);
    EXPECT_EQ(house.journal->refuses(house.app, "a"), Outcome::storage_failed);
    house.disk.sync_fails = false;  // too late
    Told late;
    pen.write("three", late.countdown());
    EXPECT_EQ(late.fate().not_stored, 1U);
    EXPECT_EQ(late.fate().stored, 0U);
    EXPECT_FALSE(house.journal->flush(patience_ms));
    EXPECT_EQ(house.journal->numbers().state, JournalState::failed);
    EXPECT_EQ(house.journal->numbers().queue_bytes, 0U);
    EXPECT_THAT(diary.read(), HasSubstr("journal_failed: the disk of this test fails: sync"));
    house.journal.reset();
    house.disk.crash();
    house.open();
    EXPECT_EQ(house.everything("a"), "one ");
    EXPECT_NE(house.pen("a").position.epoch, 7U);
}

TEST(JournalFaults, an_error_that_cannot_be_tried_again_is_the_end) {
    House house;
    house.open();
    house.disk.error = base::ErrorKind::internal;
    house.disk.write_fails = true;
    Told told;
    house.pen("a").write("one", told.countdown());
    EXPECT_EQ(told.fate().not_stored, 1U);
    EXPECT_EQ(house.journal->numbers().state, JournalState::failed);
}

TEST(JournalFaults, who_reads_what_was_never_written_is_told_that_it_is_lost) {
    House house;
    house.open();
    auto pen = house.pen("a");
    pen.write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    testing::Bell bell;
    hub::ReadOptions how;
    how.from.kind = hub::From::Kind::beginning;
    how.stored_only = true;
    how.ring = bell.ring();
    const auto reader = house.read("a", how);
    EXPECT_EQ(hear(*reader, &bell).bodies(), "one ");
    house.disk.sync_fails = true;
    pen.write("two");
    ASSERT_TRUE(bell.wait());
    const auto rest = hear(*reader, &bell);
    EXPECT_EQ(rest.how, Page::lost);
    EXPECT_THAT(reader->why(), HasSubstr("failed"));
    EXPECT_EQ(house.journal->numbers().lost_reads, 1U);
}

TEST(JournalFaults, a_queue_that_is_full_refuses_until_it_is_half_empty) {
    House house;
    house.options.queue_bytes_max = 10'000;
    house.open();
    auto pen = house.pen("a");
    house.disk.writes.close();
    pen.write("first");
    while (house.disk.writes.waiting() == 0) std::this_thread::yield();
    const std::string body(1000, 'x');
    int taken = 0;
    for (; house.journal->refuses(house.app, "a") == Outcome::ok; ++taken) pen.write(body);
    EXPECT_GE(taken, 8);
    EXPECT_LE(taken, 11);
    EXPECT_EQ(house.journal->refuses(house.app, "a"), Outcome::overloaded);
    EXPECT_FALSE(house.journal->save(house.app, "a", "me", "1", nullptr));
    EXPECT_GT(house.journal->numbers().queue_bytes, 10'000U);
    house.disk.writes.open();
    ASSERT_TRUE(house.journal->flush(patience_ms));
    EXPECT_EQ(house.journal->refuses(house.app, "a"), Outcome::ok);
    EXPECT_EQ(house.journal->numbers().written, static_cast<std::uint64_t>(taken + 1));
}

TEST(JournalFaults, appending_does_not_wait_for_a_disk_that_stands_still) {
    House house;
    house.open();
    house.disk.writes.close();
    auto pen = house.pen("a");
    for (int i = 0; i < 10'000; ++i) pen.write("x");
    EXPECT_EQ(pen.log->size(), 10'000U);
    const auto reader = pen.log->read_after(9'990);
    EXPECT_EQ(hear(*reader).kept.size(), 10U);
    house.disk.writes.open();
}

TEST(JournalFaults, what_was_written_before_the_disk_was_full_is_stored_meanwhile) {
    House house(JournalOptions::Sync::interval);
    house.options.interval_ms = 200;
    house.open();
    auto pen = house.pen("a");
    pen.write("first");
    ASSERT_TRUE(house.journal->flush(patience_ms));  // synced now: not again in this interval
    Told told;
    pen.write("one", told.countdown());
    while (house.journal->numbers().written != 2) std::this_thread::yield();
    house.disk.write_fails = true;
    pen.write("two");
    EXPECT_EQ(told.fate().stored, 1U);
    house.disk.write_fails = false;
}

TEST(JournalFaults, gives_up_after_a_while_when_it_is_destroyed_and_the_disk_refuses) {
    House house;
    Diary diary;
    diary.follow(house);
    house.open();
    house.disk.write_fails = true;
    Told told;
    house.pen("a").write("one", told.countdown());
    house.journal.reset();
    EXPECT_EQ(told.fate().not_stored, 1U);
    EXPECT_THAT(diary.read(), HasSubstr("journal_closed: left as it is"));
    house.disk.write_fails = false;
    house.disk.crash();
    house.open();
    EXPECT_EQ(house.journal->numbers().channels, 0U);
}

TEST(JournalFaults, a_page_that_cannot_be_read_is_lost_and_says_why) {
    House house;
    house.open();
    house.pen("a").write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.disk.read_fails = true;
    hub::ReadOptions how;
    how.from.kind = hub::From::Kind::beginning;
    const auto reader = house.read("a", how);
    EXPECT_EQ(hear(*reader).how, Page::lost);
    EXPECT_THAT(reader->why(), HasSubstr("the disk of this test fails: read"));
}

}  // namespace
}  // namespace carillon::storage
