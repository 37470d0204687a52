#include "server/token_jwt.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>

#include "auth/base64.h"
#include "auth/jwt_claims.h"
#include "json/write.h"
#include "protocol/notiflux/token.h"
#include "protocol/turbine/token.h"
#include "server/json_text.h"
#include "server/moment.h"

namespace carillon::server {
namespace {

// ---- what a good token says ----

struct Grant {
    std::string sub;
    std::int64_t expires = 0;
    std::string scope;               // notiflux: "subscribe" or "broadcast"
    std::vector<std::string> names;  // channels, or topics
};

Result<Grant> read_turbine(const auth::JwtVerifier& verifier, std::string_view token, Now now) {
    TRY_AS(auto read, turbine::read_token(verifier, token, now));
    return Grant{std::move(read.subject), read.expires_s, {}, std::move(read.names)};
}

Result<Grant> read_notiflux(const auth::JwtVerifier& verifier, std::string_view token, Now now) {
    TRY_AS(auto read, notiflux::read_token(verifier, token, now));
    const bool subscribes = read.scope == notiflux::Grant::Scope::subscribe;
    return Grant{std::move(read.subject), read.expires_s, subscribes ? "subscribe" : "broadcast",
                 std::move(read.topics)};
}

// ---- the two protocols ----

struct Kind {
    const std::vector<auth::JwtKey>& keys;
    const auth::JwtRules& rules;
    bool topics;  // notiflux

