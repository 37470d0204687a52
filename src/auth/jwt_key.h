// auth/jwt_key.h: what is behind a JwtKey: OpenSSL's parsed key and what it signs. Private to auth;
// others include auth/jwt.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/hmac_key.h"
#include "auth/jwt.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace carillon::auth {

struct FreePkey {
    void operator()(evp_pkey_st* key) const;
};
using Pkey = std::unique_ptr<evp_pkey_st, FreePkey>;

// Signatures as they stand in a token: of RS256 as OpenSSL makes them, of ES256 the 64 bytes of r
// and s (RFC 7518 §3.4), which OpenSSL reads and writes as DER.
struct JwtKey::Parsed {
    JwtAlgorithm algorithm;
    bool can_sign;
    std::optional<HmacKey> hmac{};  // of HS256
    Pkey pkey{};                    // of the others; read by any thread

    bool verifies(std::string_view text, std::string_view signature) const;
    Result<std::string> sign(std::string_view text) const;
};

}  // namespace carillon::auth
