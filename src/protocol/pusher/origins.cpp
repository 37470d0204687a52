#include "protocol/pusher/origins.h"

#include <algorithm>

#include "http/request.h"

namespace carillon::pusher {
namespace {

bool fits(std::string_view pattern, std::string_view text) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return http::equals_ignoring_case(pattern, text);
    const auto head = pattern.substr(0, star);
    const auto tail = pattern.substr(star + 1);
    return text.size() > head.size() + tail.size() &&
           http::equals_ignoring_case(head, text.substr(0, head.size())) &&
           http::equals_ignoring_case(tail, text.substr(text.size() - tail.size()));
}

std::string_view without_scheme(std::string_view origin) {
    const auto at = origin.find("://");
    return at == std::string_view::npos ? origin : origin.substr(at + 3);
}

}  // namespace

bool is_allowed_origin(std::span<const std::string> patterns, std::string_view origin) {
    if (patterns.empty()) return true;
    return std::ranges::any_of(patterns, [&](const std::string& pattern) {
        if (pattern == "*") return true;
        return fits(pattern, origin) || fits(pattern, without_scheme(origin));
    });
}

}  // namespace carillon::pusher
