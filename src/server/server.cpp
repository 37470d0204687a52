#include "server/server.h"

#include <algorithm>

#include "admin/console.h"
#include "admin/routes.h"
#include "admin/usage.h"
#include "base/assert.h"
#include "base/random.h"
#include "server/bridging.h"
#include "server/certificates.h"
#include "server/demo_tokens.h"

namespace carillon::server {

namespace {

// A part of the channels at a time, so that none waits for its lock: all of them within 8 seconds.
constexpr std::int64_t sweep_period_ns = 250 * base::ns_per_ms;
constexpr std::size_t sweep_stripes = 32;

constexpr int listen_backlog = 4096;  // the kernel cuts it to net.core.somaxconn

unsigned loops_beside(unsigned guests, const Config& config) {
    const auto threads = config.threads != 0 ? config.threads : std::thread::hardware_concurrency();
    return std::clamp<unsigned>(threads, 1, limits::lanes_max - guests);
}

hub::HubConfig hub_config(const Config& config, unsigned lanes) {
    return {.lanes = lanes,
            .sessions_max = config.connections_max,
            .lane_limits = {},
            .random = [](unsigned) { return std::make_unique<base::SystemRandom>(); }};
}

}  // namespace

Server::Core::Core(const base::Clock& clock, hub::Lane& lane, edge::Shared shared)
    : loop(clock, lane.index()), worker(loop, lane, shared) {}

Server::Server(Config config, const base::Clock& clock, base::Log& log, unsigned guests)
    : config_(std::move(config)),
      guests_(std::min(guests, limits::lanes_max - 1)),
      loops_(loops_beside(guests_, config_)),
      clock_(clock),
      log_(log),
      started_(clock.now()),
      doorman_(config_),
      histories_(config_.journal,
                 [this](const hub::App& app, std::string_view channel) {
                     return retention_of(config_, app, channel);
                 }),
      // Where a wake finds no room, the next sweep drains.
      host_events_([this] { (void)run_later([this] { host_events_.drain(clock_.now()); }); }),
      hub_(std::make_unique<hub::Hub>(
          hub_config(config_, loops_ + guests_),
          hub::Ports{
              .history = &histories_, .cursors = &histories_, .host_events = &host_events_})) {}

// The guests first: whoever is left in one now would outlive it.
Server::~Server() {
    for (unsigned i = 0; i < guests_; ++i) {
        ASSERT(guest(i).session_count() == 0);
        ASSERT(guest(i).home().is_here());
    }
    running_ = false;
    hub_->drain();  // tells nobody who leaves: that would wake lanes that have no loop any more
    stop_loops();
    wait();
    histories_.close();  // who waits for an answer is a protocol's
}

// ---- start ----

Result<void> Server::start() {
    TRY(histories_.open(clock_, log_));
    TRY_AS(apps_, apps::MemoryApps::make(apps_of(config_)));
    apps_->each([this](const hub::AppRef& app) { hub_->know(app); });
    TRY_AS(auto protocols, make_protocols({*hub_, host_events_, *apps_, clock_, log_, config_,
                                           [this](std::function<void()> task) {
                                               return run_later(std::move(task));
                                           }}));
    protocols_ = std::make_unique<Protocols>(std::move(protocols));
    TRY_AS(bridges_, make_bridges(config_, *apps_, *protocols_, log_));
    if (!bridges_->empty()) hub_->attach(*bridges_);
    if (!config_.nats_url.empty()) {
        log_.info("single_node", {{"reason", "NATS_URL is taken note of; nodes do not meet yet"}});
    }
    TRY(build_routes());
    const edge::Shared shared{framing_, log_, config_.websocket_max_payload_kb * limits::kib,
                              config_.http_body_bytes_max};
    for (unsigned i = 0; i < loops_; ++i) {
        cores_.push_back(std::make_unique<Core>(clock_, hub_->lane(i), shared));
    }
    TRY(listen());
    running_ = true;
    for (auto& core : cores_) core->thread = std::thread([this, &core] { run(*core); });
    return {};
}

Result<void> Server::build_routes() {
    client_routes_.set_doorman(doorman_);
    client_routes_.mount(config_.path_prefix);
    for (const auto* protocols : {&protocols_->spoken, &protocols_->shared}) {
        for (const auto& protocol : *protocols) {
            TRY(protocol->routes(client_routes_));
        }
    }
    if (is_demo(config_)) {
        TRY(add_demo_tokens(clock_, client_routes_));
    }
    // Below the prefix too: the page looks for its server beside itself.
    if (config_.page_enabled) {
        TRY(admin::console_routes(client_routes_));
    }
    client_routes_.mount({});
    if (config_.usage_enabled) {
        TRY(admin::usage_route(client_routes_));
    }
    return admin::routes(
        admin_routes_, [this](auto done) { gather(std::move(done)); },
        [this] { return histories_.trouble(); });
}

// The first lane proves that the port is ours alone; only then do the others share it.
Result<void> Server::listen() {
    port_ = config_.port;
    TRY_AS(const auto tls, load_certificates(config_.ssl));
    if (tls != nullptr) tell_expiry(*tls, clock_.now(), log_);
    for (auto& core : cores_) {
        const bool first = core == cores_.front();
        TRY_AS(const int fd, net::bind_listener(config_.host, port_, first, listen_backlog));
        core->clients =
            std::make_unique<net::Listener>(core->loop, fd, [this, &core = *core](int client) {
                core.worker.accept(client, client_routes_, core.tls);
            });
        core->tls = tls;
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

Result<void> Server::reload_certificates() {
    TRY_AS(const auto tls, load_certificates(config_.ssl));
    if (tls == nullptr) return {};
    tell_expiry(*tls, clock_.now(), log_);
    for (auto& core : cores_) {
        if (!core->loop.post([&core, tls] { core->tls = tls; })) {
            return Error{ErrorKind::overloaded, "lane " + std::to_string(core->loop.index()) +
                                                    " is too busy, and shows the old certificates: "
                                                    "send SIGHUP again"};
        }
    }
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
    const auto& memory = histories_.memory();
    const bool over = memory.bytes() > memory.bytes_max();
    host_events_.drain(now);
    hub_->sweep(over ? hub::ChannelTable::stripe_count : sweep_stripes, now);
    cores_.front()->loop.timers().arm(sweep_timer_, now.steady_ns + sweep_period_ns);
}

// Any thread: on the first core's loop.
bool Server::run_later(std::function<void()> task) {
    return running_ && cores_.front()->loop.post(std::move(task));
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

// ---- apps ----

hub::AppRef Server::app(std::string_view id) const {
    if (apps_ == nullptr || protocols_ == nullptr) return nullptr;
    hub::AppRef found;
    apps_->find_by_id(id, [&](const Result<hub::AppRef>& answer) {
        if (answer.has_value()) found = *answer;
    });
    if (found != nullptr) return found->enabled ? found : nullptr;
    for (const auto& [spoken, by] : protocols_->apps) {
        if (spoken != nullptr && spoken->id == id) return spoken;
    }
    return nullptr;
}

hub::AppRef Server::default_app() const {
    const auto first = std::ranges::find_if(config_.apps, &hub::App::enabled);
    return first == config_.apps.end() ? nullptr : app(first->id);
}

void Server::run_due_timers() {
    for (auto& core : cores_) core->loop.post([&core] { core->loop.run_due_timers(); });
}

}  // namespace carillon::server
