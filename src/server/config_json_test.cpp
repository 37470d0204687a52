#include "server/config_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/testing_load.h"

namespace carillon::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::lines_of;
using testing::load_file;

std::string with_app(const std::string& members) {
    return R"({"app_manager": {"array": {"apps": [{"id": "a", "key": "k", "secret": "s", )" +
           members + "}]}}}";
}

TEST(ConfigJson, reads_the_shape_of_sockudos_file) {
    const auto loaded = load_file(R"({
        "host": "::1", "port": 7001, "mode": "staging", "threads": 3,
        "shutdown_grace_period": 20, "activity_timeout": 60, "websocket_max_payload_kb": 128,
        "metrics": {"enabled": false, "host": "::", "port": 9999},
        "log": {"level": "Warning", "format": "text"},
        "presence": {"max_members_per_channel": 7, "max_member_size_in_kb": 3},
        "channel_limits": {"max_name_length": 50},
        "event_limits": {"max_channels_at_once": 4, "max_name_length": 60,
                         "max_payload_in_kb": 10, "max_batch_size": 5}
    })");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    const auto& config = loaded.config;
    EXPECT_EQ(config.host, "::1");
    EXPECT_EQ(config.port, 7001);
    EXPECT_EQ(config.mode, "staging");
    EXPECT_EQ(config.threads, 3U);
    EXPECT_EQ(config.shutdown_grace_period_s, 20U);
    EXPECT_EQ(config.activity_timeout_s, 60U);
    EXPECT_EQ(config.websocket_max_payload_kb, 128U);
    EXPECT_FALSE(config.metrics.enabled);
    EXPECT_EQ(config.metrics.host, "::");
    EXPECT_EQ(config.metrics.port, 9999);
    EXPECT_EQ(config.log.level, base::LogLevel::warning);
    EXPECT_EQ(config.log.format, LogFormat::text);
    ASSERT_EQ(config.apps.size(), 1U);
    const auto& limits = config.apps[0].limits;  // of the demo app: the file's own
    EXPECT_EQ(limits.presence_members_max, 7U);
    EXPECT_EQ(limits.presence_member_bytes_max, 3U * 1024);
    EXPECT_EQ(limits.channel_name_bytes_max, 50U);
    EXPECT_EQ(limits.event_channels_max, 4U);
    EXPECT_EQ(limits.event_name_bytes_max, 60U);
    EXPECT_EQ(limits.event_payload_bytes_max, 10U * 1024);
    EXPECT_EQ(limits.event_batch_max, 5U);
}

