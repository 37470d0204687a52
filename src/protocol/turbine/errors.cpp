#include "protocol/turbine/errors.h"

namespace carillon::turbine {
namespace {

// clang-format off: a table is read in columns.
constexpr std::array<FaultRow, faults> rows{{
    {Fault::text_malformed,          "text_malformed",          400, "bad utf-8"},
    {Fault::command_malformed,       "command_malformed",       400, "bad command"},
    {Fault::channel_name,            "channel_name",            400, "bad command"},
    {Fault::already_connected,       "already_connected",       400, "already connected"},
    {Fault::not_connected,           "not_connected",           401, "unauthorized"},
    {Fault::token_rejected,          "token_rejected",          401, "unauthorized"},
    {Fault::channel_forbidden,       "channel_forbidden",       403, "forbidden"},
    {Fault::subscription_vetoed,     "subscription_vetoed",     403, "forbidden"},
    {Fault::subscription_limit,      "subscription_limit",      429, "too many subscriptions"},
    {Fault::subscription_overloaded, "subscription_overloaded", 500, "internal error"},
    {Fault::subscription_channels,   "subscription_channels",   500, "internal error"},  // no room for another
    {Fault::subscription_failed,     "subscription_failed",     500, "internal error"},

    {Fault::node_full,               "node_full",               1013, "try again later"},
    {Fault::app_full,                "app_full",                1013, "try again later"},
    {Fault::connect_late,            "connect_late",            1008, "not connected in time"},
    {Fault::tokens_rejected,         "tokens_rejected",         1008, "too many rejected tokens"},
    {Fault::pong_late,               "pong_late",               1008, "no sign of life"},
    {Fault::kicked,                  "kicked",                  1008, "disconnected"},
    {Fault::renewed,                 "renewed",                 1012, "connect again"},
    {Fault::too_slow,                "too_slow",                1008, "too slow"},
    {Fault::over_memory,             "over_memory",             1013, "try again later"},
    {Fault::shutdown,                "shutdown",                1001, "server shutting down"},
    {Fault::ended,                   "ended",                   1001, "connect again"},

    {Fault::request_unauthorized,    "request_unauthorized",    401, "unauthorized"},
    {Fault::request_media_type,      "request_media_type",      415, "unsupported media type"},
    {Fault::request_payload,         "request_payload",         413, "payload too large"},
    {Fault::request_malformed,       "request_malformed",       400, "invalid json"},
    {Fault::request_channel_missing, "request_channel_missing", 422, "missing channel"},
    {Fault::request_data_missing,    "request_data_missing",    422, "missing data"},
    {Fault::request_channel_name,    "request_channel_name",    400, "invalid channel"},
    {Fault::request_vetoed,          "request_vetoed",          403, "forbidden"},
    {Fault::request_overloaded,      "request_overloaded",      503, "overloaded"},
    {Fault::request_storage,         "request_storage",         503, "storage failed"},
    {Fault::request_failed,          "request_failed",          500, "internal error"},
}};
// clang-format on

static_assert(protocol::in_order(rows), "a fault is the index of its row");

}  // namespace

const FaultRow& row_of(Fault fault) { return rows[static_cast<std::size_t>(fault)]; }

Fault subscription_fault(hub::Outcome outcome) {
    switch (outcome) {
        case hub::Outcome::bad_name:
            return Fault::channel_name;
        case hub::Outcome::vetoed:
            return Fault::subscription_vetoed;
        case hub::Outcome::overloaded:
            return Fault::subscription_overloaded;
        case hub::Outcome::limit_channels:
            return Fault::subscription_channels;
        default:
            return Fault::subscription_failed;
    }
}

// Hooks that nest too deep (limit_nesting) are the host's mistake, not the caller's: 500.
Fault publish_fault(hub::Outcome outcome) {
    switch (outcome) {
        case hub::Outcome::overloaded:
            return Fault::request_overloaded;
        case hub::Outcome::storage_failed:
            return Fault::request_storage;
        case hub::Outcome::vetoed:
            return Fault::request_vetoed;
        default:
            return Fault::request_failed;
    }
}

}  // namespace carillon::turbine
