// The end between any two steps: of the process (kill -9, in a child), and of the machine (TestDisk).
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "storage/file/testing_disk.h"
#include "storage/file/testing_store.h"

namespace carillon::storage::file::testing {
namespace {

constexpr std::size_t channels = 3;

// What a life got to: shared with the child that lives it.
struct Reached {
    std::array<std::uint64_t, channels + 1> written{};  // by channel id; acknowledged
    std::array<std::uint64_t, channels + 1> trying{};   // in a call that has not returned
    std::array<std::uint64_t, channels + 1> synced{};
    std::array<std::uint64_t, channels + 1> trimmed{};  // first, acknowledged
    std::array<std::uint64_t, channels + 1> trimming{};
    std::uint64_t note = 0;
    std::uint64_t note_trying = 0;
    std::uint64_t note_synced = 0;
    bool closing = false;
    bool closed = false;
    bool ended = false;
};

FileStoreOptions options_for(const std::string& path, Io& io) {
    return {.path = path, .segment_bytes = 4096, .bytes_max = 0, .io = &io};
}

// Opens, goes on where the last life ended, and does a bit of everything. Every call may be the last.
class Life {
 public:
    Life(Reached& reached, FileStoreOptions options)
        : reached_(reached), house_(std::move(options)) {}

    void live(int rounds) {
        const auto contents = house_.store.open();
        if (!contents) return;
        for (const auto& channel : contents->channels) house_.last[channel.id] = channel.last;
        if (const auto at = contents->notes.find("n"); at != contents->notes.end())
            note_ = std::stoull(at->second);
        for (int i = 0; i < rounds; ++i)
            if (!round(i)) return;
        reached_.closing = true;
        reached_.closed = house_.store.close().has_value();
        reached_.ended = reached_.closed;
    }

 private:
    bool round(int i) {
        const auto channel = house_.store.declare("app", "c" + std::to_string(i % channels), 7);
        if (!channel || !write(*channel, 1 + i % 5)) return false;
        if (i % 4 == 3 && !sync()) return false;
        if (i % 7 == 6 && !trim()) return false;
        return i % 10 != 9 || house_.store.tidy().has_value();
    }
    bool write(std::uint32_t channel, int count) {
        const auto other = channel == 1 ? channel : 1;
        for (const auto id : {channel, other})
            reached_.trying[id] = house_.last[id] + static_cast<std::uint64_t>(2 * count);
        reached_.note_trying = ++note_;
        const auto value = std::to_string(note_);
        if (!house_.write({channel, other}, count, {{"n", value}}, 60)) return false;
        for (const auto id : {channel, other}) reached_.written[id] = house_.last[id];
        reached_.note = note_;
        return true;
    }
    bool sync() {
        if (!house_.store.sync()) return false;
        reached_.synced = reached_.written;
        reached_.note_synced = reached_.note;
        return true;
    }
    bool trim() {
        std::vector<Trimmed> trims;
        for (const auto& [id, last] : house_.last) {
            reached_.trimming[id] = last > 20 ? last - 20 : 1;
            trims.push_back({id, reached_.trimming[id]});
        }
        if (!house_.store.trim(trims)) return false;
        reached_.trimmed = reached_.trimming;
        return true;
    }