TEST(ConfigJson, reads_what_the_http_side_does_for_whom) {
    const auto loaded = load_file(R"({
        "max_connections": 1, "user_authentication_timeout": 2, "path_prefix": "/ws/",
        "strict_protocol_version": true, "channel_limits": {"allow_colon": true},
        "page": {"enabled": false},
        "cors": {"origin": ["https://a.example", "*.b.example"], "methods": ["GET"],
                 "allowed_headers": ["X-A", "X-B"], "credentials": false},
        "rate_limiter": {"enabled": true, "driver": "memory",
            "api_rate_limit": {"max_requests": 3, "window_seconds": 4, "trust_hops": 5},
            "websocket_rate_limit": {"max_requests": 6, "window_seconds": 7, "trust_hops": 8}},
        "http_api": {"request_limit_in_mb": 9, "usage_enabled": false},
        "idempotency": {"enabled": false, "ttl_seconds": 10, "max_key_length": 11},
        "metrics": {"driver": "prometheus", "prometheus": {"prefix": "x_"}}
    })");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    const auto& config = loaded.config;
    EXPECT_EQ(config.connections_max, 1U);
    EXPECT_EQ(config.sign_in_timeout_s, 2U);
    EXPECT_EQ(config.path_prefix, "/ws");
    EXPECT_TRUE(config.strict_protocol_version);
    EXPECT_TRUE(config.allow_colon);
    EXPECT_FALSE(config.page_enabled);
    EXPECT_THAT(config.cors.origins, ElementsAre("https://a.example", "*.b.example"));
    EXPECT_THAT(config.cors.methods, ElementsAre("GET"));
    EXPECT_THAT(config.cors.allowed_headers, ElementsAre("X-A", "X-B"));
    EXPECT_FALSE(config.cors.credentials);
    EXPECT_TRUE(config.rate_limiter.enabled);
    EXPECT_EQ(config.rate_limiter.api.requests_max, 3U);
    EXPECT_EQ(config.rate_limiter.api.window_s, 4U);
    EXPECT_EQ(config.rate_limiter.api.trust_hops, 5U);
    EXPECT_EQ(config.rate_limiter.websocket.requests_max, 6U);
    EXPECT_EQ(config.rate_limiter.websocket.window_s, 7U);
    EXPECT_EQ(config.rate_limiter.websocket.trust_hops, 8U);
    EXPECT_EQ(config.http_body_bytes_max, 9U * 1024 * 1024);
    EXPECT_FALSE(config.usage_enabled);
    EXPECT_FALSE(config.idempotency.enabled);
    EXPECT_EQ(config.idempotency.ttl_s, 10U);
    EXPECT_EQ(config.idempotency.key_bytes_max, 11U);
    EXPECT_EQ(config.metrics.prefix, "x_");
}

TEST(ConfigJson, has_these_defaults_for_the_http_side) {
    const Config config = load_file("{}").config;
    EXPECT_EQ(config.connections_max, 0U);
    EXPECT_EQ(config.sign_in_timeout_s, 3600U);
    EXPECT_EQ(config.path_prefix, "");
    EXPECT_THAT(config.cors.origins, ElementsAre("*"));
    EXPECT_THAT(config.cors.methods, ElementsAre("GET", "POST", "OPTIONS"));
    EXPECT_TRUE(config.cors.credentials);
    EXPECT_FALSE(config.rate_limiter.enabled);
    EXPECT_EQ(config.rate_limiter.api.requests_max, 100U);
    EXPECT_EQ(config.rate_limiter.websocket.requests_max, 20U);
    EXPECT_EQ(config.rate_limiter.api.window_s + config.rate_limiter.websocket.window_s, 120U);
    EXPECT_EQ(config.rate_limiter.api.trust_hops + config.rate_limiter.websocket.trust_hops, 0U);
    EXPECT_EQ(config.http_body_bytes_max, 10U * 1024 * 1024);
    EXPECT_TRUE(config.usage_enabled && config.page_enabled && config.idempotency.enabled);
    EXPECT_EQ(config.idempotency.ttl_s, 120U);
    EXPECT_EQ(config.idempotency.key_bytes_max, 128U);
    EXPECT_FALSE(config.allow_colon || config.strict_protocol_version);
    EXPECT_EQ(config.metrics.prefix, "sockudo_");
}

