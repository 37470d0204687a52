#include "auth/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace carillon::auth {

void append_base64(std::string_view bytes, base::Buffer& out) {
    // A multiple of three, so that only the last piece is padded; OpenSSL counts in int.
    constexpr std::size_t piece_max = 3 * 1024 * 1024;
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, std::min(bytes.size(), piece_max));
        const auto size = (piece.size() + 2) / 3 * 4;
        // One byte more: EVP_EncodeBlock writes a NUL behind its work.
        auto* at = reinterpret_cast<unsigned char*>(out.prepare(size + 1));
        EVP_EncodeBlock(at, reinterpret_cast<const unsigned char*>(piece.data()),
                        static_cast<int>(piece.size()));
        out.commit(size);
        bytes.remove_prefix(piece.size());
    }
}

Result<std::string> decode_base64(std::string_view text) {
    const Error malformed{ErrorKind::invalid, "not base64"};
    constexpr std::size_t bytes_max = 1 << 30;  // OpenSSL counts in int
    const auto padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
    const auto plain = text.substr(0, text.size() - padding);
    const auto is_digit = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '/';
    };
    if (text.empty() || text.size() % 4 != 0 || text.size() > bytes_max) return malformed;
    if (!std::ranges::all_of(plain, is_digit)) return malformed;
    std::string bytes(text.size() / 4 * 3, '\0');
    EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                    reinterpret_cast<const unsigned char*>(text.data()),
                    static_cast<int>(text.size()));
    bytes.resize(bytes.size() - padding);
    return bytes;
}

}  // namespace carillon::auth
