// edge/worker.h: a loop and a lane working as one: the iteration (DESIGN §4) and the connections
// that live here. One per core. Everything runs on its loop except wake().
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/count.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/connection.h"
#include "http/router.h"
#include "hub/hub.h"
#include "net/loop.h"
#include "net/timer_wheel.h"
#include "protocol/protocol.h"

namespace carillon::edge {

// What all workers share; lives longer than they do.
struct Shared {
    protocol::Framing& framing;
    base::Log& log;
    std::size_t message_bytes_max = limits::websocket_message_bytes_max;
    std::size_t http_body_bytes_max = limits::http_body_bytes_max;
};

// How a TLS handshake ended.
enum class Handshake : unsigned char {
    completed,
    failed,       // the client gave up, broke it, or shares no version or cipher with us
    timed_out,    // http_slow_ms
    crowded_out,  // the oldest of too many
};
inline constexpr std::size_t handshake_ends = 4;
std::string_view name_of(Handshake end);

class Worker final : public hub::Wake, private net::Task, private net::Timer {
 public:
    Worker(net::Loop& loop, hub::Lane& lane, Shared shared);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();

    // A new client's descriptor, and who answers its requests (which lives longer than we do).
    // `tls`: null for plain TCP.
    void accept(int fd, const http::Router& router,
                std::shared_ptr<const net::TlsContext> tls = nullptr);
    void wake() override { loop_.wake(*this); }

    // Says goodbye to every client, spread evenly over the window so that they do not all come back
    // in the same moment. `done` is called once nobody is left; abandon_all() ends the waiting, the
    // destructor drops it.
    void drain(std::int64_t window_ns, std::function<void()> done);
    void abandon_all();
    bool draining() const { return drain_.begun; }

    // ---- for its connections ----

    net::Loop& loop() const { return loop_; }
    hub::Lane& lane() const { return lane_; }
    protocol::Framing& framing() const { return shared_.framing; }
    base::Log& log() const { return shared_.log; }
    std::size_t message_bytes_max() const { return shared_.message_bytes_max; }
    std::size_t http_body_bytes_max() const { return shared_.http_body_bytes_max; }
    Now now() const { return loop_.now(); }
    // One for all connections of the loop: filled and used up within one call.
    std::span<char> read_buffer() { return {read_buffer_.data(), limits::read_bytes_max}; }
    void bury_later(Connection& connection);
    // Whether there is time in this iteration for another message.
    bool has_time_to_read();
    bool has_time_for_handshake();
    void read_on_later(Connection& connection);
    // A body that took `before` bytes takes `after`. False: all together take too much.
    bool hold_body(std::size_t before, std::size_t after) {
        body_bytes_ += after - before;
        return after <= before || body_bytes_ <= limits::http_bodies_bytes_max;
    }
    void count_http_refusal() { http_refusals_.add(); }
    void hands_shaken(Connection& connection, Handshake end);

    // Any thread.
    std::uint64_t connections() const { return connection_count_.get(); }
    std::uint64_t http_refusals() const { return http_refusals_.get(); }
    std::uint64_t handshakes(Handshake end) const { return handshakes_[index_of(end)].get(); }
    std::uint64_t shaking_hands() const { return shaking_count_.get(); }

 private:
    struct Drain final : net::Timer {
        explicit Drain(Worker& w) : worker(w) {}
        void on_timer(Now now) override { worker.drain_some(now); }
        Worker& worker;
        bool begun = false;
        std::int64_t from_ns = 0;
        std::int64_t window_ns = 0;
        std::uint64_t all = 0;
        std::uint64_t told = 0;
        std::function<void()> done;
    };
    using Connections =
        boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                               boost::intrusive::constant_time_size<false>>;

    static std::size_t index_of(Handshake end) { return static_cast<std::size_t>(end); }
    void run() override;                     // net::Task: the iteration
    void on_timer(Now) override { wake(); }  // net::Timer: the lane asked for a moment
    void read_on();
    void flush();
    void bury();
    void drain_some(Now now);
    void abandon_handshakes();

    net::Loop& loop_;
    hub::Lane& lane_;
    const Shared shared_;
    Connections shaking_;  // hands, the oldest first
    Connections connections_;
    Connections drained_;  // told to go; they are on their way
    std::vector<Connection*> to_bury_;
    std::vector<Connection*> to_read_on_;
    std::int64_t read_until_ns_ = 0;  // 0: the clock was not looked at yet in this iteration
    std::uint64_t messages_read_ = 0;
    bool has_time_ = true;  // when the clock was last looked at
    Drain drain_;
    base::Count connection_count_;
    std::size_t body_bytes_ = 0;  // of requests that are not whole yet
    base::Count http_refusals_;
    base::Count shaking_count_;
    std::array<base::Count, handshake_ends> handshakes_;
    std::array<char, limits::read_bytes_max + base::Buffer::padding> read_buffer_;
};

}  // namespace carillon::edge
