// storage/file/inspect.h: a file journal from outside: what is in it, whether all of it can be read, and how to
// go on when something cannot. For `carillon journal inspect|verify|trim --repair`.
//
// inspect and verify change nothing and take no lock: a server may be writing meanwhile. Then what it is
// writing at that moment is no problem, and `in_use` says so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/file/io.h"

namespace carillon::storage::file {

struct SegmentSummary {
    std::uint64_t number = 0;
    std::uint32_t version = 0;
    std::uint64_t bytes = 0;
    std::uint64_t messages = 0;
    std::uint64_t channels = 0;
    bool sealed = false;
    std::string state;  // "sound", "being written", "torn end of 17 bytes", "damaged", …
};

struct ChannelSummary {
    std::string app;
    std::string name;
    std::uint64_t epoch = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;  // of bodies, about: of the segments it is in
};

struct Problem {
    std::string file;
    std::uint64_t byte = 0;
    std::string what;
};

struct Inspection {
    bool in_use = false;  // by a running server
    bool closed_well = false;
    std::uint64_t written = 0;  // messages, ever
    std::uint64_t bytes = 0;
    std::size_t notes = 0;
    std::vector<SegmentSummary> segments;
    std::vector<ChannelSummary> channels;
    std::vector<Problem> problems;
};

// Reads the newest segment and the others' footers. Errors: not_found, io. What is damaged is a problem, no Error.
Result<Inspection> inspect(const std::string& path, Io& io = Io::real());
// Reads every entry of every segment, and sums it.
Result<Inspection> verify(const std::string& path, Io& io = Io::real());

struct Repaired {
    std::vector<std::string>
        sentences;  // what was done and what was lost; empty: there was no need
};
// Leaves out what cannot be read. Of each channel what is newer than any hole stays. Errors: forbidden (a
// server has it open), unsupported (a newer version wrote it), not_found, io.
Result<Repaired> repair(const std::string& path, Io& io = Io::real());

}  // namespace carillon::storage::file
