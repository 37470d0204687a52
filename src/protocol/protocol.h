// protocol/protocol.h: what edge knows of a client protocol, and all that a protocol knows of edge.
// A protocol is a folder beside this file: a pure state machine per session and the HTTP routes
// that belong to it. It writes message bodies only; edge picks the framing. It never touches a
// socket and keeps no list of subscribers.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "http/request.h"
#include "http/router.h"
#include "hub/encoder.h"
#include "hub/hub.h"
#include "protocol/permissions.h"

namespace carillon::protocol {

// What a client sent. `data` is borrowed until on_message returns; 64 bytes behind it are readable
// (simdjson).
struct Message {
    enum class Kind : std::uint8_t {
        text,
        binary,
        ping,
        pong
    };  // edge has answered a ping already
    Kind kind;
    std::string_view data;
    bool fragmented = false;  // it came in several frames
};

// A session's way back to its own client. On its loop; valid as long as the session.
struct Out {
    // Framed and queued in order with everything else this client is sent. Never dropped.
    virtual void reply(std::string_view body) = 0;
    // Asks the client for a sign of life in the framing's own way, queued like a reply; the answer
    // comes as a Message of Kind::pong. Nothing, where the framing has no such way.
    virtual void ping() = 0;
    // The last frame; the socket closes when it left or after a grace time. More replies after it
    // are ignored.
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    // Messages wait unread until resume(): for a session that waits for an answer.
    virtual void pause() = 0;
    virtual void resume() = 0;

 protected:
    ~Out() = default;
};

// Turns a protocol's body encoder into a frame encoder. The same body encoder gives the same
// result, so that all who speak it share an audience. `body` lives as long as the server.
struct Framing {
    virtual const hub::Encoder& frame(const hub::Encoder& body) = 0;

 protected:
    ~Framing() = default;
};

// What edge hands over with a new client.
struct Opening {
    const http::Request& request;  // borrowed until open() returns
    Out& out;
    Framing& framing;
    hub::Lane& lane;
    hub::Outbox& outbox;  // for Hub::open
    Now now;
};

// One client's conversation, on its loop: no socket, no clock of its own. Destroyed when the
// connection is gone; it closes its hub session in its destructor if it opened one.
struct Session : hub::Subscriber {
    virtual ~Session() = default;
    // An Error closes the connection with Error::code as the close code and its message as the
    // reason.
    virtual Result<void> on_message(Message message, Now now) = 0;
    // When on_tick wants to be called, in steady nanoseconds; base::never_ns: not at all. Asked
    // after open, on_message and on_tick. It may lie later than what was said before (activity):
    // the old time is then a cheap early call.
    virtual std::int64_t next_tick_ns() const = 0;
    virtual Result<void> on_tick(Now now) = 0;
    // Why the connection ended, told once before destruction.
    virtual void on_gone(hub::CloseReason) {}
};

// Where a protocol writes its own numbers: as carillon_…, or under names that its users' dashboards
// know, to which the operator's prefix and whatever labels the whole server are added behind it.
struct MetricSink {
    enum class Type : std::uint8_t { counter, gauge };
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
    virtual ~MetricSink() = default;
    virtual void metric(std::string_view name, Type type, std::string_view help) = 0;
    virtual void sample(Labels labels, std::uint64_t value) = 0;  // of the metric begun last
};

// How one kind of client is greeted. Lives as long as the server; any loop calls it.
struct Protocol : http::UpgradeTarget {
    virtual ~Protocol() = default;
    virtual std::string_view name() const = 0;  // as in logs and metrics
    // Its HTTP side, and where its clients upgrade. A route that is taken is a start-up error.
    virtual Result<void> routes(http::Router& router) = 0;
    virtual std::unique_ptr<Session> open(const Opening& opening) = 0;
    // On a path that several protocols share (shared_path.h): whether a client that begins with
    // this message is one of its own.
    virtual bool speaks(const Message&) const { return false; }
    // What to choose of the subprotocols that the request offers; empty: none.
    virtual std::string_view subprotocol(const http::Request& request) const {
        return request.header_has_token("Sec-WebSocket-Protocol", name()) ? name()
                                                                          : std::string_view();
    }
    // Whether a client of its own could say this name, for who publishes under names of others.
    virtual bool can_name(std::string_view) const { return true; }
    // Whether this name means more to it than a name, in an app that it shares with others
    // (permissions.h).
    virtual Reserve reserve_of(std::string_view) const { return Reserve::open; }
    // What it refused so far, by reason, for the metrics. Any thread.
    using RefusalVisitor = std::function<void(std::string_view reason, std::uint64_t count)>;
    virtual void each_refusal(const RefusalVisitor&) const {}
    // Writes its numbers, and says when it has: now, or later and elsewhere, for what takes a while
    // to count. `done` holds on to the sink.
    virtual void write_metrics(MetricSink&, const std::function<void()>& done) { done(); }
};

}  // namespace carillon::protocol
