// protocol/turbine/token.h: what a client's token says of it, if it is true.
//
//   claims := { "sub": string, "exp": seconds, "channels": [string, …] }      more are ignored
//     channels   the names that it may subscribe to, exactly; [] is every name (but for those that
//                other protocols of the app reserve)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt.h"
#include "base/result.h"
#include "base/time.h"
#include "protocol/permissions.h"

namespace carillon::turbine {

struct Grant {
    std::string subject;
    protocol::Permissions channels;
    std::vector<std::string> names;  // what `channels` was made of; empty: everything
    std::int64_t expires_s = 0;      // UTC
};

// An Error's code is the auth::JwtFault; its message says which rule refused and repeats nothing of
// the token.
Result<Grant> read_token(const auth::JwtVerifier& verifier, std::string_view token, Now now);

}  // namespace carillon::turbine
