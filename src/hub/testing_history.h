// hub/testing_history.h: what every History must do, wherever it keeps things. A history's test includes
// this once and says how one is made:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, HistoryTest, ::testing::Values(MemoryPlace::make));
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "hub/history.h"

namespace carillon::hub::testing {

// For every channel. 0: no bound that a test would reach.
struct HistoryRule {
    std::uint32_t messages_max = 0;
    std::int64_t age_ms_max = 0;
};

// Where the histories of one test are, one after the other. Goes with everything in it.
struct HistoryPlace {
    virtual ~HistoryPlace() = default;
    virtual History& history() = 0;
    // What is done by others is done: everything is as safe as it gets.
    virtual void settle() = 0;
    // The process ends well and begins again. False: nothing survives that.
    virtual bool restart() = 0;

    base::ManualClock clock;
};
using MakeHistory = std::unique_ptr<HistoryPlace> (*)(const HistoryRule& rule);

class HistoryTest : public ::testing::TestWithParam<MakeHistory> {
 protected:
    void begin(const HistoryRule& rule = {}) {
        place = GetParam()(rule);
        app.id = "app";
        open();
    }
    // As the hub does when something is published to a channel that is not there.
    void open(std::uint64_t epoch = 7) {
        log = place->history().open(app, "a", epoch);
        position = log->position();
        if (position.epoch == 0) position = {epoch, 0};
    }
    bool for_good() const { return place->history().keeps(app, "a") == History::Keeps::for_good; }

    void append(std::string_view body, const CountdownRef& stored = nullptr, Once once = {}) {
        const auto now = place->clock.now();
        const auto publication = Publication::make({.event = "e", .body = body, .once = once});
        ++position.offset;
        log->append(publication, {position, now.unix_ms}, now, stored);
    }
    // "1", "2", …: each says its offset.
    void append_numbered(std::size_t count) {
        for (; count != 0; --count) append(std::to_string(position.offset + 1));
    }
    void sweep() {
        place->settle();
        log->trim(place->clock.now());
        place->history().swept(place->clock.now());
    }
    // False: it does not, however often one sweeps.
    bool comes_to_keep(std::size_t count) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (log->size() != count && std::chrono::steady_clock::now() < until) {
            sweep();
            std::this_thread::yield();
        }
        return log->size() == count;
    }

    static std::vector<Kept> all_of(Reader& reader, std::size_t page_bytes = 1000) {
        std::vector<Kept> all;
        for (;;) {
            const auto answer = reader.next(page_bytes, all);
            EXPECT_NE(answer, Reader::Page::lost) << reader.why();
            if (answer == Reader::Page::later) std::this_thread::yield();
            if (answer == Reader::Page::end || answer == Reader::Page::lost) return all;
        }
    }
    // That this is the run of numbered publications from `first` to `last`.
    void expect_run(const std::vector<Kept>& run, std::uint64_t first, std::uint64_t last) const {
        ASSERT_EQ(run.size(), last + 1 - first);
        for (auto offset = first; offset <= last; ++offset) {
            const auto& kept = run[offset - first];
            ASSERT_EQ(kept.stamp.position.offset, offset);
            ASSERT_EQ(kept.stamp.position.epoch, position.epoch);
            ASSERT_EQ(kept.publication->body(), std::to_string(offset));
        }
    }

