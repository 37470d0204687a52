#include "server/moment.h"

#include <fmt/core.h>

#include <array>
#include <ctime>

namespace carillon::server {
namespace {

constexpr std::int64_t last_second = 253402300799;  // 9999-12-31 23:59:59

std::string date_text(std::int64_t unix_s) {
    if (unix_s < 0 || unix_s > last_second) return fmt::format("second {} of Unix", unix_s);
    const std::time_t seconds = unix_s;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
    return text.data();
}

}  // namespace

std::string duration_text(std::int64_t seconds) {
    struct Unit {
        std::int64_t seconds;
        const char* name;
    };
    for (const auto& [each, name] : {Unit{86'400, "days"}, Unit{3600, "h"}, Unit{60, "min"}}) {
        if (seconds >= 2 * each) return fmt::format("{} {}", seconds / each, name);
    }
    return fmt::format("{} s", seconds);
}

std::string moment_text(std::int64_t unix_s, std::int64_t now_unix_s) {
    std::int64_t ahead = 0;
    if (__builtin_sub_overflow(unix_s, now_unix_s, &ahead) || ahead == INT64_MIN) {
        return date_text(unix_s);
    }
    const auto distance = ahead > 0   ? "in " + duration_text(ahead)
                          : ahead < 0 ? duration_text(-ahead) + " ago"
                                      : "now";
    return fmt::format("{} ({})", date_text(unix_s), distance);
}

}  // namespace carillon::server
