// storage/journal/testing_store.h: what every Store must do, wherever it writes. A store's test includes
// this once and says where its stores lie:
//
//   INSTANTIATE_TEST_SUITE_P(File, StoreTest, ::testing::Values(FilePlace::make));
//   INSTANTIATE_TEST_SUITE_P(File, StoreKillTest, ::testing::Values(FilePlace::make));
//
// StoreKillTest is for those whose files are there when the process is not, BoundedStoreTest for those with
// a bound. In one source of a program only; others take testing_store_hand.h.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "storage/journal/testing_store_hand.h"

namespace carillon::storage::testing {

class StoreTest : public ::testing::TestWithParam<MakePlace> {
 protected:
    std::unique_ptr<StorePlace> place = GetParam()(0);
    StoreHand store{*place};
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreTest);

TEST_P(StoreTest, begins_with_nothing) {
    EXPECT_TRUE(store.found().channels.empty());
    EXPECT_TRUE(store.found().notes.empty());
    EXPECT_TRUE(store.found().repairs.empty());
    EXPECT_EQ(store.found().written, 0U);
    EXPECT_EQ(store->usage().messages, 0U);
}

TEST_P(StoreTest, hands_out_what_was_written_in_its_order) {
    const auto a = store.declare("a");
    const auto b = store.declare("b");
    store.write({{a, {"a1"}}, {b, {"b1"}}, {a, {"a2"}}});
    store.write({{b, {"b2"}}, {a, {"a3"}}});
    EXPECT_EQ(store.bodies(a, 1, 3), (std::vector<std::string>{"a1", "a2", "a3"}));
    EXPECT_EQ(store.bodies(b, 1, 2), (std::vector<std::string>{"b1", "b2"}));
    EXPECT_EQ(store->usage().messages, 5U);
}

TEST_P(StoreTest, stamps_what_it_hands_out) {
    const auto id = store.declare("a");
    store.write(id, {.body = "one", .unix_ms = 100});
    store.write(id, {.body = "two", .unix_ms = 250});
    std::vector<hub::Kept> into;
    ASSERT_TRUE(store->read(id, UINT64_MAX, 2, 2, SIZE_MAX, into));
    ASSERT_EQ(into.size(), 1U);
    EXPECT_EQ(into[0].stamp.position.epoch, UINT64_MAX);
    EXPECT_EQ(into[0].stamp.position.offset, 2U);
    EXPECT_EQ(into[0].stamp.unix_ms, 250);
}

TEST_P(StoreTest, keeps_every_field) {
    const auto id = store.declare("a");
    const std::vector<Draft> drafts{
        {},
        {.body = "plain"},
        {.body = R"({"n":1})", .event = "order.paid", .member = "ana", .kind = hub::BodyKind::json},
        {.body = every_byte(), .event = every_byte(), .member = every_byte()},
        {.body = std::string(3, '\0'), .kind = hub::BodyKind::binary},
        {.event = "no body", .kind = hub::BodyKind::json},
        {.body = "once", .once = {.publisher = 1, .sequence = 1}},
        {.body = "most", .once = {.publisher = UINT64_MAX, .sequence = UINT64_MAX}},
        {.body = "no sequence yet", .once = {.publisher = 9, .sequence = 0}},
        {.body = "early", .unix_ms = 1},
        {.body = "late", .unix_ms = 4'102'444'800'123},
    };
    for (const auto& draft : drafts) store.write(id, draft);
    for (int round = 0; round < 2; ++round) {
        const auto kept = store.read(id, 1, drafts.size());
        ASSERT_EQ(kept.size(), drafts.size());
        for (std::size_t i = 0; i < drafts.size(); ++i) expect_same(kept[i], drafts[i]);
        store.close_and_open();
    }
}

TEST_P(StoreTest, keeps_a_large_body) {
    const auto id = store.declare("a");
    Draft draft{.event = "large", .kind = hub::BodyKind::binary};
    std::mt19937_64 random(1);
    while (draft.body.size() < limits::mib) draft.body += static_cast<char>(random());
    store.write(id, {.body = "before"});
    store.write(id, draft);
    store.write(id, {.body = "after"});
    const auto kept = store.read(id, 1, 3);
    ASSERT_EQ(kept.size(), 3U);
    expect_same(kept[1], draft);
    EXPECT_EQ(kept[2].publication->body(), "after");
}

TEST_P(StoreTest, reads_pages_of_about_the_size_asked_for) {
    const auto id = store.declare("a");
    store.write_numbered(id, 20, 1000);
    const auto page = store.read(id, 5, 20, 5000);
    EXPECT_GE(page.size(), 4U);
    EXPECT_LE(page.size(), 6U);
    EXPECT_EQ(page.front().stamp.position.offset, 5U);
    EXPECT_EQ(store.read(id, 5, 20, 1).size(), 1U);
    EXPECT_EQ(store.read(id, 20, 20, 5000).size(), 1U);
    EXPECT_EQ(store.read(id, 3, 6).size(), 4U);
    EXPECT_EQ(store.read(id, 1, 20).size(), 20U);
}

TEST_P(StoreTest, adds_to_what_a_page_has_already) {
    const auto id = store.declare("a");
    store.write_numbered(id, 4);
    std::vector<hub::Kept> into;
    ASSERT_TRUE(store->read(id, 7, 1, 2, SIZE_MAX, into));
    ASSERT_TRUE(store->read(id, 7, 3, 4, SIZE_MAX, into));
    ASSERT_EQ(into.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(into[i].stamp.position.offset, i + 1);
}

TEST_P(StoreTest, does_not_read_what_was_never_written) {
    const auto id = store.declare("a");
    EXPECT_EQ(store.refusal(id, 1, 1), base::ErrorKind::not_found);
    store.write_numbered(id, 3);
    EXPECT_EQ(store.refusal(id, 4, 9), base::ErrorKind::not_found);
    EXPECT_EQ(store.refusal(id, 0, 2), base::ErrorKind::not_found);
}

TEST_P(StoreTest, finds_the_first_message_of_a_time) {
    const auto id = store.declare("a");
    EXPECT_EQ(store.find(id, 0), 1U);
    for (const auto unix_ms : {100, 200, 200, 200, 300}) store.write(id, {.unix_ms = unix_ms});
    EXPECT_EQ(store.find(id, 0), 1U);
    EXPECT_EQ(store.find(id, 100), 1U);
    EXPECT_EQ(store.find(id, 101), 2U);
    EXPECT_EQ(store.find(id, 200), 2U);
    EXPECT_EQ(store.find(id, 201), 5U);
    EXPECT_EQ(store.find(id, 300), 5U);
    EXPECT_EQ(store.find(id, 301), 6U);
    store.trim(id, 4);
    EXPECT_EQ(store.find(id, 100), 4U);
    store.close_and_open();
    EXPECT_EQ(store.find(id, 200), 4U);
    EXPECT_EQ(store.find(id, 250), 5U);
    store.trim(id, 6);
    EXPECT_EQ(store.find(id, 0), 6U);
}

TEST_P(StoreTest, finds_a_time_among_many) {
    const auto id = store.declare("a");
    const auto other = store.declare("b");
    for (int group = 0; group < 10; ++group) {
        std::vector<std::pair<std::uint32_t, Draft>> drafts;
        for (int i = 0; i < 100; ++i) {
            const auto unix_ms = 1000 + 10 * (group * 100 + i);
            drafts.push_back({id, {.body = std::string(100, 'x'), .unix_ms = unix_ms}});
            drafts.push_back({other, {.body = "y", .unix_ms = unix_ms + 5}});
        }
        store.write(drafts);
    }
    for (std::uint64_t offset = 1; offset <= 1000; offset += 37) {
        const auto unix_ms = 1000 + 10 * static_cast<std::int64_t>(offset - 1);
        EXPECT_EQ(store.find(id, unix_ms), offset);
        EXPECT_EQ(store.find(id, unix_ms + 1), offset + 1);
        EXPECT_EQ(store.find(other, unix_ms), offset);
    }
}

TEST_P(StoreTest, keeps_channels_apart_whatever_they_are_called) {
    const std::vector<std::pair<std::string, std::string>> names{
        {"app", "a"},       {"app2", "a"},
        {"app", "A"},       {"app", std::string("a\0", 2)},
        {"ap", "pa"},       {"", "a"},
        {"app", ""},        {every_byte(), every_byte()},
        {"app", "a' OR 1"}, {"app", std::string(1024, 'n')}};
    std::map<std::uint32_t, std::size_t> ids;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto id = store->declare(names[i].first, names[i].second, i + 1);
        ASSERT_TRUE(id);
        ids[id.value()] = i;
    }
    EXPECT_EQ(ids.size(), names.size());
    store.close_and_open();
    ASSERT_EQ(store.found().channels.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto* found = store.found(names[i].first, names[i].second);
        ASSERT_NE(found, nullptr) << i;
        EXPECT_EQ(found->epoch, i + 1);
    }
}

TEST_P(StoreTest, knows_a_declared_channel_by_its_number_and_its_epoch) {
    const auto a = store.declare("a", 41);
    const auto b = store.declare("b", UINT64_MAX);
    EXPECT_NE(a, b);
    EXPECT_EQ(store.declare("a", 99), a);
    for (int round = 0; round < 2; ++round) {
        store.close_and_open();
        const auto* found = store.found("app", "a");
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->epoch, 41U);
        EXPECT_EQ(store.declare("a", 99), found->id);
        ASSERT_NE(store.found("app", "b"), nullptr);
        EXPECT_EQ(store.found("app", "b")->epoch, UINT64_MAX);
    }
}

