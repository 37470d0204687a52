#include "server/token_command.h"

#include "server/token_jwt.h"
#include "server/token_pusher.h"

namespace carillon::server {
namespace {

// Typed and pasted tokens come with a line's end.
std::string trimmed(std::string text) {
    constexpr std::string_view space = " \t\r\n";
    text.erase(text.find_last_not_of(space) + 1);
    text.erase(0, text.find_first_not_of(space));
    return text;
}

Result<TokenAnswer> check(const TokenRequest& request, const TokenKeys& keys, Now now,
                          const ReadText& read_text) {
    std::string token = *request.check;
    if (token == "-") {
        TRY_AS(token, read_text(token));
        token = trimmed(std::move(token));
    }
    if (request.protocol == TokenProtocol::pusher) return check_pusher_auth(request, keys, token);
    return check_jwt(request, keys, now, token);
}

Result<TokenAnswer> answer(const TokenRequest& request, const TokenKeys& keys, Now now,
                           const ReadText& read_text) {
    if (request.help) return TokenAnswer{.text = std::string(token_help_text()), .notes = {}};
    if (request.check) return check(request, keys, now, read_text);
    if (request.protocol == TokenProtocol::pusher) return make_pusher_auth(request, keys);
    return make_jwt(request, keys, now, read_text);
}

}  // namespace

TokenAnswer answer_token_request(const TokenRequest& request, const TokenKeys& keys, Now now,
                                 const ReadText& read_text) {
    auto answered = answer(request, keys, now, read_text);
    if (answered.has_value()) return std::move(answered).value();
    return {.text = {}, .notes = answered.error().message + "\n", .exit_code = 2};
}

}  // namespace carillon::server
