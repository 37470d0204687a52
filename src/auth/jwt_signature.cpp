// The signatures themselves (jwt_key.h).
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>

#include "auth/equal.h"
#include "auth/jwt_key.h"
#include "base/assert.h"

namespace carillon::auth {
namespace {

constexpr std::size_t es256_half = 32;  // r, and s

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

struct FreeSignature {
    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, FreeSignature>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view view_of(const HmacKey::Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// The DER of a signature of 64 bytes; empty if it is no such thing. Whether r and s are within their
// range, OpenSSL asks.
std::string der_of(std::string_view raw) {
    if (raw.size() != 2 * es256_half) return {};
    const EcdsaSignature signature(ECDSA_SIG_new());
    BIGNUM* const r = BN_bin2bn(bytes_of(raw), es256_half, nullptr);
    BIGNUM* const s = BN_bin2bn(bytes_of(raw) + es256_half, es256_half, nullptr);
    ASSERT(signature != nullptr && r != nullptr && s != nullptr);
    ASSERT(ECDSA_SIG_set0(signature.get(), r, s) == 1);  // which owns them now
    std::array<unsigned char, 80> der;
    auto* at = der.data();
    const int size = i2d_ECDSA_SIG(signature.get(), &at);
    ASSERT(size > 0 && static_cast<std::size_t>(size) <= der.size());
    return {reinterpret_cast<const char*>(der.data()), static_cast<std::size_t>(size)};
}

std::string raw_of(std::string_view der) {
    const auto* at = bytes_of(der);
    const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    ASSERT(signature != nullptr);
    std::array<unsigned char, 2 * es256_half> raw;
    ASSERT(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), es256_half) == es256_half);
    ASSERT(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + es256_half, es256_half) ==
           es256_half);
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

bool verify_pkey(EVP_PKEY* pkey, std::string_view text, std::string_view signature) {
    const Context context(EVP_MD_CTX_new());
    ASSERT(context != nullptr);
    ASSERT(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey) == 1);
    const int verdict = EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                         bytes_of(text), text.size());
    // Why not, nobody asks; and the next caller on this thread must not find it.
    if (verdict != 1) ERR_clear_error();
    return verdict == 1;
}

// A private key may be inconsistent in itself; only signing finds out.
Result<std::string> sign_pkey(EVP_PKEY* pkey, std::string_view text) {
    const Context context(EVP_MD_CTX_new());
    ASSERT(context != nullptr);
    std::size_t size = 0;
    std::string signature;
    bool done = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey) == 1 &&
                EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) == 1;
    if (done) {
        signature.resize(size);
        auto* const out = reinterpret_cast<unsigned char*>(signature.data());
        done = EVP_DigestSign(context.get(), out, &size, bytes_of(text), text.size()) == 1;
    }
    if (!done) {
        ERR_clear_error();
        return Error{ErrorKind::internal, "the private key does not sign"};
    }
    signature.resize(size);
    return signature;
}

}  // namespace

bool JwtKey::Parsed::verifies(std::string_view text, std::string_view signature) const {
    switch (algorithm) {
        case JwtAlgorithm::hs256:
            return equal_constant_time(view_of(hmac->digest(text)), signature);
        case JwtAlgorithm::rs256:
            return verify_pkey(pkey.get(), text, signature);
        case JwtAlgorithm::es256: {
            const auto der = der_of(signature);
            return !der.empty() && verify_pkey(pkey.get(), text, der);
        }
    }
    return false;
}

Result<std::string> JwtKey::Parsed::sign(std::string_view text) const {
    if (!can_sign) return Error{ErrorKind::unsupported, "a public key does not sign"};
    if (algorithm == JwtAlgorithm::hs256) return std::string(view_of(hmac->digest(text)));
    TRY_AS(const auto signature, sign_pkey(pkey.get(), text));
    return algorithm == JwtAlgorithm::es256 ? raw_of(signature) : signature;
}

}  // namespace carillon::auth
