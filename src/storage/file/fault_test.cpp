// What a file journal makes of each fault there is.
#include <gtest/gtest.h>

#include "storage/file/new_segment.h"
#include "storage/file/testing_store.h"

namespace carillon::storage::file::testing {
namespace {

// Opens what is there, reads all of it, and holds it to what was written. An Error ends it: it must be a
// clear one.
void expect_nothing_wrong(const Directory& directory,
                          const std::map<std::string, std::uint64_t>& last, bool all_or_error) {
    FileStore store({.path = directory.path(), .segment_bytes = 4096});
    const auto contents = store.open();
    if (!contents) {
        EXPECT_TRUE(contents.error().kind == ErrorKind::invalid ||
                    contents.error().kind == ErrorKind::unsupported);
        EXPECT_NE(contents.error().message.find(directory.path()), std::string::npos);
        return;
    }
    for (const auto& [name, expected] : last) {
        const auto* channel = channel_in(*contents, name);
        const auto found = channel == nullptr ? 0 : channel->last;
        EXPECT_LE(found, expected);
        if (found < expected) {
            EXPECT_FALSE(all_or_error);
            EXPECT_FALSE(contents->repairs.empty());
        }
        for (auto next = std::uint64_t{1}; next <= found;) {
            std::vector<hub::Kept> kept;
            const auto got = store.read(channel->id, 7, next, found, 1 << 20, kept);
            if (!got) {
                EXPECT_EQ(got.error().kind, ErrorKind::invalid);
                EXPECT_NE(got.error().message.find(".seg is damaged at byte"), std::string::npos);
            }
            for (const auto& message : kept) {
                ASSERT_EQ(message.stamp.position.offset, next);
                ASSERT_EQ(message.publication->body(), body_of(channel->id, next));
                ++next;
            }
            if (!got) break;
        }
    }
}

// Two channels and a note, some of it synced, then one more group.
struct TornScene {
    TornScene() {
        House house({.path = directory.path()});
        house.open();
        a = house.declare("a");
        b = house.declare("b");
        EXPECT_TRUE(house.write({a, b}, 3, {{"note", "old"}}));
        EXPECT_TRUE(house.store.sync());
        before = std::filesystem::file_size(directory.segment(1));
        EXPECT_TRUE(house.write({a, b, a}, 3, {{"note", "new"}, {"other", "x"}}));
        bytes = bytes_of(directory.segment(1));
    }
    Directory directory;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    std::uint64_t before = 0;
    std::string bytes;

