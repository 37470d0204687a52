#include "protocol/pusher/errors.h"

namespace carillon::pusher {
namespace {

// clang-format off: a table is read in columns.
constexpr std::array<FaultRow, faults> rows{{
    {Fault::app_unknown, "app_unknown", 4001, "", "Application does not exist"},
    {Fault::app_disabled, "app_disabled", 4003, "", "Application disabled"},
    {Fault::origin_refused, "origin_refused", 4009, "", "Origin not allowed"},
    {Fault::node_full, "node_full", 4100, "", "Over capacity"},
    {Fault::app_full, "app_full", 4004, "", "Application is over connection quota"},
    {Fault::version_malformed, "version_malformed", 4006, "", "Invalid version string format"},
    {Fault::version_unsupported, "version_unsupported", 4007, "", "Unsupported protocol version"},
    {Fault::version_missing, "version_missing", 4008, "", "No protocol version supplied"},
    // Back off: clients that return at once would besiege the store that just failed.
    {Fault::lookup_failed, "lookup_failed", 4100, "", "Application cannot be looked up now"},
    {Fault::kicked, "kicked", 4009, "", "You got disconnected by the app."},
    {Fault::renewed, "renewed", 4200, "", "Generic reconnect immediately"},
    {Fault::sign_in_failed, "sign_in_failed", 4009, "", "Connection is unauthorized"},
    {Fault::sign_in_late, "sign_in_late", 4009, "", "Connection not authorized within timeout."},
    {Fault::too_slow, "too_slow", 4100, "", "Connection is too slow for what it subscribed to"},
    {Fault::over_memory, "over_memory", 4100, "", "Over capacity"},
    {Fault::shutdown, "shutdown", 4200, "", "Server shutting down"},
    {Fault::ended, "ended", 4200, "", "Generic reconnect immediately"},
    {Fault::pong_late, "pong_late", 4201, "", "Pong reply not received in time"},

    {Fault::message_malformed, "message_malformed", 4000, "", "Invalid message format: not a JSON object"},
    {Fault::event_missing, "event_missing", 4000, "", "Invalid message format: no event name"},
    {Fault::channel_missing, "channel_missing", 4000, "", "Invalid message format: no channel name"},
    {Fault::sign_in_disabled, "sign_in_disabled", 4009, "", "Authentication error: Users cannot sign in to this app"},
    {Fault::watchlist_length, "watchlist_length", 4302, "", "Watchlist limit exceeded"},
    {Fault::watchlist_failed, "watchlist_failed", 4302, "", "Watchlist cannot be followed now"},
    {Fault::client_event_rate, "client_event_rate", 4301, "", "Client event rejected due to rate limit"},
    {Fault::client_events_disabled, "client_events_disabled", 4301, "", "Client event error: Client events are not enabled for this app"},
    {Fault::client_event_name, "client_event_name", 4301, "", "Invalid event name: Client events begin with client-"},
    {Fault::client_event_name_length, "client_event_name_length", 4301, "", "Invalid event name: It is longer than the allowed {} bytes"},
    {Fault::client_event_channel, "client_event_channel", 4301, "", "Client event error: Client events can only be sent to private or presence channels"},
    {Fault::client_event_payload, "client_event_payload", 4301, "", "Client event error: The data is larger than the allowed {} bytes"},
    {Fault::client_event_membership, "client_event_membership", 4301, "", "Client event error: The socket is not subscribed to that channel"},
    {Fault::client_event_overloaded, "client_event_overloaded", 4301, "", "Client event error: The server is overloaded"},
    {Fault::client_event_storage, "client_event_storage", 4301, "", "Client event error: The server cannot keep it now"},
    {Fault::client_event_vetoed, "client_event_vetoed", 4301, "", "Client event error: The server does not allow it"},
    {Fault::client_event_failed, "client_event_failed", 4301, "", "Client event error: It could not be published"},

    {Fault::subscription_unauthorized, "subscription_unauthorized", 401, "AuthError", "The connection is unauthorized."},
    {Fault::subscription_name_length, "subscription_name_length", 4009, "LimitReached", "The channel name is longer than the allowed {} characters."},
    {Fault::subscription_name, "subscription_name", 4009, "", "The channel name is not allowed. Read channel conventions: https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions"},
    {Fault::subscription_members, "subscription_members", 4100, "LimitReached", "The maximum members per presence channel limit was reached"},
    {Fault::subscription_member_size, "subscription_member_size", 4301, "LimitReached", "The maximum size for a channel member is {} KB."},
    {Fault::subscription_member_data, "subscription_member_data", 4302, "ServerError", "A server error has occured."},  // spelled as soketi does
    {Fault::subscription_vetoed, "subscription_vetoed", 403, "AuthError", "The server does not allow the subscription."},
    {Fault::subscription_failed, "subscription_failed", 4302, "ServerError", "A server error has occured."},

    {Fault::request_invalid, "request_invalid", 400, "invalid_input", "The request is malformed.", ErrorKind::invalid},
    {Fault::request_limit, "request_limit", 400, "limit_exceeded", "A limit is exceeded.", ErrorKind::too_large},
    {Fault::request_no_channel, "request_no_channel", 400, "missing_channel_info", "No channel is named.", ErrorKind::not_found},
    {Fault::request_unauthorized, "request_unauthorized", 401, "auth_failed", "The request is not signed as it should be.", ErrorKind::unauthorized},
    {Fault::request_app_disabled, "request_app_disabled", 403, "forbidden", "The app is disabled.", ErrorKind::forbidden},
    // Its kind is only for the way back: none of the others has 403 with it.
    {Fault::request_vetoed, "request_vetoed", 403, "forbidden", "The server does not allow the publication.", ErrorKind::unauthorized},
    {Fault::request_app_unknown, "request_app_unknown", 404, "app_not_found", "The app does not exist.", ErrorKind::not_found},
    {Fault::request_payload, "request_payload", 413, "payload_too_large", "The data is too large.", ErrorKind::too_large},
    {Fault::request_rate, "request_rate", 429, "rate_limited", "Rate limit exceeded. Please try again later.", ErrorKind::overloaded},
    {Fault::request_overloaded, "request_overloaded", 503, "backpressure", "The server is overloaded. Try again later.", ErrorKind::overloaded},
    {Fault::request_storage, "request_storage", 503, "storage_failed", "What keeps this channel's events is full or fails. Nothing was published. Try again later.", ErrorKind::io},
    {Fault::request_failed, "request_failed", 500, "internal_error", "The server failed.", ErrorKind::internal},
}};
// clang-format on

static_assert(protocol::in_order(rows), "a fault is the index of its row");

}  // namespace

const FaultRow& row_of(Fault fault) { return rows[static_cast<std::size_t>(fault)]; }

std::string text_of(Fault fault, std::size_t limit) {
    std::string text(row_of(fault).text);
    const auto at = text.find("{}");
    if (at != std::string::npos) text.replace(at, 2, std::to_string(limit));
    return text;
}

Error http_error(Fault fault, std::string message) {
    const auto& row = row_of(fault);
    return {row.kind, std::move(message), row.code};
}

Fault http_fault(const Error& error) {
    for (auto i = static_cast<std::size_t>(Fault::request_invalid); i < faults; ++i) {
        if (rows[i].kind == error.kind && rows[i].code == error.code) return rows[i].fault;
    }
    return Fault::request_failed;
}

Fault subscription_fault(hub::Outcome outcome) {
    switch (outcome) {
        case hub::Outcome::limit_presence_members:
            return Fault::subscription_members;
        case hub::Outcome::limit_presence_bytes:
            return Fault::subscription_member_size;
        case hub::Outcome::bad_name:
            return Fault::subscription_name;
        case hub::Outcome::vetoed:
            return Fault::subscription_vetoed;
        default:
            return Fault::subscription_failed;
    }
}

Fault client_event_fault(hub::Outcome outcome) {
    switch (outcome) {
        case hub::Outcome::overloaded:
            return Fault::client_event_overloaded;
        case hub::Outcome::storage_failed:
            return Fault::client_event_storage;
        case hub::Outcome::vetoed:
            return Fault::client_event_vetoed;
        default:
            return Fault::client_event_failed;
    }
}

// Hooks that nest too deep (limit_nesting) are the host's mistake, not the caller's: 500.
Fault publish_fault(hub::Outcome outcome) {
    switch (outcome) {
        case hub::Outcome::overloaded:
            return Fault::request_overloaded;
        case hub::Outcome::storage_failed:
            return Fault::request_storage;
        case hub::Outcome::limit_channels:
            return Fault::request_limit;
        case hub::Outcome::vetoed:
            return Fault::request_vetoed;
        default:
            return Fault::request_failed;
    }
}

}  // namespace carillon::pusher
