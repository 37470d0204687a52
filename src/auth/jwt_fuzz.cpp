// Whatever is read as a token, verifying does not crash, and what passes is one that was signed:
// anything else would be a forgery. The first byte says what the rest is:
//
//   'p'   a payload, signed here: it is refused for its form or its claims and for nothing else
//   'h'   a header, signed here with a good payload
//   else  all of it is a token
// fuzzes: jwt.cpp jwt_claims.cpp jwt_signature.cpp
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/base64url.h"
#include "auth/hmac_key.h"
#include "auth/jwt.h"
#include "auth/testing_tokens.h"
#include "base/assert.h"

namespace auth = carillon::auth;
namespace json = carillon::json;
using auth::JwtFault;

namespace {

constexpr std::int64_t now = 1'800'000'000;
using Claims = std::array<json::Member, 2>;

const auth::JwtVerifier& verifier() {
    static const auth::JwtVerifier made({*auth::JwtKey::hs256(auth::testing::shared_secret),
                                         *auth::JwtKey::from_pem(auth::testing::rsa_public),
                                         *auth::JwtKey::from_pem(auth::testing::ec_public)},
                                        {.issuer = "us", .audience = "us"});
    return made;
}

struct Verdict {
    bool good;
    JwtFault fault{};
};

Verdict verdict_on(std::string_view token, std::string& payload, Claims& claims) {
    const auto verified = verifier().verify(token, now, payload, claims);
    if (!verified.has_value()) {
        ASSERT(payload.empty() && claims[0].text.empty() && claims[1].text.empty());
        return {false, static_cast<JwtFault>(verified.error().code)};
    }
    ASSERT(!claims[0].text.empty() && !claims[1].text.empty());
    for (const auto& claim : claims) {
        (void)auth::text_claim(claim);
        (void)auth::texts_claim(claim);
    }
    return {true};
}

std::string signed_here(std::string_view header, std::string_view payload) {
    static const auth::HmacKey key(auth::testing::shared_secret);
    std::string token;
    auth::append_base64url(header, token);
    token += '.';
    auth::append_base64url(payload, token);
    const auto digest = key.digest(token);
    token += '.';
    auth::append_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()}, token);
    return token;
}

void try_payload(std::string_view payload) {
    std::string text;
    Claims claims{{{"sub"}, {"exp"}}};
    const auto verdict =
        verdict_on(signed_here(R"({"alg":"HS256","typ":"JWT"})", payload), text, claims);
    if (!verdict.good) {
        ASSERT(verdict.fault != JwtFault::algorithm && verdict.fault != JwtFault::signature);
    }
}

void try_header(std::string_view header) {
    std::string text;
    Claims claims{{{"sub"}, {"exp"}}};
    const auto verdict = verdict_on(
        signed_here(header, R"({"sub":"a","exp":1800000000,"iss":"us","aud":"us"})"), text, claims);
    if (!verdict.good) {
        // signature: it names another algorithm of ours, however it spells that.
        ASSERT(verdict.fault <= JwtFault::signature && verdict.fault != JwtFault::key_id);
    }
}

void try_token(std::string_view token) {
    std::string text;
    Claims claims{{{"sub"}, {"exp"}}};
    const auto verdict = verdict_on(token, text, claims);
    // Nobody but our own keys signs, and these are all that they signed.
    ASSERT(!verdict.good &&
           (verdict.fault < JwtFault::claim || token == auth::testing::pyjwt_hs256 ||
            token == auth::testing::pyjwt_rs256 || token == auth::testing::pyjwt_es256));

    std::vector<char> bytes(auth::base64url_bytes(token.size()));
    if (!auth::decode_base64url(token, bytes.data())) return;
    std::string again;
    auth::append_base64url({bytes.data(), bytes.size()}, again);
    ASSERT(again == token);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.starts_with('p')) {
        try_payload(text.substr(1));
    } else if (text.starts_with('h')) {
        try_header(text.substr(1));
    } else {
        try_token(text);
    }
    return 0;
}