    std::unique_ptr<HistoryPlace> place;
    App app;
    std::unique_ptr<ChannelHistory> log;  // gone before its place
    Position position;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(HistoryTest);

TEST_P(HistoryTest, begins_with_nothing) {
    begin();
    EXPECT_NE(place->history().keeps(app, "a"), History::Keeps::nothing);
    EXPECT_FALSE(place->history().in_trouble());
    EXPECT_EQ(place->history().refuses(app, "a"), Outcome::ok);
    EXPECT_EQ(log->size(), 0U);
    EXPECT_EQ(log->position().offset, 0U);
    EXPECT_EQ(log->bytes_after(0), 0U);
    EXPECT_TRUE(all_of(*log->read_after(0)).empty());
}

TEST_P(HistoryTest, keeps_everything_in_its_order_without_a_hole) {
    begin();
    append_numbered(300);
    EXPECT_EQ(log->size(), 300U);
    expect_run(all_of(*log->read_after(0)), 1, 300);
    place->settle();
    expect_run(all_of(*log->read_after(0)), 1, 300);
    append_numbered(10);
    expect_run(all_of(*log->read_after(290)), 291, 310);
    EXPECT_TRUE(all_of(*log->read_after(310)).empty());
}

TEST_P(HistoryTest, keeps_what_was_published_as_it_was) {
    begin();
    const auto now = place->clock.now();
    const auto publication = Publication::make({.body_kind = BodyKind::json,
                                                .event = "order.paid",
                                                .member = "ana",
                                                .body = R"({"n":1})"});
    log->append(publication, {{position.epoch, 1}, now.unix_ms}, now, nullptr);
    place->settle();
    const auto all = all_of(*log->read_after(0));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].publication->event(), "order.paid");
    EXPECT_EQ(all[0].publication->member(), "ana");
    EXPECT_EQ(all[0].publication->body(), R"({"n":1})");
    EXPECT_EQ(all[0].publication->body_kind(), BodyKind::json);
    EXPECT_EQ(all[0].stamp.unix_ms, now.unix_ms);
}

TEST_P(HistoryTest, hands_out_pages_of_about_what_is_asked_for) {
    begin();
    for (int i = 0; i < 20; ++i) append(std::string(100, 'x'));
    place->settle();
    const auto reader = log->read_after(0);
    std::vector<Kept> page;
    std::size_t handed_out = 0;
    for (;;) {
        page.clear();
        const auto answer = reader->next(250, page);
        if (answer == Reader::Page::end) break;
        EXPECT_EQ(page.empty(), answer == Reader::Page::later);
        EXPECT_LE(page.size(), 3U);
        handed_out += page.size();
        EXPECT_EQ(reader->position().offset, handed_out);
        if (answer == Reader::Page::later) std::this_thread::yield();
    }
    EXPECT_EQ(handed_out, 20U);
}

TEST_P(HistoryTest, what_is_promised_at_one_moment_does_not_grow) {
    begin();
    append_numbered(5);
    const auto reader = log->read_after(2);
    EXPECT_EQ(reader->position().offset, 2U);
    append_numbered(5);
    place->settle();
    expect_run(all_of(*reader), 3, 5);
    append_numbered(1);
    EXPECT_TRUE(all_of(*reader).empty());
}

