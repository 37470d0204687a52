#include "edge/worker.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::edge {

std::string_view name_of(Handshake end) {
    switch (end) {
        case Handshake::completed:
            return "completed";
        case Handshake::failed:
            return "failed";
        case Handshake::timed_out:
            return "timed_out";
        case Handshake::crowded_out:
            return "crowded_out";
    }
    return "";
}

Worker::Worker(net::Loop& loop, hub::Lane& lane, Shared shared)
    : loop_(loop), lane_(lane), shared_(shared), drain_(*this) {
    lane_.attach(*this);
    read_buffer_.fill(0);  // the padding is read by parsers that look past the end
}

Worker::~Worker() {
    drain_.done = nullptr;  // who waits for it may be half destroyed already
    abandon_all();
    bury();
    lane_.reap(now());
}

void Worker::accept(int fd, const http::Router& router,
                    std::shared_ptr<const net::TlsContext> tls) {
    auto* connection = new Connection(*this, router, fd, std::move(tls));
    connection_count_.add();
    if (connection->shaking_hands()) {
        if (shaking_count_.get() >= limits::tls_handshakes_max)
            shaking_.front().end_handshake(Handshake::crowded_out);
        shaking_.push_back(*connection);
        shaking_count_.add();
    } else {
        connections_.push_back(*connection);
    }
    connection->start();
}

void Worker::hands_shaken(Connection& connection, Handshake end) {
    shaking_count_.subtract();
    handshakes_[index_of(end)].add();
    static_cast<ConnectionHook&>(connection).unlink();
    connections_.push_back(connection);
}

// One iteration. Sockets that are ready were read before this runs: their handlers stood ahead of
// it.
void Worker::run() {
    read_on();
    lane_.take();
    lane_.tick(now());
    flush();
    lane_.reap(now());
    bury();
    if (lane_.has_work() || !to_bury_.empty() || !to_read_on_.empty()) {
        loop_.defer(*this);
    } else {
        loop_.timers().arm(*this, lane_.next_deadline_ns());
    }
}

// The flush knows no clock: we ask it for a few hundred visits at a time until it is done or this
// slice is used up.
void Worker::flush() {
    constexpr std::size_t visits = 256;
    const auto until = now().steady_ns + limits::flush_slice_ns;
    while (lane_.flush(visits) && now().steady_ns < until) {
    }
}

// A look at the clock costs a tenth of what a message does, so it is taken for eight of them; a
// handshake has its own.
bool Worker::has_time_to_read() {
    if (read_until_ns_ != 0 && ++messages_read_ % 8 != 0) return has_time_;
    return has_time_for_handshake();
}

bool Worker::has_time_for_handshake() {
    const auto now_ns = now().steady_ns;
    if (read_until_ns_ == 0) read_until_ns_ = now_ns + limits::read_slice_ns;
    return has_time_ = now_ns < read_until_ns_;
}

void Worker::read_on_later(Connection& connection) {
    to_read_on_.push_back(&connection);
    wake();
}

// In turn: who has more to say after this comes behind all others.
void Worker::read_on() {
    read_until_ns_ = 0;
    for (auto* connection : std::exchange(to_read_on_, {})) connection->read_on();
}

void Worker::bury_later(Connection& connection) {
    to_bury_.push_back(&connection);
    wake();
}

void Worker::bury() {
    if (to_bury_.empty()) return;
    for (auto* connection : std::exchange(to_bury_, {})) {
        connection_count_.subtract();
        if (connection->held_over()) std::erase(to_read_on_, connection);
        delete connection;  // and off the list it was on
    }
    if (drain_.begun && connection_count_.get() == 0 && drain_.done)
        std::exchange(drain_.done, {})();
}

void Worker::drain(std::int64_t window_ns, std::function<void()> done) {
    ASSERT(loop_.is_here());
    drain_.begun = true;
    drain_.from_ns = now().steady_ns;
    drain_.window_ns = std::max<std::int64_t>(window_ns, 1);
    abandon_handshakes();
    drain_.all = connection_count_.get();
    drain_.done = std::move(done);
    if (drain_.all == 0) return std::exchange(drain_.done, {})();
    drain_some(now());
}

void Worker::drain_some(Now at) {
    const auto elapsed = std::min(at.steady_ns - drain_.from_ns, drain_.window_ns);
    const auto share = static_cast<double>(elapsed) / static_cast<double>(drain_.window_ns);
    const auto due = static_cast<std::uint64_t>(share * static_cast<double>(drain_.all)) + 1;
    while (!connections_.empty() && (drain_.told < due || elapsed == drain_.window_ns)) {
        Connection& connection = connections_.front();
        connections_.pop_front();
        drained_.push_back(connection);
        ++drain_.told;
        connection.drain();
    }
    if (!connections_.empty()) loop_.timers().arm(drain_, at.steady_ns + 20 * base::ns_per_ms);
}

void Worker::abandon_handshakes() {
    while (!shaking_.empty()) shaking_.front().end_handshake(Handshake::failed);
}

void Worker::abandon_all() {
    abandon_handshakes();
    for (auto* list : {&connections_, &drained_}) {
        for (auto& connection : *list) connection.abandon(hub::CloseReason::shutdown);
    }
}

}  // namespace carillon::edge
