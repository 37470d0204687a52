// protocol/heartbeat.h: whether a client that need not say anything is still there: it is pinged
// every 15 s in the framing's own way, and what counts as life is a ping or a pong of its own,
// nothing else. A value; its session's loop owns it.
//
// Silence is judged at the ticks only, before the next ping: who never answers is gone at the first
// tick that finds more than 30 s of it, so after 30 to 45 s.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace carillon::protocol {

class Heartbeat {
 public:
    static constexpr std::int64_t interval_ns = 15 * base::ns_per_s;
    static constexpr std::int64_t silence_ns_max = 30 * base::ns_per_s;

    enum class Beat : std::uint8_t {
        early,   // nothing to do yet
        ping,    // send one
        silent,  // it is gone
    };

    explicit Heartbeat(Now now) : heard_ns_(now.steady_ns), next_ns_(now.steady_ns + interval_ns) {}

    // A ping or a pong came.
    void heard(Now now) { heard_ns_ = now.steady_ns; }
    std::int64_t next_tick_ns() const { return next_ns_; }
    // A late tick moves those after it: two pings never follow each other at once.
    Beat tick(Now now) {
        if (now.steady_ns < next_ns_) return Beat::early;
        if (now.steady_ns - heard_ns_ > silence_ns_max) return Beat::silent;
        next_ns_ = now.steady_ns + interval_ns;
        return Beat::ping;
    }

 private:
    std::int64_t heard_ns_;
    std::int64_t next_ns_;
};

}  // namespace carillon::protocol
