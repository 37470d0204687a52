#include "server/config_unbuilt.h"

namespace carillon::server {

const std::vector<std::string_view>& unbuilt_keys() {
    static const std::vector<std::string_view> keys = {
        "adapter",
        "app_manager.cache",
        "app_manager.driver",
        "app_manager.register_inline_apps",
        "app_manager.scylladb",
        "cache",
        "cleanup",
        "cluster_health",
        "connection_recovery",
        "database",
        "database_pooling",
        "debug",
        "delta_compression",
        "echo_control",
        "ephemeral",
        "event_name_filtering",
        "history",
        "http_api.accept_traffic",
        "instance",
        "logging",
        "metrics.tcp_exporter",
        "presence.ungraceful_timeout_seconds",
        "presence.update_rate_limit_per_member_per_second",
        "presence_history",
        "push",
        "queue",
        "rate_limiter.api_rate_limit.identifier",
        "rate_limiter.redis",
        "rate_limiter.websocket_rate_limit.identifier",
        "ssl.ca_path",
        "ssl.http_port",
        "ssl.redirect_http",
        "tag_filtering",
        "unix_socket",
        "versioned_messages",
        "webhooks",
        "websocket",
    };
    return keys;
}

const std::vector<std::string_view>& unbuilt_app_keys() {
    static const std::vector<std::string_view> keys = {
        "annotations_enabled",
        "channel_delta_compression",
        "channel_namespaces",
        "connection_recovery",
        "history",
        "idempotency",
        "message_rate_limit",
        "policy",
        "presence_history",
        "webhooks",
    };
    return keys;
}

// Only names that can mean nothing else: REDIS_PORT or AWS_REGION are set on many machines for
// reasons of their own.
const std::vector<std::string_view>& unbuilt_variables() {
    static const std::vector<std::string_view> variables = {
        "ADAPTER_DRIVER",
        "APP_MANAGER_DRIVER",
        "CACHE_DRIVER",
        "CLUSTER_HEALTH_ENABLED",
        "CONNECTION_RECOVERY_ENABLED",
        "DATABASE_DYNAMODB_TABLE_NAME",
        "DATABASE_MYSQL_HOST",
        "DATABASE_POSTGRES_HOST",
        "DATABASE_REDIS_HOST",
        "DEBUG_MODE",
        "HISTORY_ENABLED",
        "INSTANCE_PROCESS_ID",
        "LOG_OUTPUT_FORMAT",
        "NATS_SERVERS",
        "QUEUE_DRIVER",
        "REDIS_CLUSTER_NODES",
        "REDIS_URL",
        "SOCKUDO_DEFAULT_APP_ANNOTATIONS_ENABLED",
        "SOCKUDO_LOG_DEBUG",
        "SOCKUDO_LOG_PROD",
        "SOCKUDO_SERVER_ROLE",
        "SOCKUDO_SKIP_INLINE_APPS",
        "SSL_HTTP_PORT",
        "SSL_REDIRECT_HTTP",
        "UNIX_SOCKET_ENABLED",
        "WEBHOOK_BATCHING_DURATION",
        "WEBHOOK_BATCHING_ENABLED",
        "WEBHOOK_BATCHING_SIZE",
        "WEBSOCKET_MAX_BYTES",
        "WEBSOCKET_MAX_MESSAGES",
    };
    return variables;
}

}  // namespace carillon::server
