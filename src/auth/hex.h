// auth/hex.h: digests as people write them: lower-case hexadecimal.
#pragma once

#include <span>
#include <string>

namespace carillon::auth {

inline std::string hex(std::span<const unsigned char> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(2 * bytes.size(), '0');
    auto* at = text.data();
    for (const unsigned byte : bytes) {
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    return text;
}

}  // namespace carillon::auth
