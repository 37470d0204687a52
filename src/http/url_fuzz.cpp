// Decoding never crashes, never grows a text, and a text without '%' and '+' is its own decoding.
// fuzzes: url.cpp
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "http/url.h"

namespace http = carillon::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto decoded = http::percent_decode(text);
    const auto params = http::parse_query(text);
    ASSERT(decoded.has_value() ==
           params.has_value());  // both fall over a bad '%', and over nothing else
    if (!decoded.has_value()) return 0;
    ASSERT(decoded.value().size() <= text.size());
    if (text.find('%') == std::string_view::npos) ASSERT(decoded.value() == text);

    std::size_t bytes = 0;
    for (const auto& [key, value] : params.value()) bytes += key.size() + value.size();
    ASSERT(bytes <= text.size());
    if (!params.value().empty())
        ASSERT(http::find(params.value(), params.value()[0].first).has_value());
    return 0;
}
