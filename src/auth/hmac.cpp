#include "auth/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>

#include "auth/hex.h"
#include "base/assert.h"

namespace carillon::auth {
namespace {

struct FreeContext {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MAC_CTX, FreeContext>;

// Fetching an algorithm and setting its digest cost more than the digest of a short text: both are
// done once per thread, and EVP_MAC_init with a key starts the same context anew.
EVP_MAC_CTX* context_of_thread() {
    static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    thread_local const Context context = [] {
        ASSERT(hmac != nullptr);
        Context made(EVP_MAC_CTX_new(hmac));
        ASSERT(made != nullptr);
        std::array digest{std::to_array("SHA256")};
        const std::array params{
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
            OSSL_PARAM_construct_end()};
        ASSERT(EVP_MAC_CTX_set_params(made.get(), params.data()) == 1);
        return made;
    }();
    return context.get();
}

const unsigned char* bytes_of(std::string_view text) {
    // Never null: to EVP_MAC_init a null key means "the key of last time".
    return reinterpret_cast<const unsigned char*>(text.empty() ? "" : text.data());
}

}  // namespace

std::string hmac_sha256_hex(std::string_view key, std::initializer_list<std::string_view> pieces) {
    auto* const context = context_of_thread();
    ASSERT(EVP_MAC_init(context, bytes_of(key), key.size(), nullptr) == 1);
    for (const auto piece : pieces) {
        ASSERT(EVP_MAC_update(context, bytes_of(piece), piece.size()) == 1);
    }
    std::array<unsigned char, 32> digest;
    std::size_t size = 0;
    ASSERT(EVP_MAC_final(context, digest.data(), &size, digest.size()) == 1);
    ASSERT(size == digest.size());
    return hex(digest);
}

}  // namespace carillon::auth
