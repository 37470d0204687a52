// protocol/pusher/errors.h: every way this protocol says no, in one table: the number and the words
// the other side sees, and the name under which it is logged and counted. Clients act on the
// number; the words are for people.
//
// A close code decides what pusher-js does next: below 4100 (and from 4300 on) it stays away, 4100…
// is back after a second or more, 4200… is back at once.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/outcome.h"
#include "protocol/refusals.h"

namespace carillon::pusher {

enum class Fault : std::uint8_t {
    // pusher:error, then Close with the same code
    app_unknown,
    app_disabled,
    origin_refused,
    node_full,
    app_full,
    version_malformed,
    version_unsupported,
    version_missing,
    lookup_failed,
    kicked,
    renewed,
    sign_in_failed,
    sign_in_late,
    too_slow,
    over_memory,
    shutdown,
    ended,
    pong_late,  // Close only
    // pusher:error, and the connection stays
    message_malformed,
    event_missing,
    channel_missing,
    sign_in_disabled,
    watchlist_length,
    watchlist_failed,
    client_event_rate,
    client_events_disabled,
    client_event_name,
    client_event_name_length,
    client_event_channel,
    client_event_payload,
    client_event_membership,
    client_event_overloaded,
    client_event_storage,
    client_event_vetoed,
    client_event_failed,
    // pusher:subscription_error, and the connection stays
    subscription_unauthorized,
    subscription_name_length,
    subscription_name,
    subscription_members,
    subscription_member_size,
    subscription_member_data,
    subscription_vetoed,
    subscription_failed,
    // HTTP
    request_invalid,
    request_limit,
    request_no_channel,
    request_unauthorized,
    request_app_disabled,
    request_vetoed,
    request_app_unknown,
    request_payload,
    request_rate,
    request_overloaded,
    request_storage,
    request_failed,
};
inline constexpr std::size_t faults = static_cast<std::size_t>(Fault::request_failed) + 1;

struct FaultRow {
    Fault fault;
    std::string_view name;   // as in logs and metrics
    int code;                // close code, error code, subscription status or HTTP status
    std::string_view label;  // a subscription error's type (may be none), an HTTP error's code
    std::string_view text;   // "{}" stands for a limit
    // What brings a Result's Error back to its row (HTTP only).
    ErrorKind kind = ErrorKind::internal;
};

const FaultRow& row_of(Fault fault);
inline std::string_view name_of(Fault fault) { return row_of(fault).name; }
// The row's text with its limit filled in.
std::string text_of(Fault fault, std::size_t limit = 0);

// An HTTP refusal as an Error, and back. Errors that are none of ours (an app store's) are
// request_failed.
Error http_error(Fault fault, std::string message);
Fault http_fault(const Error& error);

// What the hub decided, in this protocol's words.
Fault subscription_fault(hub::Outcome outcome);
Fault client_event_fault(hub::Outcome outcome);
Fault publish_fault(hub::Outcome outcome);  // over HTTP
inline Fault close_fault(hub::CloseReason why) { return protocol::fault_of<Fault>(why); }

using Refusals = protocol::Refusals<Fault, faults, name_of>;

}  // namespace carillon::pusher