    Result<Grant> read(const auth::JwtVerifier& verifier, std::string_view token, Now now) const {
        return topics ? read_notiflux(verifier, token, now) : read_turbine(verifier, token, now);
    }
    Result<Grant> read(std::string_view token, Now now) const {
        return read(auth::JwtVerifier(keys, rules), token, now);
    }
};

Kind kind_of(const TokenRequest& request, const TokenKeys& keys) {
    if (request.protocol == TokenProtocol::notiflux) {
        return {keys.notiflux, keys.notiflux_rules, true};
    }
    return {keys.turbine, keys.turbine_rules, false};
}

// ---- words ----

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

// An empty list says everything in one protocol, and nothing in the other.
std::string allowed_text(const Kind& kind, const Grant& grant) {
    if (grant.names.empty()) return kind.topics ? "nothing: no topic is named" : "every channel";
    std::string text = !kind.topics                 ? "the channels"
                       : grant.scope == "subscribe" ? "to subscribe to"
                                                    : "to broadcast to";
    for (const auto& name : grant.names) text += " " + quoted(name);
    return text;
}

std::string refusal_text(const Error& error) {
    return fmt::format("{}: {}", auth::name_of(static_cast<auth::JwtFault>(error.code)),
                       error.message);
}

std::int64_t seconds_of(Now now) { return now.unix_ms / 1000; }

// ---- making ----

std::string payload_of(const TokenRequest& request, const Kind& kind, std::int64_t expires) {
    base::Buffer out;
    const auto text = [&out](std::string_view key, std::string_view value) {
        out.append(key);
        json::append_quoted(value, out);
    };
    text(R"({"sub":)", request.sub.value_or("carillon"));
    out.append(R"(,"exp":)");
    json::append_number(expires, out);
    if (kind.topics) text(R"(,"scope":)", request.scope);
    out.append(kind.topics ? R"(,"topics":[)" : R"(,"channels":[)");
    for (std::size_t i = 0; i < request.names.size(); ++i)
        text(i == 0 ? "" : ",", request.names[i]);
    out.append(']');
    if (!kind.rules.issuer.empty()) text(R"(,"iss":)", kind.rules.issuer);
    if (!kind.rules.audience.empty()) text(R"(,"aud":)", kind.rules.audience);
    out.append('}');
    return std::string(out.view());
}

Result<auth::JwtKey> key_in(const std::string& path, const ReadText& read_text) {
    TRY_AS(const auto pem, read_text(path));
    TRY_AS(auto key, auth::JwtKey::from_pem(pem));
    if (key.algorithm() != auth::JwtAlgorithm::es256) {
        return Error{ErrorKind::invalid,
                     fmt::format("{} holds a key for {}; notiflux wants one for ES256", path,
                                 auth::name_of(key.algorithm()))};
    }
    if (!key.can_sign())
        return Error{ErrorKind::invalid, path + " holds a public key; it cannot sign"};
    return key;
}

Result<auth::JwtKey> signing_key(const TokenRequest& request, const Kind& kind,
                                 const ReadText& read_text) {
    if (request.key_path) return key_in(*request.key_path, read_text);
    const auto found = std::ranges::find_if(kind.keys, &auth::JwtKey::can_sign);
    if (found != kind.keys.end()) return *found;
    if (kind.topics) {
        return Error{ErrorKind::not_found,
                     "this server holds no private key for notiflux: give it with --key FILE"};
    }
    return Error{ErrorKind::not_found, "this server holds no secret for turbine"};
}

TokenAnswer public_half(const auth::JwtKey& key) {
    base::Buffer base64;
    auth::append_base64(key.public_pem(), base64);
    return {.text = std::string(base64.view()) + "\n", .notes = {}};
}

// ---- checking ----

// Of a token refused for the time alone: what it would have said.
std::string when_text(const Kind& kind, const Error& error, std::string_view token, Now now) {
    const auto fault = static_cast<auth::JwtFault>(error.code);
    if (fault != auth::JwtFault::expired && fault != auth::JwtFault::not_yet_valid) return {};
    auto rules = kind.rules;
    rules.leeway_s = std::numeric_limits<std::int64_t>::max();
    const auto* const name = fault == auth::JwtFault::expired ? "exp" : "nbf";
    std::string payload;
    std::array<json::Member, 1> claims{{{name}}};
    const auto verified =
        auth::JwtVerifier(kind.keys, rules).verify(token, seconds_of(now), payload, claims);
    if (!verified.has_value()) return {};
    const auto time = auth::time_claim(claims[0]);
    if (!time.has_value()) return {};
    return fmt::format("  {}      {}, and {} of leeway\n", name,
                       moment_text(*time, seconds_of(now)), duration_text(kind.rules.leeway_s));
}

std::string algorithms_text(const Kind& kind) {
    std::string text;
    for (const auto& key : kind.keys) {
        const auto name = auth::name_of(key.algorithm());
        if (text.find(name) == std::string::npos)
            text += (text.empty() ? "" : ", ") + std::string(name);
    }
    return text.empty() ? "nothing: it holds no key" : text;
}

TokenAnswer refusal(const Kind& kind, const Error& error, std::string_view token, Now now) {
    auto text = "refused: " + refusal_text(error) + "\n" + when_text(kind, error, token, now);
    if (static_cast<auth::JwtFault>(error.code) == auth::JwtFault::algorithm) {
        text += "  wanted   " + algorithms_text(kind) + "\n";
    }
    return {.text = std::move(text), .notes = {}, .exit_code = 1};
}

bool is_with_previous_key(const Kind& kind, std::string_view token, Now now) {
    return kind.keys.size() > 1 &&
           !kind.read(auth::JwtVerifier({kind.keys.front()}, kind.rules), token, now).has_value();
}

bool allows(const Kind& kind, const Grant& grant, std::string_view name) {
    if (!kind.topics && grant.names.empty()) return true;
    return std::ranges::find(grant.names, name) != grant.names.end();
}

// What was asked for beside --check: a line for each, and whether all of it is allowed.
bool append_asked(const TokenRequest& request, const Kind& kind, const Grant& grant,
                  std::string& text) {
    bool all = true;
    const auto line = [&](std::string_view what, bool allowed) {
        text += fmt::format("  {:<8} {}\n", allowed ? "yes" : "no", what);
        all = all && allowed;
    };
    if (!request.scope.empty()) line(request.scope, request.scope == grant.scope);
    for (const auto& name : request.names) line(quoted(name), allows(kind, grant, name));
    return all;
}

}  // namespace

Result<TokenAnswer> make_jwt(const TokenRequest& request, const TokenKeys& keys, Now now,
                             const ReadText& read_text) {
    const auto kind = kind_of(request, keys);
    TRY_AS(const auto key, signing_key(request, kind, read_text));
    if (request.public_key) return public_half(key);
    const auto expires = seconds_of(now) + request.expires_s;
    TRY_AS(const auto token,
           auth::sign_jwt(key, payload_of(request, kind, expires), kind.rules.key_id));

    // Said of what is in it, by the one who will be asked to take it.
    const auto grant = kind.read(token, now);
    TokenAnswer answer{.text = token + "\n", .notes = {}};
    if (!grant.has_value()) {
        answer.notes = "this server would refuse it: " + refusal_text(grant.error()) + "\n";
        return answer;
    }
    answer.notes =
        fmt::format("for {}: allows {}\nuntil {}\n", quoted(grant->sub), allowed_text(kind, *grant),
                    moment_text(grant->expires, seconds_of(now)));
    return answer;
}

TokenAnswer check_jwt(const TokenRequest& request, const TokenKeys& keys, Now now,
                      std::string_view token) {
    const auto kind = kind_of(request, keys);
    const auto grant = kind.read(token, now);
    if (!grant.has_value()) return refusal(kind, grant.error(), token, now);
    auto text = fmt::format(
        "good: this server takes it\n  for      {}\n  allows   {}\n  until    {}, and {} of "
        "leeway\n",
        quoted(grant->sub), allowed_text(kind, *grant),
        moment_text(grant->expires, seconds_of(now)), duration_text(kind.rules.leeway_s));
    if (is_with_previous_key(kind, token, now)) text += "  signed   with a previous key\n";
    const bool all = append_asked(request, kind, *grant, text);
    return {.text = std::move(text), .notes = {}, .exit_code = all ? 0 : 1};
}

}  // namespace carillon::server
