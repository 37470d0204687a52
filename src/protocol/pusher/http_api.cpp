#include "protocol/pusher/http_api.h"

#include <memory>
#include <utility>
#include <vector>

#include "protocol/pusher/json_read.h"
#include "protocol/pusher/json_write.h"
#include "protocol/pusher/publish_request.h"
#include "protocol/pusher/signature.h"

namespace carillon::pusher {
namespace {

constexpr std::size_t logged_id_bytes_max = 64;  // a stranger wrote it

http::Response refusal(Service& service, std::string_view app_id, const Error& error) {
    const auto fault = http_fault(error);
    const auto& row = row_of(fault);
    service.refusals.add(fault);
    service.log.info("request_refused",
                     {{"reason", row.name}, {"app", app_id.substr(0, logged_id_bytes_max)}});
    base::Buffer body;
    body.append(R"({"error":)");
    // The words of a foreign error are for the log of whoever made it, not for a stranger.
    append_quoted(fault == Fault::request_failed ? row.text : error.message, body);
    body.append(R"(,"code":)");
    append_quoted(row.label, body);
    body.append(R"(,"status":)");
    append_number(row.code, body);
    body.append('}');
    auto response = http::json(row.code, std::string(body.view()));
    if (fault == Fault::request_overloaded) response.headers.emplace_back("Retry-After", "1");
    return response;
}

Error plain(Fault fault) { return http_error(fault, text_of(fault)); }

Result<void> publish(Service& service, const hub::AppRef& app, http::Request& request, Now now) {
    request.body.reserve(request.body.size() + json_padding);  // the decoder left it: no copy
    TRY_AS(const auto wish, parse_publish_request(request.body, app->limits));
    const std::vector<std::string_view> channels(wish.channels.begin(), wish.channels.end());
    const auto publication =
        hub::Publication::make({.event = wish.event, .body = wish.data, .exclude = wish.exclude});
    switch (service.hub.publish(app, channels, publication, now).outcome) {
        case hub::Outcome::ok:
            return {};
        case hub::Outcome::overloaded:
            return plain(Fault::request_overloaded);
        case hub::Outcome::limit_channels:
            return plain(Fault::request_limit);
        default:
            return plain(Fault::request_failed);
    }
}

Result<void> answer_publish(Service& service, const Result<hub::AppRef>& found,
                            http::Request& request) {
    if (!found.has_value()) return found.error();
    const auto& app = found.value();
    if (app == nullptr) return plain(Fault::request_app_unknown);
    const auto now = service.clock.now();
    // The signature first: to a stranger, everything else is none of his business.
    TRY(verify_request(*app, request, now));
    if (!app->enabled) return plain(Fault::request_app_disabled);
    return publish(service, app, request, now);
}

// A request that waits for its app. Shared only because std::function must be able to copy what it
// holds; one holder in truth.
struct Waiting {
    http::Request request;
    http::Responder responder;
};

void on_publish(Service& service, http::Request& request, http::Responder responder) {
    auto waiting = std::make_shared<Waiting>(Waiting{std::move(request), std::move(responder)});
    const auto id = waiting->request.param("id");
    service.apps.find_by_id(id, [&service, waiting, id](const Result<hub::AppRef>& found) {
        const auto done = answer_publish(service, found, waiting->request);
        waiting->responder.respond(done.has_value() ? http::json(200, R"({"ok":true})")
                                                    : refusal(service, id, done.error()));
    });
}

http::Response health(int status, std::string word) {
    auto response = http::text(status, word);
    response.headers.emplace_back("X-Health-Check", std::move(word));
    return response;
}

void on_up(Service& service, http::Request& request, http::Responder responder) {
    auto waiting = std::make_shared<http::Responder>(std::move(responder));
    service.apps.find_by_id(request.param("id"), [waiting](const Result<hub::AppRef>& found) {
        if (!found.has_value()) return waiting->respond(health(503, "ERROR"));
        const bool known = found.value() != nullptr;
        waiting->respond(known ? health(200, "OK") : health(404, "NOT_FOUND"));
    });
}

}  // namespace

Result<void> add_api_routes(Service& service, http::Router& router) {
    const auto bind = [&service](auto handler) -> http::Handler {
        return [&service, handler](http::Request& request, http::Responder responder) {
            handler(service, request, std::move(responder));
        };
    };
    TRY(router.on("POST", "/apps/{id}/events", bind(on_publish)));
    return router.on("GET", "/up/{id}", bind(on_up));
}

}  // namespace carillon::pusher