TEST_P(StoreTest, goes_on_where_it_was) {
    auto id = store.declare("a");
    store.write_numbered(id, 3);
    for (std::uint64_t round = 1; round <= 3; ++round) {
        store.close_and_open();
        const auto* found = store.found("app", "a");
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->first, 1U);
        EXPECT_EQ(found->last, 3 * round);
        EXPECT_EQ(store.found().written, 3 * round);
        EXPECT_EQ(store->usage().messages, 3 * round);
        id = found->id;
        store.write_numbered(id, 3);
        store.expect_whole(id, 1, 3 * round + 3);
    }
}

TEST_P(StoreTest, describes_its_channels_when_it_is_opened) {
    const auto id = store.declare("a");
    const auto empty = store.declare("b");
    for (const auto unix_ms : {100, 200, 300}) {
        store.write(id, {.body = std::string(1000, 'x'), .unix_ms = unix_ms});
    }
    store.trim(id, 2);
    store.close_and_open();
    const auto* found = store.found("app", "a");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->first, 2U);
    EXPECT_EQ(found->last, 3U);
    EXPECT_EQ(found->oldest_ms, 200);
    EXPECT_GE(found->bytes, 2000U);
    EXPECT_LE(found->bytes, 2400U);
    found = store.found("app", "b");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->id, store.declare("b"));
    EXPECT_EQ(found->first, 1U);
    EXPECT_EQ(found->last, 0U);
    EXPECT_EQ(found->oldest_ms, 0);
    EXPECT_EQ(found->bytes, 0U);
    EXPECT_NE(found->id, id);
    EXPECT_EQ(store.declare("b"), empty);
}

