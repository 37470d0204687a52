// server/token_jwt.h: the part of `carillon token` that is about JSON Web Tokens: turbine's and
// notiflux's. See token_command.h.
#pragma once

#include <string_view>

#include "server/token_command.h"

namespace carillon::server {

// An Error is something that could not be done: exit code 2.
Result<TokenAnswer> make_jwt(const TokenRequest& request, const TokenKeys& keys, Now now,
                             const ReadText& read_text);
TokenAnswer check_jwt(const TokenRequest& request, const TokenKeys& keys, Now now,
                      std::string_view token);

}  // namespace carillon::server
