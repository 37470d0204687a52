#include "hub/outcome.h"

#include <array>

namespace carillon::hub {

std::string_view name_of(Outcome outcome) {
    static constexpr std::array<std::string_view, outcomes> names = {
        "ok",
        "already",
        "not_subscribed",
        "unauthenticated",
        "forbidden",
        "limit_sessions",
        "limit_connections",
        "limit_subscriptions",
        "limit_channels",
        "limit_presence_members",
        "limit_presence_bytes",
        "bad_name",
        "overloaded",
        "closing",
        "vetoed",
        "limit_nesting",
        "storage_failed",
        "internal",
    };
    return names[static_cast<std::size_t>(outcome)];
}

std::string_view name_of(CloseReason reason) {
    static constexpr std::array<std::string_view, close_reasons> names = {
        "peer", "protocol", "slow", "memory", "shutdown", "kicked", "renewed", "lost"};
    return names[static_cast<std::size_t>(reason)];
}

std::string_view name_of(DropReason reason) {
    static constexpr std::array<std::string_view, drop_reasons> names = {
        "newest", "oldest", "closed", "memory", "no_consumer"};
    return names[static_cast<std::size_t>(reason)];
}

std::string_view name_of(Recovery recovery) {
    static constexpr std::array<std::string_view, recoveries> names = {
        "not_asked", "recovered", "not_kept", "unknown_epoch",
        "ahead",     "trimmed",   "too_many", "no_room"};
    return names[static_cast<std::size_t>(recovery)];
}

}  // namespace carillon::hub