TEST_P(StoreTest, remembers_the_newest_note_of_a_key) {
    store.note("cursor", "1");
    store.note("other", "x");
    store.note("cursor", "2");
    const std::vector<Note> twice{{"cursor", "3"}, {"cursor", "4"}};
    store.write({}, twice);
    store.close_and_open();
    EXPECT_EQ(store.found().notes,
              (std::map<std::string, std::string, std::less<>>{{"cursor", "4"}, {"other", "x"}}));
    store.note("cursor", "5");
    store.close_and_open();
    EXPECT_EQ(store.found().notes.at("cursor"), "5");
}

TEST_P(StoreTest, forgets_a_note_for_good) {
    store.note("gone", "1");
    store.note("stays", "1");
    store.note("gone", "");
    store.note("never there", "");
    for (int round = 0; round < 2; ++round) {
        store.close_and_open();
        EXPECT_EQ(store.found().notes,
                  (std::map<std::string, std::string, std::less<>>{{"stays", "1"}}));
    }
    store.note("gone", "again");
    store.close_and_open();
    EXPECT_EQ(store.found().notes.at("gone"), "again");
}

TEST_P(StoreTest, keeps_notes_of_any_bytes_and_size) {
    const auto key = every_byte() + std::string(2 * limits::kib - 256, 'k');
    const auto value = every_byte() + std::string(limits::mib - 256, 'v');
    store.note(key, value);
    store.note(std::string_view("k\0a", 3), "1");
    store.note(std::string_view("k\0b", 3), "2");
    store.close_and_open();
    ASSERT_EQ(store.found().notes.size(), 3U);
    EXPECT_TRUE(store.found().notes.at(key) == value);
    EXPECT_EQ(store.found().notes.at(std::string("k\0b", 3)), "2");
}

TEST_P(StoreTest, keeps_notes_when_the_messages_beside_them_go) {
    const auto id = store.declare("a");
    for (int round = 0; round < 20; ++round) {
        store.write_numbered(id, 10, 1000);
        store.note("round", std::to_string(round));
    }
    store.note("early", "yes");
    store.trim(id, store.next(id));
    ASSERT_TRUE(store->tidy());
    store.close_and_open();
    EXPECT_EQ(store.found().notes.at("round"), "19");
    EXPECT_EQ(store.found().notes.at("early"), "yes");
}

