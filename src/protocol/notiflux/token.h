// protocol/notiflux/token.h: what a token allows. Every subscription and every broadcast brings its
// own; nothing is remembered of it afterwards, so a subscription outlives the token that made it.
//
//   payload := { "sub": string, "exp": integer, "scope": "subscribe" | "broadcast",
//                "topics": [string, …] }                     more claims are ignored
//
// `topics` are exact names, and an empty list allows nothing. `sub` must be there and is not used.
// What else the signature and the times must be, and that there may be no "aud", is in the JwtRules
// of the verifier (auth/jwt.h). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt.h"
#include "base/result.h"
#include "base/time.h"

namespace carillon::notiflux {

struct Grant {
    enum class Scope : std::uint8_t { subscribe, broadcast };
    Scope scope;
    std::vector<std::string> topics;
    std::string subject;
    std::int64_t expires_s = 0;  // UTC
};

// An Error's code is the auth::JwtFault. Its message, here and below, says which rule refused and
// repeats nothing of the token.
Result<Grant> read_token(const auth::JwtVerifier& tokens, std::string_view token, Now now);

enum class GrantFault : std::uint8_t { scope, topic };
// Whether it allows this. An Error's code is the GrantFault.
Result<void> check(const Grant& grant, Grant::Scope wanted, std::string_view topic);

}  // namespace carillon::notiflux