TEST(ConfigJson, reads_what_an_app_can_switch_in_both_spellings) {
    const auto snake = load_file(with_app(R"(
        "max_backend_events_per_second": "1", "max_read_requests_per_second": 2,
        "enable_user_authentication": true, "enable_watchlist_events": true,
        "allowed_origins": ["https://a.example", "*.b.example"], "decay_seconds": 3,
        "terminate_on_limit": true, "enable_subscription_count": true)"));
    const auto camel = load_file(with_app(R"(
        "maxBackendEventsPerSecond": 1, "maxReadRequestsPerSecond": "2",
        "enableUserAuthentication": true, "enableWatchlistEvents": true,
        "allowedOrigins": "https://a.example, *.b.example", "decaySeconds": "3",
        "terminateOnLimit": true, "enableSubscriptionCount": true)"));
    for (const auto* loaded : {&snake, &camel}) {
        EXPECT_THAT(lines_of(*loaded), IsEmpty());
        const auto& app = loaded->config.apps.at(0);
        EXPECT_EQ(app.limits.backend_events_per_second, 1U);
        EXPECT_EQ(app.limits.read_requests_per_second, 2U);
        EXPECT_EQ(app.limits.client_events_window_s, 3U);
        EXPECT_TRUE(app.sign_in && app.watchlists && app.subscription_counts);
        EXPECT_TRUE(app.client_events_or_end);
        EXPECT_THAT(app.allowed_origins, ElementsAre("https://a.example", "*.b.example"));
    }
    const auto other = load_file(with_app(R"("enable_subscription_count_events": true)"));
    EXPECT_THAT(lines_of(other), IsEmpty());
    EXPECT_TRUE(other.config.apps.at(0).subscription_counts);
    EXPECT_THAT(
        lines_of(load_file(with_app(R"("decaySeconds": 3, "decay_seconds": 3, "decay_secs": 3)"))),
        ElementsAre("error: app_manager.array.apps[0].decay_seconds: given twice, under "
                    "two names",
                    "warning: app_manager.array.apps[0].decay_secs: unknown key; did you "
                    "mean decay_seconds?"));
}

TEST(ConfigJson, knows_three_ways_to_say_that_there_is_no_limit) {
    for (const auto* nothing : {"null", "0", "-1"}) {
        const std::string value = nothing;
        const auto loaded = load_file(with_app(R"("max_backend_events_per_second": )" + value +
                                               R"(, "max_read_requests_per_second": )" + value));
        EXPECT_THAT(lines_of(loaded), IsEmpty());
        EXPECT_EQ(loaded.config.apps.at(0).limits.backend_events_per_second, 0U);
        EXPECT_EQ(loaded.config.apps.at(0).limits.read_requests_per_second, 0U);
    }
}

TEST(ConfigJson, takes_no_list_with_anything_in_it_that_is_no_word) {
    for (const auto* list : {R"([1])", R"([""])", R"(["a,b"])", R"(["a b"])", R"({"a": 1})", "7",
                             R"(["https://a.example/"])", R"([["*"]])"}) {
        const auto loaded = load_file(with_app(R"("allowed_origins": )" + std::string(list)));
        EXPECT_THAT(lines_of(loaded),
                    ElementsAre("error: app_manager.array.apps[0].allowed_origins: expected a "
                                "list of origins such as https://a.example, each with one * at "
                                "most"))
            << list;
        EXPECT_THAT(loaded.config.apps.at(0).allowed_origins, IsEmpty());
    }
    EXPECT_THAT(lines_of(load_file(with_app(R"("allowed_origins": [])"))), IsEmpty());
}

TEST(ConfigJson, never_falls_back_to_defaults_in_silence_because_one_number_is_a_number) {
    // Sockudo wants text here and nothing else, and drops the whole file where it finds a number.
    const auto loaded = load_file(R"({"port": 7001, "metrics": {"port": "9999"},
        "app_manager": {"array": {"apps": [
        {"id": "a", "key": "k", "secret": "s", "max_connections": 5, "max_event_batch_size": "6",
         "max_event_name_length": "seven"}]}}})");
    EXPECT_THAT(lines_of(loaded),
                ElementsAre("error: app_manager.array.apps[0].max_event_name_length: expected a "
                            "number of bytes from 1 to 4096"));
    EXPECT_TRUE(loaded.failed());
    EXPECT_EQ(loaded.config.port, 7001);
    EXPECT_EQ(loaded.config.metrics.port, 9999);
    EXPECT_EQ(loaded.config.apps.at(0).id, "a");
    EXPECT_EQ(loaded.config.apps.at(0).limits.connections_max, 5U);
    EXPECT_EQ(loaded.config.apps.at(0).limits.event_batch_max, 6U);
}

TEST(ConfigJson, reads_apps_with_numbers_as_numbers_or_as_text) {
    const auto loaded = load_file(R"({"app_manager": {"array": {"apps": [
        {"id": "a", "key": "ak", "secret": "as", "enabled": false, "enable_client_messages": true,
         "max_connections": "1000", "max_client_events_per_second": 5,
         "max_presence_members_per_channel": "6", "max_presence_member_size_in_kb": 7,
         "max_channel_name_length": 8, "max_event_channels_at_once": "9",
         "max_event_name_length": 10, "max_event_payload_in_kb": "11", "max_event_batch_size": 12},
        {"id": "b", "key": "bk", "secret": "bs", "max_connections": 0, "max_event_batch_size": null}
    ]}}})");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    ASSERT_EQ(loaded.config.apps.size(), 2U);
    const auto& a = loaded.config.apps[0];
    EXPECT_EQ(a.id + a.key + a.secret, "aakas");
    EXPECT_FALSE(a.enabled);
    EXPECT_TRUE(a.client_events);
    EXPECT_EQ(a.limits.connections_max, 1000U);
    EXPECT_EQ(a.limits.client_events_per_second, 5U);
    EXPECT_EQ(a.limits.presence_members_max, 6U);
    EXPECT_EQ(a.limits.presence_member_bytes_max, 7U * 1024);
    EXPECT_EQ(a.limits.channel_name_bytes_max, 8U);
    EXPECT_EQ(a.limits.event_channels_max, 9U);
    EXPECT_EQ(a.limits.event_name_bytes_max, 10U);
    EXPECT_EQ(a.limits.event_payload_bytes_max, 11U * 1024);
    EXPECT_EQ(a.limits.event_batch_max, 12U);
    const auto& b = loaded.config.apps[1];
    EXPECT_TRUE(b.enabled);
    EXPECT_FALSE(b.client_events);  // may publish only when it says so
    EXPECT_EQ(b.limits.connections_max, 0U);
    EXPECT_EQ(b.limits.event_batch_max, 10U);
}

