#include "storage/file/file_store.h"

#include <gtest/gtest.h>

#include <thread>

#include "storage/file/testing_store.h"

namespace carillon::storage::file::testing {
namespace {

using hub::BodyKind;

TEST(FileStore, a_new_one_is_empty_and_remembers_what_it_was_told) {
    const Directory directory;
    std::uint32_t id = 0;
    {
        House house({.path = directory.path()});
        const auto contents = house.open();
        EXPECT_TRUE(contents.channels.empty());
        EXPECT_FALSE(contents.closed_well);
        id = house.declare("news");
        ASSERT_TRUE(house.write({id}, 3, {{"k", "v"}}));
        ASSERT_TRUE(house.store.close());
    }
    House house({.path = directory.path()});
    const auto contents = house.open();
    EXPECT_TRUE(contents.closed_well);
    EXPECT_TRUE(contents.repairs.empty());
    EXPECT_EQ(contents.written, 3U);
    EXPECT_EQ(contents.notes.at("k"), "v");
    const auto* channel = channel_in(contents, "news");
    ASSERT_NE(channel, nullptr);
    EXPECT_EQ(channel->id, id);
    EXPECT_EQ(channel->app, "app");
    EXPECT_EQ(channel->epoch, 7U);
    EXPECT_EQ(channel->first, 1U);
    EXPECT_EQ(channel->last, 3U);
    EXPECT_EQ(channel->bytes, 60U);
    EXPECT_EQ(channel->oldest_ms, House::time_of(1));
    house.expect_all(id, 1, 3);
}

TEST(FileStore, keeps_every_part_of_a_publication) {
    const Directory directory;
    const std::string large(300'000, 'x');
    const std::vector<hub::Publication::Parts> all = {
        {.body_kind = BodyKind::text, .event = "e", .member = "m", .body = "b", .once = {9, 8}},
        {.body_kind = BodyKind::json, .body = "{}"},
        {.body_kind = BodyKind::binary, .member = "m", .body = std::string_view("\0\xff", 2)},
        {.body_kind = BodyKind::text, .event = "empty"},
        {.body_kind = BodyKind::binary, .body = large, .once = {UINT64_MAX, UINT64_MAX}},
    };
    const std::vector<std::int64_t> times = {INT64_MAX, INT64_MIN, 0, -5, 1'700'000'000'000};
    for (const bool again : {false, true}) {
        House house({.path = directory.path()});
        house.open();
        const auto id = house.declare("c");
        if (!again) {
            std::vector<hub::PublicationRef> made;
            std::vector<Write> writes;
            for (std::size_t i = 0; i < all.size(); ++i) {
                made.push_back(hub::Publication::make(all[i]));
                writes.push_back({id, i + 1, times[i], made.back().get()});
            }
            ASSERT_TRUE(house.store.write(writes, {}));
        }
        const auto kept = house.read(id, 1, 5, SIZE_MAX);
        ASSERT_TRUE(kept);
        ASSERT_EQ(kept->size(), all.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& got = *(*kept)[i].publication;
            EXPECT_EQ(got.kind(), hub::Kind::message);
            EXPECT_EQ(got.body_kind(), all[i].body_kind);
            EXPECT_EQ(got.event(), all[i].event);
            EXPECT_EQ(got.member(), all[i].member);
            EXPECT_EQ(got.body(), all[i].body);
            EXPECT_EQ(got.once().publisher, all[i].once.publisher);
            EXPECT_EQ(got.once().sequence, all[i].once.sequence);
            EXPECT_EQ((*kept)[i].stamp.unix_ms, times[i]);
        }
    }
}

TEST(FileStore, a_known_channel_keeps_its_number_and_its_epoch) {
    const Directory directory;
    House house({.path = directory.path()});
    house.open();
    const auto id = house.declare("c");
    EXPECT_EQ(*house.store.declare("app", "c", 99), id);
    EXPECT_NE(*house.store.declare("app2", "c", 99), id);
    EXPECT_NE(*house.store.declare("ap", "pc", 99), id);
    house.expect_all(id, 1, 0);
}

TEST(FileStore, reads_pages_of_about_what_was_asked_for_and_never_nothing) {
    const Directory directory;
    House house({.path = directory.path()});
    house.open();
    const auto id = house.declare("c");
    const auto other = house.declare("d");
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(house.write({id, other}, 10, {}, 100));
    EXPECT_EQ(house.read(id, 1, 100, 1)->size(), 1U);
    EXPECT_EQ(house.read(id, 1, 100, 1'000)->size(), 10U);
    EXPECT_EQ(house.read(id, 1, 100, 1'001)->size(), 11U);
    EXPECT_EQ(house.read(id, 37, 44)->size(), 8U);
    EXPECT_EQ(house.read(id, 99, 1'000'000)->size(), 2U);
    EXPECT_EQ(house.read(id, 101, 200).error().kind, ErrorKind::not_found);
    EXPECT_EQ(house.read(id, 0, 200).error().kind, ErrorKind::not_found);
    EXPECT_EQ(house.read(77, 1, 1).error().kind, ErrorKind::not_found);
    house.expect_all(id, 1, 100, 100);
    house.expect_all(other, 1, 100, 100);
}

TEST(FileStore, rolls_into_new_segments_and_reads_across_them) {
    const Directory directory;
    House house({.path = directory.path(), .segment_bytes = 4096, .descriptors_max = 3});
    house.open();
    const auto a = house.declare("a");
    const auto b = house.declare("b");
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(house.write({a, b}, 2, {{"n", std::to_string(i)}}));
    EXPECT_GT(directory.segments().size(), 10U);
    house.expect_all(a, 1, 600);
    house.expect_all(b, 1, 600);
    const auto usage = house.store.usage();
    EXPECT_LE(usage.descriptors, 6U);
    EXPECT_EQ(usage.files, directory.segments().size() + 1);
    EXPECT_EQ(usage.messages, 1200U);
    std::uint64_t bytes = 0;
    for (const auto& path : directory.segments()) bytes += std::filesystem::file_size(path);
    EXPECT_EQ(usage.bytes, bytes);

    ASSERT_TRUE(house.store.close());
    House again({.path = directory.path(), .segment_bytes = 4096});
    const auto contents = again.open();
    EXPECT_TRUE(contents.closed_well);
    EXPECT_EQ(contents.written, 1200U);
    EXPECT_EQ(contents.notes.at("n"), "299");
    EXPECT_EQ(channel_in(contents, "a")->bytes, 600U * 20);
    EXPECT_EQ(again.store.usage().bytes, bytes);
    again.expect_all(a, 1, 600);
    ASSERT_TRUE(again.write({a, b}, 5));
    again.expect_all(b, 590, 605);
}

TEST(FileStore, finds_by_time_even_where_the_clock_was_put_back) {
    const Directory directory;
    House house({.path = directory.path(), .segment_bytes = 4096});
    house.open();
    const auto id = house.declare("c");
    const std::vector<std::int64_t> times = {100, 200, 300, 50, 60, 400, 400, 70, 500};
    const auto body = std::string(900, 'x');
    for (std::size_t i = 0; i < times.size(); ++i) {
        const auto made = hub::Publication::make({.body = body});
        ASSERT_TRUE(house.store.write(std::vector<Write>{{id, i + 1, times[i], made.get()}}, {}));
    }
    EXPECT_GT(directory.segments().size(), 1U);
    EXPECT_EQ(*house.store.find(id, -10), 1U);
    EXPECT_EQ(*house.store.find(id, 100), 1U);
    EXPECT_EQ(*house.store.find(id, 101), 2U);
    EXPECT_EQ(*house.store.find(id, 301), 6U);
    EXPECT_EQ(*house.store.find(id, 450), 9U);
    EXPECT_EQ(*house.store.find(id, 501), 10U);
    ASSERT_TRUE(house.store.trim(std::vector<Trimmed>{{id, 4}}));
    EXPECT_EQ(*house.store.find(id, 40), 4U);
    EXPECT_EQ(*house.store.find(id, 55), 5U);
    EXPECT_EQ(*house.store.find(id, 100), 6U);
    ASSERT_TRUE(house.store.trim(std::vector<Trimmed>{{id, 10}}));
    EXPECT_EQ(*house.store.find(id, 0), 10U);
}

TEST(FileStore, the_newest_note_of_a_key_counts_and_an_empty_one_is_forgotten) {
    const Directory directory;
    {
        House house({.path = directory.path(), .segment_bytes = 4096});
        house.open();
        for (int i = 0; i < 200; ++i) {
            const auto value = "value " + std::to_string(i);
            ASSERT_TRUE(house.store.write({}, std::vector<Note>{{"a", value}, {"b", value}}));
        }
        ASSERT_TRUE(house.store.write({}, std::vector<Note>{{"b", ""}, {"never", ""}}));
    }
    EXPECT_GT(directory.segments().size(), 2U);
    House house({.path = directory.path()});
    const auto contents = house.open();
    EXPECT_EQ(contents.notes.size(), 1U);
    EXPECT_EQ(contents.notes.at("a"), "value 199");
    EXPECT_FALSE(contents.closed_well);
}

TEST(FileStore, what_is_trimmed_is_not_read_and_its_numbers_go_on) {
    const Directory directory;
    std::uint32_t a = 0;
    {
        House house({.path = directory.path(), .segment_bytes = 4096});
        house.open();
        a = house.declare("a");
        const auto b = house.declare("b");
        for (int i = 0; i < 100; ++i) ASSERT_TRUE(house.write({a, b}, 2));
        const auto files = directory.segments().size();
        ASSERT_TRUE(house.store.trim(std::vector<Trimmed>{{a, 201}, {b, 150}}));
        EXPECT_EQ(house.read(a, 200, 200).error().kind, ErrorKind::not_found);
        EXPECT_EQ(house.read(b, 149, 200).error().kind, ErrorKind::not_found);
        house.expect_all(b, 150, 200);
        EXPECT_EQ(house.store.usage().messages, 51U);
        EXPECT_EQ(directory.segments().size(), files);
        EXPECT_TRUE(house.store.tidy()->empty());
        EXPECT_LT(directory.segments().size(), files);
        house.expect_all(b, 150, 200);
        ASSERT_TRUE(house.write({a}, 1));
        house.expect_all(a, 201, 201);
        ASSERT_TRUE(house.store.trim(std::vector<Trimmed>{{a, 202}}));
    }
    House house({.path = directory.path(), .segment_bytes = 4096});
    const auto contents = house.open();
    EXPECT_EQ(channel_in(contents, "a")->first, 202U);
    EXPECT_EQ(channel_in(contents, "a")->last, 201U);
    EXPECT_EQ(channel_in(contents, "a")->oldest_ms, 0);
    EXPECT_EQ(channel_in(contents, "b")->first, 150U);
    EXPECT_EQ(channel_in(contents, "b")->oldest_ms, House::time_of(150));
    EXPECT_EQ(contents.written, 401U);
    ASSERT_TRUE(house.write({a}, 1));
    house.expect_all(a, 202, 202);
}

TEST(FileStore, says_after_a_restart_what_is_kept_and_not_what_was) {
    const Directory directory;
    {
        House house({.path = directory.path()});
        house.open();
        const auto id = house.declare("news");
        ASSERT_TRUE(house.write({id}, 100));
        ASSERT_TRUE(house.store.trim(std::vector<Trimmed>{{id, 91}}));
    }
    House house({.path = directory.path()});
    const auto contents = house.open();
    EXPECT_EQ(channel_in(contents, "news")->first, 91U);
    EXPECT_EQ(channel_in(contents, "news")->bytes, 200U);
}

TEST(FileStore, a_segment_in_the_middle_goes_when_nothing_of_it_is_kept) {
    const Directory directory;
    House house({.path = directory.path(), .segment_bytes = 4096});
    house.open();
    const auto rare = house.declare("rare");
    const auto busy = house.declare("busy");
    ASSERT_TRUE(house.write({rare}, 1));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(house.write({busy}, 40));
    ASSERT_TRUE(house.store.trim(std::vector<Trimmed>{{busy, 801}}));
    while (house.store.usage().files > 3) ASSERT_TRUE(house.store.tidy());
    EXPECT_TRUE(std::filesystem::exists(directory.segment(1)));
    EXPECT_FALSE(std::filesystem::exists(directory.segment(2)));
    house.expect_all(rare, 1, 1);
    ASSERT_TRUE(house.write({busy, rare}, 1));
    ASSERT_TRUE(house.store.close());
    House again({.path = directory.path()});
    EXPECT_TRUE(again.open().repairs.empty());
    again.expect_all(rare, 1, 2);
    again.expect_all(busy, 801, 801);
}

TEST(FileStore, above_its_bound_the_oldest_messages_go_whosever_they_are) {
    const Directory directory;
    std::uint32_t a = 0;
    std::uint64_t first = 1;
    {
        House house({.path = directory.path(), .bytes_max = 64 * limits::kib});
        house.open();
        a = house.declare("a");
        const auto rare = house.declare("rare");
        ASSERT_TRUE(house.write({rare}, 1));
        bool rare_went = false;
        for (int i = 0; i < 300; ++i) {
            ASSERT_TRUE(house.write({a}, 20));
            const auto lost = house.store.tidy();
            ASSERT_TRUE(lost);
            for (const auto& trimmed : *lost) {
                if (trimmed.channel == a) {
                    EXPECT_GT(trimmed.first, first);
                    first = trimmed.first;
                } else {
                    EXPECT_EQ(trimmed.first, 2U);
                    rare_went = true;
                }
            }
            EXPECT_LE(house.store.usage().bytes, house.store.usage().bytes_max + 1024);
        }
        EXPECT_TRUE(rare_went);
        EXPECT_GT(first, 1U);
        EXPECT_EQ(house.read(a, first - 1, first).error().kind, ErrorKind::not_found);
        house.expect_all(a, first, 6000);
    }
    House house({.path = directory.path(), .bytes_max = 64 * limits::kib});
    const auto contents = house.open();
    EXPECT_EQ(channel_in(contents, "a")->first, first);
    EXPECT_EQ(channel_in(contents, "rare")->last, 1U);
    house.expect_all(a, first, 6000);
}

TEST(FileStore, a_second_opener_is_told_who_has_it) {
    const Directory directory;
    House house({.path = directory.path()});
    house.open();
    FileStore second({.path = directory.path()});
    EXPECT_EQ(second.open().error().kind, ErrorKind::forbidden);
    ASSERT_TRUE(house.store.close());
    FileStore third({.path = directory.path()});
    EXPECT_TRUE(third.open());
}

TEST(FileStore, opened_and_not_closed_again_is_not_closed_well) {
    const Directory directory;
    {
        House house({.path = directory.path()});
        house.open();
        ASSERT_TRUE(house.store.close());
    }
    {
        House house({.path = directory.path()});
        EXPECT_TRUE(house.open().closed_well);
    }
    House house({.path = directory.path()});
    EXPECT_FALSE(house.open().closed_well);
}

TEST(FileStore, forgets_empty_channels_above_the_bound_the_oldest_first) {
    const Directory directory;
    {
        House house({.path = directory.path()});
        house.open();
        for (int i = 0; i < 10; ++i) house.declare("c" + std::to_string(i));
        ASSERT_TRUE(house.write({1}, 1));
    }
    House house({.path = directory.path(), .empty_channels_max = 3});
    const auto contents = house.open();
    EXPECT_EQ(contents.channels.size(), 4U);
    EXPECT_NE(channel_in(contents, "c0"), nullptr);
    EXPECT_NE(channel_in(contents, "c9"), nullptr);
    EXPECT_EQ(channel_in(contents, "c6"), nullptr);
    EXPECT_EQ(contents.repairs.size(), 1U);
    EXPECT_EQ(house.declare("new"), 11U);
}

TEST(FileStore, is_read_by_others_while_it_is_written_and_trimmed) {
    const Directory directory;
    House house({.path = directory.path(),
                 .segment_bytes = 16 * limits::kib,
                 .index_bytes_max = 2000,
                 .descriptors_max = 2});
    house.open();
    const std::vector<std::uint32_t> channels = {house.declare("a"), house.declare("b")};
    ASSERT_TRUE(house.write(channels, 5));
    std::atomic<std::uint64_t> first{1};
    std::atomic<std::uint64_t> last{5};
    std::atomic<std::uint64_t> reads{0};
    const auto reader = [&](std::uint32_t channel) {
        std::uint64_t next = 1;
        std::vector<hub::Kept> kept;
        do {
            if (next > last) next = first;
            const auto to = last.load();
            kept.clear();
            const auto got = house.store.read(channel, 7, next, to, 3000, kept);
            if (!got) {
                ASSERT_EQ(got.error().kind, ErrorKind::not_found) << got.error().message;
                ASSERT_LT(next, first + 3);  // trimmed meanwhile
                next = first;
                continue;
            }
            for (const auto& message : kept) {
                ASSERT_EQ(message.stamp.position.offset, next);
                ASSERT_EQ(message.publication->body(), body_of(channel, next));
                ++next;
            }
            const auto found = house.store.find(channel, House::time_of(next));
            ASSERT_TRUE(found) << found.error().message;
            ASSERT_GE(*found, next);
            ++reads;
        } while (last < 20'000);
    };
    std::vector<std::jthread> readers;
    for (const auto channel : channels) readers.emplace_back(reader, channel);
    while (last < 20'000) {
        ASSERT_TRUE(house.write(channels, 5));
        last += 5;
        if (last % 500 == 0) {
            first = last - 300;
            ASSERT_TRUE(house.store.trim(
                std::vector<Trimmed>{{channels[0], last - 300}, {channels[1], last - 300}}));
            ASSERT_TRUE(house.store.tidy());
        }
    }
    readers.clear();
    EXPECT_GT(reads, 0U);
}

}  // namespace
}  // namespace carillon::storage::file::testing
