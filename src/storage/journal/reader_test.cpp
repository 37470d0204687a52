#include "storage/journal/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/journal/testing_house.h"

namespace carillon::storage {
namespace {

using hub::From;
using hub::ReadOptions;
using hub::Recovery;
using testing::Bell;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::hear;
using testing::House;
using ::testing::IsEmpty;
using testing::patience_ms;
using testing::Pen;
using Page = hub::Reader::Page;
using Kind = From::Kind;

// "1" to "5", a second apart, of which the first three are written and the others are not.
struct HalfWritten : House {
    HalfWritten() {
        open();
        pen = std::make_unique<Pen>(House::pen("a"));
        for (int i = 1; i <= 3; ++i) write();
        EXPECT_TRUE(journal->flush(patience_ms));
        disk.writes.close();
        write();
        while (disk.writes.waiting() == 0) std::this_thread::yield();
        write();
    }
    ~HalfWritten() { disk.writes.open(); }
    void write() {
        clock.advance_ms(1000);
        pen->write(std::to_string(pen->position.offset + 1));
    }
    std::string from(Kind kind, std::uint64_t value = 0) {
        ReadOptions how;
        how.from.kind = kind;
        how.from.value = value;
        return hear(*read("a", how)).bodies();
    }
    std::uint64_t ms_of(std::uint64_t offset) const { return 1'700'000'000'000 + offset * 1000; }
    std::unique_ptr<Pen> pen;
};

TEST(JournalReader, begins_where_it_is_told_whether_that_is_written_or_not) {
    HalfWritten house;
    EXPECT_EQ(house.from(Kind::beginning), "1 2 3 4 5 ");
    EXPECT_EQ(house.from(Kind::newest, 0), "");
    EXPECT_EQ(house.from(Kind::newest, 1), "5 ");
    EXPECT_EQ(house.from(Kind::newest, 3), "3 4 5 ");
    EXPECT_EQ(house.from(Kind::newest, UINT64_MAX), "1 2 3 4 5 ");
    EXPECT_EQ(house.from(Kind::offset, 0), "1 2 3 4 5 ");
    EXPECT_EQ(house.from(Kind::offset, 2), "2 3 4 5 ");
    EXPECT_EQ(house.from(Kind::offset, 5), "5 ");
    EXPECT_EQ(house.from(Kind::offset, 6), "");
    EXPECT_EQ(house.from(Kind::now), "");
}

TEST(JournalReader, finds_the_first_that_is_not_older_than_a_moment) {
    HalfWritten house;
    EXPECT_EQ(house.from(Kind::time, 1), "1 2 3 4 5 ");
    EXPECT_EQ(house.from(Kind::time, house.ms_of(2)), "2 3 4 5 ");
    EXPECT_EQ(house.from(Kind::time, house.ms_of(2) + 1), "3 4 5 ");
    EXPECT_EQ(house.from(Kind::time, house.ms_of(3) + 1), "4 5 ");
    EXPECT_EQ(house.from(Kind::time, house.ms_of(5)), "5 ");
    EXPECT_EQ(house.from(Kind::time, house.ms_of(5) + 1), "");
}

TEST(JournalReader, waits_for_a_moment_that_is_to_come) {
    HalfWritten house;
    Bell bell;
    ReadOptions how;
    how.from.kind = Kind::time;
    how.from.value = house.ms_of(7);
    how.ring = bell.ring();
    const auto reader = house.read("a", how);
    EXPECT_EQ(hear(*reader, &bell).bodies(), "");
    house.disk.writes.open();
    for (int i = 0; i < 3; ++i) house.write();
    ASSERT_TRUE(house.journal->flush(patience_ms));
    EXPECT_EQ(hear(*reader, &bell).bodies(), "7 8 ");
    EXPECT_EQ(reader->position().offset, 8U);
}

TEST(JournalReader, goes_on_after_a_position_of_this_life_only) {
    HalfWritten house;
    const auto after = [&](std::uint64_t epoch, std::uint64_t offset) {
        ReadOptions how;
        how.from = {.kind = Kind::after, .value = 0, .after = {epoch, offset}};
        return house.journal->read(house.app, "a", how);
    };
    auto opened = after(7, 2);
    ASSERT_EQ(opened.recovery, Recovery::recovered);
    EXPECT_EQ(opened.reader->position().offset, 2U);
    EXPECT_EQ(hear(*opened.reader).bodies(), "3 4 5 ");
    EXPECT_EQ(opened.reader->position().offset, 5U);
    EXPECT_EQ(opened.reader->position().epoch, 7U);
    EXPECT_EQ(after(7, 5).recovery, Recovery::recovered);
    EXPECT_EQ(after(7, 6).recovery, Recovery::ahead);
    EXPECT_EQ(after(8, 2).recovery, Recovery::unknown_epoch);
}

TEST(JournalReader, with_a_last_offset_ends_there_for_ever) {
    HalfWritten house;
    ReadOptions how;
    how.from.kind = Kind::beginning;
    how.last = 4;
    const auto reader = house.read("a", how);
    EXPECT_EQ(hear(*reader).bodies(), "1 2 3 4 ");
    house.disk.writes.open();
    ASSERT_TRUE(house.journal->flush(patience_ms));
    EXPECT_EQ(hear(*reader).bodies(), "");
}

TEST(JournalReader, of_what_is_stored_hears_of_it_when_it_is) {
    HalfWritten house;
    Bell bell;
    ReadOptions how;
    how.from.kind = Kind::beginning;
    how.stored_only = true;
    how.ring = bell.ring();
    const auto reader = house.read("a", how);
    EXPECT_EQ(hear(*reader, &bell).bodies(), "1 2 3 ");
    house.disk.syncs.close();
    house.disk.writes.open();
    while (house.disk.syncs.waiting() == 0) std::this_thread::yield();
    EXPECT_EQ(hear(*reader, &bell).bodies(), "");  // 4 is written, and no more
    house.disk.syncs.open();
    ASSERT_TRUE(bell.wait());
    std::string rest;
    for (rest = hear(*reader, &bell).bodies(); !rest.ends_with("5 ");) {
        ASSERT_TRUE(bell.wait());
        rest += hear(*reader, &bell).bodies();
    }
    EXPECT_EQ(rest, "4 5 ");
}

TEST(JournalReader, of_what_is_stored_hears_nothing_else_on_the_same_page) {
    House house;
    house.open();
    auto pen = house.pen("a");
    pen.write("1");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.disk.syncs.close();
    pen.write("2");
    while (house.disk.syncs.waiting() == 0) std::this_thread::yield();
    ReadOptions how;
    how.from.kind = Kind::beginning;
    how.stored_only = true;
    EXPECT_EQ(hear(*house.read("a", how)).bodies(), "1 ");
    how.stored_only = false;
    EXPECT_EQ(hear(*house.read("a", how)).bodies(), "1 2 ");
    house.disk.syncs.open();
}

TEST(JournalReader, pinned_behind_what_is_stored_waits_for_it) {
    HalfWritten house;
    Bell bell;
    ReadOptions how;
    how.from = {.kind = Kind::offset, .value = 3, .after = {}};
    how.last = 5;
    how.stored_only = true;
    how.ring = bell.ring();
    const auto reader = house.read("a", how);
    std::vector<hub::Kept> heard;
    while (heard.empty()) {
        if (reader->next(1000, heard) != Page::later) continue;
        ASSERT_TRUE(bell.wait());
    }
    EXPECT_EQ(reader->next(1000, heard), Page::later);
    house.disk.writes.open();
    EXPECT_EQ(hear(*reader, &bell).bodies(), "4 5 ");
}

TEST(JournalReader, at_the_end_rings_for_what_comes) {
    House house;
    house.open();
    auto pen = house.pen("a");
    Bell bell;
    ReadOptions how;
    how.from.kind = Kind::now;
    how.ring = bell.ring();
    const auto reader = house.read("a", how);
    EXPECT_EQ(hear(*reader, &bell).how, Page::end);
    for (int i = 0; i < 20; ++i) {
        pen.write(std::to_string(i));
        ASSERT_TRUE(bell.wait());
        EXPECT_EQ(hear(*reader, &bell).bodies(), std::to_string(i) + " ");
    }
}

TEST(JournalReader, of_a_channel_that_is_not_there_yet_hears_it_begin) {
    House house;
    house.open();
    Bell bell;
    ReadOptions how;
    how.from.kind = Kind::beginning;
    how.ring = bell.ring();
    const auto reader = house.read("a", how);
    EXPECT_EQ(hear(*reader, &bell).how, Page::end);
    auto pen = house.pen("a", 5);
    EXPECT_EQ(pen.position.epoch, 5U);
    pen.write("one");
    ASSERT_TRUE(bell.wait());
    const auto heard = hear(*reader, &bell);
    ASSERT_EQ(heard.bodies(), "one ");
    EXPECT_EQ(heard.kept[0].stamp.position.epoch, 5U);
}

TEST(JournalReader, hands_out_pages_of_about_the_size_that_is_asked_for) {
    House house;
    house.open();
    auto pen = house.pen("a");
    for (int i = 0; i < 100; ++i) pen.write(std::string(100, 'x'));
    ASSERT_TRUE(house.journal->flush(patience_ms));
    const auto reader = pen.log->read_after(0);
    std::vector<hub::Kept> page;
    std::size_t pages = 0;
    std::uint64_t next = 1;
    for (;; ++pages) {
        page.clear();
        auto answer = reader->next(250, page);
        for (; answer == Page::later; answer = reader->next(250, page)) std::this_thread::yield();
        if (answer == Page::end) break;
        EXPECT_EQ(page.size(), next == 100 ? 1U : 3U);
        for (const auto& kept : page) EXPECT_EQ(kept.stamp.position.offset, next++);
    }
    EXPECT_EQ(next, 101U);
    EXPECT_EQ(pages, 34U);
}

TEST(JournalReader, fetches_the_next_page_while_one_is_in_hand) {
    House house;
    house.open();
    auto pen = house.pen("a");
    const std::string body(limits::journal_page_bytes / 2, 'x');
    for (int i = 0; i < 8; ++i) pen.write(body);
    ASSERT_TRUE(house.journal->flush(patience_ms));
    const auto reader = pen.log->read_after(0);
    std::vector<hub::Kept> page;
    while (reader->next(1, page) == Page::later) std::this_thread::yield();
    while (house.journal->numbers().read != 4) std::this_thread::yield();  // two pages
    EXPECT_EQ(reader->next(1, page), Page::some);                          // the rest of the first
    EXPECT_EQ(reader->next(1, page), Page::some);                          // without waiting
    EXPECT_EQ(page.size(), 3U);
    EXPECT_EQ(hear(*reader).kept.size(), 5U);
}

TEST(JournalReader, may_go_while_its_page_is_on_the_way) {
    House house;
    house.open();
    auto pen = house.pen("a");
    pen.write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.disk.reads.close();
    Bell bell;
    {
        ReadOptions how;
        how.from.kind = Kind::beginning;
        how.ring = bell.ring();
        const auto reader = house.read("a", how);
        std::vector<hub::Kept> page;
        EXPECT_EQ(reader->next(1, page), Page::later);
        while (house.disk.reads.waiting() == 0) std::this_thread::yield();
    }
    house.disk.reads.open();
    EXPECT_EQ(house.everything("a"), "one ");
    EXPECT_EQ(bell.rings(), 0U);
}

TEST(JournalReader, outlives_its_journal_and_says_so) {
    House house;
    house.open();
    auto pen = house.pen("a");
    pen.write("one");
    Bell bell;
    ReadOptions how;
    how.from.kind = Kind::beginning;
    how.ring = bell.ring();
    const auto reader = house.read("a", how);
    const auto tail = house.read("a", how);
    EXPECT_EQ(hear(*tail, &bell).bodies(), "one ");
    house.journal.reset();
    ASSERT_TRUE(bell.wait());
    EXPECT_EQ(hear(*reader).how, Page::lost);
    EXPECT_EQ(hear(*tail).how, Page::lost);
    EXPECT_THAT(tail->why(), HasSubstr("closed"));
}

TEST(JournalReader, whose_page_is_on_the_way_when_the_journal_goes_is_told) {
    House house;
    house.open();
    house.pen("a").write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.disk.reads.close();
    ReadOptions how;
    how.from.kind = Kind::beginning;
    const auto in_work = house.read("a", how);
    const auto queued = house.read("a", how);
    std::vector<hub::Kept> page;
    EXPECT_EQ(in_work->next(1, page), Page::later);
    while (house.disk.reads.waiting() == 0) std::this_thread::yield();
    EXPECT_EQ(queued->next(1, page), Page::later);
    std::thread opener([&] { house.disk.reads.open(); });
    house.journal.reset();
    opener.join();
    for (const auto& reader : {in_work.get(), queued.get()}) {
        const auto heard = hear(*reader);  // it may have come before the end, or not
        EXPECT_EQ(heard.how, Page::lost);
        EXPECT_LE(heard.kept.size(), 1U);
    }
}

}  // namespace
}  // namespace carillon::storage
