#include "protocol/pusher/http_call.h"

#include <utility>

#include "json/write.h"
#include "protocol/pusher/signature.h"

namespace carillon::pusher {
namespace {

constexpr std::size_t logged_id_bytes_max = 64;  // a stranger wrote it

Error plain(Fault fault) { return http_error(fault, text_of(fault)); }

http::Response too_many(const AppRates::Verdict& rate) {
    auto response = http::json(
        429,
        R"({"error":"Too Many Requests","message":"Rate limit exceeded. Please try again later."})");
    const auto reset = std::to_string(AppRates::window_s);
    response.headers.emplace_back("X-RateLimit-Limit", std::to_string(rate.limit));
    response.headers.emplace_back("X-RateLimit-Remaining", std::to_string(rate.remaining));
    response.headers.emplace_back("X-RateLimit-Reset", reset);
    response.headers.emplace_back("Retry-After", reset);
    return response;
}

}  // namespace

http::Handler signed_call(Service& service, void (*handler)(const CallRef&)) {
    return [&service, handler](http::Request& request, http::Responder responder) {
        const auto call = std::make_shared<Call>(service, std::move(request), std::move(responder));
        service.apps.find_by_id(call->request.param("id"),
                                [call, handler](const Result<hub::AppRef>& found) {
                                    const auto admitted = call->admit(found);
                                    if (!admitted.has_value())
                                        return call->answer(admitted.error());
                                    handler(call);
                                });
    };
}

Result<void> Call::admit(const Result<hub::AppRef>& found) {
    if (!found.has_value()) return found.error();
    if (found.value() == nullptr) return plain(Fault::request_app_unknown);
    now = service.clock.now();
    // The signature first: to a stranger, everything else is none of his business.
    TRY_AS(query, verify_request(*found.value(), request, now));
    app = found.value();
    if (!app->enabled) return plain(Fault::request_app_disabled);
    if (request.method == "POST") return {};  // what it costs stands in its body
    return take(AppRates::Of::questions, app->limits.read_requests_per_second, 1);
}

Result<void> Call::take_events(std::uint64_t count) {
    return take(AppRates::Of::events, app->limits.backend_events_per_second, count);
}

Result<void> Call::take(AppRates::Of what, std::uint32_t limit, std::uint64_t count) {
    rate_ = service.rates.take(app->id, what, limit, count, now);
    if (rate_.allowed) return {};
    return plain(Fault::request_rate);
}

void Call::answer(Result<std::string> done) {
    auto response =
        done.has_value() ? http::json(200, std::move(done).value()) : refusal(done.error());
    if (app != nullptr) {
        auto& counts = service.app_counts.of(app->id);
        counts.http_calls.add();
        counts.http_received_bytes.add(request.body.size());
        counts.http_transmitted_bytes.add(response.body.size());
    }
    responder_.respond(std::move(response));
}

http::Response Call::refusal(const Error& error) const {
    const auto fault = http_fault(error);
    const auto& row = row_of(fault);
    service.refusals.add(fault);
    service.log.debug(  // what a stranger can repeat at will is not worth a line in production
        "request_refused",
        {{"reason", row.name}, {"app", request.param("id").substr(0, logged_id_bytes_max)}});
    if (fault == Fault::request_rate) return too_many(rate_);
    base::Buffer body;
    body.append(R"({"error":)");
    // The words of a foreign error are for the log of whoever made it, not for a stranger.
    json::append_quoted(fault == Fault::request_failed ? row.text : error.message, body);
    body.append(R"(,"code":)");
    json::append_quoted(row.label, body);
    body.append(R"(,"status":)");
    json::append_number(row.code, body);
    body.append('}');
    auto response = http::json(row.code, std::string(body.view()));
    if (row.code == 503) response.headers.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace carillon::pusher
