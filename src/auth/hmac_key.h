// auth/hmac_key.h: an HMAC-SHA256 key that is used again and again. Making one does the part of the
// digest that depends on the key alone; that is half the work for a short text, and the secret
// itself is not kept. Immutable, any thread.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <string_view>

namespace carillon::auth {

class HmacKey {
 public:
    using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

    explicit HmacKey(std::string_view secret);
    HmacKey(const HmacKey&) = default;
    HmacKey& operator=(const HmacKey&) = default;
    ~HmacKey();

    Digest digest(std::string_view text) const;

 private:
    // SHA-256 after its first block: what stands before the text, and before the text's digest.
    SHA256_CTX inner_;
    SHA256_CTX outer_;
};

}  // namespace carillon::auth
