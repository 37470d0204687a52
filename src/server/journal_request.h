// server/journal_request.h: the command line behind `carillon journal`.
//
//   carillon journal inspect PATH [--json]
//   carillon journal verify  PATH [--json]
//   carillon journal trim    PATH --channel APP/NAME --before OFFSET
//   carillon journal trim    PATH --older-than AGE [--channel APP/NAME]
//   carillon journal trim    PATH --repair
//
// AGE is a number and a unit: s, m, h or d. Only the shape is judged here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carillon::server {

struct JournalRequest {
    enum class Verb : unsigned char { inspect, verify, trim };
    Verb verb = Verb::inspect;
    bool help = false;  // and nothing else
    std::string path{};
    bool json = false;
    std::optional<std::pair<std::string, std::string>> channel{};  // its app and its name
    std::optional<std::uint64_t> before{};                         // an offset
    std::optional<std::int64_t> older_than_ms{};
    bool repair = false;
};

// `args` without the program's name and without "journal". An Error says what was not understood and what
// was perhaps meant.
Result<JournalRequest> parse_journal_request(const std::vector<std::string>& args);

std::string_view journal_help_text();

}  // namespace carillon::server
