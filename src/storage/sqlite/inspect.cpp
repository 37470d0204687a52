#include "storage/sqlite/inspect.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/sqlite/database.h"
#include "storage/sqlite/schema.h"

namespace carillon::storage::sqlite {

using base::Error;
using base::ErrorKind;
using base::Result;

namespace {

// A file that is damaged all over has problems by the thousand.
constexpr int problems_max = 20;

std::string name_of(const StoredChannel& channel) { return channel.app + "/" + channel.name; }

Result<void> read_channels(const Database& database, Inspection& found) {
    TRY_AS(auto rows,
           database.prepare("SELECT id, app, name, epoch, first, last, bytes, (SELECT unix_ms FROM "
                            "messages WHERE channel = id AND offset = first) FROM channels "
                            "ORDER BY id"));
    for (;;) {
        TRY_AS(const auto more, rows.next());
        if (!more) return {};
        found.channels.push_back({.id = static_cast<std::uint32_t>(rows.number(0)),
                                  .app = std::string(rows.bytes(1)),
                                  .name = std::string(rows.bytes(2)),
                                  .epoch = rows.count(3),
                                  .first = rows.count(4),
                                  .last = rows.count(5),
                                  .bytes = rows.count(6),
                                  .oldest_ms = rows.number(7)});
        found.written += rows.count(5);
        found.messages += rows.count(5) + 1 - rows.count(4);
    }
}

// Whether a server holds its lock. Tried for a moment only: nobody who starts meanwhile is refused but in
// that moment.
bool is_locked(const std::string& path) {
    const int lock = ::open((path + ".lock").c_str(), O_RDONLY | O_CLOEXEC);
    if (lock < 0) return false;
    const bool locked = ::flock(lock, LOCK_SH | LOCK_NB) != 0;
    ::close(lock);
    return locked;
}

Result<Inspection> read_all(const std::string& path, const Database& database) {
    Inspection found;
    TRY_AS(const auto version, format_of(database));
    found.format = static_cast<std::uint32_t>(version);
    if (version != format) {
        return Error{ErrorKind::unsupported, path + ": format " + std::to_string(version) +
                                                 "; a server that opens it brings it to format " +
                                                 std::to_string(format)};
    }
    TRY(read_channels(database, found));
    TRY_AS(const auto notes, database.number("SELECT count(*) FROM notes"));
    TRY_AS(const auto closed_well, database.number("SELECT closed_well FROM journal"));
    found.notes = static_cast<std::uint64_t>(notes);
    found.closed_well = closed_well != 0;
    found.in_use = is_locked(path);
    for (const auto* suffix : {"", "-wal"}) {
        struct stat file{};
        if (::stat((path + suffix).c_str(), &file) != 0) continue;
        found.bytes += static_cast<std::uint64_t>(file.st_size);
    }
    return found;
}

Result<Database> open(const std::string& path) {
    struct stat file{};
    if (::stat(path.c_str(), &file) != 0) {
        return Error{ErrorKind::not_found, path + ": there is no such file"};
    }
    TRY_AS(auto database, Database::open(path, Database::Mode::read_only, nullptr));
    // Everything is seen as it was at one moment, whatever a server writes meanwhile.
    TRY(database.run("BEGIN"));
    return database;
}

// What SQLite itself finds wrong with its pages.
Result<void> check_pages(const Database& database, Inspection& found) {
    TRY_AS(auto rows, database.prepare("PRAGMA quick_check(" + std::to_string(problems_max) + ")"));
    for (;;) {
        TRY_AS(const auto more, rows.next());
        if (!more) return {};
        if (rows.bytes(0) != "ok") found.problems.emplace_back(rows.bytes(0));
    }
}

// The run of each channel, without a hole, and every body read.
Result<void> check_channel(const StoredChannel& channel, Statement& rows,
                           std::vector<std::string>& problems) {
    auto expected = channel.first;
    std::uint64_t bytes = 0;
    Use use(rows.with(channel.id).with(channel.first));
    for (;;) {
        TRY_AS(const auto more, use->next());
        if (!more) break;
        if (use->count(0) != expected) break;
        bytes += use->bytes(1).size();
        ++expected;
    }
    if (expected != channel.last + 1) {
        problems.push_back("channel " + name_of(channel) + ": message " + std::to_string(expected) +
                           " is missing, or one too many is there; it should have " +
                           std::to_string(channel.first) + " to " + std::to_string(channel.last));
    } else if (bytes > channel.bytes) {
        problems.push_back("channel " + name_of(channel) + ": more bytes than it counts");
    }
    return {};
}

Result<void> check_channels(const Database& database, Inspection& found) {
    TRY_AS(auto rows, database.prepare("SELECT offset, body FROM messages WHERE channel = ? AND "
                                       "offset >= ? ORDER BY offset"));
    for (const auto& channel : found.channels) {
        if (found.problems.size() >= problems_max) return {};
        TRY(check_channel(channel, rows, found.problems));
    }
    TRY_AS(const auto strays, database.number("SELECT count(*) FROM messages WHERE channel NOT IN "
                                              "(SELECT id FROM channels)"));
    if (strays != 0) {
        found.problems.push_back(std::to_string(strays) + " messages belong to no channel");
    }
    return {};
}

}  // namespace

Result<Inspection> inspect(const std::string& path) {
    TRY_AS(const auto database, open(path));
    return read_all(path, database);
}

// What is so damaged that it cannot be looked at has a problem; what is something else is refused.
Result<Inspection> verify(const std::string& path) {
    TRY_AS(const auto database, open(path));
    auto looked_at = read_all(path, database);
    if (!looked_at && looked_at.error().kind != ErrorKind::invalid) {
        return std::move(looked_at).error();
    }
    auto found = looked_at.value_or(Inspection{});
    if (!looked_at) found.problems.push_back(looked_at.error().message);
    for (const auto check : {check_pages, check_channels}) {
        const auto checked = check(database, found);
        if (!checked) found.problems.push_back(checked.error().message);
    }
    return found;
}

}  // namespace carillon::storage::sqlite
