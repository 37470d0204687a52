// server/token_request.h: the command line behind `carillon token`.
//
//   carillon token turbine  --sub NAME [--channel NAME]… [--expires SECONDS]
//   carillon token notiflux --scope subscribe|broadcast --topic NAME… [--sub NAME] [--expires SECONDS]
//                           [--key FILE]
//   carillon token notiflux --public-key [--key FILE]
//   carillon token pusher   --socket-id ID --channel NAME [--member JSON] [--app ID]
//   carillon token turbine  --check TOKEN [--channel NAME]…
//   carillon token notiflux --check TOKEN [--scope …] [--topic NAME]…
//   carillon token pusher   --check AUTH --socket-id ID --channel NAME [--member JSON] [--app ID]
//
// and --config PATH with any of them. Only the shape is judged here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carillon::server {

enum class TokenProtocol : unsigned char { turbine, notiflux, pusher };
std::string_view name_of(TokenProtocol protocol);

struct TokenRequest {
    TokenProtocol protocol = TokenProtocol::turbine;
    bool help = false;                       // and nothing else
    std::optional<std::string> config_path;  // --config
    std::optional<std::string> check;        // the token, or "-": it comes on standard input
    std::optional<std::string> sub;
    std::int64_t expires_s = 3600;
    std::vector<std::string> names;  // --channel, --topic
    std::string scope;               // "subscribe", "broadcast" or empty
    std::optional<std::string> key_path;
    bool public_key = false;  // not a token is wanted, but what the server is configured with
    std::string socket_id;
    std::string member;  // JSON; empty: none
    std::optional<std::string> app;
};

// `args` without the program's name and without "token". An Error says what was not understood and
// what was perhaps meant; it never repeats a token.
Result<TokenRequest> parse_token_request(const std::vector<std::string>& args);

std::string_view token_help_text();

}  // namespace carillon::server
