// input := origin LF pattern LF host LF text. A pattern means what trying every filling of its star
// says that it means; and whoever is let in from a foreign origin is on the list, to the letter.
// fuzzes: cors.cpp
#include <algorithm>
#include <string>

#include "base/assert.h"
#include "http/cors.h"

namespace {

using namespace carillon;

std::string_view next_line(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

bool fits_by_trying(std::string_view pattern, std::string_view text) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return http::equals_ignoring_case(pattern, text);
    for (std::size_t from = 0; from < text.size(); ++from) {
        for (std::size_t hole = 1; from + hole <= text.size(); ++hole) {
            const auto filled = std::string(pattern.substr(0, star))
                                    .append(text.substr(from, hole))
                                    .append(pattern.substr(star + 1));
            if (http::equals_ignoring_case(filled, text)) return true;
        }
    }
    return false;
}

void try_origin(const http::Cors& cors, std::string_view origin, bool listed) {
    const auto headers = cors.headers(origin);
    if (headers.empty()) return;
    ASSERT(listed && headers.front().first == "Access-Control-Allow-Origin");
    const bool any = headers.front().second == "*";
    ASSERT(any || headers.front().second == origin);
    ASSERT(headers.size() == (any ? 1 : 3));  // no credentials where anybody may ask
    // Nothing that ends a header, and no host but the one that it says.
    for (const char c : origin) ASSERT(c > ' ' && c < 0x7f && c != '@' && c != '\\' && c != '?');
    ASSERT(std::ranges::count(origin, '/') == (origin == "null" ? 0 : 2));
}

http::Request preflight(std::string_view origin) {
    http::Request request;
    request.method = "OPTIONS";
    request.headers = {{"Origin", std::string(origin)}, {"Access-Control-Request-Method", "POST"}};
    return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size > 400) return 0;  // trying every filling is cubic
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto origin = next_line(rest);
    const auto pattern = next_line(rest);
    const auto host = next_line(rest);
    ASSERT(http::fits(pattern, rest) == fits_by_trying(pattern, rest));

    const bool any = pattern == "*" || http::equals_ignoring_case(pattern, "any");
    http::CorsPolicy policy;
    policy.origins = {std::string(pattern)};
    const http::Cors cors(policy);
    try_origin(cors, origin, any || fits_by_trying(pattern, origin));
    const auto answer = cors.preflight(preflight(origin));
    ASSERT(answer.has_value() && answer->headers.empty() == cors.headers(origin).empty());
    if (http::is_origin_pattern(pattern)) ASSERT(std::ranges::count(pattern, '*') <= 1);

    auto request = preflight(origin);
    request.headers.push_back({"Host", std::string(host)});
    const bool own =
        !host.empty() &&
        (http::equals_ignoring_case(origin.substr(std::min<std::size_t>(7, origin.size())), host) ||
         http::equals_ignoring_case(origin.substr(std::min<std::size_t>(8, origin.size())), host));
    if (http::is_from_own_page(request)) ASSERT(own && origin.starts_with("http"));
    request.headers.front().name = "X-Origin";
    ASSERT(http::is_from_own_page(request));  // a page of ours, or no page at all
    return 0;
}
