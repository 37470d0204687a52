#include "protocol/pusher/metrics.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "protocol/pusher/names.h"

namespace carillon::pusher {
namespace {

using Type = protocol::MetricSink::Type;

constexpr std::size_t census_stripes = 32;  // of the channel table, at a time

// ---- what the hub counts ----

struct HubMetric {
    std::string_view name;
    Type type;
    std::string_view help;
    std::uint64_t (*read)(const hub::AppBooks&);
};

constexpr HubMetric hub_metrics[] = {
    {"connected", Type::gauge, "Clients that are connected.",
     [](const hub::AppBooks& b) {
         const auto closed = b.closed.get();  // first: who comes and goes between the two counts
         return std::max(b.opened.get(), closed) - closed;
     }},
    {"new_connections_total", Type::counter, "Clients that connected.",
     [](const hub::AppBooks& b) { return b.opened.get(); }},
    {"new_disconnections_total", Type::counter, "Clients that went.",
     [](const hub::AppBooks& b) { return b.closed.get(); }},
    {"socket_received_bytes", Type::counter, "In messages of clients, without framing.",
     [](const hub::AppBooks& b) { return b.received_bytes.get(); }},
    {"socket_transmitted_bytes", Type::counter, "To clients, with framing.",
     [](const hub::AppBooks& b) { return b.sent_bytes.get(); }},
    {"ws_messages_received_total", Type::counter, "Messages of clients.",
     [](const hub::AppBooks& b) { return b.received.get(); }},
    {"ws_messages_sent_total", Type::counter, "Messages to clients, each recipient counted.",
     [](const hub::AppBooks& b) { return b.sent.get(); }},
};

void write_hub_metrics(const Service& service, protocol::MetricSink& sink) {
    for (const auto& metric : hub_metrics) {
        sink.metric(metric.name, metric.type, metric.help);
        service.hub.each_app([&](const hub::AppRef& app, std::span<const hub::AppBooks> lanes) {
            std::uint64_t sum = 0;
            for (const auto& books : lanes) sum += metric.read(books);
            sink.sample({{"app_id", app->id}}, sum);
        });
    }
}

// ---- what this protocol counts ----

struct AppMetric {
    std::string_view name;
    std::string_view help;
    std::uint64_t (*read)(const AppCounts&);
};

constexpr AppMetric app_metrics[] = {
    {"http_calls_received_total", "Signed calls of the HTTP API.",
     [](const AppCounts& c) { return c.http_calls.get(); }},
    {"http_received_bytes", "In bodies of such calls.",
     [](const AppCounts& c) { return c.http_received_bytes.get(); }},
    {"http_transmitted_bytes", "In bodies of answers to them.",
     [](const AppCounts& c) { return c.http_transmitted_bytes.get(); }},
    {"idempotency_publish_total", "Publishes that named a key.",
     [](const AppCounts& c) { return c.idempotency_publish.get(); }},
    {"idempotency_duplicates_total", "Of these, answered as before.",
     [](const AppCounts& c) { return c.idempotency_duplicates.get(); }},
};

void write_app_metrics(const Service& service, protocol::MetricSink& sink) {
    for (const auto& metric : app_metrics) {
        sink.metric(metric.name, Type::counter, metric.help);
        service.app_counts.each([&](std::string_view app, const AppCounts& counts) {
            sink.sample({{"app_id", app}}, metric.read(counts));
        });
    }
}

void write_forgotten(const Service& service, protocol::MetricSink& sink) {
    sink.metric("idempotency_forgotten_total", Type::counter,
                "Keys that were forgotten before their time, for want of room.");
    sink.sample({}, service.idempotency.forgotten().get());
}

void write_by_type(const Service& service, protocol::MetricSink& sink, std::string_view name,
                   std::string_view help, AppCounts::ByType AppCounts::* which) {
    sink.metric(name, Type::counter, help);
    service.app_counts.each([&](std::string_view app, const AppCounts& counts) {
        for (std::size_t i = 0; i < channel_types; ++i) {
            const auto type = name_of(static_cast<ChannelType>(i));
            sink.sample({{"app_id", app}, {"channel_type", type}}, (counts.*which)[i].get());
        }
    });
}

// ---- what went wrong ----

// Sockudo's word for some of our faults; the others have their own.
constexpr std::pair<Fault, std::string_view> error_types[] = {
    {Fault::app_unknown, "app_not_found"},
    {Fault::app_disabled, "app_disabled"},
    {Fault::app_full, "app_over_quota"},
    {Fault::node_full, "over_capacity"},
    {Fault::origin_refused, "origin_not_allowed"},
    {Fault::sign_in_failed, "authentication_failed"},
    {Fault::subscription_unauthorized, "authentication_error"},
    {Fault::message_malformed, "invalid_message_format"},
    {Fault::event_missing, "missing_event_name"},
};

void write_errors(const Service& service, protocol::MetricSink& sink) {
    sink.metric("connection_errors_total", Type::counter, "Refusals that clients met, by kind.");
    // Who names no app that we know has none to be counted for.
    sink.sample({{"app_id", ""}, {"error_type", "app_not_found"}},
                service.refusals.get(Fault::app_unknown));
    service.app_counts.each([&](std::string_view app, const AppCounts& counts) {
        for (const auto& [fault, type] : error_types) {
            if (fault == Fault::app_unknown) continue;
            sink.sample({{"app_id", app}, {"error_type", type}}, counts.refusals.get(fault));
        }
    });
}

// ---- the census ----

// The occupied channels by app and kind, counted in parts.
struct Census {
    Service& service;
    protocol::MetricSink& sink;
    std::function<void()> done;
    std::size_t next_stripe = 0;
    std::map<std::string, std::array<std::uint64_t, channel_types>> counts{};
};

void write_census(const Census& census) {
    census.sink.metric("active_channels", Type::gauge, "Channels with subscribers.");
    for (const auto& [app, counts] : census.counts) {
        for (std::size_t i = 0; i < channel_types; ++i) {
            const auto type = name_of(static_cast<ChannelType>(i));
            census.sink.sample({{"app_id", app}, {"channel_type", type}}, counts[i]);
        }
    }
    census.done();
}

void take_census(const std::shared_ptr<Census>& census) {
    auto& service = census->service;
    service.hub.each_channel(census->next_stripe, census_stripes,
                             [&](const hub::AppRef& app, std::string_view channel, auto&) {
                                 if (is_own_channel(channel)) return;
                                 ++census->counts[app->id][index_of(type_of(kind_of(channel)))];
                             });
    census->next_stripe += census_stripes;
    if (census->next_stripe >= hub::ChannelTable::stripe_count) return write_census(*census);
    // With no room for the rest, the number would be wrong: it is left out this time.
    if (!service.later || !service.later([census] { take_census(census); })) census->done();
}

}  // namespace

void write_metrics(Service& service, protocol::MetricSink& sink,
                   const std::function<void()>& done) {
    service.hub.each_app([&](const hub::AppRef& app, auto) { service.app_counts.of(app->id); });
    write_hub_metrics(service, sink);
    write_app_metrics(service, sink);
    write_forgotten(service, sink);
    write_by_type(service, sink, "channel_subscriptions_total", "Joins.",
                  &AppCounts::subscriptions);
    write_by_type(service, sink, "channel_unsubscriptions_total", "Leaves, also by going away.",
                  &AppCounts::unsubscriptions);
    write_errors(service, sink);
    auto census = std::make_shared<Census>(Census{service, sink, done});
    service.hub.each_app([&](const hub::AppRef& app, auto) { census->counts[app->id]; });
    take_census(census);
}

}  // namespace carillon::pusher