    Reached& reached_;
    House house_;
    std::uint64_t note_ = 0;
};

// What is there after the end. `power`: what was not synced may be gone.
void expect_what_was_promised(const Reached& reached, const FileStoreOptions& options, bool power) {
    House house(options);
    const auto contents = house.open();
    ASSERT_FALSE(::testing::Test::HasFailure());
    if (!power) {
        ASSERT_EQ(contents.repairs.size() > 1, false);
    }
    ASSERT_TRUE(!contents.closed_well || reached.closing);
    ASSERT_TRUE(contents.closed_well || !reached.closed);
    std::uint64_t found = 0;
    for (const auto& channel : contents.channels) {
        const auto id = channel.id;
        const auto least = power ? reached.synced[id] : reached.written[id];
        ASSERT_GE(channel.last, least) << "of channel " << id;
        ASSERT_LE(channel.last, std::max(reached.written[id], reached.trying[id]));
        if (!power) {
            ASSERT_GE(channel.first, std::max<std::uint64_t>(reached.trimmed[id], 1));
        }
        ASSERT_LE(channel.first, std::max<std::uint64_t>(reached.trimming[id], 1));
        house.expect_all(id, channel.first, channel.last, 60);
        if (::testing::Test::HasFailure()) return;
        found |= std::uint64_t{1} << id;
    }
    for (std::uint32_t id = 1; id <= channels; ++id) {
        const auto least = power ? reached.synced[id] : reached.written[id];
        ASSERT_TRUE(least == 0 || (found >> id & 1) != 0) << "channel " << id << " is gone";
    }
    const auto at = contents.notes.find("n");
    const auto note = at == contents.notes.end() ? 0 : std::stoull(at->second);
    ASSERT_GE(note, power ? reached.note_synced : reached.note);
    ASSERT_LE(note, reached.note_trying);
    // A note is never there without what was written before it.
    if (note == reached.note_trying && note != 0) {
        for (const auto& channel : contents.channels)
            ASSERT_GE(channel.last, reached.written[channel.id]);
    }
}

// A child that is killed before its `dies`-th step. True: it got to its end.
bool live_and_die(Reached& reached, const std::string& path, int dies, bool torn, int rounds) {
    const auto child = ::fork();
    if (child == 0) {
        TestIo io;
        io.dies_before = dies;
        io.torn_writes = torn;
        Life(reached, options_for(path, io)).live(rounds);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status);
}

void kill_between_every_two_steps(bool torn) {
    auto* reached = static_cast<Reached*>(::mmap(nullptr, sizeof(Reached), PROT_READ | PROT_WRITE,
                                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    int runs = 0;
    // A torn write is a dozen steps; a prime number of them at a time.
    for (int dies = 1;; dies += torn ? 7 : 1) {
        SCOPED_TRACE("killed before step " + std::to_string(dies));
        const Directory directory;
        *reached = {};
        const bool whole = live_and_die(*reached, directory.path(), dies, torn, 40);
        ++runs;
        ASSERT_EQ(whole, reached->ended);
        expect_what_was_promised(*reached, options_for(directory.path(), Io::real()), false);
        if (whole || ::testing::Test::HasFailure()) break;
    }
    EXPECT_GT(runs, 60);
    ::munmap(reached, sizeof(Reached));
}

TEST(Crash, killed_between_any_two_steps_keeps_all_that_was_written) {
    kill_between_every_two_steps(false);
}

TEST(Crash, killed_in_the_middle_of_any_write_keeps_all_that_was_written) {
    kill_between_every_two_steps(true);
}

TEST(Crash, killed_again_and_again_over_one_journal_keeps_all_that_was_written) {
    auto* reached = static_cast<Reached*>(::mmap(nullptr, sizeof(Reached), PROT_READ | PROT_WRITE,
                                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    const Directory directory;
    base::SeededRandom random(8);
    for (int life = 0; life < 60 && !::testing::Test::HasFailure(); ++life) {
        SCOPED_TRACE(life);
        reached->closing = reached->closed = reached->ended = false;
        live_and_die(*reached, directory.path(), 1 + static_cast<int>(random.below(80)),
                     life % 2 == 0, 20);
        expect_what_was_promised(*reached, options_for(directory.path(), Io::real()), false);
    }
    EXPECT_GT(reached->written[1], 500U);
    ::munmap(reached, sizeof(Reached));
}

TEST(Crash, without_power_between_any_two_steps_keeps_all_that_was_synced) {
    int runs = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        base::SeededRandom random(seed);
        for (int dies = 1;; ++dies) {
            SCOPED_TRACE("seed " + std::to_string(seed) + ", before step " + std::to_string(dies));
            TestDisk disk;
            disk.dies_before = dies;
            Reached reached;
            Life(reached, options_for("/journal", disk)).live(45);
            const bool whole = reached.ended;
            disk.lose_power(random);
            expect_what_was_promised(reached, options_for("/journal", disk), true);
            ++runs;
            if (whole || ::testing::Test::HasFailure()) break;
        }
    }
    EXPECT_GT(runs, 500);
}

TEST(Crash, without_power_again_and_again_over_one_journal_keeps_all_that_was_synced) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        base::SeededRandom random(seed);
        TestDisk disk;
        for (int life = 0; life < 20; ++life) {
            SCOPED_TRACE("seed " + std::to_string(seed) + ", life " + std::to_string(life));
            Reached reached;
            {
                // What was there counts as synced: it was found.
                House house(options_for("/journal", disk));
                for (const auto& channel : house.open().channels)
                    reached.synced[channel.id] = reached.written[channel.id] = channel.last;
            }
            reached.trimming.fill(UINT64_MAX);
            reached.note_trying = UINT64_MAX;
            disk.steps = 0;
            disk.dies_before = 1 + static_cast<int>(random.below(120));
            Life(reached, options_for("/journal", disk)).live(20);
            reached.note_trying = UINT64_MAX;
            disk.lose_power(random);
            expect_what_was_promised(reached, options_for("/journal", disk), true);
            if (::testing::Test::HasFailure()) return;
        }
    }
}

TEST(Crash, a_file_goes_only_when_it_is_on_the_disk_that_nobody_needs_it) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        base::SeededRandom random(seed);
        TestDisk disk;
        {
            House house(options_for("/journal", disk));
            house.open();
            const auto id = house.declare("c");
            while (house.store.usage().files < 5) ASSERT_TRUE(house.write({id}, 10));
            ASSERT_TRUE(house.write({id}, 10));
            ASSERT_TRUE(house.store.sync());
            ASSERT_TRUE(house.store.trim(std::vector<Trimmed>{{id, house.last[id]}}));
            ASSERT_TRUE(house.store.tidy());
            ASSERT_EQ(house.store.usage().files, 2U);
        }
        disk.lose_power(random);
        House house(options_for("/journal", disk));
        const auto contents = house.open();
        ASSERT_EQ(contents.channels.size(), 1U);
        house.expect_all(1, contents.channels[0].first, contents.channels[0].last);
    }
}

}  // namespace
}  // namespace carillon::storage::file::testing
