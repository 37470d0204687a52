// input := *( pattern LF ) origin. A list allows what one of its patterns allows, whatever the
// case; and nothing but a star lets in an origin that no pattern ends or begins like.
// fuzzes: origins.cpp
#include <algorithm>
#include <vector>

#include "base/assert.h"
#include "http/request.h"
#include "protocol/pusher/origins.h"

using namespace carillon;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view origin(reinterpret_cast<const char*>(data), size);
    std::vector<std::string> patterns;
    for (auto end = origin.find('\n'); end != std::string_view::npos; end = origin.find('\n')) {
        patterns.emplace_back(origin.substr(0, end));
        origin.remove_prefix(end + 1);
    }
    const bool allowed = pusher::is_allowed_origin(patterns, origin);
    ASSERT(allowed ==
           (patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& one) {
                return pusher::is_allowed_origin({&one, 1}, origin);
            })));
    std::string loud(origin);
    for (auto& c : loud) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    ASSERT(pusher::is_allowed_origin(patterns, loud) == allowed);
    if (patterns.size() != 1 || !allowed) return 0;
    const std::string_view pattern = patterns.front();
    const auto behind =
        pattern.substr(pattern.find('*') == std::string_view::npos ? 0 : pattern.find('*') + 1);
    ASSERT(origin.size() >= behind.size());
    const auto tail = origin.substr(origin.size() - behind.size());
    ASSERT(http::equals_ignoring_case(tail, behind));
    return 0;
}
