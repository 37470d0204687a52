// Whatever a client sends: no crash, no step beyond the promised padding, and the same messages and
// refusals however the bytes are cut. The first bytes of the input choose the limit and where to
// cut.
// fuzzes: decoder.cpp utf8.cpp
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/random.h"
#include "websocket/testing.h"

namespace websocket = carillon::websocket;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const unsigned choice = data[0];
    const std::size_t limit = (choice & 1U) != 0 ? 20 : 100'000;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const auto whole = websocket::testing::transcript(bytes, limit);

    carillon::base::SeededRandom random(data[1]);
    websocket::testing::Transcript pieces(limit);
    for (std::size_t at = 0; at < bytes.size();) {
        const auto piece = bytes.substr(at, 1 + random.below((choice >> 1U) + 1));
        pieces.feed(piece);
        at += piece.size();
    }
    ASSERT(pieces.text() == whole);
    return 0;
}
