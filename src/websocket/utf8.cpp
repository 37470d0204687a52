#include "websocket/utf8.h"

#include <cstdint>
#include <cstring>

namespace carillon::websocket {
namespace {

// Past the ASCII at the front, eight bytes at a look: almost all of almost every message.
const char* skip_ascii(const char* p, const char* end) {
    while (end - p >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, sizeof word);
        if ((word & 0x8080808080808080ULL) != 0) break;
        p += sizeof word;
    }
    while (p != end && static_cast<unsigned char>(*p) < 0x80) ++p;
    return p;
}

}  // namespace

bool Utf8::feed(std::string_view piece) {
    const char* p = piece.data();
    const char* const end = p + piece.size();
    Utf8 now =
        *this;  // a local copy lives in registers: `piece` could alias *this, as far as the compiler knows
    while (p != end) {
        if (now.tails_ == 0) {
            p = skip_ascii(p, end);
            if (p == end) break;
            if (!now.begin(static_cast<unsigned char>(*p++))) return false;
            continue;
        }
        const auto byte = static_cast<unsigned char>(*p++);
        if (byte < now.low_ || byte > now.high_) return false;
        now.low_ = 0x80;
        now.high_ = 0xbf;
        --now.tails_;
    }
    *this = now;
    return true;
}

// The second byte's bounds keep out overlong forms (E0, F0), surrogates (ED) and what is above
// U+10FFFF (F4).
bool Utf8::begin(unsigned char lead) {
    if (lead < 0xc2 || lead > 0xf4) return false;
    tails_ = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    low_ = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    high_ = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return true;
}

bool is_utf8(std::string_view text) {
    Utf8 utf8;
    return utf8.feed(text) && utf8.complete();
}

}  // namespace carillon::websocket
