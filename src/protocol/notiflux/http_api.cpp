#include "protocol/notiflux/http_api.h"

#include <string>
#include <string_view>
#include <utility>

#include "json/read.h"
#include "protocol/notiflux/admission.h"
#include "protocol/notiflux/broadcast_request.h"

namespace carillon::notiflux {
namespace {

http::Response empty(int status) {
    http::Response response;
    response.status = status;
    return response;
}

// Counts it and logs it: the rule, never what was sent.
void note(Service& service, Fault fault, std::string_view rule = {}) {
    service.refusals.add(fault);
    const base::LogField fields[] = {
        {"reason", name_of(fault)}, {"app", service.app->id}, {"rule", rule}};
    service.log.write(base::LogLevel::debug, "broadcast_refused",
                      std::span(fields).first(rule.empty() ? 2 : 3));
}

http::Response refuse(Service& service, Fault fault, std::string text) {
    note(service, fault);
    return http::text(row_of(fault).code, std::move(text));
}

// What the original does not tell.
http::Response refuse_quietly(Service& service, Fault fault, std::string_view rule = {}) {
    note(service, fault, rule);
    if (!service.options.honest_statuses) return empty(200);
    const auto& row = row_of(fault);
    auto response = http::text(row.code, std::string(row.text));
    if (row.code == 503) response.headers.emplace_back("Retry-After", "1");
    return response;
}

std::string too_large(const http::Request& request, std::size_t bytes_max) {
    const std::string limit = std::to_string(bytes_max) + " bytes).";
    if (request.has_header("Transfer-Encoding")) {
        return "JSON payload has exceeded limit (" + limit;
    }
    return "JSON payload (" + std::to_string(request.body.size()) +
           " bytes) is larger than allowed (limit: " + limit;
}

http::Response publish(Service& service, const BroadcastRequest& wish, Now now) {
    const std::string_view topic = wish.topic;
    const auto publication =
        hub::Publication::make({.body_kind = hub::BodyKind::text, .body = wish.message});
    const auto receipt = service.hub.publish(service.app, {&topic, 1}, publication, now);
    if (receipt.outcome != hub::Outcome::ok) {
        return refuse_quietly(service, broadcast_fault(receipt.outcome));
    }
    service.broadcasts.add();
    service.broadcast_receivers.add(receipt.matched);
    return empty(200);
}

http::Response broadcast(Service& service, http::Request& request) {
    if (!is_json_type(request.header("Content-Type"))) {
        return refuse(service, Fault::broadcast_type,
                      std::string(row_of(Fault::broadcast_type).text));
    }
    if (request.body.size() > broadcast_bytes_max) {
        return refuse(service, Fault::broadcast_size, too_large(request, broadcast_bytes_max));
    }
    request.body.reserve(request.body.size() + json::padding);  // the decoder left it: no copy
    const auto wish = parse_broadcast_request(request.body);
    if (!wish.has_value()) {
        return refuse(service, Fault::broadcast_body,
                      std::string(row_of(Fault::broadcast_body).text) + wish.error().message);
    }
    const auto now = service.clock.now();
    const auto& [topic, message, token] = wish.value();
    const auto message_bytes_max = service.app->limits.event_payload_bytes_max;
    if (message.size() > message_bytes_max) {
        return refuse(service, Fault::broadcast_size, too_large(request, message_bytes_max));
    }
    if (const auto denied = deny(service, Grant::Scope::broadcast, topic, token, now)) {
        return refuse_quietly(service, broadcast_fault(denied->why), denied->rule);
    }
    return publish(service, wish.value(), now);
}

http::Handler always(int status) {
    return
        [status](http::Request&, http::Responder responder) { responder.respond(empty(status)); };
}

}  // namespace

Result<void> add_api_routes(Service& service, http::Router& router) {
    TRY(router.on("POST", "/broadcast",
                  [&service](http::Request& request, http::Responder responder) {
                      responder.respond(broadcast(service, request));
                  }));
    TRY(router.on("GET", "/health", always(200)));
    for (const auto* method : {"GET", "PUT", "PATCH", "DELETE"}) {
        TRY(router.on(method, "/broadcast", always(404)));
    }
    for (const auto* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        TRY(router.on(method, "/health", always(404)));
    }
    return {};
}

}  // namespace carillon::notiflux
