// protocol/turbine/errors.h: every way this protocol says no, in one table: the number and the words
// the other side sees, and the name under which it is logged and counted. Clients act on the
// number; the words are for people. Several reasons share one number: which it was is for the log.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "hub/outcome.h"
#include "protocol/refusals.h"

namespace carillon::turbine {

enum class Fault : std::uint8_t {
    // an error reply, and the connection stays
    text_malformed,
    command_malformed,
    channel_name,
    already_connected,
    not_connected,
    token_rejected,
    channel_forbidden,
    subscription_vetoed,
    subscription_limit,
    subscription_overloaded,
    subscription_channels,
    subscription_failed,
    // Close
    node_full,
    app_full,
    connect_late,
    tokens_rejected,
    pong_late,
    kicked,
    renewed,
    too_slow,
    over_memory,
    shutdown,
    ended,
    // HTTP
    request_unauthorized,
    request_media_type,
    request_payload,
    request_malformed,
    request_channel_missing,
    request_data_missing,
    request_channel_name,
    request_vetoed,
    request_overloaded,
    request_storage,
    request_failed,
};
inline constexpr std::size_t faults = static_cast<std::size_t>(Fault::request_failed) + 1;

struct FaultRow {
    Fault fault;
    std::string_view name;  // as in logs and metrics
    int code;               // an error's code, a close code or an HTTP status
    std::string_view text;
};

const FaultRow& row_of(Fault fault);
inline std::string_view name_of(Fault fault) { return row_of(fault).name; }

// What the hub decided, in this protocol's words.
Fault subscription_fault(hub::Outcome outcome);
Fault publish_fault(hub::Outcome outcome);
inline Fault close_fault(hub::CloseReason why) { return protocol::fault_of<Fault>(why); }

using Refusals = protocol::Refusals<Fault, faults, name_of>;

}  // namespace carillon::turbine
