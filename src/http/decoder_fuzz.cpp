// Whatever arrives: no crash, and the same requests and refusals however the bytes are cut. The
// first bytes of the input choose the limits and where to cut.
// fuzzes: decoder.cpp head.cpp chunked.cpp request.cpp
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/random.h"
#include "http/testing.h"

namespace http = carillon::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const unsigned choice = data[0];
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    http::Limits limits;
    if ((choice & 1U) != 0)
        limits = {.header_bytes_max = 200, .headers_max = 5, .body_bytes_max = 50};
    const auto whole = http::testing::transcript(bytes, limits);

    carillon::base::SeededRandom random(data[1]);
    http::testing::Transcript pieces(limits);
    for (std::size_t at = 0; at < bytes.size();) {
        const auto piece = bytes.substr(at, 1 + random.below((choice >> 1U) + 1));
        pieces.feed(piece);
        at += piece.size();
    }
    ASSERT(pieces.text() == whole);
    return 0;
}