TEST_P(StoreTest, reads_no_more_of_what_was_trimmed) {
    const auto id = store.declare("a");
    const auto other = store.declare("b");
    store.write_numbered(id, 10);
    store.write_numbered(other, 10);
    store.trim(id, 4);
    EXPECT_EQ(store.refusal(id, 3, 10), base::ErrorKind::not_found);
    store.expect_whole(id, 4, 10);
    store.expect_whole(other, 1, 10);
    EXPECT_EQ(store->usage().messages, 17U);
    store.trim(id, 2);  // nothing comes back
    EXPECT_EQ(store.refusal(id, 2, 10), base::ErrorKind::not_found);
    EXPECT_EQ(store->usage().messages, 17U);
}

TEST_P(StoreTest, remembers_what_was_trimmed) {
    const auto id = store.declare("a");
    store.write_numbered(id, 10);
    store.trim(id, 4);
    ASSERT_TRUE(store->tidy());
    for (int round = 0; round < 2; ++round) {
        store.close_and_open();
        EXPECT_EQ(store.found("app", "a")->first, 4U);
        EXPECT_EQ(store.found("app", "a")->last, 10U);
        EXPECT_EQ(store.found().written, 10U);
        EXPECT_EQ(store->usage().messages, 7U);
        EXPECT_EQ(store.refusal(id, 3, 10), base::ErrorKind::not_found);
        store.expect_whole(id, 4, 10);
    }
}

TEST_P(StoreTest, goes_on_counting_when_nothing_is_kept) {
    const auto id = store.declare("a");
    store.write_numbered(id, 5);
    store.trim(id, 6);
    EXPECT_EQ(store.refusal(id, 5, 5), base::ErrorKind::not_found);
    EXPECT_EQ(store->usage().messages, 0U);
    ASSERT_TRUE(store->tidy());
    store.close_and_open();
    const auto* found = store.found("app", "a");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->first, 6U);
    EXPECT_EQ(found->last, 5U);
    EXPECT_EQ(found->oldest_ms, 0);
    EXPECT_EQ(found->epoch, 7U);
    EXPECT_EQ(store.found().written, 5U);
    store.write_numbered(found->id, 2);
    store.expect_whole(id, 6, 7);
    store.close_and_open();
    EXPECT_EQ(store.found("app", "a")->first, 6U);
    EXPECT_EQ(store.found("app", "a")->last, 7U);
    EXPECT_EQ(store.found().written, 7U);
}

TEST_P(StoreTest, says_whether_it_was_closed) {
    EXPECT_FALSE(store.found().closed_well);
    store.close_and_open();
    EXPECT_TRUE(store.found().closed_well);
    store.open();
    EXPECT_FALSE(store.found().closed_well);
    store.close_and_open();
    EXPECT_TRUE(store.found().closed_well);
    store.write_numbered(store.declare("a"), 1);
    store.open();
    EXPECT_FALSE(store.found().closed_well);
}

TEST_P(StoreTest, has_everything_that_was_written_even_if_it_was_not_closed) {
    const auto id = store.declare("a");
    store.write_numbered(id, 100);
    store.note("k", "v");
    store.trim(id, 11);
    store.write_numbered(id, 5);
    store.open();
    EXPECT_FALSE(store.found().closed_well);
    EXPECT_EQ(store.found().written, 105U);
    EXPECT_EQ(store.found().notes.at("k"), "v");
    ASSERT_NE(store.found("app", "a"), nullptr);
    EXPECT_EQ(store.found("app", "a")->first, 11U);
    EXPECT_EQ(store.found("app", "a")->last, 105U);
    store.expect_whole(id, 11, 105);
}

TEST_P(StoreTest, is_opened_by_one_at_a_time) {
    const auto id = store.declare("a");
    store.write_numbered(id, 3);
    {
        const auto second = place->store();
        const auto opened = second->open();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind, base::ErrorKind::forbidden);
    }
    store.write_numbered(id, 3);  // the refused one left everything as it was
    store.close_and_open();
    store.expect_whole(id, 1, 6);
}

