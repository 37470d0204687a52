#include "storage/sqlite/database.h"

#include <sqlite3.h>

namespace carillon::storage::sqlite {

using base::Error;
using base::ErrorKind;
using base::Result;

namespace {

// What may be tried again is io; what may be lost by now is internal.
ErrorKind kind_of(int code) {
    switch (code) {
        case SQLITE_IOERR_FSYNC:
        case SQLITE_IOERR_DIR_FSYNC:
            return ErrorKind::internal;
        default:
            break;
    }
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorKind::io;
        case SQLITE_CORRUPT:
            return ErrorKind::invalid;
        case SQLITE_NOTADB:
            return ErrorKind::unsupported;
        case SQLITE_TOOBIG:
            return ErrorKind::too_large;
        default:
            return ErrorKind::internal;
    }
}

Error error_of(sqlite3* handle, int code) {
    std::string message = sqlite3_errstr(code);
    if (handle != nullptr && sqlite3_extended_errcode(handle) == code)
        message = sqlite3_errmsg(handle);
    return {kind_of(code), "SQLite: " + message};
}

int note_log_pages(void* pages, sqlite3* /*handle*/, const char* /*name*/, int count) {
    *static_cast<std::uint32_t*>(pages) = static_cast<std::uint32_t>(count);
    return SQLITE_OK;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* made) const { sqlite3_finalize(made); }
void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Statement& Statement::with(std::int64_t number) {
    const auto code = sqlite3_bind_int64(made_.get(), ++bound_, number);
    if (bind_code_ == SQLITE_OK) bind_code_ = code;
    return *this;
}

Statement& Statement::with(std::string_view bytes) {
    // A null pointer would be bound as NULL.
    const auto* data = bytes.empty() ? "" : bytes.data();
    const auto code = sqlite3_bind_blob64(made_.get(), ++bound_, data, bytes.size(), SQLITE_STATIC);
    if (bind_code_ == SQLITE_OK) bind_code_ = code;
    return *this;
}

Statement& Statement::with_nothing() {
    sqlite3_bind_null(made_.get(), ++bound_);
    return *this;
}

Result<bool> Statement::next() {
    if (bind_code_ != SQLITE_OK) return failure(bind_code_);
    const auto code = sqlite3_step(made_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) return failure(code);
    reset();
    return false;
}

Result<void> Statement::run() {
    for (;;) {
        TRY_AS(const auto more, next());
        if (!more) return {};
    }
}

Error Statement::failure(int code) {
    auto error = error_of(sqlite3_db_handle(made_.get()), code);
    reset();
    return error;
}

void Statement::reset() {
    sqlite3_reset(made_.get());
    bound_ = 0;
    bind_code_ = SQLITE_OK;
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(made_.get(), column);
}

std::string_view Statement::bytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(made_.get(), column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(made_.get(), column))};
}

bool Statement::is_nothing(int column) const {
    return sqlite3_column_type(made_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::string& path, Mode mode, const char* vfs) {
    const auto how =
        mode == Mode::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    sqlite3* handle = nullptr;
    const auto code = sqlite3_open_v2(path.c_str(), &handle, how | SQLITE_OPEN_NOMUTEX, vfs);
    Database database;
    database.handle_.reset(handle);
    if (code != SQLITE_OK) return database.failure(code);
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, 1000);
    return database;
}

Result<Statement> Database::prepare(std::string_view sql) const {
    sqlite3_stmt* made = nullptr;
    const auto code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                         SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (code != SQLITE_OK) return failure(code);
    return Statement(made);
}

Result<void> Database::run(const std::string& sql) const {
    const auto code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure(code);
    return {};
}

Result<std::int64_t> Database::number(std::string_view sql) const {
    TRY_AS(auto statement, prepare(sql));
    TRY_AS(const auto found, statement.next());
    return found ? statement.number(0) : 0;
}

void Database::count_log_pages(std::uint32_t& pages) const {
    sqlite3_wal_hook(handle_.get(), note_log_pages, &pages);
}

Result<void> Database::checkpoint(bool whole) const {
    const auto how = whole ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    const auto code = sqlite3_wal_checkpoint_v2(handle_.get(), "main", how, nullptr, nullptr);
    if (code != SQLITE_OK && code != SQLITE_BUSY) return failure(code);
    return {};
}

Result<void> Database::sync_log() const {
    sqlite3_file* log = nullptr;
    sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER,
                         static_cast<void*>(&log));
    if (log == nullptr || log->pMethods == nullptr) return {};  // nothing was written
    const auto code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    if (code != SQLITE_OK) return failure(code);
    return {};
}

void Database::keep_log_on_close(bool keep) const {
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

Error Database::failure(int code) const { return error_of(handle_.get(), code); }

}  // namespace carillon::storage::sqlite
