// storage/file/testing_store.h: a directory that goes with its test, system calls that fail when a test says so,
// and messages to write.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "storage/file/file_store.h"

namespace carillon::storage::file::testing {

class Directory {
 public:
    Directory() {
        // In memory where there is such a place: a sync costs nothing there, and no test here is about
        // what a sync does to a real disk (testing_disk.h has one of its own).
        std::string pattern = std::filesystem::exists("/dev/shm") ? "/dev/shm/" : "/tmp/";
        pattern += "carillon_file_XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    std::string path() const { return path_ + "/journal"; }
    std::string segment(int number) const {
        auto text = std::to_string(number);
        return path() + "/" + std::string(10 - text.size(), '0') + text + ".seg";
    }
    std::vector<std::string> segments() const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(path()))
            if (entry.path().extension() == ".seg") found.push_back(entry.path().string());
        std::ranges::sort(found);
        return found;
    }

 private:
    std::string path_;
};

inline std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
inline void put_bytes(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// The system's calls, until a test wants something else. Counts those that change something: before the
// `dies_before`-th the process is killed.
class TestIo : public Io {
 public:
    int open(const std::string& path, int flags) override {
        if ((flags & 0100) != 0) step();  // O_CREAT
        return (flags & 0100) != 0 && no_space ? -ENOSPC : real_.open(path, flags);
    }
    int close(int fd) override { return real_.close(fd); }
    std::int64_t pread(int fd, char* to, std::size_t bytes, std::uint64_t at) override {
        return real_.pread(fd, to, bytes, at);
    }
    std::int64_t pwrite(int fd, const char* from, std::size_t bytes, std::uint64_t at) override {
        step();
        if (bytes_left < bytes) {
            const auto some = bytes_left;
            bytes_left = 0;
            return some == 0 ? -ENOSPC : real_.pwrite(fd, from, some, at);
        }
        if (bytes_left != SIZE_MAX) bytes_left -= bytes;
        if (dies_before != 0 && torn_writes && bytes > 1) {
            const auto half = real_.pwrite(fd, from, bytes / 2, at);
            step();
            return half;
        }
        return real_.pwrite(fd, from, std::min(bytes, write_max), at);
    }
    int fdatasync(int fd) override {
        step();
        ++syncs;
        return sync_fails ? -EIO : real_.fdatasync(fd);
    }
    int ftruncate(int fd, std::uint64_t bytes) override {
        step();
        return truncate_fails ? -EIO : real_.ftruncate(fd, bytes);
    }
    std::int64_t size(int fd) override { return real_.size(fd); }
    int rename(const std::string& from, const std::string& to) override {
        step();
        return real_.rename(from, to);
    }
    int unlink(const std::string& path) override {
        step();
        return real_.unlink(path);
    }
    int sync_directory(const std::string& path) override {
        step();
        return real_.sync_directory(path);
    }
    int make_directory(const std::string& path) override {
        step();
        return real_.make_directory(path);
    }
    int list(const std::string& path, std::vector<std::string>& names) override {
        return real_.list(path, names);
    }
    int lock(int fd) override { return real_.lock(fd); }
    int locked(int fd) override { return real_.locked(fd); }

    std::size_t bytes_left = SIZE_MAX;  // until the disk is full
    std::size_t write_max = SIZE_MAX;   // of one call
    bool no_space = false;
    bool sync_fails = false;
    bool truncate_fails = false;
    bool torn_writes = false;  // each is two steps
    int dies_before = 0;
    int steps = 0;
    int syncs = 0;

 private:
    void step() {
        if (++steps == dies_before) ::kill(::getpid(), SIGKILL);
    }
    Io& real_ = Io::real();
};

// What the n-th message of a channel says.
inline std::string body_of(std::uint32_t channel, std::uint64_t offset, std::size_t bytes = 20) {
    auto body = std::to_string(channel) + ":" + std::to_string(offset) + ":";
    while (body.size() < bytes) body += static_cast<char>('a' + (offset + body.size()) % 26);
    return body;
}

// A store, and what a test says to it in one line.
class House {
 public:
    explicit House(FileStoreOptions options) : store(std::move(options)) {}

    Contents open() {
        auto contents = store.open();
        EXPECT_TRUE(contents.has_value()) << (contents ? "" : contents.error().message);
        if (!contents) return {};
        for (const auto& channel : contents->channels) last[channel.id] = channel.last;
        return *contents;
    }
    std::uint32_t declare(const std::string& name) {
        const auto id = store.declare("app", name, 7);
        EXPECT_TRUE(id.has_value());
        last.try_emplace(*id, 0);
        return *id;
    }
    // The next `count` messages of each of these channels in turn, one group.
    Result<void> write(const std::vector<std::uint32_t>& channels, int count = 1,
                       const std::vector<Note>& notes = {}, std::size_t bytes = 20) {
        std::vector<hub::PublicationRef> made;
        std::vector<Write> writes;
        auto next = last;
        for (const auto channel : channels) {
            for (int i = 0; i < count; ++i) {
                const auto offset = ++next[channel];
                const auto body = body_of(channel, offset, bytes);
                made.push_back(hub::Publication::make({.event = "said", .body = body}));
                writes.push_back({channel, offset, time_of(offset), made.back().get()});
            }
        }
        auto done = store.write(writes, notes);
        if (done) last = next;
        return done;
    }
    static std::int64_t time_of(std::uint64_t offset) {
        return 1'000'000 + static_cast<std::int64_t>(offset) * 10;
    }
    Result<std::vector<hub::Kept>> read(std::uint32_t channel, std::uint64_t first,
                                        std::uint64_t to, std::size_t bytes_max = 1 << 20) {
        std::vector<hub::Kept> kept;
        TRY(store.read(channel, 7, first, to, bytes_max, kept));
        return kept;
    }
    // Every message from `first` to `to` is there and says what was written.
    void expect_all(std::uint32_t channel, std::uint64_t first, std::uint64_t to,
                    std::size_t bytes = 20) {
        for (auto next = first; next <= to;) {
            const auto kept = read(channel, next, to);
            ASSERT_TRUE(kept.has_value()) << kept.error().message;
            ASSERT_FALSE(kept->empty());
            for (const auto& message : *kept) {
                ASSERT_EQ(message.stamp.position.offset, next);
                ASSERT_EQ(message.stamp.position.epoch, 7U);
                ASSERT_EQ(message.stamp.unix_ms, time_of(next));
                ASSERT_EQ(message.publication->body(), body_of(channel, next, bytes));
                ASSERT_EQ(message.publication->event(), "said");
                ++next;
            }
        }
    }

    FileStore store;
    std::map<std::uint32_t, std::uint64_t> last;
};

inline const StoredChannel* channel_in(const Contents& contents, std::string_view name) {
    const auto at = std::ranges::find(contents.channels, name, &StoredChannel::name);
    return at == contents.channels.end() ? nullptr : &*at;
}

}  // namespace carillon::storage::file::testing
