// protocol/turbine/service.h: what every session and handler of this protocol shares. One for the
// server; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "auth/jwt.h"
#include "base/log.h"
#include "base/time.h"
#include "hub/hub.h"
#include "protocol/permissions.h"
#include "protocol/turbine/errors.h"
#include "protocol/turbine/metrics.h"

namespace carillon::turbine {

struct Options {
    auth::JwtVerifier tokens;
    std::string api_key;                     // of the backend; it may publish to every channel
    std::uint32_t connect_timeout_s = 0;     // for a client to say who it is; 0: for ever
    std::uint32_t activity_timeout_s = 120;  // of silence before a client is asked for life
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
    // What another protocol of the app says of this name.
    protocol::Reserve reserve(std::string_view channel) const {
        return protocol::reserve_of(reserve_of, channel);
    }
    Refusals refusals;
    Counts counts;
};

}  // namespace carillon::turbine
