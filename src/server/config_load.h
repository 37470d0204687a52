// server/config_load.h: from what the operator wrote to a Config, lowest first: defaults, the file,
// the environment, flags. Pure: texts in, a Config and a list of problems out; main reads the file
// and the environment. Everything is read before anything is refused, so that one start shows all
// mistakes. No problem ever repeats a value: it may be a secret.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config.h"

namespace carillon::server {

using Environment = std::map<std::string, std::string, std::less<>>;

enum class Severity : unsigned char {
    warning,  // said, and the server starts
    error,    // the server does not start
};

struct Problem {
    Severity severity;
    std::string path;  // "metrics.port" of the file, a variable's name, a flag
    std::string message;
};

struct Loaded {
    Config config;
    std::vector<Problem> problems;

    bool failed() const;  // some problem is an error
};

struct Sources {
    std::optional<std::string> file{};  // its text, if there is one
    Environment environment{};          // a variable set to nothing counts as not set
    std::vector<std::pair<std::string, std::string>> flags{};  // "--port" and its value; flags.h
    Severity unknown_keys = Severity::warning;  // check-config is stricter than serve
};

Loaded load(const Sources& sources);

// "warning: metrics.prot: …": one problem as a line.
std::string line_of(const Problem& problem);

// Copies `environ`.
Environment environment_of(const char* const* entries);

// The file to read: --config, else CONFIG_FILE_PATH, else none.
std::optional<std::string> config_path(const std::optional<std::string>& flag,
                                       const Environment& environment);

}  // namespace carillon::server