TEST(ConfigJson, starts_every_app_from_the_limits_of_the_file_wherever_they_stand) {
    const auto loaded = load_file(R"({"app_manager": {"array": {"apps": [
        {"id": "a", "key": "k", "secret": "s", "max_event_batch_size": 3}]}},
        "event_limits": {"max_batch_size": 99, "max_name_length": 98}})");
    EXPECT_EQ(loaded.config.apps[0].limits.event_batch_max, 3U);
    EXPECT_EQ(loaded.config.apps[0].limits.event_name_bytes_max, 98U);
}

TEST(ConfigJson, understands_the_names_and_the_no_limit_of_soketi) {
    const auto loaded = load_file(with_app(R"("maxConnections": -1, "enableClientMessages": true,
                              "maxEventPayloadInKb": 20, "maxPresenceMemberSizeInKb": "4")"));
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    EXPECT_EQ(loaded.config.apps[0].limits.connections_max, 0U);
    EXPECT_TRUE(loaded.config.apps[0].client_events);
    EXPECT_EQ(loaded.config.apps[0].limits.event_payload_bytes_max, 20U * 1024);
    EXPECT_EQ(loaded.config.apps[0].limits.presence_member_bytes_max, 4U * 1024);
}

TEST(ConfigJson, names_an_unknown_key_with_its_path_and_the_nearest_known) {
    EXPECT_THAT(
        lines_of(load_file(R"({"metrics": {"prot": 1}, "treads": 2, "elephant": {"port": 3}})")),
        ElementsAre("warning: metrics.prot: unknown key; did you mean port?",
                    "warning: treads: unknown key; did you mean threads?",
                    "warning: elephant: unknown key"));
    EXPECT_THAT(lines_of(load_file(with_app(R"("max_conections": 1, "maxConections": 2)"))),
                ElementsAre("warning: app_manager.array.apps[0].max_conections: unknown key; did "
                            "you mean max_connections?",
                            "warning: app_manager.array.apps[0].maxConections: unknown key; did "
                            "you mean maxConnections?"));
}

TEST(ConfigJson, calls_an_unknown_key_an_error_when_asked_to) {
    const auto loaded =
        load({.file = R"({"prot": 1, "ssl": {"ca_path": ""}})", .unknown_keys = Severity::error});
    EXPECT_THAT(lines_of(loaded),
                ElementsAre("error: prot: unknown key; did you mean port?",
                            "warning: ssl.ca_path: not yet supported; it has no effect"));
    EXPECT_TRUE(loaded.failed());
}

TEST(ConfigJson, says_which_of_sockudos_keys_do_nothing_yet) {
    EXPECT_THAT(
        lines_of(load_file(
            R"({"ssl": {"redirect_http": true}, "http_api": {"accept_traffic": {"memory_threshold": 1}},
                "rate_limiter": {"api_rate_limit": {"identifier": "api"}}})")),
        ElementsAre("warning: ssl.redirect_http: not yet supported; it has no effect",
                    "warning: http_api.accept_traffic: not yet supported; it has no effect",
                    "warning: rate_limiter.api_rate_limit.identifier: not yet supported; it has "
                    "no effect"));
    EXPECT_THAT(
        lines_of(load_file(
            with_app(R"("channelNamespaces": ["*"], "webhooks": null, "policy": {"limits": {}})"))),
        ElementsAre("warning: app_manager.array.apps[0].channelNamespaces: not yet supported; it "
                    "has no effect",
                    "warning: app_manager.array.apps[0].policy: not yet supported; it has no "
                    "effect"));
}

TEST(ConfigJson, says_which_of_sockudos_values_do_nothing_yet_and_which_are_none) {
    const auto loaded = load_file(R"({"rate_limiter": {"enabled": true, "driver": "Redis"}})");
    EXPECT_THAT(lines_of(loaded),
                ElementsAre("warning: rate_limiter.driver: this value is not yet supported; it "
                            "has no effect"));
    EXPECT_TRUE(loaded.config.rate_limiter.enabled);
    EXPECT_THAT(lines_of(load_file(R"({"rate_limiter": {"driver": "Memory"},
                                       "metrics": {"driver": "Prometheus"}})")),
                IsEmpty());
    EXPECT_THAT(lines_of(load_file(R"({"rate_limiter": {"driver": "disk"},
                                       "metrics": {"driver": "statsd"}})")),
                ElementsAre("error: rate_limiter.driver: expected one of memory",
                            "error: metrics.driver: expected one of prometheus"));
}

TEST(ConfigJson, names_path_range_and_unit_where_a_value_is_wrong_and_keeps_the_default) {
    const auto loaded = load_file(R"({"port": 65536, "host": 7, "metrics": {"enabled": "yes"},
        "activity_timeout": 0, "threads": 65, "shutdown_grace_period": 3.0, "log": {"level": "loud"},
        "presence": 4})");
    EXPECT_THAT(
        lines_of(loaded),
        ElementsAre("error: port: expected a number from 0 to 65535",
                    "error: host: expected a text, not empty, without control characters",
                    "error: metrics.enabled: expected true or false",
                    "error: activity_timeout: expected a number of seconds from 1 to 86400",
                    "error: threads: expected a number from 0 to 64",
                    "error: shutdown_grace_period: expected a number of seconds from 0 to 3600",
                    "error: log.level: expected one of debug, info, warning, error, warn",
                    "error: presence: expected an object"));
    EXPECT_EQ(loaded.config.port, 6001);
    EXPECT_EQ(loaded.config.activity_timeout_s, 120U);
}

