#include "server/protocols.h"

#include "protocol/pusher/protocol.h"

namespace carillon::server {

// One line each. The order is the order of routes; a clash is a start-up error.
Protocols make_protocols(const Parts& parts) {
    Protocols protocols;
    protocols.push_back(std::make_unique<pusher::PusherProtocol>(
        parts.hub, parts.apps, parts.clock, parts.log,
        static_cast<int>(parts.config.activity_timeout_s)));
    return protocols;
}

}  // namespace carillon::server
