#include "server/protocols.h"

#include "protocol/notiflux/protocol.h"
#include "protocol/pusher/names.h"
#include "protocol/pusher/protocol.h"
#include "protocol/shared_path.h"
#include "protocol/turbine/protocol.h"
#include "server/tokens.h"

namespace carillon::server {

std::vector<hub::App> apps_of(const Config& config) {
    auto apps = config.apps;
    for (auto& app : apps) {
        app.hidden_from_patterns = [](std::string_view channel) {
            return pusher::reserve_of(channel) != protocol::Reserve::open;
        };
    }
    return apps;
}

// Only Pusher's names say anything about it; an app without a key has no clients of Pusher.
storage::Retention retention_of(const Config& config, const hub::App& app,
                                std::string_view channel) {
    if (app.key.empty() || !pusher::kind_of(channel).cache) return {};
    return {.messages_max = 1, .age_ms_max = std::int64_t{config.cache_ttl_s} * 1000};
}

namespace {

// The app whose every credential stands in the manual. One that took only the secret, or only the
// name, is somebody's own and gets no helper.
hub::AppRef demo_in(const Config& config) {
    for (const auto& app : apps_of(config)) {
        const bool whole = app.id == demo_id && app.key == demo_key && app.secret == demo_secret;
        if (whole && app.enabled) return std::make_shared<const hub::App>(app);
    }
    return nullptr;
}

std::unique_ptr<pusher::PusherProtocol> make_pusher(const Parts& parts) {
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

// The app that a protocol speaks for: one of the list, whose channels it then shares with Pusher's
// clients, or one of its own, which has no key and so no clients of Pusher.
struct Spoken {
    hub::AppRef app;
    bool of_pusher;
};

Result<Spoken> app_for(const Parts& parts, std::string_view setting, const std::string& id) {
    hub::AppRef found;
    parts.apps.find_by_id(id, [&](const Result<hub::AppRef>& answer) {
        if (answer.has_value()) found = *answer;
    });
    if (found == nullptr) {
        hub::App own;
        own.id = id;
        own.limits = parts.config.app_limits;
        own.limits.channel_name_bytes_max = limits::channel_name_bytes_max;
        own.limits.event_payload_bytes_max =
            limits::http_body_bytes_max;  // the protocol's own holds
        return Spoken{std::make_shared<const hub::App>(std::move(own)), false};
    }
    if (found->enabled) return Spoken{std::move(found), true};
    return Error{ErrorKind::invalid, std::string(setting) + ": app " + id + " is not enabled"};
}

// Pusher's names mean more than a name; those of the others do not.
protocol::ReserveOf reserve_in(const Spoken& spoken, const protocol::Protocol& pusher) {
    if (!spoken.of_pusher) return {};
    return [&pusher](std::string_view channel) { return pusher.reserve_of(channel); };
}

Result<std::unique_ptr<protocol::Protocol>> make_turbine(const Parts& parts, const Spoken& spoken,
                                                         const protocol::Protocol& pusher) {
    const auto& config = parts.config.turbine;
    TRY_AS(auto tokens, turbine_tokens(config));
    return std::make_unique<turbine::TurbineProtocol>(turbine::Parts{
        .hub = parts.hub,
        .app = spoken.app,
        .clock = parts.clock,
        .log = parts.log,
        .options = {.tokens = std::move(tokens),
                    .api_key = config.api_key,
                    .connect_timeout_s = config.connect_timeout_s,
                    .activity_timeout_s = parts.config.activity_timeout_s},
        .reserve_of = reserve_in(spoken, pusher),
    });
}

Result<std::unique_ptr<protocol::Protocol>> make_notiflux(const Parts& parts, const Spoken& spoken,
                                                          const protocol::Protocol& pusher) {
    const auto& config = parts.config.notiflux;
    TRY_AS(auto tokens, notiflux_tokens(config));
    return std::make_unique<notiflux::NotifluxProtocol>(notiflux::Parts{
        .hub = parts.hub,
        .app = spoken.app,
        .clock = parts.clock,
        .log = parts.log,
        .options = {.tokens = std::move(tokens), .honest_statuses = config.honest_statuses},
        .reserve_of = reserve_in(spoken, pusher),
    });
}

}  // namespace

// A few lines each. The order is the order of routes, and on a shared path that of being asked; a
// clash is a start-up error.
Result<Protocols> make_protocols(const Parts& parts) {
    const auto& config = parts.config;
    Protocols protocols;
    std::vector<protocol::Protocol*> at_ws;
    const auto speak = [&](std::unique_ptr<protocol::Protocol> made, hub::AppRef app) {
        protocols.apps.emplace_back(std::move(app), made.get());
        protocols.spoken.push_back(std::move(made));
        return protocols.spoken.back().get();
    };

    const auto& pusher = *speak(make_pusher(parts), nullptr);
    if (!config.turbine.jwt_secret.empty()) {
        TRY_AS(const auto spoken, app_for(parts, "turbine.app", config.turbine.app));
        TRY_AS(auto turbine, make_turbine(parts, spoken, pusher));
        at_ws.push_back(speak(std::move(turbine), spoken.app));
    }
    if (!config.notiflux.jwt_public_key_b64.empty()) {
        TRY_AS(const auto spoken, app_for(parts, "notiflux.app", config.notiflux.app));
        TRY_AS(auto notiflux, make_notiflux(parts, spoken, pusher));
        at_ws.push_back(speak(std::move(notiflux), spoken.app));
    }
    if (!at_ws.empty()) {
        protocols.shared.push_back(
            std::make_unique<protocol::SharedPath>("/ws", at_ws, config.turbine.connect_timeout_s));
    }
    return protocols;
}

}  // namespace carillon::server
