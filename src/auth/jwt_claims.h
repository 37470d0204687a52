// auth/jwt_claims.h: what the claims of a token say, and whether the rules allow it. Nothing is
// taken for what it is not: a number in quotes is no time, and a text is no list of one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "auth/jwt.h"

namespace carillon::auth {

// An Error whose code is the fault.
Error refused(JwtFault fault, std::string_view why);

Error missing_claim(const json::Member& claim);

// The claims that RFC 7519 §4.1 gives a meaning to, as far as we look at them.
using RegisteredClaims = std::array<json::Member, 4>;
RegisteredClaims registered_claims();

// In the order of JwtFault; `unix_s` is now.
Result<void> judge_claims(const RegisteredClaims& claims, const JwtRules& rules,
                          std::int64_t unix_s);

// A NumericDate: Unix seconds, a fraction cut off. What does not fit is an Error, not a date far
// away.
Result<std::int64_t> time_claim(const json::Member& claim);

}  // namespace carillon::auth