    void expect_a_prefix(const std::string& now, bool torn) {
        put_bytes(directory.segment(1), now);
        House house({.path = directory.path()});
        const auto contents = house.open();
        ASSERT_EQ(contents.channels.size(), 2U);
        const auto last_a = contents.channels[0].last;
        const auto last_b = contents.channels[1].last;
        const bool whole = last_a == 9 && last_b == 6;
        ASSERT_TRUE((last_a == 3 && last_b == 3) || (last_a == 6 && last_b == 3) ||
                    (last_a == 6 && last_b == 6) || whole);
        ASSERT_EQ(contents.written, last_a + last_b);
        ASSERT_TRUE(contents.notes.at("note") == "old" || whole);
        ASSERT_TRUE(!contents.notes.contains("other") || contents.notes.at("note") == "new");
        ASSERT_EQ(contents.repairs.size(), torn ? 1U : 0U);
        house.expect_all(a, 1, last_a);
        house.expect_all(b, 1, last_b);
        ASSERT_TRUE(house.write({a, b}, 2));
        house.expect_all(a, 1, last_a + 2);
        ASSERT_TRUE(house.store.close());
        House again({.path = directory.path()});
        ASSERT_TRUE(again.open().repairs.empty());
        again.expect_all(b, 1, last_b + 2);
    }
};

TEST(Faults, a_group_torn_at_any_byte_leaves_a_prefix) {
    TornScene scene;
    int boundaries = 0;
    for (auto cut = scene.before; cut <= scene.bytes.size(); ++cut) {
        SCOPED_TRACE(cut);
        const std::string_view left(scene.bytes.data(), cut);
        // Where an entry ends is no tear.
        MemorySource source(left);
        const auto header = scan_header(source);
        ASSERT_TRUE(header);
        const auto end = scan(source, *header, header_bytes, cut, false,
                              [](std::uint64_t, const Entry&) { return Result<void>(); });
        const bool torn = end->kind != ScanEnd::Kind::whole;
        boundaries += torn ? 0 : 1;
        scene.expect_a_prefix(std::string(left), torn);
        if (::testing::Test::HasFatalFailure()) return;
    }
    EXPECT_EQ(boundaries, 6);
}

TEST(Faults, a_torn_group_followed_by_zeros_or_garbage_leaves_a_prefix) {
    TornScene scene;
    for (const char fill : {'\0', '\xff', 'x'}) {
        for (auto cut = scene.before; cut < scene.bytes.size(); cut += 7) {
            SCOPED_TRACE(cut);
            scene.expect_a_prefix(scene.bytes.substr(0, cut) + std::string(10'000, fill), true);
            if (::testing::Test::HasFatalFailure()) return;
        }
    }
    // The other way: the file has its length, but a part in the middle never got to the disk.
    for (auto hole = scene.before; hole + 20 < scene.bytes.size(); hole += 5) {
        SCOPED_TRACE(hole);
        auto now = scene.bytes;
        std::fill_n(now.begin() + static_cast<std::ptrdiff_t>(hole), 20, '\0');
        scene.expect_a_prefix(now, true);
        if (::testing::Test::HasFatalFailure()) return;
    }
}

// Several segments; the newest is synced to its end when `synced`.
std::map<std::string, std::uint64_t> write_some(const Directory& directory, bool synced) {
    House house({.path = directory.path(), .segment_bytes = 4096});
    house.open();
    const auto a = house.declare("a");
    const auto b = house.declare("b");
    while (directory.segments().size() < 3) EXPECT_TRUE(house.write({a, b, a, b}, 5));
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(house.write({a, b}, 2, {{"k", "some note"}}));
    EXPECT_TRUE(house.store.sync());
    EXPECT_TRUE(house.write({a}, 1));
    if (synced) {
        EXPECT_TRUE(house.store.close());
    }
    return {{"a", house.last[a]}, {"b", house.last[b]}};
}

TEST(Faults, a_flipped_bit_anywhere_never_becomes_a_wrong_message) {
    for (const int number : {1, 3}) {
        for (const bool synced : {false, true}) {
            Directory directory;
            const auto last = write_some(directory, synced);
            const auto files = directory.segments();
            std::vector<std::string> sound;
            for (const auto& path : files) sound.push_back(bytes_of(path));
            const auto path = directory.segment(number);
            const auto& bytes = sound[static_cast<std::size_t>(number - 1)];
            const std::size_t step = number == 3 ? 3 : 11;
            for (std::size_t at = 0; at < bytes.size(); at += step) {
                for (std::size_t i = 0; i < files.size(); ++i) put_bytes(files[i], sound[i]);
                for (const auto& now : directory.segments())
                    if (std::ranges::find(files, now) == files.end()) std::filesystem::remove(now);
                auto flipped = bytes;
                flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at / step % 8)));
                put_bytes(path, flipped);
                SCOPED_TRACE(path + " at " + std::to_string(at));
                // Only what was written after the last sync may be lost, and then it is said.
                const bool after_sync = number == 3 && at + 100 > bytes.size();
                expect_nothing_wrong(directory, last, !after_sync);
                if (::testing::Test::HasFailure()) return;
            }
        }
    }
}

TEST(Faults, damage_in_the_middle_of_the_newest_segment_says_where_and_what_to_do) {
    const Directory directory;
    write_some(directory, true);
    auto bytes = bytes_of(directory.segment(3));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    put_bytes(directory.segment(3), bytes);
    FileStore store({.path = directory.path()});
    const auto opened = store.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::invalid);
    const auto& message = opened.error().message;
    EXPECT_NE(message.find(directory.segment(3) + " is damaged at byte "), std::string::npos);
    EXPECT_NE(message.find("carillon journal verify " + directory.path()), std::string::npos);
    EXPECT_NE(message.find("carillon journal trim --repair"), std::string::npos);
    EXPECT_TRUE(bytes_of(directory.segment(3)) == bytes) << "it was touched";
}

