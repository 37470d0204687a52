#include "protocol/notiflux/metrics.h"

namespace carillon::notiflux {
namespace {

struct Metric {
    std::string_view name;
    std::string_view help;
    const base::SharedCount Service::* which;
};

constexpr Metric metrics[] = {
    {"carillon_notiflux_subscribes_total", "Joins.", &Service::subscribes},
    {"carillon_notiflux_broadcasts_total", "Broadcasts that were published.", &Service::broadcasts},
    {"carillon_notiflux_broadcast_receivers_total", "Subscribers that these found.",
     &Service::broadcast_receivers},
};

}  // namespace

void write_metrics(const Service& service, protocol::MetricSink& sink) {
    for (const auto& metric : metrics) {
        sink.metric(metric.name, protocol::MetricSink::Type::counter, metric.help);
        sink.sample({}, (service.*metric.which).get());
    }
}

}  // namespace carillon::notiflux
