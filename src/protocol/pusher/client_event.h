// protocol/pusher/client_event.h: whether a client may publish. The order of the questions is part
// of the protocol: a client that breaks two rules hears of the first.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "hub/app.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/wire.h"

namespace carillon::pusher {

// Attempts of one session in windows, each begun by the first attempt after the last one ended.
// Refused attempts count too: what a rate protects is the server.
class EventRate {
 public:
    bool allow(const hub::AppLimits& limits, Now now) {
        if (limits.client_events_per_second == 0) return true;
        const auto window_ns = limits.client_events_window_s * base::ns_per_s;
        if (now.steady_ns - window_began_ns_ >= window_ns) {
            window_began_ns_ = now.steady_ns;
            attempts_ = 0;
        }
        if (attempts_ >= limits.client_events_per_second) return false;
        ++attempts_;
        return true;
    }

 private:
    std::int64_t window_began_ns_ = -base::never_ns / 2;  // long ago
    std::uint32_t attempts_ = 0;
};

// All but the rate. nullopt: publish it.
std::optional<Fault> judge(const ClientEvent& event, const hub::App& app, bool subscribed);

// The number in the fault's text.
std::size_t limit_of(Fault fault, const hub::AppLimits& limits);

}  // namespace carillon::pusher
