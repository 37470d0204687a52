// Any text taken for a key: a key, or a reason that repeats nothing of it. A key's public half is
// the same key again, and what a private one signs, the public one takes.
// fuzzes: jwt_key.cpp
#include <array>

#include "auth/jwt_key.h"
#include "base/assert.h"

namespace {

using namespace carillon;
using auth::JwtKey;

void check(const JwtKey& key) {
    const auto pem = key.public_pem();
    const auto half = JwtKey::from_pem(pem);
    ASSERT(half.has_value() && !half->can_sign());
    ASSERT(half->algorithm() == key.algorithm() && half->public_pem() == pem);
    const auto token = auth::sign_jwt(key, R"({"sub":"a","exp":1800000000})");
    if (!key.can_sign()) ASSERT(!token.has_value());
    if (!token.has_value()) return;  // numbers that make no key: OpenSSL says so when it signs
    std::string payload;
    std::array claims{json::Member{"sub"}};
    // Perhaps the two halves are of different keys; OpenSSL believes the file.
    (void)auth::JwtVerifier({*half}, {}).verify(*token, 1'800'000'000, payload, claims);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto key = JwtKey::from_pem(text);
    if (key.has_value()) {
        check(*key);
    } else if (size > 64) {
        ASSERT(key.error().message.find(text) == std::string::npos);
    }
    const auto secret = JwtKey::hs256(text);
    ASSERT(secret.has_value() == !text.empty());
    if (secret.has_value()) ASSERT(secret->can_sign() && secret->public_pem().empty());
    if (size < 32) check(JwtKey::es256_of_everybody(text));  // slow: not for what may be PEM
    return 0;
}
