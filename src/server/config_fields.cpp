#include "server/config_fields.h"

#include <algorithm>
#include <charconv>

#include "http/request.h"
#include "server/log_line.h"

namespace carillon::server {
namespace {

// Where a value lands: AT(Config, metrics.port).
#define AT(Owner, member) [](Owner& owner) -> auto& { return owner.member; }

constexpr std::uint32_t any_number = UINT32_MAX;

struct Range {
    std::uint32_t least = 0;
    std::uint32_t most = any_number;
    std::string_view unit{};         // "seconds"
    std::uint32_t scale = 1;         // what is written in KB is kept in bytes
    bool minus_one_is_none = false;  // soketi writes "no limit" as -1, we as 0
};

std::string expectation(const Range& range) {
    std::string text = "a number";
    if (!range.unit.empty()) text += " of " + std::string(range.unit);
    text += " from " + std::to_string(range.least);
    if (range.most != any_number) text += " to " + std::to_string(range.most);
    if (range.minus_one_is_none) text += " (0: no limit)";
    return text;
}

bool read_number(std::string_view text, const Range& range, std::uint32_t& value) {
    std::int64_t number = 0;
    const auto* const end = text.end();
    const auto [stopped, error] = std::from_chars(text.begin(), end, number);
    if (error != std::errc{} || stopped != end) return false;
    if (range.minus_one_is_none && number == -1) number = 0;
    if (number < range.least || number > range.most) return false;
    value = static_cast<std::uint32_t>(number) * range.scale;
    return true;
}

// `at` is AT(…): from an Owner& to the number in it, of whatever width.
template <class Owner, class At>
Value<Owner> number(At at, Range range) {
    return {Value<Owner>::Kind::number, expectation(range),
            [at, range](Owner& owner, std::string_view text) {
                std::uint32_t value = 0;
                if (!read_number(text, range, value)) return false;
                auto& place = at(owner);
                place = static_cast<std::remove_reference_t<decltype(place)>>(value);
                return true;
            },
            [at, range](const Owner& owner) {
                return std::to_string(at(const_cast<Owner&>(owner)) / range.scale);
            }};
}

template <class Owner, class At>
Value<Owner> boolean(At at) {
    return {Value<Owner>::Kind::boolean, "true or false",
            [at](Owner& owner, std::string_view text) { return read_boolean(text, at(owner)); },
            [at](const Owner& owner) {
                return std::string(at(const_cast<Owner&>(owner)) ? "true" : "false");
            }};
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Never empty, for an empty host or secret is a mistake with consequences, and so is a line's end
// that came along from a file.
template <class Owner, class At>
Value<Owner> text(At at) {
    return {Value<Owner>::Kind::text, "a text, not empty, without control characters",
            [at](Owner& owner, std::string_view value) {
                if (value.empty() || std::ranges::any_of(value, is_control)) return false;
                at(owner) = value;
                return true;
            },
            [at](const Owner& owner) { return at(const_cast<Owner&>(owner)); }};
}

struct Choice {
    std::string_view name;
    unsigned char value;
};

// One of a few names; the first that has a value is how it is written.
template <class Owner, class At>
Value<Owner> choice(At at, const std::vector<Choice>& choices) {
    std::string expected;
    for (const auto& one : choices) {
        expected += (expected.empty() ? "one of " : ", ") + std::string(one.name);
    }
    return {Value<Owner>::Kind::text, expected,
            [at, choices](Owner& owner, std::string_view name) {
                for (const auto& one : choices) {
                    if (!http::equals_ignoring_case(one.name, name)) continue;
                    auto& place = at(owner);
                    place = static_cast<std::remove_reference_t<decltype(place)>>(one.value);
                    return true;
                }
                return false;
            },
            [at, choices](const Owner& owner) {
                const auto value = static_cast<unsigned char>(at(const_cast<Owner&>(owner)));
                const auto found = std::ranges::find(choices, value, &Choice::value);
                return std::string(found->name);
            }};
}

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

constexpr Range port{0, 65535};
constexpr Range optional_limit{.minus_one_is_none = true};
constexpr Range presence_members{1, any_number};
constexpr Range presence_member_kb{1, 1024, "kilobytes", 1024};
constexpr Range channel_name{1, limits::channel_name_bytes_max, "bytes"};
constexpr Range event_name{1, 4096, "bytes"};
constexpr Range event_channels{1, limits::publish_channels_max};
constexpr Range event_payload_kb{1, limits::http_body_bytes_max / limits::kib, "kilobytes", 1024};
constexpr Range event_batch{1, 10'000};

std::vector<Field<Config>> server_fields() {
    using C = Config;
    return {
        {{"host", {}, "HOST", "--host"}, text<C>(AT(C, host))},
        {{"port", {}, "PORT", "--port"}, number<C>(AT(C, port), port)},
        {{"threads", {}, {}, "--threads"}, number<C>(AT(C, threads), {0, limits::lanes_max})},
        {{"mode", {}, "ENVIRONMENT"}, text<C>(AT(C, mode))},
        {{"shutdown_grace_period", "shutdown_grace_period_s", "SHUTDOWN_GRACE_PERIOD"},
         number<C>(AT(C, shutdown_grace_period_s), {0, 3600, "seconds"})},
        {{"activity_timeout", "activity_timeout_s", "ACTIVITY_TIMEOUT"},
         number<C>(AT(C, activity_timeout_s), {1, 86'400, "seconds"})},
        {{"websocket_max_payload_kb", {}, "WEBSOCKET_MAX_PAYLOAD_KB"},
         number<C>(AT(C, websocket_max_payload_kb), {1, 16'384, "kilobytes"})},
        {{"channel_limits.cache_ttl", "cache_ttl_s", "CACHE_TTL_SECONDS"},
         number<C>(AT(C, cache_ttl_s), {1, 30 * 86'400, "seconds"})},
        {{"metrics.enabled", {}, "METRICS_ENABLED"}, boolean<C>(AT(C, metrics.enabled))},
        {{"metrics.host", {}, "METRICS_HOST"}, text<C>(AT(C, metrics.host))},
        {{"metrics.port", {}, "METRICS_PORT", "--metrics-port"},
         number<C>(AT(C, metrics.port), port)},
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

const std::vector<Field<Config>>& config_fields() {
    static const auto fields = [] {
        auto all = server_fields();
        for (auto& field : limit_fields()) all.push_back(std::move(field));
        return all;
    }();
    return fields;
}

const std::vector<Field<hub::App>>& app_fields() {
    static const auto fields = make_app_fields();
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
