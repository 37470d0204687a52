// protocol/turbine/protocol.h: Turbine: JSON commands over WebSocket, tokens signed with a shared
// secret, and a backend that publishes over HTTP with an API key. One for the server; any thread.
#pragma once

#include "auth/jwt.h"
#include "base/log.h"
#include "base/time.h"
#include "hub/hub.h"
#include "protocol/protocol.h"

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

}  // namespace carillon::turbine
