// server/server.h: every part by hand: the hub, the protocols, a loop and a worker per core, the
// listeners, the admin port, and how they stop. main builds one; a test builds one with a clock of
// its own; a program that uses the library may build one beside its own lanes.
//
// Guests are lanes of the same hub that no loop of ours runs: the program around us does. Whatever
// is published on either side reaches both. What the program owes them:
//
//   before start()       guest(i).attach(wake): a Wake that outlives the server. Hooks, if it has
//                        any (Hub::attach), outlive it too. set_run_on_guest, to be in /metrics.
//   after start()        on one thread for each guest: home().settle(), then sessions, take, tick,
//                        flush and reap, as edge::Worker::run does it. Not before: host events find
//                        their listeners during start().
//   before the           each guest's sessions are closed and reaped on its thread, their outboxes
//   destructor           gone, its home unsettled; then no thread of the program calls the hub, or
//                        runs what set_run_on_guest gave it (dropping that is fine at any time). A
//                        guest with sessions fails an ASSERT there: they would outlive their lane.
//
// drain() concerns our own clients: guests go on, also when wait() has returned; what they publish
// then reaches guests only, and waits for the others in inboxes that nobody empties, until they are
// full and it is refused as overloaded.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "admin/report.h"
#include "apps/memory/memory_apps.h"
#include "base/log.h"
#include "base/time.h"
#include "bridge/bridges.h"
#include "edge/framing.h"
#include "edge/worker.h"
#include "http/router.h"
#include "hub/host_inbox.h"
#include "hub/hub.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls_context.h"
#include "server/config.h"
#include "server/doorman.h"
#include "server/histories.h"
#include "server/protocols.h"

namespace carillon::server {

class Server {
 public:
    // Parts that know of nothing yet; `clock` and `log` outlive the server. Where threads and
    // `guests` together are more than limits::lanes_max, there are fewer threads, but always one.
    Server(Config config, const base::Clock& clock, base::Log& log, unsigned guests = 0);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();  // without a word to anyone still connected

    // Binds the ports and starts a thread per loop. After an Error only the destructor may follow.
    Result<void> start();
    std::uint16_t port() const { return port_; }
    std::uint16_t metrics_port() const { return metrics_port_; }  // 0: no admin port

    // Any thread: reads the certificates anew, for the clients to come. An Error: the old ones stay.
    Result<void> reload_certificates();

    // Any thread: stops accepting, says goodbye to every client over a window, and stops; wait()
    // then returns. After the grace time whoever is left is cut off.
    void drain();
    void wait();

    hub::Hub& hub() { return *hub_; }
    hub::History& history() { return histories_; }
    storage::Journal* journal() { return histories_.journal(); }  // null: there is none
    unsigned threads() const { return static_cast<unsigned>(cores_.size()); }

    // ---- for the program around it ----

    unsigned guests() const { return guests_; }
    hub::Lane& guest(unsigned i) { return hub_->lane(loops_ + i); }
    // How a guest's thread is asked for its numbers: it runs the task soon, or drops it. One that
    // takes longer than a second is left out of that answer; null, and they all are. Called on a
    // loop; before start().
    using RunOnGuest = std::function<void(unsigned guest, std::function<void()> task)>;
    void set_run_on_guest(RunOnGuest run) { run_on_guest_ = std::move(run); }
    // An enabled app by its id: of the list, or a protocol's own; and the first enabled one of the
    // list, which Pusher's clients connect to by default. Null: there is none. Any thread, after
    // start().
    hub::AppRef app(std::string_view id) const;
    hub::AppRef default_app() const;

    // For a test that moved its clock: every loop fires what is due, soon.
    void run_due_timers();

 private:
    // What lives on one core.
    struct Core {
        Core(const base::Clock& clock, hub::Lane& lane, edge::Shared shared);
        net::Loop loop;
        edge::Worker worker;
        std::unique_ptr<net::Listener> clients;
        std::unique_ptr<net::Listener> admin;        // on the first core
        std::shared_ptr<const net::TlsContext> tls;  // what new clients are shown; null: plain
        std::thread thread;
    };
    struct GraceTimer final : net::Timer {
        explicit GraceTimer(Server& s) : server(s) {}
        void on_timer(Now) override { server.stop_loops(); }
        Server& server;
    };

    struct SweepTimer final : net::Timer {
        explicit SweepTimer(Server& s) : server(s) {}
        void on_timer(Now now) override { server.sweep(now); }
        Server& server;
    };

    Result<void> build_routes();
    Result<void> listen();
    void run(Core& core);
    void sweep(Now now);
    bool run_later(std::function<void()> task);
    void drain_core(Core& core);
    void core_drained();
    void stop_loops();
    // server_numbers.cpp
    struct Gathering;
    void gather(std::function<void(admin::Report)> done);
    void ask_guests(Gathering& gathering, std::int64_t asked_ns);
    void hand_in(std::uint64_t gathering, admin::LaneReport lane, std::int64_t asked_ns);
    void collect(std::uint64_t gathering, admin::LaneReport lane);
    void go_on_if_complete(std::uint64_t gathering);
    void ask_protocol(std::size_t index, const std::shared_ptr<Gathering>& gathering);
    void write_rate_limits(protocol::MetricSink& sink) const;
    admin::LaneReport report_of(Core& core);
    void fill_totals(admin::Report& report);

    const Config config_;
    const unsigned guests_;
    const unsigned loops_;  // the lanes below this number are ours
    const base::Clock& clock_;
    base::Log& log_;
    const Now started_;
    Doorman doorman_;
    std::uint16_t port_ = 0;
    std::uint16_t metrics_port_ = 0;

    std::unique_ptr<apps::MemoryApps> apps_;
    Histories histories_;
    hub::HostInbox host_events_;
    std::unique_ptr<hub::Hub> hub_;
    std::unique_ptr<Protocols> protocols_;
    std::unique_ptr<bridge::Bridges> bridges_;
    http::Router client_routes_;
    http::Router admin_routes_;
    edge::WebSocketFraming framing_;
    std::vector<std::unique_ptr<Core>> cores_;
    // On the first core's loop: the answers that are being put together.
    std::map<std::uint64_t, std::shared_ptr<Gathering>> gatherings_;
    std::uint64_t gatherings_begun_ = 0;
    RunOnGuest run_on_guest_;
    GraceTimer grace_{*this};
    SweepTimer sweep_timer_{*this};
    std::atomic<unsigned> cores_undrained_{0};
    std::atomic<bool> draining_{false};
    std::atomic<bool> running_{false};  // cores_ is complete, and not yet taken apart
};

}  // namespace carillon::server
