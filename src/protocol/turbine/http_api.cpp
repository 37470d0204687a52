#include "protocol/turbine/http_api.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "auth/equal.h"
#include "base/buffer.h"
#include "json/read.h"
#include "json/write.h"
#include "protocol/turbine/publish_request.h"

namespace carillon::turbine {
namespace {

// ---- the answers ----

http::Response delivered(std::uint64_t count) {
    return http::json(200, R"({"ok":true,"delivered":)" + std::to_string(count) + "}");
}

http::Response refusal(Service& service, Fault fault) {
    service.refusals.add(fault);
    // What a stranger can repeat at will is not worth a line in production.
    service.log.debug("request_refused", {{"reason", name_of(fault)}, {"app", service.app->id}});
    const auto& row = row_of(fault);
    base::Buffer body;
    body.append(R"({"ok":false,"error":)");
    json::append_quoted(row.text, body);
    body.append('}');
    auto response = http::json(row.code, std::string(body.view()));
    if (row.code == 503) response.headers.emplace_back("Retry-After", "1");
    return response;
}

// ---- the questions ----

// Whether somebody sent no key or a wrong one is none of his business, nor is how wrong it was.
bool has_key(const Service& service, const http::Request& request) {
    const std::string_view key = service.options.api_key;
    const bool same = auth::equal_constant_time(request.header("x-api-key"), key);
    return same && !key.empty();
}

// The key before everything else: what a stranger's body says is not even read.
std::variant<PublishRequest, Fault> read_request(const Service& service, http::Request& request) {
    if (!has_key(service, request)) return Fault::request_unauthorized;
    if (!is_json_media_type(request.header("Content-Type"))) return Fault::request_media_type;
    auto& body = request.body;
    if (body.size() > publish_bytes_max) return Fault::request_payload;
    body.reserve(body.size() + json::padding);  // the decoder left it: no copy
    auto read = parse_publish_request(body);
    const auto* wish = std::get_if<PublishRequest>(&read);
    const bool large =
        wish != nullptr && wish->data.size() > service.app->limits.event_payload_bytes_max;
    if (large) return Fault::request_payload;
    const bool hidden =
        wish != nullptr && service.reserve(wish->channel) == protocol::Reserve::hidden;
    return hidden ? Fault::request_channel_name : std::move(read);
}

// Heard by those who were there, but not kept as it should be, is not what was asked for.
http::Response answer_of(Service& service, const hub::Fate& fate) {
    if (fate.not_stored == 0) return delivered(fate.queued);
    return refusal(service, publish_fault(hub::Outcome::storage_failed));
}

void publish(Service& service, const PublishRequest& wish, http::Responder responder) {
    // Shared only because std::function must be able to copy what it holds.
    const auto waiting = std::make_shared<http::Responder>(std::move(responder));
    const auto publication =
        hub::Publication::make({.body_kind = hub::BodyKind::json, .body = wish.data});
    const std::string_view names[] = {wish.channel};
    const auto outcome = service.hub
                             .publish(service.app, names, publication, service.clock.now(),
                                      [&service, waiting](const hub::Fate& fate) {
                                          service.counts.delivered.add(fate.queued);
                                          service.counts.dropped.add(fate.dropped);
                                          waiting->respond(answer_of(service, fate));
                                      })
                             .outcome;
    if (outcome != hub::Outcome::ok) {
        return waiting->respond(refusal(service, publish_fault(outcome)));
    }
    service.counts.publishes.add();
}

http::Handler publisher(Service& service) {
    return [&service](http::Request& request, http::Responder responder) {
        const auto read = read_request(service, request);
        if (const auto* fault = std::get_if<Fault>(&read)) {
            return responder.respond(refusal(service, *fault));
        }
        publish(service, std::get<PublishRequest>(read), std::move(responder));
    };
}

void health(http::Request&, http::Responder responder) { responder.respond(http::text(200, "ok")); }

}  // namespace

Result<void> add_api_routes(Service& service, http::Router& router) {
    TRY(router.on("POST", "/api/publish", publisher(service)));
    return router.on("GET", "/healthz", health);
}

}  // namespace carillon::turbine
