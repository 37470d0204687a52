#include "protocol/notiflux/token.h"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/jwt_claims.h"
#include "json/read.h"

namespace carillon::notiflux {
namespace {

Result<Grant::Scope> scope_of(std::string_view word) {
    if (word == "subscribe") return Grant::Scope::subscribe;
    if (word == "broadcast") return Grant::Scope::broadcast;
    return Error{ErrorKind::unauthorized,
                 "the claim \"scope\" is neither \"subscribe\" nor \"broadcast\"",
                 static_cast<int>(auth::JwtFault::claim)};
}

Error refusal(GrantFault fault, std::string message) {
    return {ErrorKind::forbidden, std::move(message), static_cast<int>(fault)};
}

}  // namespace

Result<Grant> read_token(const auth::JwtVerifier& tokens, std::string_view token, Now now) {
    std::string payload;
    std::array claims{json::Member{"sub"}, json::Member{"scope"}, json::Member{"topics"},
                      json::Member{"exp"}};
    TRY(tokens.verify(token, now.unix_ms / 1000, payload, claims));
    TRY_AS(auto subject, auth::text_claim(claims[0]));
    TRY_AS(const auto word, auth::text_claim(claims[1]));
    TRY_AS(const auto scope, scope_of(word));
    TRY_AS(auto topics, auth::texts_claim(claims[2]));
    TRY_AS(const auto expires_s, auth::time_claim(claims[3]));
    return Grant{scope, std::move(topics), std::move(subject), expires_s};
}

Result<void> check(const Grant& grant, Grant::Scope wanted, std::string_view topic) {
    if (grant.scope != wanted) {
        return refusal(GrantFault::scope, wanted == Grant::Scope::subscribe
                                              ? "the token does not have the scope \"subscribe\""
                                              : "the token does not have the scope \"broadcast\"");
    }
    if (std::ranges::find(grant.topics, topic) == grant.topics.end()) {
        return refusal(GrantFault::topic, grant.topics.empty()
                                              ? "the token's list of topics is empty"
                                              : "the token does not list this topic");
    }
    return {};
}

}  // namespace carillon::notiflux
