// auth/testing_jwt.h: for tests only: tokens as nobody else would make them, and what a verifier says
// of them.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "auth/base64url.h"
#include "auth/hmac_key.h"
#include "auth/jwt.h"
#include "auth/testing_tokens.h"

namespace carillon::auth {

// How a failed expectation shows a fault.
inline std::ostream& operator<<(std::ostream& out, JwtFault fault) { return out << name_of(fault); }

namespace testing {

inline constexpr std::int64_t now = 1'800'000'000;
inline constexpr std::string_view hs256_header = R"({"alg":"HS256","typ":"JWT"})";
inline constexpr std::string_view good_payload = R"({"sub":"alice","exp":1800003600})";

using Fault = std::optional<JwtFault>;
inline constexpr Fault none{};

inline JwtKey hs256(std::string_view secret = shared_secret) { return *JwtKey::hs256(secret); }
inline JwtKey pem(std::string_view text) { return *JwtKey::from_pem(text); }

inline std::string part(std::string_view bytes) {
    std::string text;
    append_base64url(bytes, text);
    return text;
}

// A token as nobody but a test would make it, signed with HMAC whatever the header says.
inline std::string crafted(std::string_view header, std::string_view payload,
                           std::string_view secret = shared_secret) {
    auto token = part(header) + "." + part(payload);
    const auto digest = HmacKey(secret).digest(token);
    return token + "." + part({reinterpret_cast<const char*>(digest.data()), digest.size()});
}
inline std::string crafted(std::string_view payload) { return crafted(hs256_header, payload); }

inline Fault fault_of(const JwtVerifier& verifier, std::string_view token,
                      std::int64_t unix_s = now) {
    std::string payload;
    std::array<json::Member, 1> claims{{{"exp"}}};
    const auto verified = verifier.verify(token, unix_s, payload, claims);
    if (verified.has_value()) return none;
    // What a refused token said is not to be found afterwards, nor in what is said about it.
    EXPECT_EQ(payload, "");
    EXPECT_EQ(claims[0].text, "");
    EXPECT_EQ(verified.error().kind, ErrorKind::unauthorized);
    return static_cast<JwtFault>(verified.error().code);
}

inline Fault fault_of(std::string_view token, JwtRules rules = {}, std::int64_t unix_s = now) {
    return fault_of(JwtVerifier({hs256()}, std::move(rules)), token, unix_s);
}
inline Fault fault_of_payload(std::string_view payload, JwtRules rules = {},
                              std::int64_t unix_s = now) {
    return fault_of(crafted(payload), std::move(rules), unix_s);
}

}  // namespace testing
}  // namespace carillon::auth
