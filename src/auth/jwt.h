// auth/jwt.h: JSON Web Tokens (RFC 7519, 7515) signed with HS256, RS256 or ES256: verified, and made.
// Knows no protocol: which claims a token must have beyond the registered ones, and what they mean,
// is the caller's. No I/O, no clock. Everything here is immutable once made and used by any thread.
//
//   token   := header "." payload "." signature       each base64url without padding
//   header  := a JSON object with "alg"               payload := a JSON object
//
// The configured key decides the algorithm; the token's header must agree. So `none`, and HS256 made
// with the text of a public key, are refused before any signature is looked at.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/read.h"

namespace carillon::auth {

inline constexpr std::size_t jwt_bytes_max = 16 * 1024;  // a longer token is refused unread

enum class JwtAlgorithm : unsigned char { hs256, rs256, es256 };
std::string_view name_of(JwtAlgorithm algorithm);  // "HS256"

// A key for one algorithm, parsed once. Cheap to copy: copies share it.
class JwtKey {
 public:
    // Signs and verifies. An empty secret is an Error.
    static Result<JwtKey> hs256(std::string_view secret);
    // PEM. RSA of 2048 bits or more is RS256, EC on P-256 is ES256; anything else is an Error that
    // says what was found. A public key verifies, a private one signs too.
    static Result<JwtKey> from_pem(std::string_view pem);
    // The private key that this text always gives, and whoever knows the text: for demonstrations.
    static JwtKey es256_of_everybody(std::string_view text);

    JwtAlgorithm algorithm() const;
    bool can_sign() const;
    std::string public_pem() const;  // of RS256 and ES256

 private:
    friend class JwtVerifier;
    friend Result<std::string> sign_jwt(const JwtKey&, std::string_view, std::string_view);
    struct Parsed;
    explicit JwtKey(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
    std::shared_ptr<const Parsed> parsed_;
};

// What is asked of the registered claims. Every token needs an "exp".
struct JwtRules {
    std::int64_t leeway_s = 60;     // of clocks that differ: for exp and nbf
    std::string key_id{};           // the header's "kid" must be this; empty: not looked at
    std::string key_id_previous{};  // or this, while keys change; empty: there is none
    std::string issuer{};           // "iss"; empty: not looked at
    std::string audience{};         // "aud" is this or holds it; empty: not looked at, unless…
    bool audience_refused = false;  // …a token made for somebody else by name is refused
    bool whole_seconds = false;     // an "exp" with a fraction is refused, not rounded down
};

// Which rule refused a token, in the order in which they are asked.
enum class JwtFault : std::uint8_t {
    too_long,
    malformed,  // not three parts, not base64url, not JSON objects
    algorithm,  // not that of the key
    key_id,
    signature,
    claim,  // a registered or a wanted one is missing, or of another type
    expired,
    not_yet_valid,
    issuer,
    audience,
};
inline constexpr std::size_t jwt_faults = 10;
std::string_view name_of(JwtFault fault);  // snake_case, as in logs and metrics

class JwtVerifier {
 public:
    // A token passes with any of the keys: the current one, the previous one while it is replaced.
    JwtVerifier(std::vector<JwtKey> keys, JwtRules rules);

    // Fills `claims` in with slices of `payload`, which it makes: JSON values as they were written,
    // all present (an absent one is JwtFault::claim). An Error's code is the JwtFault; its message
    // says which rule refused and repeats nothing of the token.
    Result<void> verify(std::string_view token, std::int64_t unix_s, std::string& payload,
                        std::span<json::Member> claims) const;
    const JwtRules& rules() const { return rules_; }
    const std::vector<JwtKey>& keys() const { return keys_; }

 private:
    std::vector<JwtKey> keys_;
    JwtRules rules_;
};

// The token for this payload, a JSON object. An Error if the key cannot sign.
Result<std::string> sign_jwt(const JwtKey& key, std::string_view payload,
                             std::string_view key_id = {});

// Claims as the caller wants them, from slices that verify() gave. An Error's code is
// JwtFault::claim and its message names the claim.
Result<std::string> text_claim(const json::Member& claim);
Result<std::vector<std::string>> texts_claim(const json::Member& claim);

}  // namespace carillon::auth
