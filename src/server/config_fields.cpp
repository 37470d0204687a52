#include "server/config_fields.h"

#include <algorithm>

#include "http/cors.h"
#include "http/request.h"
#include "server/config_journal.h"
#include "server/config_values.h"
#include "server/log_line.h"

namespace carillon::server {
namespace {

Choice level(base::LogLevel value) { return {name_of(value), static_cast<unsigned char>(value)}; }

std::vector<Choice> log_levels() {
    using base::LogLevel;
    return {level(LogLevel::debug),
            level(LogLevel::info),
            level(LogLevel::warning),
            level(LogLevel::error),
            {"warn", static_cast<unsigned char>(LogLevel::warning)}};
}

std::vector<Choice> log_formats() {
    return {{"json", static_cast<unsigned char>(LogFormat::json)},
            {"text", static_cast<unsigned char>(LogFormat::text)}};
}

bool is_file_name(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

constexpr Range port{0, 65535};

std::vector<Field<Config>> server_fields() {
    using C = Config;
    return {
        {{"host", {}, "HOST", "--host"}, text<C>(AT(C, host))},
        {{"port", {}, "PORT", "--port"}, number<C>(AT(C, port), port)},
        {{"threads", {}, "WORKER_COUNT", "--threads"},
         number<C>(AT(C, threads), {0, limits::lanes_max})},
        {{"nats_url", {}, "NATS_URL"}, optional_text<C>(AT(C, nats_url)), true},
        {{"mode", {}, "ENVIRONMENT"}, text<C>(AT(C, mode))},
        {{"shutdown_grace_period", "shutdown_grace_period_s", "SHUTDOWN_GRACE_PERIOD"},
         number<C>(AT(C, shutdown_grace_period_s), {0, 3600, "seconds"})},
        {{"activity_timeout", "activity_timeout_s", "ACTIVITY_TIMEOUT"},
         number<C>(AT(C, activity_timeout_s), {1, 86'400, "seconds"})},
        {{"websocket_max_payload_kb", {}, "WEBSOCKET_MAX_PAYLOAD_KB"},
         number<C>(AT(C, websocket_max_payload_kb), {1, 16'384, "kilobytes"})},
        {{"channel_limits.cache_ttl", "cache_ttl_s", "CACHE_TTL_SECONDS"},
         number<C>(AT(C, cache_ttl_s), {1, 30 * 86'400, "seconds"})},
        {{"max_connections", {}, "SOCKUDO_MAX_CONNECTIONS"},
         number<C>(AT(C, connections_max), optional_limit)},
        {{"user_authentication_timeout", "user_authentication_timeout_s",
          "USER_AUTHENTICATION_TIMEOUT"},
         number<C>(AT(C, sign_in_timeout_s), {1, 86'400, "seconds"})},
        {{"channel_limits.allow_colon", {}, "CHANNEL_ALLOW_COLON"}, boolean<C>(AT(C, allow_colon))},
        {{"strict_protocol_version", {}, "STRICT_PROTOCOL_VERSION"},
         boolean<C>(AT(C, strict_protocol_version))},
        {{"ssl.enabled", {}, "SSL_ENABLED"}, boolean<C>(AT(C, ssl.enabled))},
        {{"ssl.cert_path", {}, "SSL_CERT_PATH"},
         list<C>(AT(C, ssl.cert_paths), "a file, or a list of files", is_file_name)},
        {{"ssl.key_path", {}, "SSL_KEY_PATH"},
         list<C>(AT(C, ssl.key_paths), "a file, or a list of files", is_file_name)},
        {{"ssl.passphrase", {}, "SSL_PASSPHRASE"}, optional_text<C>(AT(C, ssl.passphrase)), true},
        {{"page.enabled", {}, "PAGE_ENABLED"}, boolean<C>(AT(C, page_enabled))},
        {{"metrics.enabled", {}, "METRICS_ENABLED"}, boolean<C>(AT(C, metrics.enabled))},
        {{"metrics.host", {}, "METRICS_HOST"}, text<C>(AT(C, metrics.host))},
        {{"metrics.port", {}, "METRICS_PORT", "--metrics-port"},
         number<C>(AT(C, metrics.port), port)},
        {{"metrics.driver", {}, "METRICS_DRIVER"},
         choice<C>(AT(C, metrics.driver), {{"prometheus", 0}})},
        {{"metrics.prometheus.prefix", {}, "METRICS_PROMETHEUS_PREFIX"},
         normal_text<C>(AT(C, metrics.prefix), "letters, digits and _, no digit first",
                        normal_metric_prefix)},
        {{"log.level", {}, "LOG_LEVEL"}, choice<C>(AT(C, log.level), log_levels())},
        {{"log.format", {}, "LOG_FORMAT"}, choice<C>(AT(C, log.format), log_formats())},
        {{{}, {}, {}, "--insecure-demo-credentials"}, boolean<C>(AT(C, insecure_demo_credentials))},
    };
}

// What every app starts from.
std::vector<Field<Config>> limit_fields() {
    using C = Config;
    return {
        {{"presence.max_members_per_channel"},
         number<C>(AT(C, app_limits.presence_members_max), presence_members)},
        {{"presence.max_member_size_in_kb"},
         number<C>(AT(C, app_limits.presence_member_bytes_max), presence_member_kb)},
        {{"channel_limits.max_name_length"},
         number<C>(AT(C, app_limits.channel_name_bytes_max), channel_name)},
        {{"event_limits.max_channels_at_once"},
         number<C>(AT(C, app_limits.event_channels_max), event_channels)},
        {{"event_limits.max_name_length"},
         number<C>(AT(C, app_limits.event_name_bytes_max), event_name)},
        {{"event_limits.max_payload_in_kb"},
         number<C>(AT(C, app_limits.event_payload_bytes_max), event_payload_kb)},
        {{"event_limits.max_batch_size"},
         number<C>(AT(C, app_limits.event_batch_max), event_batch)},
    };
}

// What the HTTP side does for whom.
std::vector<Field<Config>> http_fields() {
    using C = Config;
    return {
        {{"path_prefix"},
         normal_text<C>(AT(C, path_prefix), "a path such as /ws, of letters, digits and -._~",
                        normal_path_prefix)},
        {{"http_api.request_limit_in_mb"},
         number<C>(AT(C, http_body_bytes_max), {1, 100, "megabytes", limits::mib})},
        {{"http_api.usage_enabled", {}, "HTTP_API_USAGE_ENABLED"},
         boolean<C>(AT(C, usage_enabled))},
        {{"cors.origin", {}, "CORS_ORIGINS"},
         list<C>(AT(C, cors.origins), std::string(origin_list), http::is_origin_pattern)},
        {{"cors.methods", {}, "CORS_METHODS"},
         list<C>(AT(C, cors.methods), "a list of methods", is_token)},
        {{"cors.allowed_headers", {}, "CORS_HEADERS"},
         list<C>(AT(C, cors.allowed_headers), "a list of names of headers", is_token)},
        {{"cors.credentials", {}, "CORS_CREDENTIALS"}, boolean<C>(AT(C, cors.credentials))},
        {{"idempotency.enabled", {}, "IDEMPOTENCY_ENABLED"},
         boolean<C>(AT(C, idempotency.enabled))},
        {{"idempotency.ttl_seconds", {}, "IDEMPOTENCY_TTL_SECONDS"},
         number<C>(AT(C, idempotency.ttl_s), {1, 86'400, "seconds"})},
        {{"idempotency.max_key_length", {}, "IDEMPOTENCY_MAX_KEY_LENGTH"},
         number<C>(AT(C, idempotency.key_bytes_max), {1, 1024, "bytes"})},
    };
}

constexpr Range requests{1, any_number};
constexpr Range window{1, 86'400, "seconds"};
constexpr Range hops{0, 32};

std::vector<Field<Config>> rate_limiter_fields() {
    using C = Config;
    return {
        {{"rate_limiter.enabled", {}, "RATE_LIMITER_ENABLED"},
         boolean<C>(AT(C, rate_limiter.enabled))},
        {{"rate_limiter.driver", {}, "RATE_LIMITER_DRIVER"},
         choice<C>(AT(C, rate_limiter.driver), {{"memory", 0}}, {"redis", "redis-cluster"})},
        {{"rate_limiter.api_rate_limit.max_requests", {}, "RATE_LIMITER_API_MAX_REQUESTS"},
         number<C>(AT(C, rate_limiter.api.requests_max), requests)},
        {{"rate_limiter.api_rate_limit.window_seconds", {}, "RATE_LIMITER_API_WINDOW_SECONDS"},
         number<C>(AT(C, rate_limiter.api.window_s), window)},
        {{"rate_limiter.api_rate_limit.trust_hops", {}, "RATE_LIMITER_API_TRUST_HOPS"},
         number<C>(AT(C, rate_limiter.api.trust_hops), hops)},
        {{"rate_limiter.websocket_rate_limit.max_requests", {}, "RATE_LIMITER_WS_MAX_REQUESTS"},
         number<C>(AT(C, rate_limiter.websocket.requests_max), requests)},
        {{"rate_limiter.websocket_rate_limit.window_seconds", {}, "RATE_LIMITER_WS_WINDOW_SECONDS"},
         number<C>(AT(C, rate_limiter.websocket.window_s), window)},
        {{"rate_limiter.websocket_rate_limit.trust_hops", {}, "RATE_LIMITER_WS_TRUST_HOPS"},
         number<C>(AT(C, rate_limiter.websocket.trust_hops), hops)},
    };
}

}  // namespace

const std::vector<Field<Config>>& config_fields() {
    static const auto fields = [] {
        auto all = server_fields();
        for (auto&& more : {http_fields(), rate_limiter_fields(), limit_fields(), protocol_fields(),
                            journal_fields()}) {
            all.insert(all.end(), more.begin(), more.end());
        }
        return all;
    }();
    return fields;
}

bool read_boolean(std::string_view text, bool& value) {
    const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::any_of(
            names, [&](std::string_view name) { return http::equals_ignoring_case(name, text); });
    };
    const bool yes = is_one_of({"true", "1", "yes", "on"});
    if (!yes && !is_one_of({"false", "0", "no", "off"})) return false;
    value = yes;
    return true;
}

}  // namespace carillon::server
