// storage/file/testing_disk.h: a disk in memory that loses its power. What was not synced by then is there, or is
// not, sector by sector, as chance has it; names likewise.
#pragma once

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/file/io.h"

namespace carillon::storage::file::testing {

class TestDisk : public Io {
 public:
    // After so many calls that change something every call fails, as if nobody were there any more.
    int dies_before = 0;
    int steps = 0;

    // The power comes back.
    void lose_power(base::SeededRandom& random) {
        for (auto& [path, change] : unsynced_names_) {
            if (random.below(2) == 0) names_[path] = change;
        }
        unsynced_names_.clear();
        std::erase_if(names_, [](const auto& name) { return name.second == nullptr; });
        for (auto& [path, file] : names_) file->lose(random);
        open_.clear();
        dies_before = steps = 0;
    }

    int open(const std::string& path, int flags) override {
        auto file = find(path);
        if (file == nullptr && (flags & 0100) == 0) return -ENOENT;  // O_CREAT
        if (file == nullptr) {
            if (!step()) return -EIO;
            file = std::make_shared<Inode>();
            change_name(path, file);
        }
        if ((flags & 01000) != 0) file->truncate(0);  // O_TRUNC
        open_[++last_fd_] = file;
        return last_fd_;
    }
    int close(int fd) override { return open_.erase(fd) == 1 ? 0 : -EBADF; }
    std::int64_t pread(int fd, char* to, std::size_t bytes, std::uint64_t at) override {
        const auto& now = open_.at(fd)->now;
        if (at >= now.size()) return 0;
        return static_cast<std::int64_t>(now.copy(to, bytes, at));
    }
    std::int64_t pwrite(int fd, const char* from, std::size_t bytes, std::uint64_t at) override {
        if (!step()) return -EIO;
        open_.at(fd)->write({from, bytes}, at);
        return static_cast<std::int64_t>(bytes);
    }
    int fdatasync(int fd) override {
        if (!step()) return -EIO;
        open_.at(fd)->sync();
        return 0;
    }
    int ftruncate(int fd, std::uint64_t bytes) override {
        if (!step()) return -EIO;
        open_.at(fd)->truncate(bytes);
        return 0;
    }
    std::int64_t size(int fd) override {
        return static_cast<std::int64_t>(open_.at(fd)->now.size());
    }
    int rename(const std::string& from, const std::string& to) override {
        if (!step()) return -EIO;
        const auto file = find(from);
        if (file == nullptr) return -ENOENT;
        change_name(to, file);
        change_name(from, nullptr);
        return 0;
    }
    int unlink(const std::string& path) override {
        if (!step()) return -EIO;
        if (find(path) == nullptr) return -ENOENT;
        change_name(path, nullptr);
        return 0;
    }
    int sync_directory(const std::string&) override {
        if (!step()) return -EIO;
        for (auto& [path, file] : unsynced_names_) names_[path] = file;
        unsynced_names_.clear();
        return 0;
    }
    int make_directory(const std::string&) override { return 0; }
    int list(const std::string& path, std::vector<std::string>& names) override {
        auto all = names_;
        for (auto& [name, file] : unsynced_names_) all[name] = file;
        for (auto& [name, file] : all)
            if (file != nullptr) names.push_back(name.substr(path.size() + 1));
        return 0;
    }
    int lock(int) override { return 0; }
    int locked(int) override { return 0; }

 private:
    static constexpr std::size_t sector = 64;  // small, as the tests' messages are

    struct Inode {
        struct Change {
            bool cut = false;
            std::uint64_t at = 0;
            std::string bytes{};
        };
        std::string now;
        std::string stored;
        std::vector<Change> changes;

        static void apply(std::string& to, const Change& change) {
            if (change.cut) {
                to.resize(change.at);
                return;
            }
            if (to.size() < change.at + change.bytes.size())
                to.resize(change.at + change.bytes.size());
            std::ranges::copy(change.bytes, to.begin() + static_cast<std::ptrdiff_t>(change.at));
        }
        void write(std::string_view bytes, std::uint64_t at) {
            while (!bytes.empty()) {
                const auto some = std::min(bytes.size(), sector - at % sector);
                changes.push_back({.at = at, .bytes = std::string(bytes.substr(0, some))});
                apply(now, changes.back());
                bytes.remove_prefix(some);
                at += some;
            }
        }
        void truncate(std::uint64_t bytes) {
            changes.push_back({.cut = true, .at = bytes});
            apply(now, changes.back());
        }
        void sync() {
            stored = now;
            changes.clear();
        }
        void lose(base::SeededRandom& random) {
            const auto how = random.below(3);  // nearly nothing was lost, half of it, nearly all
            for (const auto& change : changes)
                if (random.below(20) < (how == 0 ? 19 : how == 1 ? 10 : 1)) apply(stored, change);
            changes.clear();
            now = stored;
        }
    };

    bool step() { return ++steps < dies_before || dies_before == 0; }
    std::shared_ptr<Inode> find(const std::string& path) {
        if (const auto at = unsynced_names_.find(path); at != unsynced_names_.end())
            return at->second;
        const auto at = names_.find(path);
        return at == names_.end() ? nullptr : at->second;
    }
    void change_name(const std::string& path, std::shared_ptr<Inode> file) {
        unsynced_names_[path] = std::move(file);
    }

    std::map<std::string, std::shared_ptr<Inode>> names_;
    std::map<std::string, std::shared_ptr<Inode>> unsynced_names_;
    std::map<int, std::shared_ptr<Inode>> open_;
    int last_fd_ = 100;
};

}  // namespace carillon::storage::file::testing
