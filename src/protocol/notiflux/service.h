// protocol/notiflux/service.h: what every session and handler of this protocol shares. One for the
// server; any thread.
#pragma once

#include "auth/jwt.h"
#include "base/count.h"
#include "base/log.h"
#include "base/time.h"
#include "hub/hub.h"
#include "protocol/notiflux/errors.h"
#include "protocol/protocol.h"

namespace carillon::notiflux {

struct Options {
    auth::JwtVerifier tokens;
    // Whether a refused broadcast is told so (401, 403), unlike the original, which says 200.
    bool honest_statuses = false;
};

// Borrowed from the server; all of it outlives the protocol.
struct Parts {
    hub::Hub& hub;
    hub::AppRef app;  // whose channels these are
    const base::Clock& clock;
    base::Log& log;
    Options options;
    protocol::ReserveOf reserve_of{};  // names that other protocols of the app keep
};

struct Service : Parts {
    explicit Service(Parts parts) : Parts(std::move(parts)) {}
    Refusals refusals;
    base::SharedCount subscribes;           // that came to something new
    base::SharedCount broadcasts;           // that were published
    base::SharedCount broadcast_receivers;  // whom these found, all together
};

}  // namespace carillon::notiflux
