// protocol/turbine/metrics.h: what this protocol counts, and how it is told. Clients, messages and
// bytes are the hub's to count.
#pragma once

#include <array>
#include <cstddef>
#include <variant>

#include "auth/jwt.h"
#include "base/count.h"
#include "protocol/protocol.h"
#include "protocol/turbine/wire.h"

namespace carillon::turbine {

// Any thread.
struct Counts {
    std::array<base::SharedCount, std::variant_size_v<Command>> commands;  // by kind
    std::array<base::SharedCount, auth::jwt_faults> tokens_rejected;       // by rule
    base::SharedCount publishes;
    // Of their copies, over all protocols that hear the app: …
    base::SharedCount delivered;  // …what the publishers were told
    base::SharedCount dropped;    // …what they were not: queues that had no room
};

struct Service;
void write_metrics(const Service& service, protocol::MetricSink& sink);

}  // namespace carillon::turbine