TEST(ConfigJson, never_repeats_a_value) {
    const auto loaded = load_file(R"({"app_manager": {"array": {"apps": [
        {"id": "a", "key": "k", "secret": {"hunter2": "hunter2"}},
        {"id": "b", "key": "j", "secret": "hunter2\n", "max_connections": "hunter2"}]}}})");
    EXPECT_EQ(loaded.problems.size(), 3U);
    for (const auto& line : lines_of(loaded))
        EXPECT_THAT(line, ::testing::Not(HasSubstr("hunter2")));
}

TEST(ConfigJson, wants_id_key_and_secret_of_every_app_and_no_two_alike) {
    EXPECT_THAT(lines_of(load_file(R"({"app_manager": {"array": {"apps": [
                    {"id": "a", "key": "k", "secret": "s"}, {"id": "a", "key": "k"}, 7]}}})")),
                ElementsAre("error: app_manager.array.apps[1].secret: required",
                            "error: app_manager.array.apps[2]: expected an object",
                            "error: app_manager.array.apps[1].id: also that of apps[0]",
                            "error: app_manager.array.apps[1].key: also that of apps[0]"));
    EXPECT_THAT(lines_of(load_file(R"({"app_manager": {"array": {"apps": {}}}})")),
                ElementsAre("error: app_manager.array.apps: expected an array of apps"));
}

