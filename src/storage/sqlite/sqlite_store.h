// storage/sqlite/sqlite_store.h: a journal in an SQLite file: slower than storage/file, and open to
// whoever wishes to ask it something in SQL, also while it is in use.
//
// What survives what: the file is in WAL mode with synchronous=NORMAL. write() is one transaction; its
// COMMIT ends when the log (`PATH-wal`) has been written, which is enough for the end of the process, and
// is not synced. sync() syncs the log. SQLite itself syncs the log before it moves anything from there
// into the database, and the database before it begins the log anew; so with sync() everything that was
// committed is on the disk, in the one or in the other. What a machine's end leaves of the log beyond
// that counts up to the last commit whose checksums are right: a prefix.
//
// Nothing moves out of the log behind our back (in SQLite an automatic checkpoint's failed fsync is told to
// nobody): write() and tidy() move it when it is long enough.
//
// Threads: as Store says. The writer has a connection; those who read share another, one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "storage/journal/store.h"
#include "storage/sqlite/database.h"

namespace carillon::storage {

struct SqliteOptions {
    std::string path;             // of the file; its log and a lock lie beside it
    std::uint64_t bytes_max = 0;  // of the file and its log, about; 0: no bound
    const char* vfs = nullptr;    // SQLite's way to the disk, for tests
};

class SqliteStore final : public Store {
 public:
    explicit SqliteStore(SqliteOptions options);
    SqliteStore(const SqliteStore&) = delete;
    SqliteStore& operator=(const SqliteStore&) = delete;
    ~SqliteStore() override;

    base::Result<Contents> open() override;
    base::Result<std::uint32_t> declare(std::string_view app, std::string_view name,
                                        std::uint64_t epoch) override;
    base::Result<void> write(std::span<const Write> messages, std::span<const Note> notes) override;
    base::Result<void> sync() override;
    base::Result<void> read(std::uint32_t channel, std::uint64_t epoch, std::uint64_t first,
                            std::uint64_t last, std::size_t bytes_max,
                            std::vector<hub::Kept>& into) const override;
    base::Result<std::uint64_t> find(std::uint32_t channel, std::int64_t unix_ms) const override;
    base::Result<void> trim(std::span<const Trimmed> channels) override;
    base::Result<std::vector<Trimmed>> tidy() override;
    Usage usage() const override;
    base::Result<void> close() override;

 private:
    // As the row of the channel says.
    struct Extent {
        std::uint64_t first = 1;
        std::uint64_t last = 0;
        std::uint64_t bytes = 0;
    };
    using Extents = std::unordered_map<std::uint32_t, Extent>;
    struct Writer {
        sqlite::Database database;
        sqlite::Statement add_channel;
        sqlite::Statement set_channel;
        sqlite::Statement add_message;
        sqlite::Statement set_note;
        sqlite::Statement forget_note;
        sqlite::Statement oldest;
        sqlite::Statement remove_oldest;
        sqlite::Statement remove_before;
        sqlite::Statement pages;
        sqlite::Statement free_pages;
    };
    struct Reading {
        sqlite::Database database;
        sqlite::Statement page;
        sqlite::Statement extent;
        sqlite::Statement time;
    };

    base::Result<void> lock();
    base::Result<void> open_writer(Contents& contents);
    base::Result<void> prepare_writer();
    base::Result<void> open_reading();
    base::Result<void> load(Contents& contents);
    base::Result<void> load_channels(Contents& contents);
    base::Result<void> set_closed_well(bool closed_well);

    template <class Work>
    base::Result<void> transaction(Work work);
    base::Result<void> write_messages(std::span<const Write> messages, Extents& changed);
    base::Result<void> write_notes(std::span<const Note> notes);
    base::Result<std::uint64_t> search(std::uint32_t channel, std::int64_t unix_ms) const;
    base::Result<Extent> extent_of(std::uint32_t channel) const;
    base::Result<void> save(const Extents& changed);
    void adopt(const Extents& changed);
    Extent& changing(Extents& changed, std::uint32_t channel) const;
    // Rows below the channel's first, at most so many. Answers how many went.
    base::Result<std::uint32_t> remove_below_first(std::uint32_t channel, std::uint32_t rows_max,
                                                   Extents& changed);
    base::Result<void> remove_leftovers();
    base::Result<std::uint64_t> bytes_over_bound();
    base::Result<std::vector<Trimmed>> evict(std::uint64_t bytes);
    base::Result<void> give_back();
    void shorten_log();
    base::Error broken(base::Error error);

    const SqliteOptions options_;
    int lock_ = -1;
    Writer writer_;
    mutable std::mutex reading_mutex_;
    mutable Reading reading_;
    std::map<std::pair<std::string, std::string>, std::uint32_t> ids_;
    std::vector<Extent> channels_;       // by id, from 1
    std::set<std::uint32_t> leftovers_;  // channels with rows below their first
    std::uint32_t log_pages_ = 0;
    std::uint32_t log_pages_max_ = 0;   // then it is shortened
    std::uint32_t log_pages_next_ = 0;  // when it is tried again, if somebody was reading it
    std::atomic<std::uint64_t> messages_{0};
    std::string broken_;  // why nothing can be written any more
};

}  // namespace carillon::storage
