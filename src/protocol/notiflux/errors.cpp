#include "protocol/notiflux/errors.h"

namespace carillon::notiflux {
namespace {

// clang-format off: a table is read in columns.
constexpr std::array<FaultRow, faults> rows{{
    {Fault::command_unknown, "command_unknown", 0, "Unknown command"},
    {Fault::command_malformed, "command_malformed", 0, "Invalid subscribe command, it should be: /subscribe <topic> <token>"},

    {Fault::subscribe_name, "subscribe_name", 0, "The topic is too long."},
    {Fault::subscribe_hidden, "subscribe_hidden", 0, "The topic belongs to another protocol."},
    {Fault::subscribe_token, "subscribe_token", 0, "The token is refused."},
    {Fault::subscribe_scope, "subscribe_scope", 0, "The token is not for subscribing."},
    {Fault::subscribe_topic, "subscribe_topic", 0, "The token does not list the topic."},
    {Fault::subscribe_vetoed, "subscribe_vetoed", 0, "The server does not allow the subscription."},
    {Fault::subscribe_limit, "subscribe_limit", 0, "The connection has too many subscriptions."},
    {Fault::subscribe_failed, "subscribe_failed", 0, "The server cannot do it now."},

    {Fault::node_full, "node_full", 1013, "over capacity"},
    {Fault::app_full, "app_full", 1013, "over capacity"},
    {Fault::tokens_refused, "tokens_refused", 1008, "too many refused tokens"},
    {Fault::message_fragmented, "message_fragmented", 1003, "fragmented messages are not spoken"},
    {Fault::message_too_large, "message_too_large", 1009, "message is too large"},
    {Fault::silent, "silent", 1008, "no answer to pings"},
    {Fault::too_slow, "too_slow", 1013, "too slow"},
    {Fault::over_memory, "over_memory", 1013, "over capacity"},
    {Fault::shutdown, "shutdown", 1001, "server is shutting down"},
    {Fault::kicked, "kicked", 1008, "disconnected"},
    {Fault::renewed, "renewed", 1012, "reconnect"},
    {Fault::ended, "ended", 1001, "disconnected"},

    {Fault::broadcast_type, "broadcast_type", 400, "Content type error"},
    {Fault::broadcast_body, "broadcast_body", 400, "Json deserialize error: "},
    {Fault::broadcast_size, "broadcast_size", 413, "JSON payload is too large"},

    {Fault::broadcast_name, "broadcast_name", 400, "The topic is empty or too long."},
    {Fault::broadcast_hidden, "broadcast_hidden", 403, "The topic belongs to another protocol."},
    {Fault::broadcast_token, "broadcast_token", 401, "The token is refused."},
    {Fault::broadcast_scope, "broadcast_scope", 403, "The token is not for broadcasting."},
    {Fault::broadcast_topic, "broadcast_topic", 403, "The token does not list the topic."},
    {Fault::broadcast_vetoed, "broadcast_vetoed", 403, "The server does not allow the broadcast."},
    {Fault::broadcast_overloaded, "broadcast_overloaded", 503, "The server is overloaded. Try again later."},
    {Fault::broadcast_storage, "broadcast_storage", 503, "What keeps this topic's messages is full or fails. Try again later."},
    {Fault::broadcast_failed, "broadcast_failed", 500, "The server failed."},
}};
// clang-format on

static_assert(protocol::in_order(rows), "a fault is the index of its row");

}  // namespace

const FaultRow& row_of(Fault fault) { return rows[static_cast<std::size_t>(fault)]; }

Fault subscribe_fault(hub::Outcome outcome) {
    switch (outcome) {
        case hub::Outcome::bad_name:
            return Fault::subscribe_name;
        case hub::Outcome::vetoed:
            return Fault::subscribe_vetoed;
        case hub::Outcome::limit_subscriptions:
            return Fault::subscribe_limit;
        default:
            return Fault::subscribe_failed;
    }
}

// Hooks that nest too deep (limit_nesting) are the host's mistake, not the caller's: 500.
Fault broadcast_fault(hub::Outcome outcome) {
    switch (outcome) {
        case hub::Outcome::bad_name:
            return Fault::broadcast_name;
        case hub::Outcome::overloaded:
            return Fault::broadcast_overloaded;
        case hub::Outcome::storage_failed:
            return Fault::broadcast_storage;
        case hub::Outcome::vetoed:
            return Fault::broadcast_vetoed;
        default:
            return Fault::broadcast_failed;
    }
}

Fault open_fault(hub::Outcome outcome) {
    return outcome == hub::Outcome::limit_sessions ? Fault::node_full : Fault::app_full;
}

}  // namespace carillon::notiflux
