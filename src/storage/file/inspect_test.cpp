#include "storage/file/inspect.h"

#include <gtest/gtest.h>

#include "storage/file/testing_store.h"

namespace carillon::storage::file::testing {
namespace {

// Two channels over three segments, closed.
void write_some(const Directory& directory) {
    House house({.path = directory.path(), .segment_bytes = 4096});
    house.open();
    const auto a = house.declare("a");
    const auto b = house.declare("b");
    while (directory.segments().size() < 3) EXPECT_TRUE(house.write({a, b, a, b}, 5, {{"k", "v"}}));
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(house.write({a, b}, 2));
    EXPECT_TRUE(house.store.close());
}

void flip(const std::string& path, std::size_t at) {
    auto bytes = bytes_of(path);
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    put_bytes(path, bytes);
}

TEST(Inspect, says_what_there_is) {
    const Directory directory;
    write_some(directory);
    for (const auto& found : {inspect(directory.path()), verify(directory.path())}) {
        ASSERT_TRUE(found);
        EXPECT_FALSE(found->in_use);
        EXPECT_TRUE(found->closed_well);
        EXPECT_TRUE(found->problems.empty());
        EXPECT_EQ(found->notes, 1U);
        ASSERT_EQ(found->segments.size(), 3U);
        EXPECT_TRUE(found->segments[0].sealed);
        EXPECT_FALSE(found->segments[2].sealed);
        EXPECT_EQ(found->segments[1].number, 2U);
        EXPECT_EQ(found->segments[1].version, 2U);
        EXPECT_EQ(found->segments[1].channels, 2U);
        EXPECT_EQ(found->segments[1].state, "sound");
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;
        for (const auto& segment : found->segments) {
            messages += segment.messages;
            bytes += segment.bytes;
        }
        EXPECT_EQ(found->written, messages);
        EXPECT_EQ(found->bytes, bytes);
        ASSERT_EQ(found->channels.size(), 2U);
        EXPECT_EQ(found->channels[0].name, "a");
        EXPECT_EQ(found->channels[0].messages, messages / 2);
        EXPECT_EQ(found->channels[0].bytes, messages / 2 * 20);
    }
    EXPECT_EQ(inspect(directory.path() + "x").error().kind, ErrorKind::not_found);
}

TEST(Inspect, works_while_a_server_writes) {
    const Directory directory;
    House house({.path = directory.path(), .segment_bytes = 4096});
    house.open();
    const auto a = house.declare("a");
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(house.write({a}, 7));
        ASSERT_TRUE(house.store.trim(std::vector<Trimmed>{{a, house.last[a] / 2 + 1}}));
        ASSERT_TRUE(house.store.tidy());
        const auto found = verify(directory.path());
        ASSERT_TRUE(found) << found.error().message;
        ASSERT_TRUE(found->in_use);
        ASSERT_TRUE(found->problems.empty()) << found->problems[0].what;
        ASSERT_EQ(found->channels[0].last, house.last[a]);
        ASSERT_EQ(found->channels[0].messages, house.store.usage().messages);
    }
    EXPECT_EQ(repair(directory.path()).error().kind, ErrorKind::forbidden);
    ASSERT_TRUE(house.write({a}, 1));
}

TEST(Inspect, a_torn_end_is_said_and_is_no_problem) {
    const Directory directory;
    write_some(directory);
    const auto bytes = bytes_of(directory.segment(3));
    put_bytes(directory.segment(3), bytes.substr(0, bytes.size() - 5));
    const auto found = verify(directory.path());
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->problems.empty());
    EXPECT_FALSE(found->closed_well);
    EXPECT_EQ(found->segments[2].state, "torn end of 12 bytes");
}

