#include "protocol/turbine/token.h"

#include <array>
#include <utility>

#include "auth/jwt_claims.h"

namespace carillon::turbine {

Result<Grant> read_token(const auth::JwtVerifier& verifier, std::string_view token, Now now) {
    std::string payload;
    std::array claims{json::Member{"sub"}, json::Member{"channels"}, json::Member{"exp"}};
    TRY(verifier.verify(token, now.unix_ms / 1000, payload, claims));
    Grant grant;
    TRY_AS(grant.subject, auth::text_claim(claims[0]));
    TRY_AS(grant.names, auth::texts_claim(claims[1]));
    TRY_AS(grant.expires_s, auth::time_claim(claims[2]));
    grant.channels = grant.names.empty() ? protocol::Permissions::all()
                                         : protocol::Permissions::only(grant.names);
    return grant;
}

}  // namespace carillon::turbine
