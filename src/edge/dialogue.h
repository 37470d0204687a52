// edge/dialogue.h: what a connection is talking at the moment: HTTP requests, then perhaps
// WebSocket messages. It turns bytes into calls through a codec and answers through its Connection;
// it never sees the socket.
#pragma once

#include <cstdint>
#include <span>

#include "base/time.h"
#include "hub/outcome.h"

namespace carillon::edge {

struct Dialogue {
    virtual ~Dialogue() = default;
    // Consumes from the front of `in` (writable; 64 bytes behind it are readable). May stop early
    // when it paused, changed or ended the connection; the connection keeps the rest.
    virtual void on_bytes(std::span<char>& in, Now now) = 0;
    // When on_timer wants to be called; asked again after every call into the dialogue.
    virtual std::int64_t deadline_ns() const = 0;
    virtual void on_timer(Now now) = 0;
    // The server is going: end politely, soon.
    virtual void on_drain() = 0;
    // The peer sent its last byte.
    virtual void on_end() = 0;
    // The connection is gone; told once, before destruction.
    virtual void on_gone(hub::CloseReason why) = 0;
};

}  // namespace carillon::edge
