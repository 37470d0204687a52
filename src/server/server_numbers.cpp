// The server's part that gathers its numbers. Every lane reports on its own loop, where its books
// agree with themselves; then each protocol writes its own; the first core's loop, which serves the
// admin port, puts it all together.
#include "server/metric_sink.h"
#include "server/server.h"

namespace carillon::server {

struct Server::Gathering {
    Gathering(Server& s, std::function<void(admin::Report)> answer)
        : missing(s.cores_.size()),
          sink(report, s.config_.metrics.prefix, s.port_),
          done(std::move(answer)) {
        report.lanes.resize(missing);
    }
    admin::Report report;
    std::size_t missing;  // lanes
    ReportSink sink;
    std::function<void(admin::Report)> done;
};

void Server::gather(std::function<void(admin::Report)> done) {
    auto gathering = std::make_shared<Gathering>(*this, std::move(done));
    const auto asked_ns = clock_.now().steady_ns;
    for (auto& core : cores_) {
        core->loop.post([this, &core, gathering, asked_ns] {
            auto lane = report_of(*core);
            lane.lag_us = static_cast<std::uint64_t>(clock_.now().steady_ns - asked_ns) / 1000;
            cores_.front()->loop.post([this, gathering, lane] {
                gathering->report.lanes[lane.lane] = lane;
                if (--gathering->missing == 0) ask_protocol(0, gathering);
            });
        });
    }
}

// One after the other, for some take a while.
void Server::ask_protocol(std::size_t index, const std::shared_ptr<Gathering>& gathering) {
    if (index < protocols_->spoken.size()) {
        return protocols_->spoken[index]->write_metrics(
            gathering->sink, [this, index, gathering] { ask_protocol(index + 1, gathering); });
    }
    fill_totals(gathering->report);
    write_rate_limits(gathering->sink);
    gathering->done(std::move(gathering->report));
}

admin::LaneReport Server::report_of(Core& core) {
    auto report = admin::report_of(core.worker.lane());
    report.connections = core.worker.connections();
    report.mailbox_refused = core.loop.mailbox_refused();
    report.accepted = core.clients->accepted();
    report.refused_descriptors = core.clients->refused_descriptors();
    report.accept_failed = core.clients->failed();
    report.http_refused = core.worker.http_refusals();
    report.handshaking = core.worker.shaking_hands();
    for (std::size_t i = 0; i < edge::handshake_ends; ++i) {
        const auto end = static_cast<edge::Handshake>(i);
        report.handshakes.emplace_back(edge::name_of(end), core.worker.handshakes(end));
    }
    return report;
}

void Server::fill_totals(admin::Report& report) {
    report.refusals = admin::refusals_of(*hub_);
    report.recoveries = admin::recoveries_of(*hub_);
    protocols_->each([&](const protocol::Protocol& protocol) {
        protocol.each_refusal([&](std::string_view reason, std::uint64_t count) {
            report.protocol_refusals.push_back(
                {std::string(protocol.name()), std::string(reason), count});
        });
    });
    report.families.push_back({.name = "carillon_bridge_total",
                               .type = admin::PrometheusText::Type::counter,
                               .help = "What became of publications on each bridge."});
    bridges_->each([&](std::string_view bridge, bridge::Ending fate, std::uint64_t count) {
        report.families.back().samples.push_back(
            {{{"bridge", std::string(bridge)}, {"outcome", std::string(bridge::name_of(fate))}},
             count});
    });
    report.history = {.bytes = history_.bytes(),
                      .publications = history_.publications(),
                      .too_old = history_.too_old(),
                      .evicted = history_.evicted(),
                      .not_taken = history_.not_taken()};
    report.host_events = {.recorded = host_events_.recorded(),
                          .lost = host_events_.lost(),
                          .resyncs = host_events_.resyncs()};
    report.published = hub_->published().get();
    report.channels = hub_->channel_count();
    report.log_dropped = log_.dropped();
    report.uptime_s =
        static_cast<std::uint64_t>((clock_.now().steady_ns - started_.steady_ns) / base::ns_per_s);
}

// No address belongs to an app: the label is there because dashboards group by it.
void Server::write_rate_limits(protocol::MetricSink& sink) const {
    using Read = std::uint64_t (http::RateLimiter::*)() const;
    const auto write = [&](std::string_view name, std::string_view help, Read read) {
        sink.metric(name, protocol::MetricSink::Type::counter, help);
        for (const auto& [type, limiter] : {std::pair("api", doorman_.api_limiter()),
                                            std::pair("websocket", doorman_.websocket_limiter())}) {
            if (limiter == nullptr) continue;
            sink.sample({{"app_id", ""}, {"limiter_type", type}, {"request_context", "address"}},
                        (limiter->*read)());
        }
    };
    write("rate_limit_checks_total", "Requests weighed by their address.",
          &http::RateLimiter::checks);
    write("rate_limit_triggered_total", "Of these, refused.", &http::RateLimiter::triggered);
    write("rate_limit_forgotten_total", "Addresses forgotten before their time, for want of room.",
          &http::RateLimiter::forgotten);
}

}  // namespace carillon::server
