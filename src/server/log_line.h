// server/log_line.h: one event as one line, whatever its fields hold. Pure.
//
//   json  {"time":"2024-01-02T03:04:05.678Z","level":"info","event":"listening","port":6001}
//   text  2024-01-02T03:04:05.678Z info     listening port=6001 host="odd name"
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/log.h"

namespace carillon::server {

// A longer value is cut and marked, so that a bounded number of lines is a bounded number of bytes.
inline constexpr std::size_t log_value_bytes_max = 2048;

std::string_view name_of(base::LogLevel level);

std::string json_line(std::int64_t unix_ms, base::LogLevel level, std::string_view event,
                      std::span<const base::LogField> fields);
std::string text_line(std::int64_t unix_ms, base::LogLevel level, std::string_view event,
                      std::span<const base::LogField> fields);

}  // namespace carillon::server
