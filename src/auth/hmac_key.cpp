// RFC 2104 over OpenSSL's old, plain SHA-256: a struct that is copied as it is, no allocation, good
// on every thread. OpenSSL 3 would rather see EVP and keeps these functions beside it. Tried, for a
// token of 137 bytes: EVP_MAC with the key in a context of this thread is 1 (and 2 if the last call
// was for another key), EVP_MD with both contexts copied from prepared ones 0.7 to 0.9, this 0.6.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "auth/hmac_key.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace carillon::auth {
namespace {

using Block = std::array<unsigned char, SHA256_CBLOCK>;

// A secret longer than a block is hashed first.
Block block_of(std::string_view secret) {
    Block block{};
    if (secret.size() <= block.size()) {
        std::ranges::copy(secret, block.begin());
    } else {
        SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), block.data());
    }
    return block;
}

SHA256_CTX state_after(const Block& block, unsigned char pad) {
    Block padded = block;
    for (auto& byte : padded) byte ^= pad;
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, padded.data(), padded.size());
    OPENSSL_cleanse(padded.data(), padded.size());
    return state;
}

}  // namespace

HmacKey::HmacKey(std::string_view secret) {
    auto block = block_of(secret);
    inner_ = state_after(block, 0x36);
    outer_ = state_after(block, 0x5c);
    OPENSSL_cleanse(block.data(), block.size());
}

HmacKey::~HmacKey() {
    OPENSSL_cleanse(&inner_, sizeof inner_);
    OPENSSL_cleanse(&outer_, sizeof outer_);
}

HmacKey::Digest HmacKey::digest(std::string_view text) const {
    Digest inner;
    SHA256_CTX state = inner_;
    SHA256_Update(&state, text.data(), text.size());
    SHA256_Final(inner.data(), &state);

    Digest outer;
    state = outer_;
    SHA256_Update(&state, inner.data(), inner.size());
    SHA256_Final(outer.data(), &state);
    return outer;
}

}  // namespace carillon::auth
