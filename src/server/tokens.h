// server/tokens.h: the keys that other protocols' tokens are verified with, from the configuration.
#pragma once

#include <string>

#include "auth/jwt.h"
#include "base/result.h"
#include "server/config.h"
#include "server/token_command.h"

namespace carillon::server {

// An Error names the setting that is wrong, and repeats nothing of it.
Result<auth::JwtVerifier> turbine_tokens(const TurbineConfig& config);
Result<auth::JwtVerifier> notiflux_tokens(const NotifluxConfig& config);

// For `carillon token`: of all protocols, and the demonstration's private one where it is in force.
Result<TokenKeys> token_keys(const Config& config);

// The demonstration's, which signs too; and its public half as it would be configured.
auth::JwtKey demo_notiflux_key();
std::string demo_notiflux_key_b64();
// Whether it is that key, however it is written.
bool is_demo_notiflux_key(std::string_view base64);

}  // namespace carillon::server
