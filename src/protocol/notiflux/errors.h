// protocol/notiflux/errors.h: every way this protocol says no, in one table: the number and the
// words the other side sees, if it sees any, and the name under which it is logged and counted.
//
// The original tells a client of two mistakes and of no refusal; so do we. What ends a connection
// has a close code here, where the original drops the socket (README.md).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "hub/outcome.h"
#include "protocol/refusals.h"

namespace carillon::notiflux {

enum class Fault : std::uint8_t {
    // A text, and the connection stays.
    command_unknown,
    command_malformed,
    // Silence. The words are for who reads this.
    subscribe_name,
    subscribe_hidden,
    subscribe_token,
    subscribe_scope,
    subscribe_topic,
    subscribe_vetoed,
    subscribe_limit,
    subscribe_failed,
    // Close.
    node_full,
    app_full,
    tokens_refused,
    message_fragmented,
    message_too_large,
    silent,
    too_slow,
    over_memory,
    shutdown,
    kicked,
    renewed,
    ended,
    // HTTP, always told.
    broadcast_type,
    broadcast_body,
    broadcast_size,
    // HTTP, told with honest statuses only; else 200.
    broadcast_name,
    broadcast_hidden,
    broadcast_token,
    broadcast_scope,
    broadcast_topic,
    broadcast_vetoed,
    broadcast_overloaded,
    broadcast_storage,
    broadcast_failed,
};
inline constexpr std::size_t faults = static_cast<std::size_t>(Fault::broadcast_failed) + 1;

struct FaultRow {
    Fault fault;
    std::string_view name;  // as in logs and metrics
    int code;               // close code or HTTP status; 0: none
    std::string_view text;
};

const FaultRow& row_of(Fault fault);
inline std::string_view name_of(Fault fault) { return row_of(fault).name; }

// What the hub decided, in this protocol's words.
Fault subscribe_fault(hub::Outcome outcome);
Fault broadcast_fault(hub::Outcome outcome);
Fault open_fault(hub::Outcome outcome);
inline Fault close_fault(hub::CloseReason why) { return protocol::fault_of<Fault>(why); }

using Refusals = protocol::Refusals<Fault, faults, name_of>;

}  // namespace carillon::notiflux
