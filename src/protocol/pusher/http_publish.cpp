#include "protocol/pusher/http_publish.h"

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/read.h"
#include "json/write.h"
#include "protocol/pusher/publish_request.h"

namespace carillon::pusher {
Result<void> publish(Service& service, const hub::AppRef& app,
                     std::span<const PublishRequest> requests, Now now) {
    std::vector<std::vector<std::string_view>> names;
    std::vector<hub::Wish> wishes;
    names.reserve(requests.size());  // wishes point into it
    for (const auto& request : requests) {
        names.emplace_back(request.channels.begin(), request.channels.end());
        wishes.push_back({names.back(), hub::Publication::make({.event = request.event,
                                                                .body = request.data,
                                                                .exclude = request.exclude})});
    }
    const auto outcome = service.hub.publish(app, wishes, now).outcome;
    if (outcome == hub::Outcome::ok) return {};
    const auto fault = publish_fault(outcome);
    return http_error(fault, text_of(fault));
}

namespace {

// ---- the answers ----

void append_info(Call& call, const PublishRequest& request, const std::string& channel,
                 base::Buffer& out) {
    const auto info = limited_to(kind_of(channel), request.info);
    const auto counted = info.any() ? call.service.hub.describe(call.app, channel) : std::nullopt;
    append_counts(info, counted.value_or(hub::Description{}), out);
}

std::string answer_to(Call& call, const PublishRequest& request) {
    if (!request.info.any()) return R"({"ok":true})";
    auto channels = request.channels;
    std::ranges::sort(channels);  // each once: who named one twice must not get a doubled key
    channels.erase(std::ranges::unique(channels).begin(), channels.end());
    base::Buffer body;
    body.append(R"({"channels":)");
    char separator = '{';
    for (const auto& channel : channels) {
        body.append(std::exchange(separator, ','));
        json::append_quoted(channel, body);
        body.append(':');
        append_info(call, request, channel, body);
    }
    body.append("}}");
    return std::string(body.view());
}

std::string answer_to(Call& call, const std::vector<PublishRequest>& items) {
    const auto asks = [](const PublishRequest& item) { return item.info.any(); };
    if (std::ranges::none_of(items, asks)) return "{}";
    base::Buffer body;
    body.append(R"({"batch":)");
    char separator = '[';
    for (const auto& item : items) {
        body.append(std::exchange(separator, ','));
        append_info(call, item, item.channels.front(), body);
    }
    body.append("]}");
    return std::string(body.view());
}

// ---- once ----

// The body's key counts before the header's. Empty: none.
Result<std::string> key_of(const Call& call, const std::string& in_body) {
    const auto& options = call.service.options;
    const bool in_header = call.request.has_header("X-Idempotency-Key");
    if (!options.idempotency || !in_body.empty() || !in_header) return in_body;
    const auto key = call.request.header("X-Idempotency-Key");
    TRY(check_idempotency_key(key, options));
    return std::string(key);
}

// Does `work`, unless it was done under this key already: then its answer is told again.
Result<std::string> once(Call& call, const std::string& key,
                         const std::function<Result<std::string>()>& work) {
    if (key.empty()) return work();
    using State = Idempotency::Begun::State;
    auto& service = call.service;
    auto& counts = service.app_counts.of(call.app->id);
    counts.idempotency_publish.add();
    auto begun =
        service.idempotency.begin(call.app->id, key, service.options.idempotency_ttl_s, call.now);
    if (begun.state == State::in_progress) {
        return http_error(Fault::request_overloaded,
                          "A call with this idempotency key is in progress. Try again later.");
    }
    if (begun.state == State::done) {
        counts.idempotency_duplicates.add();
        return std::move(begun.answer);
    }
    auto done = work();
    if (done.has_value()) {
        service.idempotency.finish(begun.ticket, done.value());
    } else {
        service.idempotency.abandon(begun.ticket);
    }
    return done;
}

// ---- the calls ----

// The rate is asked before the body is read, and again when it is known what the body costs.
Result<PublishRequest> read_event(Call& call) {
    TRY(call.take_events(0));
    auto& body = call.request.body;
    body.reserve(body.size() + json::padding);  // the decoder left it: no copy
    TRY_AS(auto request, parse_publish_request(body, {call.app->limits, call.service.options}));
    TRY(call.take_events(request.channels.size()));
    TRY_AS(request.idempotency_key, key_of(call, request.idempotency_key));
    return request;
}

Result<BatchRequest> read_batch(Call& call) {
    TRY(call.take_events(0));
    auto& body = call.request.body;
    body.reserve(body.size() + json::padding);
    TRY_AS(auto request, parse_batch_request(body, {call.app->limits, call.service.options}));
    std::size_t channels = 0;
    for (const auto& item : request.items) channels += item.channels.size();
    TRY(call.take_events(channels));
    TRY_AS(request.idempotency_key, key_of(call, request.idempotency_key));
    return request;
}

Result<std::string> published_event(Call& call) {
    TRY_AS(const auto request, read_event(call));
    return once(call, request.idempotency_key, [&]() -> Result<std::string> {
        TRY(publish(call.service, call.app, {&request, 1}, call.now));
        return answer_to(call, request);
    });
}

Result<std::string> published_batch(Call& call) {
    TRY_AS(const auto request, read_batch(call));
    return once(call, request.idempotency_key, [&]() -> Result<std::string> {
        TRY(publish(call.service, call.app, request.items, call.now));
        return answer_to(call, request.items);
    });
}

}  // namespace

void publish_event(const CallRef& call) { call->answer(published_event(*call)); }

void publish_batch(const CallRef& call) { call->answer(published_batch(*call)); }

}  // namespace carillon::pusher
