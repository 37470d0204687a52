#include "server/token_pusher.h"

#include <fmt/core.h>

#include <algorithm>

#include "json/write.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/names.h"
#include "protocol/pusher/signature.h"
#include "protocol/pusher/subscription.h"
#include "server/json_text.h"

namespace carillon::server {
namespace {

Error unable(std::string message) { return {ErrorKind::invalid, std::move(message)}; }

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

Result<const hub::App*> app_of(const TokenRequest& request, const TokenKeys& keys) {
    if (keys.apps.empty()) return unable("this server has no app");
    if (!request.app) return &keys.apps.front();
    const auto found = std::ranges::find(keys.apps, *request.app, &hub::App::id);
    if (found == keys.apps.end())
        return unable("there is no app with the id " + quoted(*request.app));
    return &*found;
}

// Questions that no signature answers.
Result<void> judge_shape(const TokenRequest& request) {
    const auto& channel = request.names.front();
    const auto kind = pusher::kind_of(channel);
    if (!pusher::parse_socket_id(request.socket_id)) {
        return unable("--socket-id is two numbers with a dot between them, as in 1234.5678");
    }
    if (!kind.authenticated) {
        return unable(quoted(channel) +
                      " is neither a private nor a presence channel: it needs no token");
    }
    if (kind.presence && request.member.empty()) {
        return unable("a presence channel needs --member '{\"user_id\":\"…\"}'");
    }
    if (!kind.presence && !request.member.empty()) {
        return unable("only a presence channel has members: no --member");
    }
    return {};
}

// What this server would say to a client with this signature.
std::optional<pusher::Fault> fault_of(const TokenRequest& request, const TokenKeys& keys,
                                      const hub::App& app, std::string_view auth) {
    const pusher::Subscribe wish{.channel = request.names.front(),
                                 .auth = std::string(auth),
                                 .channel_data = request.member};
    const auto judged = pusher::judge(wish, app, request.socket_id, nullptr, keys.allow_colon);
    const auto* const fault = std::get_if<pusher::Fault>(&judged);
    return fault == nullptr ? std::nullopt : std::optional(*fault);
}

std::string fault_text(pusher::Fault fault, const hub::App& app) {
    return fmt::format("{}: {}", pusher::name_of(fault),
                       pusher::text_of(fault, app.limits.channel_name_bytes_max));
}

std::string allowed_text(const TokenRequest& request, const hub::App& app) {
    auto text = fmt::format("socket {} to join {} of the app {}", request.socket_id,
                            quoted(request.names.front()), quoted(app.id));
    if (!request.member.empty()) text += " as " + quoted(request.member);
    return text;
}

}  // namespace

Result<TokenAnswer> make_pusher_auth(const TokenRequest& request, const TokenKeys& keys) {
    TRY_AS(const auto* const app, app_of(request, keys));
    TRY(judge_shape(request));
    const auto auth =
        app->key + ":" +
        pusher::channel_signature(*app, request.socket_id, request.names.front(), request.member);
    if (const auto fault = fault_of(request, keys, *app, auth)) {
        return unable("this server would refuse it: " + fault_text(*fault, *app));
    }
    base::Buffer out;
    out.append(R"({"auth":)");
    json::append_quoted(auth, out);
    if (!request.member.empty()) {
        out.append(R"(,"channel_data":)");
        json::append_quoted(request.member, out);
    }
    out.append("}\n");
    return TokenAnswer{
        .text = std::string(out.view()),
        .notes = "allows " + allowed_text(request, *app) + "\nas long as that connection lasts\n"};
}

Result<TokenAnswer> check_pusher_auth(const TokenRequest& request, const TokenKeys& keys,
                                      std::string_view auth) {
    TRY_AS(const auto* const app, app_of(request, keys));
    TRY(judge_shape(request));
    if (const auto fault = fault_of(request, keys, *app, auth)) {
        auto text = "refused: " + fault_text(*fault, *app) + "\n";
        if (!auth.starts_with(app->key + ":"))
            text += "  it is not of the app " + quoted(app->id) + "\n";
        return TokenAnswer{.text = std::move(text), .notes = {}, .exit_code = 1};
    }
    return TokenAnswer{.text = "good: this server takes it\n  allows   " +
                               allowed_text(request, *app) + "\n  until    that connection ends\n",
                       .notes = {}};
}

}  // namespace carillon::server
