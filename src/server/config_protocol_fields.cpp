#include "server/config_values.h"

namespace carillon::server {
namespace {

constexpr Range leeway{0, 3600, "seconds"};

std::vector<Field<Config>> turbine_fields() {
    using C = Config;
    return {
        {{"turbine.app", {}, "TURBINE_APP"}, text<C>(AT(C, turbine.app))},
        {{"turbine.jwt_secret", {}, "TURBINE_JWT_SECRET"},
         optional_text<C>(AT(C, turbine.jwt_secret)),
         true},
        {{"turbine.jwt_secret_previous", {}, "TURBINE_JWT_SECRET_PREVIOUS"},
         optional_text<C>(AT(C, turbine.jwt_secret_previous)),
         true},
        {{"turbine.api_key", {}, "TURBINE_API_KEY"},
         optional_text<C>(AT(C, turbine.api_key)),
         true},
        {{"turbine.connect_timeout", "turbine.connect_timeout_s", "TURBINE_CONNECT_TIMEOUT"},
         number<C>(AT(C, turbine.connect_timeout_s), {0, 3600, "seconds"})},
        {{"turbine.jwt.leeway", "turbine.jwt.leeway_s", "TURBINE_JWT_LEEWAY"},
         number<C>(AT(C, turbine.jwt.leeway_s), leeway)},
        {{"turbine.jwt.key_id", {}, "TURBINE_JWT_KEY_ID"},
         optional_text<C>(AT(C, turbine.jwt.key_id))},
        {{"turbine.jwt.key_id_previous", {}, "TURBINE_JWT_KEY_ID_PREVIOUS"},
         optional_text<C>(AT(C, turbine.jwt.key_id_previous))},
        {{"turbine.jwt.issuer", {}, "TURBINE_JWT_ISSUER"},
         optional_text<C>(AT(C, turbine.jwt.issuer))},
        {{"turbine.jwt.audience", {}, "TURBINE_JWT_AUDIENCE"},
         optional_text<C>(AT(C, turbine.jwt.audience))},
    };
}

std::vector<Field<Config>> notiflux_fields() {
    using C = Config;
    return {
        {{"notiflux.app", {}, "NOTIFLUX_APP"}, text<C>(AT(C, notiflux.app))},
        {{"notiflux.jwt_public_key_b64", {}, "JWT_PUBLIC_KEY_B64"},
         base64_text<C>(AT(C, notiflux.jwt_public_key_b64))},
        {{"notiflux.jwt_public_key_b64_previous", {}, "JWT_PUBLIC_KEY_B64_PREVIOUS"},
         base64_text<C>(AT(C, notiflux.jwt_public_key_b64_previous))},
        {{"notiflux.honest_statuses", {}, "NOTIFLUX_HONEST_STATUSES"},
         boolean<C>(AT(C, notiflux.honest_statuses))},
        {{"notiflux.jwt.leeway", "notiflux.jwt.leeway_s", "NOTIFLUX_JWT_LEEWAY"},
         number<C>(AT(C, notiflux.jwt.leeway_s), leeway)},
        {{"notiflux.jwt.key_id", {}, "NOTIFLUX_JWT_KEY_ID"},
         optional_text<C>(AT(C, notiflux.jwt.key_id))},
        {{"notiflux.jwt.key_id_previous", {}, "NOTIFLUX_JWT_KEY_ID_PREVIOUS"},
         optional_text<C>(AT(C, notiflux.jwt.key_id_previous))},
        {{"notiflux.jwt.issuer", {}, "NOTIFLUX_JWT_ISSUER"},
         optional_text<C>(AT(C, notiflux.jwt.issuer))},
        {{"notiflux.jwt.audience", {}, "NOTIFLUX_JWT_AUDIENCE"},
         optional_text<C>(AT(C, notiflux.jwt.audience))},
    };
}

}  // namespace

std::vector<Field<Config>> protocol_fields() {
    auto fields = turbine_fields();
    for (auto& field : notiflux_fields()) fields.push_back(std::move(field));
    return fields;
}

}  // namespace carillon::server
