// protocol/notiflux/admission.h: may who holds this token do this to this topic? The same question
// for a subscription and for a broadcast.
//
// What costs nothing is asked first. A token whose shape is right costs a verification of its
// signature, some 65 µs of its loop; who has too many refused is sent away (session.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "protocol/notiflux/errors.h"
#include "protocol/notiflux/service.h"
#include "protocol/notiflux/token.h"

namespace carillon::notiflux {

// Why not, in the order in which it is asked.
enum class Denial : std::uint8_t {
    name,    // no name for a topic
    hidden,  // another protocol's, which no token opens
    token,
    scope,
    topic,
};

struct Denied {
    Denial why;
    std::string_view rule{};  // of a token: which of its rules; for the log
};

std::optional<Denied> deny(const Parts& parts, Grant::Scope scope, std::string_view topic,
                           std::string_view token, Now now);

// Whether it was the token's fault, and so may have cost a verification.
inline bool blames_token(Denial why) { return why >= Denial::token; }

Fault subscribe_fault(Denial why);
Fault broadcast_fault(Denial why);

}  // namespace carillon::notiflux
