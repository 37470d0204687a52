#include "server/protocols.h"

#include "protocol/pusher/names.h"
#include "protocol/pusher/protocol.h"

namespace carillon::server {

storage::Retention retention_of(const Config& config, std::string_view channel) {
    if (!pusher::kind_of(channel).cache) return {};
    return {.messages_max = 1, .age_ms_max = std::int64_t{config.cache_ttl_s} * 1000};
}

namespace {

// The app whose every credential stands in the manual. One that took only the secret, or only the
// name, is somebody's own and gets no helper.
hub::AppRef demo_in(const Config& config) {
    for (const auto& app : config.apps) {
        const bool whole = app.id == demo_id && app.key == demo_key && app.secret == demo_secret;
        if (whole && app.enabled) return std::make_shared<const hub::App>(app);
    }
    return nullptr;
}

std::unique_ptr<protocol::Protocol> make_pusher(const Parts& parts) {
    const auto& config = parts.config;
    auto made = std::make_unique<pusher::PusherProtocol>(pusher::Parts{
        .hub = parts.hub,
        .apps = parts.apps,
        .clock = parts.clock,
        .log = parts.log,
        .options = {.activity_timeout_s = config.activity_timeout_s,
                    .sign_in_timeout_s = config.sign_in_timeout_s,
                    .cache_ttl_s = config.cache_ttl_s,
                    .strict_version = config.strict_protocol_version,
                    .allow_colon = config.allow_colon,
                    .idempotency = config.idempotency.enabled,
                    .idempotency_ttl_s = config.idempotency.ttl_s,
                    .idempotency_key_bytes_max = config.idempotency.key_bytes_max},
        .later = parts.later,
        .demo = demo_in(config),
    });
    parts.host_events.listen(made->announcer());
    return made;
}

}  // namespace

// One line each. The order is the order of routes; a clash is a start-up error.
Protocols make_protocols(const Parts& parts) {
    Protocols protocols;
    protocols.push_back(make_pusher(parts));
    return protocols;
}

}  // namespace carillon::server
