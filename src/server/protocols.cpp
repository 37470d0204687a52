#include "server/protocols.h"

#include "protocol/pusher/names.h"
#include "protocol/pusher/protocol.h"

namespace carillon::server {

storage::Retention retention_of(const Config& config, std::string_view channel) {
    if (!pusher::kind_of(channel).cache) return {};
    return {.messages_max = 1, .age_ms_max = std::int64_t{config.cache_ttl_s} * 1000};
}

// One line each. The order is the order of routes; a clash is a start-up error.
Protocols make_protocols(const Parts& parts) {
    Protocols protocols;
    const auto& config = parts.config;
    protocols.push_back(std::make_unique<pusher::PusherProtocol>(pusher::Parts{
        .hub = parts.hub,
        .apps = parts.apps,
        .clock = parts.clock,
        .log = parts.log,
        .options = {.activity_timeout_s = config.activity_timeout_s,
                    .cache_ttl_s = config.cache_ttl_s},
        .later = parts.later,
    }));
    return protocols;
}

}  // namespace carillon::server
