#include "protocol/turbine/metrics.h"

#include "protocol/turbine/service.h"

namespace carillon::turbine {
namespace {

using Type = protocol::MetricSink::Type;

void write_count(protocol::MetricSink& sink, std::string_view name, std::string_view help,
                 const base::SharedCount& count) {
    sink.metric(name, Type::counter, help);
    sink.sample({}, count.get());
}

}  // namespace

void write_metrics(const Service& service, protocol::MetricSink& sink) {
    const auto& counts = service.counts;
    sink.metric("carillon_turbine_commands_total", Type::counter, "Commands of clients.");
    for (std::size_t i = 0; i < counts.commands.size(); ++i) {
        sink.sample({{"method", method_names[i]}}, counts.commands[i].get());
    }
    sink.metric("carillon_turbine_tokens_rejected_total", Type::counter,
                "Tokens that were refused, by the rule that did.");
    for (std::size_t i = 0; i < counts.tokens_rejected.size(); ++i) {
        sink.sample({{"rule", auth::name_of(static_cast<auth::JwtFault>(i))}},
                    counts.tokens_rejected[i].get());
    }
    write_count(sink, "carillon_turbine_publishes_total", "Publications of the backend.",
                counts.publishes);
    write_count(sink, "carillon_turbine_delivered_total",
                "Copies of them that were queued for a client: the sum of all `delivered`.",
                counts.delivered);
    write_count(sink, "carillon_turbine_dropped_total",
                "Copies of them that a full queue had no room for: nobody was told.",
                counts.dropped);
}

}  // namespace carillon::turbine
