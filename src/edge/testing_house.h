// edge/testing_house.h: for tests only: workers on real loops and real loopback, with a clock that
// the test moves. Each core has a port of its own, so that a test chooses where its client lives.
#pragma once

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "edge/framing.h"
#include "edge/testing_client.h"
#include "edge/testing_protocol.h"
#include "edge/worker.h"
#include "hub/testing_hub.h"
#include "net/listener.h"
#include "net/test_loop.h"

namespace carillon::edge::testing {

// At each look it is later, so that the time for reading is used up at once.
struct HastyClock final : base::Clock {
    Now now() const override {
        return {.steady_ns = looks.fetch_add(1) * base::ns_per_ms, .unix_ms = 0};
    }
    mutable std::atomic<std::int64_t> looks{0};
};

struct HouseOptions {
    unsigned lanes = 1;
    const base::Clock* clock = nullptr;  // null: the house's own, which stands still
    int buffer_bytes = 0;                // of the server's sockets; 0: the kernel's choice
    std::size_t message_bytes_max = limits::websocket_message_bytes_max;
    std::size_t http_body_bytes_max = limits::http_body_bytes_max;
    http::Doorman* doorman = nullptr;  // null: none
    bool tls = over_tls();
    hub::LaneLimits lane_limits{};
};

// A client's bytes on our side, by the kernel's own counts.
struct Intake {
    std::uint64_t read = 0;     // by the server
    std::uint64_t waiting = 0;  // in the kernel
};

class House {
 public:
    explicit House(HouseOptions options = {})
        : options_(options),
          hub({.lanes = options.lanes,
               .lane_limits = options.lane_limits,
               .random = [](unsigned lane) { return std::make_unique<base::SeededRandom>(lane); }},
              {.history = &history}),
          protocol(hub) {
        add_routes();
        const auto& chosen = options.clock != nullptr ? *options.clock : clock;
        const Shared shared{framing, log_, options.message_bytes_max, options.http_body_bytes_max};
        for (unsigned i = 0; i < options.lanes; ++i) {
            cores_.push_back(std::make_unique<Core>(*this, chosen, hub.lane(i), shared));
        }
        for (auto& core : cores_) core->start();
    }
    ~House() { stop(); }
    House(const House&) = delete;
    House& operator=(const House&) = delete;

    // ---- clients ----

    Client connect(unsigned lane = 0, int buffer_bytes = 0) {
        return Client(cores_[lane]->port, buffer_bytes, options_.tls);
    }
    // A socket that has said nothing yet.
    net::Peer knock(unsigned lane = 0) { return net::Peer::connected(cores_[lane]->port); }
    Client connect_to(std::string_view channel, unsigned lane = 0, int buffer_bytes = 0) {
        Client client = connect(lane, buffer_bytes);
        client.upgrade(channel);
        return client;
    }
    void publish(std::string_view channel, std::string_view body) {
        EXPECT_EQ(hub.publish(protocol.app, {&channel, 1}, message(body), clock.now()).outcome,
                  hub::Outcome::ok);
    }

    // ---- requests to /later/{name} ----

    http::Responder take_responder(const std::string& name) {
        std::optional<http::Responder> taken;
        EXPECT_TRUE(net::eventually([&] {
            const std::lock_guard lock(mutex_);
            const auto at = responders_.find(name);
            if (at == responders_.end()) return false;
            taken.emplace(std::move(at->second));
            responders_.erase(at);
            return true;
        })) << "nobody asked for "
            << name;
        if (!taken.has_value()) taken.emplace([](const http::Response&) {});
        return std::move(*taken);
    }
    bool asked_for(const std::string& name) const {
        const std::lock_guard lock(mutex_);
        return responders_.contains(name);
    }
    std::size_t waiting() const {
        const std::lock_guard lock(mutex_);
        return responders_.size();
    }
    void answer_later(const std::string& name, std::string body) {
        take_responder(name).respond(http::text(200, std::move(body)));
    }

    // Any of those that wait; `choice` says which. Nothing: nobody waits.
    std::optional<std::pair<std::string, http::Responder>> take_any(std::uint64_t choice) {
        const std::lock_guard lock(mutex_);
        if (responders_.empty()) return std::nullopt;
        const auto at = std::next(responders_.begin(),
                                  static_cast<std::ptrdiff_t>(choice % responders_.size()));
        auto taken = std::make_pair(at->first, std::move(at->second));
        responders_.erase(at);
        return taken;
    }

    // ---- loops and time ----

    Worker& worker(unsigned lane = 0) { return cores_[lane]->worker; }
    net::Loop& loop(unsigned lane = 0) { return cores_[lane]->loop; }
    void on_loop(std::function<void()> work) { on_loop(0, std::move(work)); }
    void on_loop(unsigned lane, std::function<void()> work) {
        auto done = std::make_shared<std::promise<void>>();
        auto finished = done->get_future();
        const bool posted = loop(lane).post([done, work = std::move(work)] {
            work();
            done->set_value();
        });
        if (!posted || finished.wait_for(net::patience) != std::future_status::ready) {
            ADD_FAILURE() << "the loop did not run what was posted";
        }
    }
    // What was ready, and what that made ready, has run.
    void settle() {
        for (int round = 0; round < 4; ++round) {
            for (unsigned i = 0; i < options_.lanes; ++i) on_loop(i, [] {});
        }
    }
    void advance_ms(std::int64_t ms) {
        settle();
        clock.advance_ms(ms);
        for (unsigned i = 0; i < options_.lanes; ++i) {
            on_loop(i, [this, i] { loop(i).run_due_timers(); });
        }
        settle();
    }
    void with_session(std::string_view channel, const std::function<void(TestSession&)>& work,
                      unsigned lane = 0) {
        on_loop(lane, [&] {
            auto* session = protocol.find(channel);
            if (session == nullptr) {
                ADD_FAILURE() << "nobody is in " << channel;
            } else {
                work(*session);
            }
        });
    }

