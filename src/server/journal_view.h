// server/journal_view.h: what `carillon journal` shows of a journal, wherever it lies; as a table for
// people and as JSON for programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace carillon::server {

struct JournalView {
    std::string driver{};  // "file", "sqlite"
    bool in_use = false;   // by a running server
    bool closed_well = false;
    std::uint64_t written = 0;   // messages, ever
    std::uint64_t messages = 0;  // kept
    std::uint64_t notes = 0;
    std::uint64_t bytes = 0;  // on disk
    struct Channel {
        std::string app;
        std::string name;
        std::uint64_t epoch = 0;
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;
    };
    std::vector<Channel> channels{};
    std::vector<std::string> problems{};
};

// A directory is a journal in files, a file one in SQLite. `whole`: everything is read, as verify does.
Result<JournalView> view_journal(const std::string& path, bool whole);

// With a newline at the end.
std::string table_of(const JournalView& view);
std::string json_of(const JournalView& view);

}  // namespace carillon::server
