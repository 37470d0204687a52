// test/crash/place.h: the journal that is crashed: where it lies, how it is opened, and its two channels. A worker,
// who is the named subscription "worker", takes from "in" and publishes what it made of it in "out".
#pragma once

#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>

#include "hub/app.h"
#include "storage/file/file_store.h"
#include "storage/file/io.h"
#include "storage/journal/journal.h"

namespace carillon::crash {

using storage::Journal;
using storage::JournalOptions;

struct Settings {
    enum class Kind { file, sqlite };
    Kind kind = Kind::file;
    JournalOptions::Sync sync = JournalOptions::Sync::every_batch;
    std::string path{};      // a directory
    std::string witness{};   // beside it
    std::uint64_t keep = 0;  // messages of "in"; 0: all
    std::uint64_t bytes_max = 0;
};

// Counts what is done; before the `last`-th the process is killed.
class Steps {
 public:
    explicit Steps(std::uint64_t last) : last_(last) {}
    void step() {
        if (++done_ == last_) std::raise(SIGKILL);
    }

 private:
    const std::uint64_t last_;  // 0: never
    std::atomic<std::uint64_t> done_{0};
};

// The system's calls, each of those that change something a step; a longer write is two, torn in between.
class SteppingIo final : public storage::file::Io {
 public:
    explicit SteppingIo(Steps& steps) : steps_(steps) {}
    int open(const std::string& path, int flags) override;
    int close(int fd) override { return real_.close(fd); }
    std::int64_t pread(int fd, char* to, std::size_t bytes, std::uint64_t at) override {
        return real_.pread(fd, to, bytes, at);
    }
    std::int64_t pwrite(int fd, const char* from, std::size_t bytes, std::uint64_t at) override;
    int fdatasync(int fd) override { return steps_.step(), real_.fdatasync(fd); }
    int ftruncate(int fd, std::uint64_t bytes) override {
        return steps_.step(), real_.ftruncate(fd, bytes);
    }
    std::int64_t size(int fd) override { return real_.size(fd); }
    int rename(const std::string& from, const std::string& to) override {
        return steps_.step(), real_.rename(from, to);
    }
    int unlink(const std::string& path) override { return steps_.step(), real_.unlink(path); }
    int sync_directory(const std::string& path) override {
        return steps_.step(), real_.sync_directory(path);
    }
    int make_directory(const std::string& path) override {
        return steps_.step(), real_.make_directory(path);
    }
    int list(const std::string& path, std::vector<std::string>& names) override {
        return real_.list(path, names);
    }
    int lock(int fd) override { return real_.lock(fd); }
    int locked(int fd) override { return real_.locked(fd); }

 private:
    Steps& steps_;
    storage::file::Io& real_ = storage::file::Io::real();
};

base::Result<std::unique_ptr<Journal>> open_journal(const Settings& settings, storage::file::Io* io,
                                                    const base::Clock& clock);

hub::AppRef the_app();

// A channel as the hub has it: its calls one after the other.
class Pen {
 public:
    Pen(Journal& journal, std::string_view channel, const base::Clock& clock);
    hub::Position position();
    // Appends; the body begins with who wrote it and its offset. 0: it was seen already.
    std::uint64_t write(const std::string& body, const hub::CountdownRef& stored, hub::Once once);
    void trim();

 private:
    const base::Clock& clock_;
    std::mutex mutex_;
    std::unique_ptr<hub::ChannelHistory> log_;
    hub::Position position_;
};

}  // namespace carillon::crash
