// Any payload of a token that is signed: what it grants is what it says, written anew it grants the
// same, and it allows the topics that it names and no other.
// fuzzes: token.cpp
#include "base/assert.h"
#include "json/testing.h"
#include "json/write.h"
#include "protocol/notiflux/token.h"

namespace {

using namespace carillon;
using notiflux::Grant;

constexpr Now now{0, 1'800'000'000'000};

const auth::JwtKey& key() {
    static const auto made = *auth::JwtKey::hs256("a secret");
    return made;
}

Result<Grant> read(std::string_view payload) {
    static const auth::JwtVerifier verifier({key()}, {.audience_refused = true});
    TRY_AS(const auto token, auth::sign_jwt(key(), payload));
    return notiflux::read_token(verifier, token, now);
}

std::string written(const Grant& grant) {
    base::Buffer out;
    out.append(R"({"sub":)");
    json::append_quoted(grant.subject, out);
    out.append(R"(,"exp":)");
    json::append_number(grant.expires_s, out);
    out.append(grant.scope == Grant::Scope::subscribe ? R"(,"scope":"subscribe","topics":[)"
                                                      : R"(,"scope":"broadcast","topics":[)");
    for (const auto& topic : grant.topics) {
        if (&topic != &grant.topics.front()) out.append(',');
        json::append_quoted(topic, out);
    }
    out.append("]}");
    return std::string(out.view());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view payload(reinterpret_cast<const char*>(data), size);
    const auto grant = read(payload);
    if (!grant.has_value()) {
        const auto fault = static_cast<auth::JwtFault>(grant.error().code);
        ASSERT(fault != auth::JwtFault::signature && fault != auth::JwtFault::algorithm);
        return 0;
    }
    const auto again = read(written(*grant));
    if (again.has_value()) {
        ASSERT(again->subject == grant->subject && again->topics == grant->topics);
        ASSERT(again->scope == grant->scope && again->expires_s == grant->expires_s);
    } else {
        ASSERT(static_cast<auth::JwtFault>(again.error().code) == auth::JwtFault::too_long);
    }
    const auto other =
        grant->scope == Grant::Scope::subscribe ? Grant::Scope::broadcast : Grant::Scope::subscribe;
    for (const auto& topic : grant->topics) {
        ASSERT(notiflux::check(*grant, grant->scope, topic).has_value());
        ASSERT(!notiflux::check(*grant, other, topic).has_value());
    }
    ASSERT(!notiflux::check(*grant, grant->scope, std::string(size + 1, 'x')).has_value());
    return 0;
}