TEST(Faults, a_truncated_sealed_segment_is_mended_or_refused) {
    const Directory directory;
    const auto last = write_some(directory, false);
    const auto path = directory.segment(1);
    const auto sound = bytes_of(path);
    FileSource source = *FileSource::of(*File::open(Io::real(), path, 0, nullptr));
    const auto data_end = read_footer(source, *scan_header(source))->data_end;
    for (std::size_t cut = 0; cut < sound.size(); cut += 13) {
        SCOPED_TRACE(cut);
        put_bytes(path, sound.substr(0, cut));
        std::optional<FileStore> store(std::in_place, FileStoreOptions{.path = directory.path()});
        const auto contents = store->open();
        store.reset();
        if (cut < data_end) {
            ASSERT_FALSE(contents);
            ASSERT_EQ(contents.error().kind, ErrorKind::invalid);
            continue;
        }
        ASSERT_TRUE(contents);
        ASSERT_EQ(contents->repairs.size(), 1U);
        ASSERT_EQ(channel_in(*contents, "a")->last, last.at("a"));
        ASSERT_EQ(std::filesystem::file_size(path), sound.size());
        if (cut % 4 == 0) expect_nothing_wrong(directory, last, true);
    }
}

TEST(Faults, a_segment_that_is_missing_is_noticed) {
    const Directory directory;
    write_some(directory, true);
    std::filesystem::remove(directory.segment(2));
    FileStore store({.path = directory.path()});
    const auto opened = store.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::invalid);
    EXPECT_NE(opened.error().message.find("messages "), std::string::npos);
}

TEST(Faults, a_full_disk_refuses_a_group_whole_and_takes_it_when_there_is_room) {
    for (std::size_t room = 0; room < 250; room += 3) {
        const Directory directory;
        TestIo io;
        House house({.path = directory.path(), .io = &io});
        house.open();
        const auto a = house.declare("a");
        ASSERT_TRUE(house.write({a}, 3));
        const auto size = std::filesystem::file_size(directory.segment(1));
        io.bytes_left = room;
        const auto b = house.declare("b");
        const auto written = house.write({a, b}, 3, {{"k", "v"}});
        ASSERT_FALSE(written);
        ASSERT_EQ(written.error().kind, ErrorKind::io);
        ASSERT_NE(written.error().message.find("No space left"), std::string::npos);
        ASSERT_EQ(std::filesystem::file_size(directory.segment(1)), size);
        ASSERT_EQ(house.read(a, 4, 4).error().kind, ErrorKind::not_found);
        ASSERT_TRUE(house.store.sync());
        io.bytes_left = SIZE_MAX;
        ASSERT_TRUE(house.write({a, b}, 3, {{"k", "v"}}));
        house.expect_all(a, 1, 6);
        ASSERT_TRUE(house.store.close());
        House again({.path = directory.path()});
        const auto contents = again.open();
        ASSERT_TRUE(contents.repairs.empty());
        ASSERT_EQ(contents.notes.at("k"), "v");
        again.expect_all(b, 1, 3);
    }
}

