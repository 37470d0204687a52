// server/token_pusher.h: the part of `carillon token` that is about Pusher's signatures: what an auth
// endpoint answers. See token_command.h.
#pragma once

#include <string_view>

#include "server/token_command.h"

namespace carillon::server {

// An Error is something that could not be done: exit code 2.
Result<TokenAnswer> make_pusher_auth(const TokenRequest& request, const TokenKeys& keys);
Result<TokenAnswer> check_pusher_auth(const TokenRequest& request, const TokenKeys& keys,
                                      std::string_view auth);

}  // namespace carillon::server
