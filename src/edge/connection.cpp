#include "edge/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"
#include "edge/http_dialogue.h"
#include "edge/worker.h"

namespace carillon::edge {

WayOut::WayOut(Worker& worker, hub::Door& door, net::Ready& ready, int fd,
               std::shared_ptr<const net::TlsContext> tls)
    : socket_(worker.loop(), fd, ready, std::move(tls)), outbox_(worker.lane(), door) {}

Connection::Connection(Worker& worker, const http::Router& router, int fd,
                       std::shared_ptr<const net::TlsContext> tls)
    : WayOut(worker, *this, *this, fd, std::move(tls)),
      worker_(worker),
      dialogue_(std::make_unique<HttpDialogue>(*this, router)),
      shaking_hands_(socket_.handshaking()) {}

Connection::~Connection() { dialogue_->on_gone(why_); }

void Connection::start() {
    arm();
    socket_.want_readable();
}

// ---- out ----

void Connection::reply(std::initializer_list<std::string_view> parts) {
    if (state_ == State::open) worker_.lane().reply(outbox_, parts);
}

// The one door out. Sends what waits, in order, until the socket takes no more or this iteration's
// share is used up.
void Connection::write(hub::Outbox& outbox) {
    auto budget = limits::write_bytes_max;
    while (outbox.has_front() && budget != 0) {
        std::size_t offered = 0;
        const auto io = send_front(budget, offered);
        if (io.state == net::Io::ok) {
            outbox.consume(io.bytes);
            budget -= io.bytes;
            took_bytes_ = true;
        }
        if (io.state != net::Io::ok || io.bytes < offered) {
            blocked(io);
            break;
        }
    }
    if (outbox.empty() && state_ == State::finishing) return linger();
    want_more();  // also while publications wait: who cannot keep up must be able to unsubscribe
}

// The short cut of a flush with one batch: nothing waits here, so nothing is queued.
std::size_t Connection::write_now(std::string_view frames) {
    const auto io = socket_.send(frames);
    if (io.state == net::Io::ok && io.bytes == frames.size()) return io.bytes;
    blocked(io);
    return io.bytes;
}

void Connection::give_up() { abandon(hub::CloseReason::memory); }

// One slice is sent as it lies; several small ones are copied together, which costs less than a
// longer sendmsg. TLS copies in any case: into one record.
net::Io Connection::send_front(std::size_t bytes_max, std::size_t& offered) {
    std::array<iovec, 64> pieces;
    const auto used = outbox_.gather(pieces, bytes_max);
    for (std::size_t i = 0; i < used; ++i) offered += pieces[i].iov_len;
    if (used == 1) return socket_.send({static_cast<const char*>(pieces[0].iov_base), offered});
    if (offered > limits::write_copy_bytes_max && !socket_.has_tls())
        return socket_.send(std::span(pieces.data(), used));
    std::array<char, limits::write_copy_bytes_max> scratch;
    offered = outbox_.copy_front({scratch.data(), std::min(bytes_max, scratch.size())});
    return socket_.send({scratch.data(), offered});
}

// The socket takes no more: nothing is sent until it says so. Or it is broken: nothing is sent
// ever.
void Connection::blocked(const net::Io& io) {
    outbox_.block(socket_.committed());
    if (io.state == net::Io::closed || io.state == net::Io::failed) {
        abandon(hub::CloseReason::peer);
    } else {
        socket_.want_writable();
    }
}

void Connection::on_writable() {
    if (state_ != State::gone) outbox_.unblock();
}

bool Connection::took_bytes() { return std::exchange(took_bytes_, false); }

// ---- in ----

void Connection::on_readable() {
    if (state_ == State::gone) return;
    // A handshake costs as much as a thousand messages.
    if (shaking_hands_ && !worker_.has_time_for_handshake()) return hold_over();
    const auto buffer = worker_.read_buffer();
    const auto io = socket_.receive(buffer);
    if (shaking_hands_ && !socket_.handshaking()) end_handshake(Handshake::completed);
    switch (io.state) {
        case net::Io::ok:
            if (state_ == State::open) {
                const auto left = take_in(buffer.first(io.bytes));
                unread_.append({buffer.data() + io.bytes - left, left});
            }
            break;
        case net::Io::again:
            break;
        case net::Io::closed:
            if (io.error != 0 || state_ == State::lingering) return abandon(why_);
            ended_ = true;
            if (state_ == State::open) dialogue_->on_end();
            return;
        case net::Io::failed:
            return abandon(hub::CloseReason::peer);
    }
    want_more();
}

// What nobody listened to, of its end.
std::size_t Connection::take_in(std::span<char> in) {
    taking_in_ = true;
    const auto now = worker_.now();
    while (!in.empty() && listening() && !held_over_) {
        dialogue_->on_bytes(in, now);
        if (!in.empty() && !worker_.has_time_to_read()) hold_over();
    }
    taking_in_ = false;
    previous_.reset();
    arm();
    return state_ == State::open ? in.size() : 0;
}

// Others are waiting to be heard, and to be written to.
void Connection::hold_over() {
    held_over_ = true;
    worker_.read_on_later(*this);
}

void Connection::read_on() {
    held_over_ = false;
    if (shaking_hands_) return on_readable();
    if (state_ != State::gone) want_more();
}

void Connection::end_handshake(Handshake end) {
    shaking_hands_ = false;
    worker_.hands_shaken(*this, end);
    if (end != Handshake::completed) abandon(hub::CloseReason::peer);
}

void Connection::resume() {
    paused_ = false;
    if (taking_in_ || state_ != State::open) return;
    arm();
    want_more();
}

// What was read and waits comes first: at most one read's worth, because who is not listened to is
// not read. A lingering client is read to its end, and what it says is ignored.
void Connection::want_more() {
    if (held_over_) return;
    if (!unread_.empty() && listening()) {
        base::Buffer waiting = std::exchange(unread_, {});
        const auto from = std::exchange(unread_from_, 0);
        const auto left = take_in({waiting.data() + from, waiting.size() - from});
        if (left != 0) {
            unread_from_ = waiting.size() - left;
            unread_ = std::move(waiting);
        }
    }
    if (ended_ || held_over_) return;
    if (listening() || state_ == State::lingering) socket_.want_readable();
}

// A client that does not take its replies gets no more of them. Asked before each message, not only
// before each read: one read may hold thousands of small requests with large answers.
bool Connection::listening() const {
    return !paused_ && state_ == State::open &&
           outbox_.reply_bytes() <= limits::unsent_replies_bytes_max;
}

void Connection::become(std::unique_ptr<Dialogue> next) {
    previous_ = std::exchange(dialogue_, std::move(next));
    previous_->on_gone(hub::CloseReason::peer);
}

// ---- time ----

void Connection::arm() {
    const auto deadline = state_ == State::open ? dialogue_->deadline_ns() : state_deadline_ns_;
    // Most messages only move a deadline away. The timer then fires early and is armed anew:
    // cheaper than moving it each time.
    if (armed() && deadline_ns() <= deadline) return;
    worker_.loop().timers().arm(*this, deadline);
}

void Connection::on_timer(Now now) {
    if (shaking_hands_ && dialogue_->deadline_ns() <= now.steady_ns) {
        end_handshake(Handshake::timed_out);
    } else if (state_ == State::open) {
        if (dialogue_->deadline_ns() <= now.steady_ns) dialogue_->on_timer(now);
        arm();
    } else if (state_deadline_ns_ <= now.steady_ns) {
        abandon(why_);
    } else {
        arm();
    }
}

// ---- the end ----

void Connection::finish(hub::CloseReason why) {
    if (state_ != State::open) return;
    why_ = why;
    state_ = State::finishing;
    state_deadline_ns_ = worker_.now().steady_ns + limits::websocket_close_ms * base::ns_per_ms;
    net::TimerWheel::disarm(*this);
    arm();
    if (outbox_.empty()) linger();
}

void Connection::linger() {
    socket_.finish_sending();
    if (ended_) return abandon(why_);
    state_ = State::lingering;
    want_more();
}

void Connection::abandon(hub::CloseReason why) {
    if (state_ == State::gone) return;
    if (shaking_hands_) return end_handshake(Handshake::failed);
    if (state_ == State::open) why_ = why;
    state_ = State::gone;
    net::TimerWheel::disarm(*this);
    worker_.bury_later(*this);
}

}  // namespace carillon::edge
