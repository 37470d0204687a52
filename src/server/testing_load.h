// server/testing_load.h: for tests only: problems as lines, so that a test can say what it expects.
#pragma once

#include <string>
#include <vector>

#include "server/config_load.h"

namespace carillon::server::testing {

inline std::vector<std::string> lines_of(const Loaded& loaded) {
    std::vector<std::string> lines;
    lines.reserve(loaded.problems.size());
    for (const auto& problem : loaded.problems) lines.push_back(line_of(problem));
    return lines;
}

inline Loaded load_file(std::string text) { return load({.file = std::move(text)}); }
inline Loaded load_environment(Environment environment) {
    return load({.environment = std::move(environment)});
}

}  // namespace carillon::server::testing
