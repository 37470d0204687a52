#include "protocol/pusher/demo.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "http/cors.h"
#include "http/url.h"
#include "json/read.h"
#include "json/write.h"
#include "protocol/pusher/http_publish.h"
#include "protocol/pusher/names.h"
#include "protocol/pusher/publish_request.h"
#include "protocol/pusher/signature.h"

namespace carillon::pusher {
namespace {

// The largest event that the defaults allow, written with an escape for each of its bytes.
constexpr std::size_t body_bytes_max = limits::mib;
constexpr std::size_t user_id_bytes_max = 128;

Error invalid(std::string message) {
    return http_error(Fault::request_invalid, std::move(message));
}

// In the form of the signed API. Counted and logged nowhere: those numbers are an operator's.
http::Response refusal(const Error& error) {
    const auto& row = row_of(http_fault(error));
    base::Buffer body;
    body.append(R"({"error":)");
    json::append_quoted(error.message, body);
    body.append(R"(,"code":)");
    json::append_quoted(row.label, body);
    body.append(R"(,"status":)");
    json::append_number(row.code, body);
    body.append('}');
    return http::json(row.code, std::string(body.view()));
}

Result<void> judge_request(const http::Request& request) {
    if (!http::is_from_own_page(request)) {
        return Error{ErrorKind::forbidden, "Pages of another host may not use the demo.", 403};
    }
    if (request.body.size() > body_bytes_max) {
        return http_error(Fault::request_payload, "The body is larger than a demo needs.");
    }
    return {};
}

// ---- what is to be signed ----

struct AuthWish {
    std::string socket_id;
    std::string channel;
    std::optional<std::string> user_id;
    std::string user_info;  // JSON; empty: none
};

// A member of the JSON body that is a string; nullopt: absent.
Result<std::optional<std::string>> read_text(const json::Member& member) {
    if (member.text.empty() || member.text == "null") return std::optional<std::string>();
    if (!json::is_string(member.text))
        return invalid(std::string(member.key) + " is not a string.");
    auto text = json::decode_string(member.text);
    if (!text.has_value()) return invalid(std::string(member.key) + " is malformed.");
    return std::optional(std::move(text).value());
}

Result<AuthWish> read_json_wish(std::string_view body) {
    std::array members{json::Member{"socket_id"}, json::Member{"channel_name"},
                       json::Member{"user_id"}, json::Member{"user_info"}};
    if (!json::read_object(body, members).has_value())
        return invalid("The body is not a JSON object.");
    AuthWish wish;
    TRY_AS(const auto socket_id, read_text(members[0]));
    TRY_AS(const auto channel, read_text(members[1]));
    TRY_AS(wish.user_id, read_text(members[2]));
    wish.socket_id = socket_id.value_or("");
    wish.channel = channel.value_or("");
    wish.user_info = json::compact(members[3].text);
    return wish;
}

// A form's user_info is JSON in disguise: it goes into a signed text, so it must be one value and
// whole.
Result<std::string> read_form_json(std::string_view text) {
    std::string wrapped;
    wrapped.reserve(text.size() + 8 + json::padding);
    wrapped.append(R"({"v":)").append(text).append("}");
    std::array members{json::Member{"v"}};
    if (!json::read_object(wrapped, members).has_value()) return invalid("user_info is not JSON.");
    return json::compact(members[0].text);
}

Result<AuthWish> read_form_wish(std::string_view body) {
    const auto params = http::parse_query(body);
    if (!params.has_value()) return invalid("The form is malformed.");
    const auto value = [&](std::string_view key) { return http::find(params.value(), key); };
    AuthWish wish;
    wish.socket_id = value("socket_id").value_or("");
    wish.channel = value("channel_name").value_or("");
    if (const auto user_id = value("user_id")) wish.user_id = *user_id;
    if (const auto user_info = value("user_info")) {
        TRY_AS(wish.user_info, read_form_json(*user_info));
    }
    return wish;
}

// pusher-js sends a form unless told otherwise.
Result<AuthWish> read_wish(http::Request& request) {
    if (request.header("Content-Type").starts_with("application/x-www-form-urlencoded")) {
        return read_form_wish(request.body);
    }
    request.body.reserve(request.body.size() + json::padding);
    return read_json_wish(request.body);
}

Result<void> judge(const AuthWish& wish, const hub::AppLimits& app_limits, bool allow_colon) {
    if (!parse_socket_id(wish.socket_id)) return invalid("socket_id is missing or malformed.");
    if (wish.channel.size() > app_limits.channel_name_bytes_max) {
        return invalid("channel_name is too long.");
    }
    if (!is_legal_channel(wish.channel, allow_colon)) {
        return invalid("channel_name is missing or has illegal characters.");
    }
    if (!kind_of(wish.channel).authenticated) {
        return invalid("channel_name is not a private or presence channel: nothing to sign.");
    }
    if (wish.user_id && (wish.user_id->empty() || wish.user_id->size() > user_id_bytes_max)) {
        return invalid("user_id is empty or too long.");
    }
    if (wish.user_info.size() > app_limits.presence_member_bytes_max) {
        return invalid("user_info is too long.");
    }
    return {};
}

// {"user_id":…,"user_info":…}. Who gives no user_id is a member of his own in every tab.
std::string channel_data_of(const AuthWish& wish) {
    base::Buffer data;
    data.append(R"({"user_id":)");
    json::append_quoted(wish.user_id.value_or(wish.socket_id), data);
    if (!wish.user_info.empty()) {
        data.append(R"(,"user_info":)");
        data.append(wish.user_info);
    }
    data.append('}');
    return std::string(data.view());
}

http::Response signed_answer(const hub::App& app, const AuthWish& wish) {
    const bool presence = kind_of(wish.channel).presence;
    const auto channel_data = presence ? channel_data_of(wish) : std::string();
    base::Buffer body;
    body.append(R"({"auth":)");
    json::append_quoted(
        app.key + ':' + channel_signature(app, wish.socket_id, wish.channel, channel_data), body);
    if (presence) {
        body.append(R"(,"channel_data":)");
        json::append_quoted(channel_data, body);
    }
    body.append('}');
    return http::json(200, std::string(body.view()));
}

// ---- the three routes ----

Result<http::Response> tell(Service&, const hub::AppRef& app, http::Request&) {
    base::Buffer body;
    body.append(R"({"key":)");
    json::append_quoted(app->key, body);
    body.append(R"(,"app":)");
    json::append_quoted(app->id, body);
    body.append('}');
    return http::json(200, std::string(body.view()));
}

Result<http::Response> sign(Service& service, const hub::AppRef& app, http::Request& request) {
    TRY_AS(const auto wish, read_wish(request));
    TRY(judge(wish, app->limits, service.options.allow_colon));
    return signed_answer(*app, wish);
}

Result<http::Response> publish_for(Service& service, const hub::AppRef& app,
                                   http::Request& request) {
    request.body.reserve(request.body.size() + json::padding);
    TRY_AS(const auto wish, parse_publish_request(request.body, {app->limits, service.options}));
    TRY(publish(service, app, {&wish, 1}, service.clock.now()));
    return http::json(200, R"({"ok":true})");
}

}  // namespace

Result<void> add_demo_routes(Service& service, hub::AppRef app, http::Router& router) {
    const auto bind = [&](auto handler) -> http::Handler {
        return [&service, app, handler](http::Request& request, http::Responder responder) {
            const auto allowed = judge_request(request);
            if (!allowed.has_value()) return responder.respond(refusal(allowed.error()));
            auto answer = handler(service, app, request);
            responder.respond(answer.has_value() ? std::move(answer).value()
                                                 : refusal(answer.error()));
        };
    };
    TRY(router.on("GET", "/demo", bind(tell)));
    TRY(router.on("POST", "/demo/auth", bind(sign)));
    return router.on("POST", "/demo/events", bind(publish_for));
}

}  // namespace carillon::pusher
