// server/token_command.h: `carillon token`: makes the tokens that clients need, and says of one what
// it allows or which rule refuses it. Pure: arguments and keys in, text out; main reads the files and
// prints. A secret is never part of the text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "auth/jwt.h"
#include "base/time.h"
#include "hub/app.h"
#include "server/token_request.h"

namespace carillon::server {

// What this server's configuration knows of keys. The current key stands before previous ones.
struct TokenKeys {
    std::vector<auth::JwtKey> turbine;
    auth::JwtRules turbine_rules;
    std::vector<auth::JwtKey> notiflux;
    auth::JwtRules notiflux_rules;
    std::vector<hub::App> apps;
    bool allow_colon = false;  // in Pusher's channel names
};

struct TokenAnswer {
    std::string text;   // for standard output: nothing but the token, or the whole explanation
    std::string notes;  // for standard error
    int exit_code = 0;  // 0; 1: refused, or not allowed; 2: it could not be done
};

// A file's content, or of "-" that of standard input.
using ReadText = std::function<Result<std::string>(const std::string& path)>;

TokenAnswer answer_token_request(const TokenRequest& request, const TokenKeys& keys, Now now,
                                 const ReadText& read_text);

}  // namespace carillon::server