TEST(Faults, a_disk_that_is_full_at_the_end_of_a_segment_is_waited_for) {
    const Directory directory;
    for (std::size_t room = 0; room < 3000; room += 50) {
        std::filesystem::remove_all(directory.path());
        TestIo io;
        House house({.path = directory.path(), .segment_bytes = 4096, .io = &io});
        house.open();
        const auto a = house.declare("a");
        while (house.store.usage().bytes < 4096) ASSERT_TRUE(house.write({a}, 10));
        const auto last = house.last[a];
        io.bytes_left = room;
        while (house.write({a}, 10)) {
        }
        ASSERT_EQ(house.write({a}, 10).error().kind, ErrorKind::io);
        ASSERT_EQ(house.write({a}, 10).error().kind, ErrorKind::io);
        house.expect_all(a, 1, house.last[a]);
        ASSERT_GE(house.last[a], last);
        io.bytes_left = SIZE_MAX;
        for (int i = 0; i < 30; ++i) ASSERT_TRUE(house.write({a}, 10));
        house.expect_all(a, 1, house.last[a]);
        ASSERT_TRUE(house.store.close());
        House again({.path = directory.path()});
        ASSERT_TRUE(again.open().repairs.empty());
        again.expect_all(a, 1, house.last[a]);
    }
}

TEST(Faults, writes_that_fall_short_are_gone_on_with) {
    const Directory directory;
    TestIo io;
    io.write_max = 13;
    House house({.path = directory.path(), .segment_bytes = 4096, .io = &io});
    house.open();
    const auto a = house.declare("a");
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(house.write({a}, 5));
    house.expect_all(a, 1, 250);
}

TEST(Faults, when_what_failed_cannot_be_taken_back_nothing_more_is_written) {
    const Directory directory;
    {
        TestIo io;
        House house({.path = directory.path(), .io = &io});
        house.open();
        const auto a = house.declare("a");
        ASSERT_TRUE(house.write({a}, 3));
        io.bytes_left = 30;
        io.truncate_fails = true;
        EXPECT_EQ(house.write({a}, 3).error().kind, ErrorKind::internal);
        io.bytes_left = SIZE_MAX;
        io.truncate_fails = false;
        EXPECT_EQ(house.write({a}, 3).error().kind, ErrorKind::internal);
        EXPECT_FALSE(house.store.sync());
        EXPECT_FALSE(house.store.close());
        house.expect_all(a, 1, 3);
    }
    House again({.path = directory.path()});
    EXPECT_EQ(again.open().repairs.size(), 1U);
    again.expect_all(1, 1, 3);
}

TEST(Faults, after_a_failing_sync_nothing_more_is_written_and_what_there_was_is_read) {
    const Directory directory;
    TestIo io;
    House house({.path = directory.path(), .io = &io});
    house.open();
    const auto a = house.declare("a");
    ASSERT_TRUE(house.write({a}, 3));
    io.sync_fails = true;
    EXPECT_EQ(house.store.sync().error().kind, ErrorKind::io);
    io.sync_fails = false;
    EXPECT_FALSE(house.store.sync());
    EXPECT_EQ(house.write({a}, 1).error().kind, ErrorKind::internal);
    EXPECT_FALSE(house.store.trim(std::vector<Trimmed>{{a, 2}}));
    EXPECT_FALSE(house.store.close());
    house.expect_all(a, 1, 3);
}

TEST(Faults, a_sync_that_fails_at_the_end_of_a_segment_is_as_bad) {
    const Directory directory;
    TestIo io;
    House house({.path = directory.path(), .segment_bytes = 4096, .io = &io});
    house.open();
    const auto a = house.declare("a");
    while (house.store.usage().bytes < 4096) ASSERT_TRUE(house.write({a}, 10));
    io.sync_fails = true;
    EXPECT_EQ(house.write({a}, 1).error().kind, ErrorKind::internal);
    io.sync_fails = false;
    EXPECT_EQ(house.write({a}, 1).error().kind, ErrorKind::internal);
    house.expect_all(a, 1, house.last[a]);
}