// Every damage is found; after the repair the journal opens, reads to its end, and goes on.
TEST(Inspect, whatever_bit_is_flipped_verify_finds_it_and_repair_goes_on_without) {
    const Directory sound;
    write_some(sound);
    std::map<std::string, std::string> files;
    for (const auto& path : sound.segments()) files[path] = bytes_of(path);
    for (const int number : {1, 2, 3}) {
        const auto size = files.at(sound.segment(number)).size();
        // The last mark says that all before it was on the disk; without it, it is a torn end.
        const auto end = number == 3 ? size - entry_head_bytes : size;
        for (std::size_t at = 0; at < end; at += 37) {
            SCOPED_TRACE(std::to_string(number) + " at " + std::to_string(at));
            for (const auto& path : sound.segments()) std::filesystem::remove(path);
            for (const auto& [path, bytes] : files) put_bytes(path, bytes);
            flip(sound.segment(number), at);
            const auto found = verify(sound.path());
            ASSERT_TRUE(found) << found.error().message;
            ASSERT_FALSE(found->problems.empty());
            const auto repaired = repair(sound.path());
            ASSERT_TRUE(repaired) << repaired.error().message;
            ASSERT_FALSE(repaired->sentences.empty());
            const auto again = verify(sound.path());
            ASSERT_TRUE(again->problems.empty())
                << again->problems[0].file << ": " << again->problems[0].what;
            House house({.path = sound.path(), .segment_bytes = 4096});
            const auto contents = house.open();
            ASSERT_EQ(contents.channels.size(), 2U);
            for (const auto& channel : contents.channels) {
                house.expect_all(channel.id, channel.first, channel.last);
                ASSERT_GE(channel.last, 90U);
                ASSERT_TRUE(number == 3 || channel.epoch == 7);
            }
            ASSERT_TRUE(house.write({1, 2}, 1));
            if (::testing::Test::HasFailure()) return;
        }
    }
}

TEST(Inspect, what_needs_no_repair_is_not_touched) {
    const Directory directory;
    write_some(directory);
    const auto before = bytes_of(directory.segment(3));
    EXPECT_TRUE(repair(directory.path())->sentences.empty());
    EXPECT_TRUE(bytes_of(directory.segment(3)) == before);
    EXPECT_EQ(directory.segments().size(), 3U);
}

TEST(Inspect, a_missing_segment_is_found_and_repaired) {
    const Directory directory;
    write_some(directory);
    std::filesystem::remove(directory.segment(2));
    const auto found = inspect(directory.path());
    ASSERT_EQ(found->problems.size(), 2U);
    EXPECT_NE(found->problems[0].what.find("of channel a of app app are missing"),
              std::string::npos);
    const auto repaired = repair(directory.path());
    ASSERT_TRUE(repaired);
    EXPECT_EQ(repaired->sentences.size(), 2U);
    House house({.path = directory.path()});
    const auto contents = house.open();
    EXPECT_GT(contents.channels[0].first, 100U);
    house.expect_all(1, contents.channels[0].first, contents.channels[0].last);
}

TEST(Inspect, the_end_that_is_lost_gives_a_channel_a_new_epoch) {
    const Directory directory;
    write_some(directory);
    // All of the newest segment's messages of both channels.
    std::filesystem::remove(directory.segment(3));
    auto bytes = bytes_of(directory.segment(2));
    FileSource source = *FileSource::of(*File::open(Io::real(), directory.segment(2), 0, nullptr));
    const auto data_end = read_footer(source, *scan_header(source))->data_end;
    for (std::size_t at = data_end - 300; at < data_end; ++at) bytes[at] = 'x';
    put_bytes(directory.segment(2), bytes);
    ASSERT_FALSE(verify(directory.path())->problems.empty());
    ASSERT_TRUE(repair(directory.path()));
    House house({.path = directory.path()});
    const auto contents = house.open();
    ASSERT_EQ(contents.channels.size(), 2U);
    EXPECT_NE(contents.channels[0].epoch, 7U);
    EXPECT_NE(contents.channels[1].epoch, 7U);
    house.expect_all(1, contents.channels[0].first, contents.channels[0].last);
}

TEST(Inspect, what_a_newer_version_wrote_is_a_problem_and_not_repaired) {
    const Directory directory;
    write_some(directory);
    auto bytes = bytes_of(directory.segment(2));
    auto header = *read_header(bytes);
    header.version = 3;
    base::Buffer out;
    put_header(out, header);
    put_bytes(directory.segment(2), bytes.replace(0, header_bytes, out.view()));
    const auto found = inspect(directory.path());
    ASSERT_FALSE(found->problems.empty());
    EXPECT_NE(found->problems[0].what.find("version 3"), std::string::npos);
    EXPECT_EQ(repair(directory.path()).error().kind, ErrorKind::unsupported);
}

}  // namespace
}  // namespace carillon::storage::file::testing