    // ---- numbers ----

    hub::BooksSnapshot books(unsigned lane = 0) {
        hub::BooksSnapshot snapshot;
        on_loop(lane, [&] {
            snapshot = hub.lane(lane).snapshot();
            EXPECT_EQ(snapshot.accounted(), snapshot.matched);
        });
        return snapshot;
    }
    const hub::Books& counts(unsigned lane = 0) { return hub.lane(lane).books(); }
    // Of a client that is still here.
    Intake intake_of(const Client& client, unsigned lane = 0) {
        Intake intake;
        on_loop(lane, [&] { intake = intake_here(client, lane); });
        return intake;
    }
    // The same on the loop.
    Intake intake_here(const Client& client, unsigned lane = 0) {
        const int fd = cores_[lane]->accepted.at(client.port());
        tcp_info info{};
        socklen_t size = sizeof info;
        int waiting = 0;
        EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
        EXPECT_EQ(::ioctl(fd, SIOCINQ, &waiting), 0);
        return {.read = info.tcpi_bytes_received - static_cast<std::uint64_t>(waiting),
                .waiting = static_cast<std::uint64_t>(waiting)};
    }
    // Nobody is here any more, neither a socket nor a session.
    bool empties(unsigned lane = 0) {
        return net::eventually(
            [&] { return worker(lane).connections() == 0 && hub.lane(lane).session_count() == 0; });
    }

    // The loops end; then whoever calls this is at home on them.
    void stop() {
        for (auto& core : cores_) core->stop();
    }
    // The cores are gone with all their connections; hub and protocol still stand.
    void demolish() {
        stop();
        cores_.clear();
    }

 private:
    struct Core {
        Core(House& house, const base::Clock& time, hub::Lane& home, const Shared& shared)
            : lane(home), loop(time, home.index()), worker(loop, home, shared) {
            const int fd = net::bind_listener("127.0.0.1", 0, true, 64).value();
            port = net::bound_port(fd);
            listener.emplace(loop, fd, [this, &house](int client) {
                const int bytes = house.options_.buffer_bytes;
                if (bytes != 0) set_buffer(client, SO_SNDBUF, bytes);
                accepted[peer_port(client)] = client;
                worker.accept(client, house.router_,
                              house.options_.tls ? net::test_certificates() : nullptr);
            });
        }
        void start() {
            thread = std::thread([this] {
                lane.home().settle();
                loop.run();
                lane.home().unsettle();
            });
        }
        void stop() {
            loop.stop();
            if (thread.joinable()) thread.join();
        }

        static std::uint16_t peer_port(int fd) {
            sockaddr_in peer{};  // 0: it is gone again
            socklen_t size = sizeof peer;
            ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size);
            return ntohs(peer.sin_port);
        }

        hub::Lane& lane;
        net::Loop loop;
        Worker worker;
        std::optional<net::Listener> listener;
        std::uint16_t port = 0;
        std::map<std::uint16_t, int> accepted;  // who came from which port; on the loop
        std::thread thread;
    };

    void add_routes() {
        const auto add = [&](const char* method, const char* pattern, http::Handler handler) {
            EXPECT_TRUE(router_.on(method, pattern, std::move(handler)).has_value());
        };
        add("GET", "/hello", [](http::Request&, http::Responder responder) {
            responder.respond(http::text(200, "hello"));
        });
        add("POST", "/body", [](http::Request& request, http::Responder responder) {
            responder.respond(http::text(200, std::move(request.body)));
        });
        add("GET", "/bytes/{n}", [](http::Request& request, http::Responder responder) {
            const auto n = std::stoul(std::string(request.param("n")));
            responder.respond(http::text(200, std::string(n, 'b')));
        });
        add("GET", "/peer", [](http::Request& request, http::Responder responder) {
            responder.respond(http::text(200, std::move(request.peer)));
        });
        add("GET", "/dropped", [](http::Request&, http::Responder) {});
        add("GET", "/last", [](http::Request&, http::Responder responder) {
            auto response = http::text(200, "the last");
            response.close = true;
            responder.respond(std::move(response));
        });
        add("GET", "/later/{name}", [this](http::Request& request, http::Responder responder) {
            const std::lock_guard lock(mutex_);
            responders_.emplace(request.param("name"), std::move(responder));
        });
        EXPECT_TRUE(protocol.routes(router_).has_value());
        if (options_.doorman != nullptr) router_.set_doorman(*options_.doorman);
    }

    const HouseOptions options_;
    base::NoLog log_;
    http::Router router_;
    mutable std::mutex mutex_;
    std::map<std::string, http::Responder> responders_;

 public:
    base::ManualClock clock;
    WebSocketFraming framing;
    hub::testing::TestHistory history;  // of channels called kept…; one at a time: it locks nothing
    hub::Hub hub;
    TestProtocol protocol;

 private:
    std::vector<std::unique_ptr<Core>> cores_;  // last in, first out: everything else outlives them
};

}  // namespace carillon::edge::testing
