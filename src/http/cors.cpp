#include "http/cors.h"

#include <algorithm>
#include <cctype>

namespace carillon::http {
namespace {

// How long a browser may remember what a preflight was told: a change of the policy reaches every
// page within this time.
constexpr const char* preflight_max_age_s = "600";

bool is_any(std::string_view pattern) {
    return pattern == "*" || equals_ignoring_case(pattern, "any");
}

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool holds_only(std::string_view text, bool (*allowed)(char)) {
    return !text.empty() && std::ranges::all_of(text, allowed);
}

bool is_host(std::string_view host) {
    if (host.starts_with('[') && host.ends_with(']')) {
        return holds_only(host.substr(1, host.size() - 2), [](char c) {
            return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
        });
    }
    return holds_only(
        host, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
}

// Nothing that a pattern's "*" could swallow to reach another host: no path, no user, no space.
bool is_origin(std::string_view text) {
    if (text == "null") return true;
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return false;
    const auto is_scheme_char = [](char c) {
        return is_alphanumeric(c) || c == '+' || c == '-' || c == '.';
    };
    if (!holds_only(text.substr(0, scheme_end), is_scheme_char)) return false;
    auto host = text.substr(scheme_end + 3);
    const auto colon = host.rfind(':');
    if (colon != std::string_view::npos && !host.ends_with(']')) {
        if (!holds_only(host.substr(colon + 1), is_digit)) return false;
        host = host.substr(0, colon);
    }
    return is_host(host);
}

std::string joined(const std::vector<std::string>& words) {
    std::string list;
    for (const auto& word : words) list += (list.empty() ? "" : ", ") + word;
    return list;
}

}  // namespace

bool fits(std::string_view pattern, std::string_view text) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return equals_ignoring_case(pattern, text);
    const auto before = pattern.substr(0, star);
    const auto after = pattern.substr(star + 1);
    return text.size() > before.size() + after.size() &&
           equals_ignoring_case(text.substr(0, before.size()), before) &&
           equals_ignoring_case(text.substr(text.size() - after.size()), after);
}

bool is_origin_pattern(std::string_view pattern) {
    const auto scheme_end = pattern.find("://");
    const auto host =
        scheme_end == std::string_view::npos ? pattern : pattern.substr(scheme_end + 3);
    return !host.empty() && host.find('/') == std::string_view::npos &&
           std::ranges::count(pattern, '*') <= 1 &&
           std::ranges::all_of(pattern, [](char c) { return c > ' ' && c < 0x7f && c != ','; });
}

Cors::Cors(CorsPolicy policy)
    : policy_(std::move(policy)), any_(std::ranges::any_of(policy_.origins, is_any)) {}

Cors::Headers Cors::headers(std::string_view origin) const {
    if (!knows(origin)) return {};
    // Without credentials whatever the policy says: browsers refuse the pair, and repeating every
    // origin instead would hand people's credentials to whoever asks.
    if (any_) return {{"Access-Control-Allow-Origin", "*"}};
    Headers headers{{"Access-Control-Allow-Origin", std::string(origin)}, {"Vary", "Origin"}};
    if (policy_.credentials) headers.emplace_back("Access-Control-Allow-Credentials", "true");
    return headers;
}

std::optional<Response> Cors::preflight(const Request& request) const {
    if (request.method != "OPTIONS" || !request.has_header("Access-Control-Request-Method")) {
        return std::nullopt;
    }
    Response response;
    if (!knows(request.header("Origin"))) return response;
    response.headers = {{"Access-Control-Allow-Methods", joined(policy_.methods)},
                        {"Access-Control-Allow-Headers", joined(policy_.allowed_headers)},
                        {"Access-Control-Max-Age", preflight_max_age_s}};
    return response;
}

bool Cors::knows(std::string_view origin) const {
    if (!is_origin(origin)) return false;
    return any_ || std::ranges::any_of(policy_.origins, [&](const std::string& pattern) {
               return fits(pattern, origin);
           });
}

bool is_from_own_page(const Request& request) {
    if (!request.has_header("Origin")) return true;
    if (request.count_headers("Origin") != 1) return false;
    const auto origin = request.header("Origin");
    const auto host = request.header("Host");
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!host.empty() && origin.starts_with(scheme) &&
            equals_ignoring_case(origin.substr(scheme.size()), host)) {
            return true;
        }
    }
    return false;
}

}  // namespace carillon::http
