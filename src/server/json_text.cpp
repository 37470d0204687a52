#include "server/json_text.h"

#include <cstdint>

namespace carillon::server {
namespace {

struct Decoded {
    std::uint32_t point = 0;
    std::size_t bytes = 0;  // 0: no UTF-8 begins here
};

// One character, strictly: no overlong form, no surrogate, nothing above U+10FFFF.
Decoded decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
    std::uint32_t point = lead & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {};
        point = point << 6 | (byte(i) & 0x3f);
    }
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[bytes] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return {};
    return {point, bytes};
}

// Controls of both sets, DEL, the two separators some readers break lines at, and the marks that
// turn the direction of what a person sees.
bool is_unsafe(std::uint32_t point) {
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

void append_escape(std::string& out, std::uint32_t point) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[point >> shift & 0xf];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const auto [point, bytes] = decode(text);
        if (bytes == 0) {
            out += "\xef\xbf\xbd";  // U+FFFD
        } else if (point == '"' || point == '\\') {
            out += '\\';
            out += text.front();
        } else if (point == '\n') {
            out += "\\n";
        } else if (is_unsafe(point)) {
            append_escape(out, point);
        } else {
            out += text.substr(0, bytes);
        }
        text.remove_prefix(bytes == 0 ? 1 : bytes);
    }
    out += '"';
}

}  // namespace carillon::server
