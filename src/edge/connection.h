// edge/connection.h: a client's socket, its outbox, and what it is talking. The one door out: every
// byte a client is sent leaves through write() or write_now(). Lives and dies on its worker's loop;
// destroyed only when its worker buries, never inside one of its own calls.
#pragma once

#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "edge/dialogue.h"
#include "http/router.h"
#include "hub/outbox.h"
#include "hub/ports.h"
#include "net/socket.h"
#include "net/timer_wheel.h"

namespace carillon::edge {

class Worker;
enum class Handshake : unsigned char;

// Off its worker's list the moment it is destroyed.
using ConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<Worker>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// What a delivery touches of a connection, side by side: a walk goes through ten thousand of them,
// and pays for each cache line. (docs/design/009)
struct WayOut {
    WayOut(Worker& worker, hub::Door& door, net::Ready& ready, int fd,
           std::shared_ptr<const net::TlsContext> tls);
    net::Socket socket_;
    hub::Outbox outbox_;
};

class alignas(64) Connection final : private hub::Door,
                                     private WayOut,
                                     public ConnectionHook,
                                     private net::Ready,
                                     private net::Timer {
 public:
    // Its first requests are answered by `router`. `tls`: null for plain TCP.
    Connection(Worker& worker, const http::Router& router, int fd,
               std::shared_ptr<const net::TlsContext> tls);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    Worker& worker() const { return worker_; }
    hub::Outbox& outbox() { return outbox_; }

    // ---- for its dialogue ----

    void reply(std::initializer_list<std::string_view> parts);
    // From HTTP to what comes next. The old dialogue lives until it has returned.
    void become(std::unique_ptr<Dialogue> next);
    // While paused nothing is read; what was read waits here.
    void pause() { paused_ = true; }
    void resume();
    // Sends what is queued, then the end, then waits for the peer's end for a while. Nothing more
    // is read.
    void finish(hub::CloseReason why);
    // At once. What is queued is lost.
    void abandon(hub::CloseReason why);
    // Whether the socket took bytes of a waiting queue since this was last asked: a sign of life.
    bool took_bytes();
    // The address of who is at the other end, as in http::Request::peer.
    std::string peer() const { return socket_.peer_host(); }

    // ---- for its worker ----

    void start();
    void drain() { dialogue_->on_drain(); }
    void read_on();  // what waited because this iteration's time for reading was used up
    bool shaking_hands() const { return shaking_hands_; }
    bool gone() const { return state_ == State::gone; }
    bool held_over() const { return held_over_; }
    void end_handshake(Handshake end);  // completed, or the connection goes with it

 private:
    enum class State : std::uint8_t {
        open,
        finishing,  // the queue drains
        // Our end was sent; the peer's is awaited, so that it reads our last bytes before any reset.
        lingering,
        gone,
    };

    // net::Ready
    void on_readable() override;
    void on_writable() override;
    // net::Timer
    void on_timer(Now now) override;
    // hub::Door
    void write(hub::Outbox& outbox) override;
    std::size_t write_now(std::string_view frames) override;
    void give_up() override;

    net::Io send_front(std::size_t bytes_max, std::size_t& offered);
    void blocked(const net::Io& io);
    std::size_t take_in(std::span<char> in);
    void hold_over();
    void want_more();
    bool listening() const;
    void arm();
    void linger();

    Worker& worker_;
    // May hold a hub session that uses outbox_, so it is destroyed before it.
    std::unique_ptr<Dialogue> dialogue_;
    std::unique_ptr<Dialogue> previous_;  // returns to its caller before it is destroyed
    base::Buffer unread_;                 // read, but nobody listens yet
    std::size_t unread_from_ = 0;         // where in it listening goes on
    hub::CloseReason why_ = hub::CloseReason::peer;
    State state_ = State::open;
    bool shaking_hands_;  // TLS is not there yet: nothing is read, and nothing may be sent
    bool paused_ = false;
    bool taking_in_ = false;
    bool held_over_ = false;  // its worker will call read_on
    bool took_bytes_ = false;
    bool ended_ = false;  // the peer's last byte was read
    std::int64_t state_deadline_ns_ = base::never_ns;
};

}  // namespace carillon::edge
