// Any payload of a token that is signed: it allows the names in its list and no other, or every
// name where the list is empty; and a reserved one only by name.
// fuzzes: token.cpp
#include <array>

#include "base/assert.h"
#include "json/testing.h"
#include "protocol/turbine/token.h"

namespace {

using namespace carillon;
using protocol::Reserve;

constexpr Now now{0, 1'800'000'000'000};

Result<turbine::Grant> read(std::string_view payload) {
    static const auto key = *auth::JwtKey::hs256("a secret");
    static const auth::JwtVerifier verifier({key}, {});
    TRY_AS(const auto token, auth::sign_jwt(key, payload));
    return turbine::read_token(verifier, token, now);
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
    // What our reader of JSON in general finds, which is not the one that reads most tokens.
    std::array members{json::Member{"sub"}, json::Member{"channels"}};
    const auto text = json::testing::padded(payload);
    ASSERT(json::read_object(text, members).has_value());
    ASSERT(json::decode_string(members[0].text).value() == grant->subject);
    ASSERT(json::read_strings(members[1].text).value() == grant->names);

    const std::string stranger(size + 1, 'x');
    ASSERT(grant->channels.allows(stranger, Reserve::open) == grant->names.empty());
    ASSERT(!grant->channels.allows(stranger, Reserve::reserved));
    for (const auto& name : grant->names) {
        ASSERT(grant->channels.allows(name, Reserve::open));
        ASSERT(grant->channels.allows(name, Reserve::reserved));
        ASSERT(!grant->channels.allows(name, Reserve::hidden));
    }
    return 0;
}
