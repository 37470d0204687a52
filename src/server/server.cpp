#include "server/server.h"

#include <algorithm>

#include "admin/routes.h"
#include "base/random.h"

namespace carillon::server {

namespace {

// A part of the channels at a time, so that none waits for its lock: all of them within 8 seconds.
constexpr std::int64_t sweep_period_ns = 250 * base::ns_per_ms;
constexpr std::size_t sweep_stripes = 32;

constexpr int listen_backlog = 4096;  // the kernel cuts it to net.core.somaxconn

hub::HubConfig hub_config(const Config& config) {
    auto threads = config.threads != 0 ? config.threads : std::thread::hardware_concurrency();
    threads = std::clamp<unsigned>(threads, 1, limits::lanes_max);
    return {.lanes = threads, .lane_limits = {}, .random = [](unsigned) {
                return std::make_unique<base::SystemRandom>();
            }};
}

}  // namespace

Server::Core::Core(const base::Clock& clock, hub::Lane& lane, edge::Shared shared)
    : loop(clock, lane.index()), worker(loop, lane, shared) {}

Server::Server(Config config, const base::Clock& clock, base::Log& log)
    : config_(std::move(config)),
      clock_(clock),
      log_(log),
      started_(clock.now()),
      history_([this](const hub::App&, std::string_view channel) {
          return retention_of(config_, channel);
      }),
      hub_(std::make_unique<hub::Hub>(hub_config(config_), hub::Ports{.history = &history_})) {}

Server::~Server() {
    hub_->drain();  // tells nobody who leaves: that would wake lanes that have no loop any more
    stop_loops();
    wait();
}

// ---- start ----

Result<void> Server::start() {
    TRY_AS(apps_, apps::MemoryApps::make(config_.apps));
    protocols_ = std::make_unique<Protocols>(
        make_protocols({*hub_, *apps_, clock_, log_, config_, [this](std::function<void()> task) {
                            return cores_.front()->loop.post(std::move(task));
                        }}));
    TRY(build_routes());
    const edge::Shared shared{framing_, log_, config_.websocket_max_payload_kb * limits::kib};
    for (unsigned i = 0; i < hub_->lane_count(); ++i) {
        cores_.push_back(std::make_unique<Core>(clock_, hub_->lane(i), shared));
    }
    TRY(listen());
    for (auto& core : cores_) core->thread = std::thread([this, &core] { run(*core); });
    return {};
}

Result<void> Server::build_routes() {
    for (const auto& protocol : *protocols_) {
        TRY(protocol->routes(client_routes_));
    }
    return admin::routes(admin_routes_, [this](auto done) { gather(std::move(done)); });
}

// The first lane proves that the port is ours alone; only then do the others share it.
Result<void> Server::listen() {
    port_ = config_.port;
    for (auto& core : cores_) {
        const bool first = core == cores_.front();
        TRY_AS(const int fd, net::bind_listener(config_.host, port_, first, listen_backlog));
        core->clients = std::make_unique<net::Listener>(
            core->loop, fd,
            [this, &worker = core->worker](int client) { worker.accept(client, client_routes_); });
        port_ = core->clients->port();
    }
    if (!config_.metrics.enabled) return {};
    auto& core = *cores_.front();
    TRY_AS(const int fd,
           net::bind_listener(config_.metrics.host, config_.metrics.port, true, listen_backlog));
    core.admin = std::make_unique<net::Listener>(
        core.loop, fd, [this, &core](int client) { core.worker.accept(client, admin_routes_); });
    metrics_port_ = core.admin->port();
    return {};
}

void Server::run(Core& core) {
    auto& home = core.worker.lane().home();
    home.settle();
    if (&core == cores_.front().get()) sweep(clock_.now());
    core.loop.run();
    home.unsettle();  // whoever takes the server apart is at home here again
}

// On the first core's loop. Over its budget, what is kept cannot wait for the next round.
void Server::sweep(Now now) {
    const bool over = history_.bytes() > history_.bytes_max();
    hub_->sweep(over ? hub::ChannelTable::stripe_count : sweep_stripes, now);
    cores_.front()->loop.timers().arm(sweep_timer_, now.steady_ns + sweep_period_ns);
}

// ---- stop ----

void Server::drain() {
    if (draining_.exchange(true)) return;
    log_.info("draining", {{"grace_s", std::int64_t{config_.shutdown_grace_period_s}}});
    hub_->drain();
    cores_undrained_ = threads();
    for (auto& core : cores_) core->loop.post([this, &core] { drain_core(*core); });
}

// Clients go over the first half of the grace time, so that they do not all come back in the same
// moment, and the slow ones have the other half to take what they are owed.
void Server::drain_core(Core& core) {
    const auto grace_ns = config_.shutdown_grace_period_s * base::ns_per_s;
    if (&core == cores_.front().get()) {
        core.loop.timers().arm(grace_, clock_.now().steady_ns + grace_ns - grace_ns / 10);
        if (core.admin != nullptr) core.admin->close();
    }
    core.clients->close();
    core.worker.drain(grace_ns / 2, [this] { core_drained(); });
}

void Server::core_drained() {
    if (cores_undrained_.fetch_sub(1) == 1) stop_loops();
}

void Server::stop_loops() {
    for (auto& core : cores_) core->loop.stop();
}

void Server::wait() {
    for (auto& core : cores_) {
        if (core->thread.joinable()) core->thread.join();
    }
}

void Server::run_due_timers() {
    for (auto& core : cores_) core->loop.post([&core] { core->loop.run_due_timers(); });
}

// ---- numbers ----

// Every lane reports on its own loop, where its books agree with themselves; the first core's loop,
// which serves the admin port, puts the reports together.
void Server::gather(std::function<void(admin::Report)> done) {
    struct Gathering {
        admin::Report report;
        std::size_t missing;
        std::function<void(admin::Report)> done;
    };
    auto gathering = std::make_shared<Gathering>(Gathering{{}, cores_.size(), std::move(done)});
    gathering->report.lanes.resize(cores_.size());
    for (auto& core : cores_) {
        core->loop.post([this, &core, gathering] {
            cores_.front()->loop.post([this, gathering, lane = report_of(*core)] {
                gathering->report.lanes[lane.lane] = lane;
                if (--gathering->missing != 0) return;
                fill_totals(gathering->report);
                gathering->done(std::move(gathering->report));
            });
        });
    }
}

admin::LaneReport Server::report_of(Core& core) {
    auto report = admin::report_of(core.worker.lane());
    report.connections = core.worker.connections();
    report.mailbox_refused = core.loop.mailbox_refused();
    report.accepted = core.clients->accepted();
    report.refused_descriptors = core.clients->refused_descriptors();
    report.accept_failed = core.clients->failed();
    report.http_refused = core.worker.http_refusals();
    return report;
}

void Server::fill_totals(admin::Report& report) {
    report.refusals = admin::refusals_of(*hub_);
    report.recoveries = admin::recoveries_of(*hub_);
    for (const auto& protocol : *protocols_) {
        protocol->each_refusal([&](std::string_view reason, std::uint64_t count) {
            report.protocol_refusals.push_back(
                {std::string(protocol->name()), std::string(reason), count});
        });
    }
    report.history = {.bytes = history_.bytes(),
                      .publications = history_.publications(),
                      .too_old = history_.too_old(),
                      .evicted = history_.evicted(),
                      .not_taken = history_.not_taken()};
    report.published = hub_->published().get();
    report.channels = hub_->channel_count();
    report.log_dropped = log_.dropped();
    report.uptime_s =
        static_cast<std::uint64_t>((clock_.now().steady_ns - started_.steady_ns) / base::ns_per_s);
}

}  // namespace carillon::server
