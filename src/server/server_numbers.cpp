// The server's part that gathers its numbers. Every lane reports on its own loop, where its books
// agree with themselves, and a guest on its own thread; then each protocol writes its own; the first
// core's loop, which serves the admin port, puts it all together.
#include <algorithm>

#include "server/journal_report.h"
#include "server/metric_sink.h"
#include "server/server.h"

namespace carillon::server {

namespace {

// A guest's thread may be busy with something of its own, just when somebody wants to know why.
constexpr std::int64_t guests_wait_ns = base::ns_per_s;

}  // namespace

// Lives on the first core's loop; elsewhere it goes by its number, for what waits elsewhere may be
// dropped, or come too late.
struct Server::Gathering final : net::Timer {
    Gathering(Server& s, std::uint64_t its_number, std::function<void(admin::Report)> answer)
        : server(s),
          number(its_number),
          loops_missing(s.cores_.size()),
          guests_missing(s.run_on_guest_ ? s.guests_ : 0),
          sink(report, s.config_.metrics.prefix, s.port_),
          done(std::move(answer)) {}
    void on_timer(Now) override {
        guests_missing = 0;
        server.go_on_if_complete(number);
    }
    Server& server;
    const std::uint64_t number;
    admin::Report report;
    std::size_t loops_missing;
    std::size_t guests_missing;
    ReportSink sink;
    std::function<void(admin::Report)> done;
};

void Server::gather(std::function<void(admin::Report)> done) {
    const auto number = ++gatherings_begun_;
    const auto asked_ns = clock_.now().steady_ns;
    auto& gathering =
        *(gatherings_[number] = std::make_shared<Gathering>(*this, number, std::move(done)));
    for (auto& core : cores_) {
        core->loop.post(
            [this, &core, number, asked_ns] { hand_in(number, report_of(*core), asked_ns); });
    }
    if (gathering.guests_missing != 0) ask_guests(gathering, asked_ns);
}

void Server::ask_guests(Gathering& gathering, std::int64_t asked_ns) {
    cores_.front()->loop.timers().arm(gathering, asked_ns + guests_wait_ns);
    for (unsigned i = 0; i < guests_; ++i) {
        run_on_guest_(i, [this, i, number = gathering.number, asked_ns] {
            hand_in(number, admin::report_of(guest(i)), asked_ns);
        });
    }
}

// On the lane's own thread.
void Server::hand_in(std::uint64_t gathering, admin::LaneReport lane, std::int64_t asked_ns) {
    lane.lag_us = static_cast<std::uint64_t>(clock_.now().steady_ns - asked_ns) / 1000;
    cores_.front()->loop.post([this, gathering, lane = std::move(lane)]() mutable {
        collect(gathering, std::move(lane));
    });
}

void Server::collect(std::uint64_t number, admin::LaneReport lane) {
    const auto at = gatherings_.find(number);
    if (at == gatherings_.end()) return;  // it was not waited for any longer
    auto& gathering = *at->second;
    auto& missing = lane.lane < loops_ ? gathering.loops_missing : gathering.guests_missing;
    if (missing == 0) return;  // likewise
    --missing;
    gathering.report.lanes.push_back(std::move(lane));
    go_on_if_complete(number);
}

void Server::go_on_if_complete(std::uint64_t number) {
    const auto gathering = gatherings_.at(number);
    if (gathering->loops_missing != 0 || gathering->guests_missing != 0) return;
    gatherings_.erase(number);
    net::TimerWheel::disarm(*gathering);
    std::ranges::sort(gathering->report.lanes, {}, &admin::LaneReport::lane);
    ask_protocol(0, gathering);
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
    const auto& memory = histories_.memory();
    report.history = {.bytes = memory.bytes(),
                      .publications = memory.publications(),
                      .too_old = memory.too_old(),
                      .evicted = memory.evicted(),
                      .not_taken = memory.not_taken()};
    if (histories_.journal() != nullptr)
        report.journal = journal_report(histories_.journal()->numbers());
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
