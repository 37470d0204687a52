// storage/sqlite/inspect.h: a look into a journal in SQLite, also while a server has it open. Writes
// nothing to it. For `carillon journal inspect` and `verify`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/journal/store.h"

namespace carillon::storage::sqlite {

struct Inspection {
    std::uint32_t format = 0;  // as schema.h counts them
    std::vector<StoredChannel> channels{};
    std::uint64_t written = 0;   // messages, ever
    std::uint64_t messages = 0;  // kept
    std::uint64_t notes = 0;
    std::uint64_t bytes = 0;              // on disk, its log too
    bool in_use = false;                  // by a running server
    bool closed_well = false;             // false also while it is in use
    std::vector<std::string> problems{};  // what is wrong with it, one sentence each
};

// Errors: not_found, unsupported (it is something else, or of another version), io.
base::Result<Inspection> inspect(const std::string& path);

// The same, and everything is read: what is damaged or missing is in `problems`.
base::Result<Inspection> verify(const std::string& path);

}  // namespace carillon::storage::sqlite