TEST_P(StoreTest, syncs_and_tidies_whatever_there_is) {
    EXPECT_TRUE(store->sync());
    EXPECT_TRUE(store->tidy());
    const auto id = store.declare("a");
    EXPECT_TRUE(store->sync());
    store.write_numbered(id, 3);
    EXPECT_TRUE(store->sync());
    EXPECT_TRUE(store->sync());
    const auto lost = store->tidy();
    ASSERT_TRUE(lost);
    EXPECT_TRUE(lost.value().empty());
    store.expect_whole(id, 1, 3);
    EXPECT_TRUE(store->write({}, {}));
}

TEST_P(StoreTest, holds_many_channels) {
    std::vector<std::pair<std::uint32_t, Draft>> drafts;
    for (int i = 0; i < 1000; ++i) {
        const auto id = store.declare("channel " + std::to_string(i), 100 + i);
        drafts.push_back({id, {.body = "1 of " + std::to_string(i)}});
    }
    store.write(drafts);
    store.open();
    EXPECT_EQ(store.found().channels.size(), 1000U);
    for (int i = 0; i < 1000; i += 50) {
        const auto* found = store.found("app", "channel " + std::to_string(i));
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->epoch, 100U + i);
        EXPECT_EQ(store.bodies(found->id, 1, 1).front(), "1 of " + std::to_string(i));
    }
    EXPECT_LT(store->usage().descriptors, 200U);
}

// One writes, trims and tidies, another reads what is there; each page is a run of what was written.
TEST_P(StoreTest, is_read_while_it_is_written_and_trimmed) {
    const auto id = store.declare("a");
    constexpr std::uint64_t last = 3000;
    std::atomic<std::uint64_t> written{0};
    std::atomic<std::uint64_t> first{1};
    std::uint64_t read = 0;
    std::string wrong;
    std::thread reader([&] {
        for (std::uint64_t at = 1; at <= last && wrong.empty();) {
            const auto until = written.load();
            if (until < at) {
                std::this_thread::yield();
                continue;
            }
            std::vector<hub::Kept> page;
            const auto done = store->read(id, 7, at, until, 2000, page);
            if (!done && first.load() <= at) wrong = done.error().message;
            if (!done) at = std::max(at, first.load());
            for (const auto& kept : page) {
                if (kept.stamp.position.offset != at) wrong = "a hole at " + std::to_string(at);
                if (kept.publication->body() != StoreHand::numbered(at, 100))
                    wrong = "not what was written";
                ++at;
            }
            if (store->find(id, 1).has_error()) wrong = "find failed";
            (void)store->usage();
            read += page.size();
        }
    });
    while (store.next(id) <= last) {
        store.write_numbered(id, 20, 100);
        written = store.next(id) - 1;
        if (store.next(id) % 300 == 1) {
            first = store.next(id) - 100;
            store.trim(id, first);
            EXPECT_TRUE(store->tidy());
            EXPECT_TRUE(store->sync());
        }
    }
    reader.join();
    EXPECT_EQ(wrong, "");
    EXPECT_GE(read, 100U);
}

class BoundedStoreTest : public ::testing::TestWithParam<MakePlace> {
 protected:
    static constexpr std::uint64_t bytes_max = limits::mib;
    std::unique_ptr<StorePlace> place = GetParam()(bytes_max);
    StoreHand store{*place};

    // Everything that tidy() finds to do. Where each channel begins now, if it lost something.
    std::map<std::uint32_t, std::uint64_t> tidy() {
        std::map<std::uint32_t, std::uint64_t> first;
        for (;;) {
            const auto lost = store->tidy();
            EXPECT_TRUE(lost) << lost.error().message;
            if (!lost || lost.value().empty()) return first;
            for (const auto& channel : lost.value()) first[channel.channel] = channel.first;
        }
    }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BoundedStoreTest);

TEST_P(BoundedStoreTest, lets_go_of_the_oldest_above_its_bound) {
    const auto old = store.declare("old");
    const auto steady = store.declare("steady");
    std::map<std::uint32_t, std::uint64_t> first{{old, 1}, {steady, 1}};
    store.write_numbered(old, 100, 1000);
    for (int round = 0; round < 50; ++round) {
        store.write_numbered(steady, 100, 1000);
        for (const auto& [id, begin] : tidy()) {
            EXPECT_GT(begin, first.at(id));
            first.at(id) = begin;
        }
        EXPECT_LE(store->usage().bytes, 2 * bytes_max);
    }
    EXPECT_EQ(store->usage().bytes_max, bytes_max);
    EXPECT_EQ(first.at(old), 101U);  // all of it: it was the oldest
    EXPECT_GT(first.at(steady), 3500U);
    EXPECT_LT(first.at(steady), 4800U);
    EXPECT_EQ(store.refusal(steady, first.at(steady) - 1, 5000), base::ErrorKind::not_found);
    store.expect_whole(steady, first.at(steady), 5000);
    store.close_and_open();
    EXPECT_EQ(store.found("app", "old")->first, 101U);
    EXPECT_EQ(store.found("app", "steady")->first, first.at(steady));
    EXPECT_EQ(store.found().written, 5100U);
    EXPECT_EQ(store->usage().messages, 5000 - first.at(steady) + 1);
}

