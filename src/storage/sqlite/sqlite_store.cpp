#include "storage/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/assert.h"
#include "base/limits.h"
#include "storage/sqlite/schema.h"

namespace carillon::storage {

using base::Error;
using base::ErrorKind;
using base::Result;
using sqlite::Database;
using sqlite::Use;

namespace {

constexpr std::uint64_t page_bytes = 4096;
// What one call of trim() or tidy() removes; the rest waits for the next.
constexpr std::uint32_t rows_per_step = 1000;
constexpr std::uint64_t pages_given_back_per_step = 256;
// How long the log becomes, if the bound of all is not smaller.
constexpr std::uint64_t log_bytes_max = 16 * limits::mib;

// A part of a small bound, so that file and log together keep to it.
std::uint64_t log_bytes_of(std::uint64_t bytes_max) {
    return bytes_max == 0
               ? log_bytes_max
               : std::clamp<std::uint64_t>(bytes_max / 4, 64 * page_bytes, log_bytes_max);
}

std::uint64_t size_of(const std::string& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

Error unreadable(std::uint32_t channel, std::uint64_t offset) {
    return {ErrorKind::invalid, "message " + std::to_string(offset) + " of channel " +
                                    std::to_string(channel) +
                                    " is missing in the SQLite file: it is "
                                    "damaged; `carillon journal verify` says more"};
}

hub::PublicationRef publication_of(const sqlite::Statement& row) {
    return hub::Publication::make({.body_kind = static_cast<hub::BodyKind>(row.number(2) & 3),
                                   .event = row.bytes(3),
                                   .member = row.bytes(4),
                                   .body = row.bytes(7),
                                   .once = {.publisher = row.count(5), .sequence = row.count(6)}});
}

}  // namespace

SqliteStore::SqliteStore(SqliteOptions options)
    : options_(std::move(options)),
      log_pages_max_(static_cast<std::uint32_t>(log_bytes_of(options_.bytes_max) / page_bytes)),
      log_pages_next_(log_pages_max_) {}

SqliteStore::~SqliteStore() {
    reading_ = {};
    writer_ = {};
    if (lock_ >= 0) ::close(lock_);
}

// ---- opening ----

Result<Contents> SqliteStore::open() {
    TRY(lock());
    Contents contents;
    TRY(open_writer(contents));
    TRY(prepare_writer());
    TRY(load(contents));
    // Before anything else is written, and for good: after a crash nobody may believe the last close.
    TRY(set_closed_well(false));
    TRY(sync());
    TRY(open_reading());
    return contents;
}

// A file of its own: whoever closes the database's would let go of SQLite's locks on it too.
Result<void> SqliteStore::lock() {
    const auto path = options_.path + ".lock";
    lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) return Error{ErrorKind::io, path + ": " + std::strerror(errno)};
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
    return Error{ErrorKind::forbidden, options_.path + ": another process has this journal open"};
}

Result<void> SqliteStore::open_writer(Contents& contents) {
    auto& database = writer_.database;
    TRY_AS(database, Database::open(options_.path, Database::Mode::create, options_.vfs));
    database.keep_log_on_close(true);
    database.count_log_pages(log_pages_);
    TRY_AS(const auto found, sqlite::format_of(database));
    TRY(database.run("PRAGMA page_size = " + std::to_string(page_bytes) +
                     "; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
                     "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = " +
                     std::to_string(log_bytes_of(options_.bytes_max))));
    TRY(sqlite::prepare_schema(database));
    if (found != 0 && found != sqlite::format) {
        contents.repairs.push_back(options_.path + " was brought from format " +
                                   std::to_string(found) + " to " + std::to_string(sqlite::format));
    }
    return {};
}

Result<void> SqliteStore::prepare_writer() {
    const auto& database = writer_.database;
    const auto prepare = [&](sqlite::Statement& statement, std::string_view sql) -> Result<void> {
        TRY_AS(statement, database.prepare(sql));
        return {};
    };
    TRY(prepare(writer_.add_channel,
                "INSERT INTO channels(id, app, name, epoch) VALUES(?, ?, ?, ?)"));
    TRY(prepare(writer_.set_channel,
                "UPDATE channels SET first = ?, last = ?, bytes = ? WHERE id = ?"));
    TRY(prepare(
        writer_.add_message,
        "INSERT INTO messages(channel, offset, unix_ms, kind, event, member, body, publisher, "
        "sequence) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    TRY(prepare(writer_.set_note, "INSERT OR REPLACE INTO notes(key, value) VALUES(?, ?)"));
    TRY(prepare(writer_.forget_note, "DELETE FROM notes WHERE key = ?"));
    TRY(prepare(
        writer_.oldest,
        "SELECT serial, channel, offset, length(body) FROM messages ORDER BY serial LIMIT ?"));
    TRY(prepare(writer_.remove_oldest, "DELETE FROM messages WHERE serial <= ?"));
    TRY(prepare(
        writer_.remove_before,
        "DELETE FROM messages WHERE serial IN (SELECT serial FROM messages WHERE channel = ? "
        "AND offset < ? ORDER BY offset LIMIT ?) RETURNING length(body)"));
    TRY(prepare(writer_.pages, "PRAGMA page_count"));
    return prepare(writer_.free_pages, "PRAGMA freelist_count");
}

Result<void> SqliteStore::open_reading() {
    auto& database = reading_.database;
    TRY_AS(database, Database::open(options_.path, Database::Mode::read_only, options_.vfs));
    database.keep_log_on_close(true);
    TRY_AS(
        reading_.page,
        database.prepare("SELECT m.offset, m.unix_ms, m.kind, m.event, m.member, m.publisher, "
                         "m.sequence, m.body FROM channels c JOIN messages m ON m.channel = c.id "
                         "WHERE c.id = ?1 AND ?2 >= c.first AND m.offset >= ?2 AND m.offset <= ?3 "
                         "ORDER BY m.offset"));
    TRY_AS(reading_.extent, database.prepare("SELECT first, last FROM channels WHERE id = ?"));
    TRY_AS(reading_.time,
           database.prepare("SELECT unix_ms FROM messages WHERE channel = ? AND offset = ?"));
    return {};
}

Result<void> SqliteStore::load(Contents& contents) {
    TRY(load_channels(contents));
    TRY_AS(auto notes, writer_.database.prepare("SELECT key, value FROM notes"));
    for (;;) {
        TRY_AS(const auto more, notes.next());
        if (!more) break;
        contents.notes.emplace(notes.bytes(0), notes.bytes(1));
    }
    TRY_AS(const auto closed_well, writer_.database.number("SELECT closed_well FROM journal"));
    contents.closed_well = closed_well != 0;
    return {};
}

Result<void> SqliteStore::load_channels(Contents& contents) {
    TRY_AS(auto rows, writer_.database.prepare(
                          "SELECT id, app, name, epoch, first, last, bytes, "
                          "(SELECT unix_ms FROM messages WHERE channel = id AND offset = first), "
                          "EXISTS(SELECT 1 FROM messages WHERE channel = id AND offset < first) "
                          "FROM channels ORDER BY id"));
    for (;;) {
        TRY_AS(const auto more, rows.next());
        if (!more) return {};
        StoredChannel channel{.id = static_cast<std::uint32_t>(rows.number(0)),
                              .app = std::string(rows.bytes(1)),
                              .name = std::string(rows.bytes(2)),
                              .epoch = rows.count(3),
                              .first = rows.count(4),
                              .last = rows.count(5),
                              .bytes = rows.count(6),
                              .oldest_ms = rows.number(7)};
        if (channel.id != channels_.size() + 1 || channel.first > channel.last + 1) {
            return Error{ErrorKind::invalid, options_.path +
                                                 ": its list of channels is damaged at " +
                                                 std::to_string(channel.id)};
        }
        if (channel.first <= channel.last && rows.is_nothing(7)) {
            return unreadable(channel.id, channel.first);
        }
        channels_.push_back({channel.first, channel.last, channel.bytes});
        ids_.emplace(std::pair(channel.app, channel.name), channel.id);
        if (rows.number(8) != 0) leftovers_.insert(channel.id);
        contents.written += channel.last;
        messages_ += channel.last + 1 - channel.first;
        contents.channels.push_back(std::move(channel));
    }
}

Result<void> SqliteStore::set_closed_well(bool closed_well) {
    return writer_.database.run(closed_well ? "UPDATE journal SET closed_well = 1"
                                            : "UPDATE journal SET closed_well = 0");
}

Result<std::uint32_t> SqliteStore::declare(std::string_view app, std::string_view name,
                                           std::uint64_t epoch) {
    const auto names = std::pair(std::string(app), std::string(name));
    const auto found = ids_.find(names);
    if (found != ids_.end()) return found->second;
    if (!broken_.empty()) return Error{ErrorKind::internal, broken_};
    const auto id = static_cast<std::uint32_t>(channels_.size() + 1);
    auto added = writer_.add_channel.with(id).with(app).with(name).with(epoch).run();
    if (!added) return broken(std::move(added).error());
    channels_.emplace_back();
    ids_.emplace(names, id);
    return id;
}

// ---- writing ----

// All of it or nothing.
template <class Work>
Result<void> SqliteStore::transaction(Work work) {
    if (!broken_.empty()) return Error{ErrorKind::internal, broken_};
    auto& database = writer_.database;
    auto done = database.run("BEGIN IMMEDIATE");
    if (done) done = work();
    if (done) done = database.run("COMMIT");
    if (done) return {};
    if (database.in_transaction()) (void)database.run("ROLLBACK");
    return broken(std::move(done).error());
}

// What cannot be tried again is not.
Error SqliteStore::broken(Error error) {
    error.message = options_.path + ": " + error.message;
    if (error.kind == ErrorKind::io) return error;
    error.kind = ErrorKind::internal;
    broken_ = error.message;
    return error;
}

Result<void> SqliteStore::write(std::span<const Write> messages, std::span<const Note> notes) {
    Extents changed;
    TRY(transaction([&]() -> Result<void> {
        TRY(write_messages(messages, changed));
        TRY(save(changed));
        return write_notes(notes);
    }));
    adopt(changed);
    messages_ += messages.size();
    shorten_log();
    return {};
}

Result<void> SqliteStore::write_messages(std::span<const Write> messages, Extents& changed) {
    for (const auto& message : messages) {
        auto& channel = changing(changed, message.channel);
        ASSERT(message.offset == channel.last + 1);
        const auto& publication = *message.publication;
        const auto once = publication.once();
        auto& row = writer_.add_message.with(message.channel)
                        .with(message.offset)
                        .with(message.unix_ms)
                        .with(static_cast<std::uint32_t>(publication.body_kind()))
                        .with(publication.event())
                        .with(publication.member())
                        .with(publication.body());
        if (once.publisher != 0)
            row.with(once.publisher).with(once.sequence);
        else
            row.with_nothing().with_nothing();
        TRY(row.run());
        ++channel.last;
        channel.bytes += publication.body().size();
    }
    return {};
}

Result<void> SqliteStore::write_notes(std::span<const Note> notes) {
    for (const auto& note : notes) {
        if (note.value.empty()) {
            TRY(writer_.forget_note.with(note.key).run());
        } else {
            TRY(writer_.set_note.with(note.key).with(note.value).run());
        }
    }
    return {};
}

SqliteStore::Extent& SqliteStore::changing(Extents& changed, std::uint32_t channel) const {
    return changed.try_emplace(channel, channels_.at(channel - 1)).first->second;
}

Result<void> SqliteStore::save(const Extents& changed) {
    for (const auto& [id, channel] : changed) {
        TRY(writer_.set_channel.with(channel.first)
                .with(channel.last)
                .with(channel.bytes)
                .with(id)
                .run());
    }
    return {};
}

void SqliteStore::adopt(const Extents& changed) {
    for (const auto& [id, channel] : changed) channels_[id - 1] = channel;
}

Result<void> SqliteStore::sync() {
    if (!broken_.empty()) return Error{ErrorKind::internal, broken_};
    auto synced = writer_.database.sync_log();
    if (synced) return {};
    auto error = std::move(synced).error();
    error.kind = ErrorKind::internal;
    return broken(std::move(error));
}

// ---- reading ----

Result<void> SqliteStore::read(std::uint32_t channel, std::uint64_t epoch, std::uint64_t first,
                               std::uint64_t last, std::size_t bytes_max,
                               std::vector<hub::Kept>& into) const {
    const std::scoped_lock lock(reading_mutex_);
    std::size_t bytes = 0;
    auto offset = first;
    {
        const auto last_here = std::min<std::uint64_t>(last, INT64_MAX);
        auto& rows = reading_.page.with(channel).with(first).with(last_here);
        const Use use(rows);
        while (offset == first || bytes < bytes_max) {
            TRY_AS(const auto more, rows.next());
            if (!more) break;
            // What is before a hole can be read; the next call begins there.
            if (rows.count(0) != offset && offset != first) break;
            if (rows.count(0) != offset) return unreadable(channel, offset);
            into.push_back({publication_of(rows), {{epoch, offset}, rows.number(1)}});
            bytes += into.back().publication->body().size();
            ++offset;
        }
    }
    if (offset != first) return {};
    TRY_AS(const auto extent, extent_of(channel));
    if (first >= extent.first && first <= extent.last) return unreadable(channel, first);
    return Error{ErrorKind::not_found, "message " + std::to_string(first) + " is not kept"};
}

// Times go up with the offsets, as far as the clock did.
Result<std::uint64_t> SqliteStore::find(std::uint32_t channel, std::int64_t unix_ms) const {
    const std::scoped_lock lock(reading_mutex_);
    TRY(reading_.database.run("BEGIN"));
    auto found = search(channel, unix_ms);
    TRY(reading_.database.run("COMMIT"));
    return found;
}

Result<std::uint64_t> SqliteStore::search(std::uint32_t channel, std::int64_t unix_ms) const {
    TRY_AS(const auto extent, extent_of(channel));
    auto from = extent.first;
    auto to = extent.last + 1;
    while (from < to) {
        const auto middle = from + (to - from) / 2;
        const Use use(reading_.time.with(channel).with(middle));
        TRY_AS(const auto there, reading_.time.next());
        if (!there) return unreadable(channel, middle);
        if (reading_.time.number(0) < unix_ms)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

Result<SqliteStore::Extent> SqliteStore::extent_of(std::uint32_t channel) const {
    const Use use(reading_.extent.with(channel));
    TRY_AS(const auto there, reading_.extent.next());
    ASSERT(there);
    return Extent{reading_.extent.count(0), reading_.extent.count(1), 0};
}

// ---- letting go ----

Result<void> SqliteStore::trim(std::span<const Trimmed> channels) {
    Extents changed;
    std::uint64_t gone = 0;
    std::set<std::uint32_t> leftovers;
    TRY(transaction([&]() -> Result<void> {
        auto rows = rows_per_step;
        for (const auto& trimmed : channels) {
            auto& channel = changing(changed, trimmed.channel);
            ASSERT(trimmed.first <= channel.last + 1);
            if (trimmed.first <= channel.first) continue;
            gone += trimmed.first - channel.first;
            channel.first = trimmed.first;
            TRY_AS(const auto removed, remove_below_first(trimmed.channel, rows, changed));
            if (removed == rows) leftovers.insert(trimmed.channel);
            rows -= removed;
        }
        return save(changed);
    }));
    adopt(changed);
    messages_ -= gone;
    leftovers_.merge(leftovers);
    return {};
}

Result<std::uint32_t> SqliteStore::remove_below_first(std::uint32_t channel, std::uint32_t rows_max,
                                                      Extents& changed) {
    auto& extent = changing(changed, channel);
    auto& rows = writer_.remove_before.with(channel).with(extent.first).with(rows_max);
    const Use use(rows);
    for (std::uint32_t removed = 0;; ++removed) {
        TRY_AS(const auto more, rows.next());
        if (!more) return removed;
        extent.bytes -= std::min(extent.bytes, rows.count(0));
    }
}

Result<std::vector<Trimmed>> SqliteStore::tidy() {
    TRY(remove_leftovers());
    std::vector<Trimmed> lost;
    TRY_AS(const auto over, bytes_over_bound());
    if (over != 0) {
        TRY_AS(lost, evict(over));
    }
    TRY(give_back());
    shorten_log();
    return lost;
}

Result<void> SqliteStore::remove_leftovers() {
    if (leftovers_.empty()) return {};
    Extents changed;
    std::vector<std::uint32_t> done;
    TRY(transaction([&]() -> Result<void> {
        auto rows = rows_per_step;
        for (const auto channel : leftovers_) {
            TRY_AS(const auto removed, remove_below_first(channel, rows, changed));
            if (removed == rows) break;
            rows -= removed;
            done.push_back(channel);
        }
        return save(changed);
    }));
    adopt(changed);
    for (const auto channel : done) leftovers_.erase(channel);
    return {};
}

// Pages that hold nothing do not count: what is written next goes there.
Result<std::uint64_t> SqliteStore::bytes_over_bound() {
    if (options_.bytes_max == 0) return 0;
    const Use pages(writer_.pages);
    TRY(writer_.pages.next());
    const Use free_pages(writer_.free_pages);
    TRY(writer_.free_pages.next());
    const auto used = (writer_.pages.count(0) - writer_.free_pages.count(0)) * page_bytes;
    const auto room =
        options_.bytes_max - std::min(log_bytes_of(options_.bytes_max), options_.bytes_max);
    return used > room ? used - room : 0;
}

Result<std::vector<Trimmed>> SqliteStore::evict(std::uint64_t bytes) {
    constexpr std::uint64_t row_bytes = 64;  // beside the body, about
    Extents changed;
    std::uint64_t gone = 0;
    TRY(transaction([&]() -> Result<void> {
        std::int64_t serial = 0;
        {
            auto& rows = writer_.oldest.with(rows_per_step);
            const Use use(rows);
            for (std::uint64_t freed = 0; freed < bytes;) {
                TRY_AS(const auto more, rows.next());
                if (!more) break;
                serial = rows.number(0);
                auto& channel = changing(changed, static_cast<std::uint32_t>(rows.number(1)));
                channel.bytes -= std::min(channel.bytes, rows.count(3));
                freed += rows.count(3) + row_bytes;
                if (rows.count(2) < channel.first) continue;  // a leftover
                channel.first = rows.count(2) + 1;
                ++gone;
            }
        }
        TRY(writer_.remove_oldest.with(serial).run());
        return save(changed);
    }));
    std::vector<Trimmed> lost;
    for (const auto& [id, channel] : changed) {
        if (channel.first != channels_[id - 1].first) lost.push_back({id, channel.first});
    }
    adopt(changed);
    messages_ -= gone;
    return lost;
}

// Only if it is a good part of the file: moving pages costs, and the next messages want them back.
Result<void> SqliteStore::give_back() {
    const Use pages(writer_.pages);
    TRY(writer_.pages.next());
    const Use free_pages(writer_.free_pages);
    TRY(writer_.free_pages.next());
    if (writer_.free_pages.count(0) <= pages_given_back_per_step + writer_.pages.count(0) / 4)
        return {};
    return transaction([&] {
        return writer_.database.run("PRAGMA incremental_vacuum(" +
                                    std::to_string(pages_given_back_per_step) + ")");
    });
}

// A disk that is full or fails here has not failed what was written: it stays in the log, and whoever
// writes next is told when there is no room for that either. But a sync that failed is for good.
void SqliteStore::shorten_log() {
    if (log_pages_ < log_pages_max_) log_pages_next_ = log_pages_max_;
    if (log_pages_ < log_pages_next_) return;
    log_pages_next_ = log_pages_ + log_pages_max_;
    // Much too long: somebody is always reading in it. Then they wait for a moment.
    std::unique_lock lock(reading_mutex_, std::defer_lock);
    if (log_pages_ > 4 * log_pages_max_) lock.lock();
    auto moved = writer_.database.checkpoint(false);
    if (!moved) (void)broken(std::move(moved).error());
}

Usage SqliteStore::usage() const {
    Usage usage;
    usage.bytes = size_of(options_.path) + size_of(options_.path + "-wal");
    usage.bytes_max = options_.bytes_max;
    usage.messages = messages_;
    // The database and its log twice, the log's index once, and the lock.
    usage.descriptors = 6;
    usage.files = 4;
    return usage;
}

Result<void> SqliteStore::close() {
    TRY(sync());
    TRY(set_closed_well(true));
    TRY(sync());
    reading_ = {};
    writer_.database.keep_log_on_close(false);
    (void)writer_.database.checkpoint(true);  // it is safe where it is, too
    writer_ = {};
    return {};
}

}  // namespace carillon::storage
