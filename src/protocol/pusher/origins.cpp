#include "protocol/pusher/origins.h"

#include <algorithm>

#include "http/cors.h"

namespace carillon::pusher {
namespace {

std::string_view without_scheme(std::string_view origin) {
    const auto at = origin.find("://");
    return at == std::string_view::npos ? origin : origin.substr(at + 3);
}

}  // namespace

bool is_allowed_origin(std::span<const std::string> patterns, std::string_view origin) {
    if (patterns.empty()) return true;
    return std::ranges::any_of(patterns, [&](const std::string& pattern) {
        if (pattern == "*") return true;
        return http::fits(pattern, origin) || http::fits(pattern, without_scheme(origin));
    });
}

}  // namespace carillon::pusher
