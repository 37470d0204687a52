#include "protocol/pusher/client_event.h"

#include "protocol/pusher/names.h"

namespace carillon::pusher {

std::optional<Fault> judge(const ClientEvent& event, const hub::App& app, bool subscribed) {
    const auto& limits = app.limits;
    if (!app.client_events) return Fault::client_events_disabled;
    // Anchored: my-client-x, and a pusher_internal: event that clients would believe, are none.
    if (!event.event.starts_with("client-")) return Fault::client_event_name;
    if (event.event.size() > limits.event_name_bytes_max) return Fault::client_event_name_length;
    if (!kind_of(event.channel).client_events()) return Fault::client_event_channel;
    if (event.data_bytes > limits.event_payload_bytes_max) return Fault::client_event_payload;
    if (!subscribed) return Fault::client_event_membership;
    return std::nullopt;
}

std::size_t limit_of(Fault fault, const hub::AppLimits& limits) {
    switch (fault) {
        case Fault::client_event_name_length:
            return limits.event_name_bytes_max;
        case Fault::client_event_payload:
            return limits.event_payload_bytes_max;
        case Fault::subscription_name_length:
            return limits.channel_name_bytes_max;
        case Fault::subscription_member_size:
            return (limits.presence_member_bytes_max + 1023) / 1024;
        default:
            return 0;
    }
}

}  // namespace carillon::pusher
