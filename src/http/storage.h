// http/storage.h: how a body grows while it arrives. Memory follows what was sent, never what was
// announced, and ends at the limit, so that a client which promises much and sends little costs
// little.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace carillon::http {

// Readable behind the content: what simdjson wants (its SIMDJSON_PADDING) so that it need not copy
// the body.
inline constexpr std::size_t body_padding = 64;

inline void append_bounded(std::string& body, std::string_view piece, std::size_t bytes_max) {
    const auto wanted = body.size() + piece.size();
    if (body.capacity() < wanted + body_padding) {
        // Into a fresh string: reserve() on this one would at least double it, past the limit.
        std::string grown;
        grown.reserve(std::max(wanted, std::min(2 * wanted, bytes_max)) + body_padding);
        grown.append(body);
        body.swap(grown);
    }
    body.append(piece);
}

}  // namespace carillon::http