// The header of a segment, changed.
void change_header(const std::string& path, const std::function<void(SegmentHeader&)>& change) {
    auto bytes = bytes_of(path);
    auto header = *read_header(bytes);
    change(header);
    base::Buffer out;
    put_header(out, header);
    put_bytes(path, bytes.replace(0, header_bytes, out.view()));
}

TEST(Faults, what_a_newer_version_wrote_is_refused_and_not_touched) {
    for (const int number : {1, 3}) {
        const Directory directory;
        write_some(directory, true);
        change_header(directory.segment(number), [](SegmentHeader& h) { h.version = 12; });
        FileStore store({.path = directory.path()});
        const auto opened = store.open();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind, ErrorKind::unsupported);
        EXPECT_NE(opened.error().message.find("version 12"), std::string::npos);
        EXPECT_NE(opened.error().message.find("up to 2"), std::string::npos);
        EXPECT_EQ(directory.segments().size(), 3U);
    }
}

TEST(Faults, what_is_no_segment_is_refused) {
    const Directory directory;
    write_some(directory, true);
    put_bytes(directory.segment(2), std::string(5000, 'x'));
    FileStore store({.path = directory.path()});
    EXPECT_EQ(store.open().error().kind, ErrorKind::unsupported);
}

// Version 1 is version 2 without `once` in its messages.
void make_version_1(const Directory& directory) {
    for (const auto& path : directory.segments())
        change_header(path, [](SegmentHeader& header) { header.version = 1; });
}

TEST(Faults, what_version_1_wrote_is_migrated_once) {
    for (const bool torn : {false, true}) {
        const Directory directory;
        const auto last = write_some(directory, true);
        make_version_1(directory);
        if (torn) put_bytes(directory.segment(3), bytes_of(directory.segment(3)) + "torn");
        {
            House house({.path = directory.path()});
            const auto contents = house.open();
            EXPECT_EQ(contents.repairs.size(), torn ? 4U : 3U);
            EXPECT_EQ(contents.notes.at("k"), "some note");
            house.expect_all(1, 1, last.at("a"));
            house.expect_all(2, 1, last.at("b"));
            ASSERT_TRUE(house.write({1, 2}, 3));
        }
        for (const auto& path : directory.segments())
            EXPECT_EQ(read_header(bytes_of(path))->version, 2U);
        House house({.path = directory.path()});
        EXPECT_TRUE(house.open().repairs.empty());
        house.expect_all(1, 1, last.at("a") + 3);
    }
}

TEST(Faults, a_migration_that_was_interrupted_goes_on) {
    const Directory directory;
    const auto last = write_some(directory, true);
    make_version_1(directory);
    const auto old = bytes_of(directory.segment(3));
    {
        House house({.path = directory.path()});
        house.open();
    }
    put_bytes(directory.segment(3), old);
    put_bytes(directory.segment(3) + ".new", old.substr(0, 100));
    House house({.path = directory.path()});
    EXPECT_EQ(house.open().repairs.size(), 1U);
    EXPECT_FALSE(std::filesystem::exists(directory.segment(3) + ".new"));
    house.expect_all(1, 1, last.at("a"));
}

TEST(Faults, a_damaged_segment_of_version_1_is_not_migrated_away) {
    const Directory directory;
    write_some(directory, true);
    make_version_1(directory);
    auto bytes = bytes_of(directory.segment(1));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
    put_bytes(directory.segment(1), bytes);
    FileStore store({.path = directory.path()});
    EXPECT_EQ(store.open().error().kind, ErrorKind::invalid);
    EXPECT_TRUE(bytes_of(directory.segment(1)) == bytes);
}

TEST(Faults, a_file_that_cannot_be_made_is_said) {
    const Directory directory;
    TestIo io;
    io.no_space = true;
    FileStore store({.path = directory.path(), .io = &io});
    const auto opened = store.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::io);
    io.no_space = false;
    EXPECT_TRUE(store.open()) << "and tried again";
}

}  // namespace
}  // namespace carillon::storage::file::testing
