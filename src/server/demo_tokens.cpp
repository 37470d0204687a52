#include "server/demo_tokens.h"

#include <fmt/format.h>

#include "auth/jwt.h"
#include "http/cors.h"
#include "server/config.h"
#include "server/tokens.h"

namespace carillon::server {
namespace {

constexpr std::int64_t lifetime_s = 3600;

Result<std::string> turbine_token(std::int64_t expiry_s) {
    TRY_AS(const auto key, auth::JwtKey::hs256(demo_turbine_secret));
    return auth::sign_jwt(
        key, fmt::format(R"({{"sub":"page","exp":{},"channels":["{}"]}})", expiry_s, demo_channel));
}

Result<std::string> notiflux_token(std::int64_t expiry_s) {
    return auth::sign_jwt(
        demo_notiflux_key(),
        fmt::format(R"({{"sub":"page","exp":{},"topics":["{}"],"scope":"subscribe"}})", expiry_s,
                    demo_channel));
}

Result<std::string> tokens_at(Now now) {
    const auto expiry_s = now.unix_ms / 1000 + lifetime_s;
    TRY_AS(const auto turbine, turbine_token(expiry_s));
    TRY_AS(const auto notiflux, notiflux_token(expiry_s));
    return fmt::format(R"({{"channel":"{}","turbine":"{}","notiflux":"{}"}})", demo_channel,
                       turbine, notiflux);
}

}  // namespace

Result<void> add_demo_tokens(const base::Clock& clock, http::Router& router) {
    return router.on(
        "GET", "/demo/tokens", [&clock](const http::Request& request, http::Responder responder) {
            if (!http::is_from_own_page(request)) {
                return responder.respond(
                    http::text(403, "Pages of another host may not use the demo.\n"));
            }
            auto tokens = tokens_at(clock.now());
            responder.respond(tokens.has_value()
                                  ? http::json(200, std::move(tokens).value())
                                  : http::text(500, "The tokens could not be made.\n"));
        });
}

}  // namespace carillon::server
