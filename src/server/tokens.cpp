#include "server/tokens.h"

#include <utility>
#include <vector>

#include "auth/base64.h"

namespace carillon::server {
namespace {

auth::JwtRules rules_of(const JwtConfig& config) {
    return {.leeway_s = config.leeway_s,
            .key_id = config.key_id,
            .key_id_previous = config.key_id_previous,
            .issuer = config.issuer,
            .audience = config.audience};
}

Error wrong(std::string_view setting, std::string_view why) {
    return {ErrorKind::invalid, std::string(setting) + ": " + std::string(why)};
}

Result<auth::JwtKey> public_key(std::string_view setting, std::string_view base64) {
    const auto pem = auth::decode_base64(base64);
    if (!pem.has_value()) return wrong(setting, "expected base64 of a key in PEM");
    auto key = auth::JwtKey::from_pem(*pem);
    if (!key.has_value()) return wrong(setting, key.error().message);
    if (key->algorithm() != auth::JwtAlgorithm::es256) {
        return wrong(setting, "expected a public key on the curve P-256, for ES256");
    }
    // Whoever holds it can make tokens; it has no business on this machine.
    if (key->can_sign()) return wrong(setting, "that is the private key; give the public one");
    return key;
}

}  // namespace

Result<auth::JwtVerifier> turbine_tokens(const TurbineConfig& config) {
    std::vector<auth::JwtKey> keys;
    for (const auto& secret : {config.jwt_secret, config.jwt_secret_previous}) {
        if (secret.empty()) continue;
        TRY_AS(auto key, auth::JwtKey::hs256(secret));
        keys.push_back(std::move(key));
    }
    return auth::JwtVerifier(std::move(keys), rules_of(config.jwt));
}

// As the original judges: "aud" only where somebody asks for it, and no fractions of a second.
Result<auth::JwtVerifier> notiflux_tokens(const NotifluxConfig& config) {
    std::vector<auth::JwtKey> keys;
    for (const auto& [setting, base64] :
         {std::pair("JWT_PUBLIC_KEY_B64", config.jwt_public_key_b64),
          std::pair("JWT_PUBLIC_KEY_B64_PREVIOUS", config.jwt_public_key_b64_previous)}) {
        if (base64.empty()) continue;
        TRY_AS(auto key, public_key(setting, base64));
        keys.push_back(std::move(key));
    }
    auto rules = rules_of(config.jwt);
    rules.audience_refused = true;
    rules.whole_seconds = true;
    return auth::JwtVerifier(std::move(keys), std::move(rules));
}

Result<TokenKeys> token_keys(const Config& config) {
    TRY_AS(const auto turbine, turbine_tokens(config.turbine));
    TRY_AS(const auto notiflux, notiflux_tokens(config.notiflux));
    TokenKeys keys{.turbine = turbine.keys(),
                   .turbine_rules = turbine.rules(),
                   .notiflux = notiflux.keys(),
                   .notiflux_rules = notiflux.rules(),
                   .apps = config.apps,
                   .allow_colon = config.allow_colon};
    if (is_demo_notiflux_key(config.notiflux.jwt_public_key_b64)) {
        keys.notiflux.front() = demo_notiflux_key();
    }
    return keys;
}

auth::JwtKey demo_notiflux_key() { return auth::JwtKey::es256_of_everybody(demo_notiflux_seed); }

bool is_demo_notiflux_key(std::string_view base64) {
    const auto pem = auth::decode_base64(base64);
    if (!pem.has_value()) return false;
    const auto key = auth::JwtKey::from_pem(*pem);
    static const auto demo = demo_notiflux_key().public_pem();
    return key.has_value() && key->algorithm() == auth::JwtAlgorithm::es256 &&
           key->public_pem() == demo;
}

std::string demo_notiflux_key_b64() {
    static const auto text = [] {
        base::Buffer base64;
        auth::append_base64(demo_notiflux_key().public_pem(), base64);
        return std::string(base64.view());
    }();
    return text;
}

}  // namespace carillon::server