TEST_P(BoundedStoreTest, has_room_again_when_a_channel_was_trimmed) {
    const auto id = store.declare("a");
    const auto other = store.declare("b");
    store.write_numbered(other, 10, 1000);
    for (int round = 0; round < 50; ++round) {
        store.write_numbered(id, 100, 1000);
        store.trim(id, store.next(id) - 100);
        const auto lost = tidy();
        EXPECT_FALSE(lost.contains(id));
    }
    EXPECT_LE(store->usage().bytes, 2 * bytes_max);
    store.expect_whole(id, 4901, 5000);
}

class StoreKillTest : public ::testing::TestWithParam<MakePlace> {
 protected:
    std::unique_ptr<StorePlace> place = GetParam()(0);

    // Writes until it is killed. Says after each group how many messages it has written in all.
    [[noreturn]] void write_until_killed(int progress) {
        StoreHand store(*place);
        const std::uint32_t channels[]{store.declare("a"), store.declare("b")};
        for (std::uint64_t group = 1;; ++group) {
            std::vector<std::pair<std::uint32_t, Draft>> drafts;
            auto a = store.next(channels[0]);
            auto b = store.next(channels[1]);
            for (std::uint64_t i = 0; i < 1 + group % 7; ++i) {
                drafts.emplace_back(channels[0],
                                    Draft{.body = StoreHand::numbered(a++, 50 * group % 977)});
                drafts.emplace_back(channels[1], Draft{.body = StoreHand::numbered(b++)});
            }
            const auto reached = std::to_string(a - 1);
            const Note note{"reached", reached};
            store.write(drafts, {&note, 1});
            if (group % 5 == 0) (void)store->sync();
            if (group % 11 == 0 && a > 40) store.trim(channels[0], a - 40);
            if (group % 13 == 0) (void)store->tidy();
            const auto done = store.next(channels[0]) - 1;
            if (::write(progress, &done, sizeof done) != sizeof done || HasFailure()) ::_exit(1);
        }
    }

    // What the last one had written when it was killed, after it had said so `groups` times.
    std::uint64_t killed_after(int groups) {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        const auto child = ::fork();
        if (child == 0) {
            ::close(ends[0]);
            write_until_killed(ends[1]);
        }
        ::close(ends[1]);
        std::uint64_t done = 0;
        for (int i = 0; i < groups; ++i) {
            EXPECT_EQ(::read(ends[0], &done, sizeof done), static_cast<ssize_t>(sizeof done));
        }
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        while (::read(ends[0], &done, sizeof done) == static_cast<ssize_t>(sizeof done)) {
        }
        ::close(ends[0]);
        return done;
    }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreKillTest);

// Run after run in the same place, each killed at another moment: what it said it had written is
// there, what is there is a run without a hole, and no note knows of more than that.
TEST_P(StoreKillTest, has_all_that_was_written_when_its_process_was_killed) {
    std::mt19937_64 random(8);
    std::uint64_t said = 0;
    for (int run = 0; run < 40; ++run) {
        const auto before = said;
        said = killed_after(1 + static_cast<int>(random() % 30));
        EXPECT_GT(said, before);
        StoreHand store(*place);
        EXPECT_FALSE(store.found().closed_well);
        const auto* a = store.found("app", "a");
        const auto* b = store.found("app", "b");
        ASSERT_TRUE(a != nullptr && b != nullptr);
        EXPECT_GE(a->last, said);
        EXPECT_EQ(a->last, b->last);
        EXPECT_EQ(store.found().written, a->last + b->last);
        EXPECT_LE(std::stoull(store.found().notes.at("reached")), a->last);
        EXPECT_GE(std::stoull(store.found().notes.at("reached")), said);
        store.expect_whole(a->id, a->first, a->last);
        store.expect_whole(b->id, b->first, b->last);
        said = a->last;
        if (HasFatalFailure()) return;
        if (run % 2 == 0) {
            EXPECT_TRUE(store->close());
        }
    }
}

}  // namespace carillon::storage::testing
