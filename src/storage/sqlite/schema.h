// storage/sqlite/schema.h: how a journal lies in an SQLite file.
//
//   channels(id, app, name, epoch, first, last, bytes)   a row each, for ever
//   messages(serial, channel, offset, …)                 `serial`: in the order of writing, over all channels
//   notes(key, value)
//   journal(closed_well)                                 one row
//
// A message below its channel's `first` is not there any more, whether or not its row is. The file's
// application_id says that it is a journal of ours, its user_version which format it has.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "storage/sqlite/database.h"

namespace carillon::storage::sqlite {

inline constexpr std::int64_t application_id = 0x4361724a;  // "CarJ"
inline constexpr std::int64_t format = 2;

// Whether it is a journal of a format that is known here. Errors: unsupported, and what SQLite says.
base::Result<std::int64_t> format_of(const Database& database);  // 0: there is nothing in it

// Makes the tables, or brings them up to `format`; the answer: from which. One transaction.
base::Result<std::int64_t> prepare_schema(const Database& database);

}  // namespace carillon::storage::sqlite
