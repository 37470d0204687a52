// storage/sqlite/database.h: SQLite as this room uses it: a connection, a prepared statement, and Results.
// The only header that knows its handles; its own header is read in database.cpp alone.
//
// One thread at a time may use a connection and its statements.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace carillon::storage::sqlite {

// Made once, used often. Its connection outlives it.
class Statement {
 public:
    Statement() = default;
    explicit Statement(sqlite3_stmt* made) : made_(made) {}

    // The next parameter, from the left. Bytes are borrowed until reset().
    Statement& with(std::int64_t number);
    Statement& with(std::uint64_t number) { return with(static_cast<std::int64_t>(number)); }
    Statement& with(std::uint32_t number) { return with(static_cast<std::int64_t>(number)); }
    Statement& with(std::string_view bytes);
    Statement& with_nothing();

    // Whether there is a row (more). After the last one, or an Error, it is reset.
    base::Result<bool> next();
    // For those without rows, or whose rows nobody wants.
    base::Result<void> run();
    // Ready for other parameters. Ends the reading of whoever stops before the last row.
    void reset();

    // Of the row at hand; bytes until next() or reset().
    std::int64_t number(int column) const;
    std::uint64_t count(int column) const { return static_cast<std::uint64_t>(number(column)); }
    std::string_view bytes(int column) const;
    bool is_nothing(int column) const;

 private:
    struct Finalize {
        void operator()(sqlite3_stmt* made) const;
    };
    base::Error failure(int code);

    std::unique_ptr<sqlite3_stmt, Finalize> made_;
    int bound_ = 0;
    int bind_code_ = 0;  // of the first parameter that was not taken
};

// Resets a statement when the block ends, however it ends.
class Use {
 public:
    explicit Use(Statement& statement) : statement_(statement) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { statement_.reset(); }
    Statement* operator->() { return &statement_; }

 private:
    Statement& statement_;
};

class Database {
 public:
    enum class Mode : unsigned char { create, read_only };
    Database() = default;
    // `vfs`: the way to the disk; null: SQLite's own.
    static base::Result<Database> open(const std::string& path, Mode mode, const char* vfs);

    base::Result<Statement> prepare(std::string_view sql) const;
    base::Result<void> run(const std::string& sql) const;  // any number of statements
    // The first column of the first row; 0: there is none.
    base::Result<std::int64_t> number(std::string_view sql) const;

    // Pages in the write-ahead log after each commit go here. Nothing is moved out of the log unless
    // checkpoint() is called. The address must not change any more.
    void count_log_pages(std::uint32_t& pages) const;
    // Moves what can be moved from the log into the database. `whole`: all of it, and empties the log.
    base::Result<void> checkpoint(bool whole) const;
    // What is in the log is on the disk.
    base::Result<void> sync_log() const;
    // What close() leaves: with the log as it is, or (last connection) without one.
    void keep_log_on_close(bool keep) const;
    bool in_transaction() const;

 private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    base::Error failure(int code) const;

    std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace carillon::storage::sqlite
