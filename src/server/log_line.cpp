#include "server/log_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "server/json_text.h"

namespace carillon::server {
namespace {

// RFC 3339, UTC, milliseconds.
std::string time_text(std::int64_t unix_ms) {
    auto seconds = static_cast<std::time_t>(unix_ms / 1000);
    auto ms = unix_ms % 1000;
    if (ms < 0) {
        ms += 1000;
        --seconds;
    }
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", parts, ms);
}

void append_value(std::string& out, std::string_view text) {
    if (text.size() <= log_value_bytes_max) return append_json_string(out, text);
    // A character cut in two becomes U+FFFD, which says what happened.
    std::string shortened(text.substr(0, log_value_bytes_max));
    shortened += "…";
    append_json_string(out, shortened);
}

bool is_plain(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("._:/@%+-[]").find(c) != std::string_view::npos;
    });
}

}  // namespace

std::string_view name_of(base::LogLevel level) {
    static constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};
    return names[static_cast<std::size_t>(level)];
}

std::string json_line(std::int64_t unix_ms, base::LogLevel level, std::string_view event,
                      std::span<const base::LogField> fields) {
    std::string line = R"({"time":")" + time_text(unix_ms) + R"(","level":")";
    line += name_of(level);
    line += R"(","event":)";
    append_value(line, event);
    for (const auto& field : fields) {
        line += ',';
        append_value(line, field.key);
        line += ':';
        if (const auto* text = std::get_if<std::string_view>(&field.value)) {
            append_value(line, *text);
        } else {
            line += std::to_string(std::get<std::int64_t>(field.value));
        }
    }
    line += '}';
    return line;
}

std::string text_line(std::int64_t unix_ms, base::LogLevel level, std::string_view event,
                      std::span<const base::LogField> fields) {
    std::string line = fmt::format("{} {:<8}", time_text(unix_ms), name_of(level));
    const auto append = [&](std::string_view text) {
        if (is_plain(text)) {
            line += text;
        } else {
            append_value(line, text);
        }
    };
    append(event);
    for (const auto& field : fields) {
        line += ' ';
        append(field.key);
        line += '=';
        if (const auto* text = std::get_if<std::string_view>(&field.value)) {
            append(*text);
        } else {
            line += std::to_string(std::get<std::int64_t>(field.value));
        }
    }
    return line;
}

}  // namespace carillon::server
