#include "http/cors.h"
#include "server/config_values.h"

namespace carillon::server {
namespace {

std::vector<Field<hub::App>> make_app_fields() {
    using A = hub::App;
    return {
        {{"id", {}, "SOCKUDO_DEFAULT_APP_ID"}, text<A>(AT(A, id))},
        {{"key", {}, "SOCKUDO_DEFAULT_APP_KEY"}, text<A>(AT(A, key))},
        {{"secret", {}, "SOCKUDO_DEFAULT_APP_SECRET"}, text<A>(AT(A, secret)), true},
        {{"enabled", {}, "SOCKUDO_DEFAULT_APP_ENABLED"}, boolean<A>(AT(A, enabled))},
        {{"enable_client_messages", "enableClientMessages",
          "SOCKUDO_DEFAULT_APP_ENABLE_CLIENT_MESSAGES"},
         boolean<A>(AT(A, client_events))},
        {{"max_connections", "maxConnections", "SOCKUDO_DEFAULT_APP_MAX_CONNECTIONS"},
         number<A>(AT(A, limits.connections_max), optional_limit)},
        {{"max_client_events_per_second", "maxClientEventsPerSecond",
          "SOCKUDO_DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SECOND"},
         number<A>(AT(A, limits.client_events_per_second), optional_limit)},
        {{"decay_seconds", "decaySeconds"},
         number<A>(AT(A, limits.client_events_window_s), {1, 3600, "seconds"})},
        {{"terminate_on_limit", "terminateOnLimit"}, boolean<A>(AT(A, client_events_or_end))},
        {{"max_backend_events_per_second", "maxBackendEventsPerSecond",
          "SOCKUDO_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SECOND"},
         number<A>(AT(A, limits.backend_events_per_second), optional_limit)},
        {{"max_read_requests_per_second", "maxReadRequestsPerSecond",
          "SOCKUDO_DEFAULT_APP_MAX_READ_REQUESTS_PER_SECOND"},
         number<A>(AT(A, limits.read_requests_per_second), optional_limit)},
        {{"enable_user_authentication", "enableUserAuthentication",
          "SOCKUDO_DEFAULT_APP_ENABLE_USER_AUTHENTICATION"},
         boolean<A>(AT(A, sign_in))},
        {{"enable_watchlist_events", "enableWatchlistEvents",
          "SOCKUDO_DEFAULT_APP_ENABLE_WATCHLIST_EVENTS"},
         boolean<A>(AT(A, watchlists))},
        {{"enable_subscription_count", "enable_subscription_count_events",
          "SOCKUDO_DEFAULT_APP_ENABLE_SUBSCRIPTION_COUNT"},
         boolean<A>(AT(A, subscription_counts))},
        {{"allowed_origins", "allowedOrigins", "SOCKUDO_DEFAULT_APP_ALLOWED_ORIGINS"},
         list<A>(AT(A, allowed_origins), std::string(origin_list), http::is_origin_pattern)},
        {{"max_presence_members_per_channel", "maxPresenceMembersPerChannel",
          "SOCKUDO_DEFAULT_APP_MAX_PRESENCE_MEMBERS_PER_CHANNEL"},
         number<A>(AT(A, limits.presence_members_max), presence_members)},
        {{"max_presence_member_size_in_kb", "maxPresenceMemberSizeInKb",
          "SOCKUDO_DEFAULT_APP_MAX_PRESENCE_MEMBER_SIZE_IN_KB"},
         number<A>(AT(A, limits.presence_member_bytes_max), presence_member_kb)},
        {{"max_channel_name_length", "maxChannelNameLength",
          "SOCKUDO_DEFAULT_APP_MAX_CHANNEL_NAME_LENGTH"},
         number<A>(AT(A, limits.channel_name_bytes_max), channel_name)},
        {{"max_event_channels_at_once", "maxEventChannelsAtOnce",
          "SOCKUDO_DEFAULT_APP_MAX_EVENT_CHANNELS_AT_ONCE"},
         number<A>(AT(A, limits.event_channels_max), event_channels)},
        {{"max_event_name_length", "maxEventNameLength",
          "SOCKUDO_DEFAULT_APP_MAX_EVENT_NAME_LENGTH"},
         number<A>(AT(A, limits.event_name_bytes_max), event_name)},
        {{"max_event_payload_in_kb", "maxEventPayloadInKb",
          "SOCKUDO_DEFAULT_APP_MAX_EVENT_PAYLOAD_IN_KB"},
         number<A>(AT(A, limits.event_payload_bytes_max), event_payload_kb)},
        {{"max_event_batch_size", "maxEventBatchSize", "SOCKUDO_DEFAULT_APP_MAX_EVENT_BATCH_SIZE"},
         number<A>(AT(A, limits.event_batch_max), event_batch)},
    };
}

}  // namespace

const std::vector<Field<hub::App>>& app_fields() {
    static const auto fields = make_app_fields();
    return fields;
}

}  // namespace carillon::server
