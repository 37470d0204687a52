#include "storage/sqlite/schema.h"

#include <string>

namespace carillon::storage::sqlite {

using base::Error;
using base::ErrorKind;
using base::Result;

namespace {

// What an older format has in the same way is not repeated: each step adds to the one before it.
constexpr auto format_1 = R"sql(
    CREATE TABLE channels(
        id INTEGER PRIMARY KEY, app BLOB NOT NULL, name BLOB NOT NULL, epoch INTEGER NOT NULL,
        first INTEGER NOT NULL DEFAULT 1, UNIQUE(app, name));
    CREATE TABLE messages(
        serial INTEGER PRIMARY KEY, channel INTEGER NOT NULL, offset INTEGER NOT NULL,
        unix_ms INTEGER NOT NULL, kind INTEGER NOT NULL, event BLOB NOT NULL, member BLOB NOT NULL,
        publisher INTEGER, sequence INTEGER, body BLOB NOT NULL);
    CREATE UNIQUE INDEX messages_of ON messages(channel, offset);
    CREATE TABLE notes(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE journal(closed_well INTEGER NOT NULL);
    INSERT INTO journal VALUES(0);
)sql";

// Each channel knows where it ends and how much it holds, so that a start does not read every message.
constexpr auto from_1_to_2 = R"sql(
    ALTER TABLE channels ADD COLUMN last INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE channels ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE channels SET
        last = max(first - 1, ifnull((SELECT max(offset) FROM messages WHERE channel = id), 0)),
        bytes = ifnull((SELECT sum(length(body)) FROM messages WHERE channel = id), 0);
)sql";

Result<void> upgrade(const Database& database, std::int64_t from) {
    if (from < 1) {
        TRY(database.run(format_1));
    }
    if (from < 2) {
        TRY(database.run(from_1_to_2));
    }
    TRY(database.run("PRAGMA application_id = " + std::to_string(application_id)));
    return database.run("PRAGMA user_version = " + std::to_string(format));
}

}  // namespace

Result<std::int64_t> format_of(const Database& database) {
    TRY_AS(const auto id, database.number("PRAGMA application_id"));
    TRY_AS(const auto version, database.number("PRAGMA user_version"));
    TRY_AS(const auto tables, database.number("SELECT count(*) FROM sqlite_schema"));
    if (id == 0 && version == 0 && tables == 0) return 0;
    if (id != application_id) {
        return Error{ErrorKind::unsupported, "it is an SQLite file, but not a journal of Carillon"};
    }
    if (version > format) {
        return Error{ErrorKind::unsupported, "it was written by a newer version (format " +
                                                 std::to_string(version) +
                                                 "; known here: " + std::to_string(format) + ")"};
    }
    if (version < 1) return Error{ErrorKind::invalid, "its format has no number: it is damaged"};
    return version;
}

Result<std::int64_t> prepare_schema(const Database& database) {
    TRY_AS(const auto from, format_of(database));
    if (from == format) return from;
    TRY(database.run("BEGIN IMMEDIATE"));
    if (auto upgraded = upgrade(database, from); !upgraded) {
        if (database.in_transaction()) (void)database.run("ROLLBACK");
        return std::move(upgraded).error();
    }
    TRY(database.run("COMMIT"));
    return from;
}

}  // namespace carillon::storage::sqlite
