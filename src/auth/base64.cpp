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

}  // namespace carillon::auth
