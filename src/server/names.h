// server/names.h: "did you mean": the nearest of the names that do exist. For unknown keys in the
// file, unknown variables and unknown flags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carillon::server {

// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest known name, or empty if none is near enough to be what was meant.
std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known);

// "; did you mean port?", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace carillon::server