TEST(ConfigJson, takes_null_for_not_given) {
    const auto loaded =
        load_file(R"({"port": null, "metrics": null, "app_manager": {"array": {"apps": null}}})");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    EXPECT_EQ(loaded.config.port, 6001);
    EXPECT_THAT(lines_of(load_file(R"({"app_manager": {"array": {"apps": [
                    {"id": "a", "key": "k", "secret": null}]}}})")),
                ElementsAre("error: app_manager.array.apps[0].secret: required"));
}

TEST(ConfigJson, knows_a_setting_by_its_name_with_a_unit_but_not_twice) {
    const auto loaded = load_file(R"({"activity_timeout_s": 60})");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    EXPECT_EQ(loaded.config.activity_timeout_s, 60U);
    EXPECT_THAT(lines_of(load_file(R"({"activity_timeout_s": 60, "activity_timeout": 61})")),
                ElementsAre("error: activity_timeout: given twice, under two names"));
}

TEST(ConfigJson, refuses_a_text_to_be_replaced_rather_than_take_it_for_the_secret) {
    EXPECT_THAT(lines_of(load_file(R"({"app_manager": {"array": {"apps": [
                    {"id": "a", "key": "k", "secret": "${SECRET:-x}"}]}}})")),
                ElementsAre("error: app_manager.array.apps[0].secret: replacing ${...} is not yet "
                            "supported"));
}

TEST(ConfigJson, names_line_and_column_where_the_text_is_no_json) {
    const auto first = [](std::string text) { return lines_of(load_file(std::move(text))).at(0); };
    EXPECT_THAT(first("{\n  \"host\": \"x\",\n  \"port\" 7\n}"),
                HasSubstr("error: (the file): line 3, column 10: "));
    EXPECT_THAT(first("{\"hôst\": oops}"), HasSubstr("line 1, column 10: "));
    EXPECT_THAT(first("{}\n{}"), HasSubstr("line 2, column 1: "));
    EXPECT_THAT(first("{\n\"a\": 1"), HasSubstr("line 2, column 7: "));
    EXPECT_THAT(first(""), HasSubstr("line 1, column 1: "));
    EXPECT_THAT(first("{\"a\": 1,}"), HasSubstr("line 1, column 9: "));
    EXPECT_THAT(first("\xff{}"), HasSubstr("line 1, column 1: "));
    EXPECT_THAT(first(std::string(100, '[')), HasSubstr("line 1, column 33: "));  // too deep
    EXPECT_EQ(first("[]"), "error: (the file): expected an object");
}

TEST(ConfigJson, ignores_space_around_the_object) {
    EXPECT_THAT(lines_of(load_file("\n {\"port\": 1} \r\n\t\n")), IsEmpty());
}

}  // namespace
}  // namespace carillon::server
