#include "protocol/pusher/signature.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "auth/equal.h"
#include "auth/hmac.h"
#include "auth/md5.h"

namespace carillon::pusher {
namespace {

constexpr std::int64_t timestamp_tolerance_s = 600;
constexpr std::string_view md5_of_nothing = "d41d8cd98f00b204e9800998ecf8427e";

Error unauthorized(std::string message) {
    return {ErrorKind::unauthorized, std::move(message), 401};
}

// The parameters with their keys as they are signed: in lower case.
Result<http::QueryParams> lower_cased_params(std::string_view query) {
    auto params = http::parse_query(query);
    if (!params.has_value()) return unauthorized("The query is malformed.");
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    for (auto& [key, value] : params.value()) std::ranges::transform(key, key.begin(), lower);
    return params;
}

std::string text_to_sign(const http::Request& request, const http::QueryParams& params) {
    std::vector<const http::QueryParams::value_type*> order;
    for (const auto& param : params) {
        if (param.first != "auth_signature") order.push_back(&param);
    }
    // By key; repeated keys (arrays) stay as they were sent, which is the order of their addresses.
    std::ranges::sort(order, [](const auto* a, const auto* b) {
        const auto compared = a->first.compare(b->first);
        return compared != 0 ? compared < 0 : a < b;
    });
    std::string text = request.method + '\n' + request.path + '\n';
    const char* separator = "";
    for (const auto* param : order) {
        text += separator;
        text += param->first + '=' + param->second;
        separator = "&";
    }
    return text;
}

Result<void> check_timestamp(std::string_view text, Now now) {
    std::int64_t seconds = 0;
    const auto* const end = std::to_address(text.end());
    const auto parsed = std::from_chars(std::to_address(text.begin()), end, seconds);
    if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
        return unauthorized("auth_timestamp is not a number of seconds.");
    }
    // By comparing, not by subtracting: the number is a stranger's and may be any.
    const auto now_s = now.unix_ms / 1000;
    if (seconds < now_s - timestamp_tolerance_s || seconds > now_s + timestamp_tolerance_s) {
        return unauthorized("auth_timestamp is more than 600 s from the server's time.");
    }
    return {};
}

// Some libraries leave body_md5 out of an empty body, some send the MD5 of nothing, and on a GET it
// is only one more signed parameter.
Result<void> check_body(const http::Request& request, std::optional<std::string_view> md5) {
    if (request.method == "GET") return {};
    if (request.body.empty()) {
        if (!md5 || *md5 == md5_of_nothing) return {};
    } else if (!md5) {
        return unauthorized("body_md5 is missing.");
    } else if (*md5 == auth::md5_hex(request.body)) {
        return {};
    }
    return unauthorized("body_md5 is not the MD5 of the body.");
}

}  // namespace

std::string channel_signature(const hub::App& app, std::string_view socket_id,
                              std::string_view channel, std::string_view channel_data) {
    return auth::hmac_sha256_hex(
        app.secret, {socket_id, ":", channel, channel_data.empty() ? "" : ":", channel_data});
}

std::string user_signature(const hub::App& app, std::string_view socket_id,
                           std::string_view user_data) {
    return auth::hmac_sha256_hex(app.secret, {socket_id, "::user::", user_data});
}

bool verify_channel(const hub::App& app, std::string_view socket_id, std::string_view channel,
                    std::string_view channel_data, std::string_view auth) {
    // The whole of "key:hex" is compared: another app's key in front of our hex is not ours.
    return auth::equal_constant_time(
        auth, app.key + ':' + channel_signature(app, socket_id, channel, channel_data));
}

bool verify_user(const hub::App& app, std::string_view socket_id, std::string_view user_data,
                 std::string_view auth) {
    return auth::equal_constant_time(auth,
                                     app.key + ':' + user_signature(app, socket_id, user_data));
}

Result<http::QueryParams> verify_request(const hub::App& app, const http::Request& request,
                                         Now now) {
    TRY_AS(auto params, lower_cased_params(request.query));
    const auto key = http::find(params, "auth_key");
    const auto version = http::find(params, "auth_version");
    const auto timestamp = http::find(params, "auth_timestamp");
    const auto signature = http::find(params, "auth_signature");
    if (!key || !version || !timestamp || !signature) {
        return unauthorized(
            "auth_key, auth_timestamp, auth_version and auth_signature are needed.");
    }
    if (*key != app.key) return unauthorized("auth_key is not a key of this app.");
    if (*version != "1.0") return unauthorized("auth_version is not 1.0.");
    TRY(check_timestamp(*timestamp, now));
    const auto expected = auth::hmac_sha256_hex(app.secret, {text_to_sign(request, params)});
    if (!auth::equal_constant_time(*signature, expected)) {
        return unauthorized("auth_signature is wrong.");
    }
    TRY(check_body(request, http::find(params, "body_md5")));
    return params;
}

Result<std::string> request_text(const http::Request& request) {
    TRY_AS(const auto params, lower_cased_params(request.query));
    return text_to_sign(request, params);
}

}  // namespace carillon::pusher