TEST_P(HistoryTest, says_what_reading_costs_while_it_waits) {
    begin();
    for (int i = 0; i < 100; ++i) append(std::string(1000, 'x'));
    const auto all = log->bytes_after(0);
    EXPECT_GE(all, 100'000U);
    EXPECT_LE(all, 200'000U);
    EXPECT_GE(log->bytes_after(99), 1000U);
    EXPECT_LE(log->bytes_after(99), 2000U);
    EXPECT_EQ(log->bytes_after(100), 0U);
}

TEST_P(HistoryTest, keeps_the_newest_by_count) {
    begin({.messages_max = 10});
    append_numbered(25);
    ASSERT_TRUE(comes_to_keep(10));
    expect_run(all_of(*log->read_after(15)), 16, 25);
    append_numbered(1);
    ASSERT_TRUE(comes_to_keep(10));
    expect_run(all_of(*log->read_after(20)), 21, 26);
}

TEST_P(HistoryTest, lets_go_of_what_is_too_old) {
    begin({.age_ms_max = 10'000});
    append_numbered(3);
    place->clock.advance_ms(6'000);
    append_numbered(4);
    sweep();
    EXPECT_EQ(log->size(), 7U);
    place->clock.advance_ms(6'000);
    ASSERT_TRUE(comes_to_keep(4));
    expect_run(all_of(*log->read_after(3)), 4, 7);
}

TEST_P(HistoryTest, goes_on_after_a_restart_where_it_was_or_has_no_past) {
    begin();
    append_numbered(12);
    log.reset();
    if (!place->restart()) {
        open(8);
        EXPECT_EQ(log->position().epoch, 0U);
        EXPECT_EQ(log->size(), 0U);
        return;
    }
    open(8);
    EXPECT_TRUE(log->outlives_channel());
    EXPECT_EQ(position.epoch, 7U);
    EXPECT_EQ(position.offset, 12U);
    append_numbered(3);
    expect_run(all_of(*log->read_after(0)), 1, 15);
}

TEST_P(HistoryTest, goes_on_when_the_channel_was_gone_meanwhile_or_has_no_past) {
    begin();
    append_numbered(12);
    log.reset();
    open(8);
    EXPECT_EQ(position.offset, for_good() ? 12U : 0U);
    EXPECT_EQ(position.epoch, for_good() ? 7U : 8U);
    append_numbered(1);
    expect_run(all_of(*log->read_after(position.offset - 1)), position.offset, position.offset);
}

TEST_P(HistoryTest, kept_for_good_knows_duplicates_also_after_a_restart) {
    begin();
    append("one", nullptr, {9, 4});
    if (!for_good()) {
        EXPECT_FALSE(log->seen({9, 4}));
        return;
    }
    EXPECT_TRUE(log->seen({9, 4}));
    EXPECT_TRUE(log->seen({9, 3}));
    EXPECT_FALSE(log->seen({9, 5}));
    EXPECT_FALSE(log->seen({8, 1}));
    log.reset();
    ASSERT_TRUE(place->restart());
    open();
    EXPECT_TRUE(log->seen({9, 4}));
    EXPECT_FALSE(log->seen({9, 5}));
    EXPECT_EQ(all_of(*log->read_after(0)).front().publication->once().sequence, 4U);
}

TEST_P(HistoryTest, tells_when_it_is_stored) {
    begin();
    std::promise<Fate> told;
    const CountdownRef countdown(new Countdown([&](const Fate& fate) { told.set_value(fate); }));
    append("one", countdown);
    countdown->done({.queued = 7});  // its publisher has finished
    auto fate = told.get_future();
    ASSERT_EQ(fate.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    const auto all = fate.get();
    EXPECT_EQ(all.stored, 1U);
    EXPECT_EQ(all.queued, 7U);
}

TEST_P(HistoryTest, kept_for_good_is_read_beside_the_channel) {
    begin();
    if (!for_good()) {
        EXPECT_EQ(place->history().read(app, "a", {}).reader, nullptr);
        return;
    }
    append_numbered(10);
    ReadOptions how;
    how.from = {.kind = From::Kind::offset, .value = 4, .after = {}};
    how.last = 8;
    const auto opened = place->history().read(app, "a", how);
    ASSERT_EQ(opened.recovery, Recovery::recovered);
    expect_run(all_of(*opened.reader), 4, 8);
}

// One publishes; others join again and again: first what is kept, then what they hear, without a gap and
// without a duplicate.
TEST_P(HistoryTest, what_is_replayed_ends_where_what_is_heard_begins) {
    begin();
    constexpr std::uint64_t count = 5'000;
    std::mutex channel;
    std::atomic<bool> over{false};
    std::thread publisher([&] {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::scoped_lock lock(channel);
            append_numbered(1);
        }
        over = true;
    });
    const auto join = [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        do {
            std::unique_ptr<Reader> reader;
            std::uint64_t after = 0;
            std::uint64_t live = 0;
            {
                const std::scoped_lock lock(channel);
                live = position.offset;
                after = live - std::min(live, random.below(200));
                reader = log->read_after(after);
            }
            expect_run(all_of(*reader, 1 + random.below(5'000)), after + 1, live);
        } while (!over && !HasFailure());
    };
    std::thread other(join, 1);
    join(2);
    other.join();
    publisher.join();
    expect_run(all_of(*log->read_after(0)), 1, count);
}

}  // namespace carillon::hub::testing
