#include "server/config_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/testing_load.h"

namespace carillon::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::lines_of;
using testing::load_environment;

TEST(ConfigLoad, runs_alone_on_loopback_with_the_demo_app) {
    const auto loaded = load({});
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    EXPECT_EQ(loaded.config.host, "127.0.0.1");
    EXPECT_EQ(loaded.config.port, 6001);
    EXPECT_EQ(loaded.config.metrics.host, "127.0.0.1");
    EXPECT_EQ(loaded.config.metrics.port, 9601);
    ASSERT_EQ(loaded.config.apps.size(), 1U);
    EXPECT_EQ(loaded.config.apps[0].id, "demo-app");
    EXPECT_TRUE(loaded.config.apps[0].client_events);
}

TEST(ConfigLoad, lets_flags_win_over_the_environment_over_the_file_over_the_defaults) {
    Sources sources;
    const auto port = [&] { return load(sources).config.port; };
    EXPECT_EQ(port(), 6001);
    sources.file = R"({"port": 1})";
    EXPECT_EQ(port(), 1);
    sources.environment = {{"PORT", "2"}};
    EXPECT_EQ(port(), 2);
    sources.flags = {{"--port", "3"}};
    EXPECT_EQ(port(), 3);
    sources.flags.emplace_back("--port", "4");
    EXPECT_EQ(port(), 4);
}

TEST(ConfigLoad, reads_every_variable) {
    const auto loaded = load_environment({{"HOST", "::1"},
                                          {"PORT", "1"},
                                          {"ENVIRONMENT", "staging"},
                                          {"METRICS_PORT", "2"},
                                          {"METRICS_HOST", "::"},
                                          {"METRICS_ENABLED", "off"},
                                          {"ACTIVITY_TIMEOUT", "3"},
                                          {"SHUTDOWN_GRACE_PERIOD", "4"},
                                          {"WEBSOCKET_MAX_PAYLOAD_KB", "5"},
                                          {"LOG_LEVEL", "debug"},
                                          {"LOG_FORMAT", "TEXT"}});
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    const auto& config = loaded.config;
    EXPECT_EQ(config.host, "::1");
    EXPECT_EQ(config.port, 1);
    EXPECT_EQ(config.mode, "staging");
    EXPECT_EQ(config.metrics.port, 2);
    EXPECT_EQ(config.metrics.host, "::");
    EXPECT_FALSE(config.metrics.enabled);
    EXPECT_EQ(config.activity_timeout_s, 3U);
    EXPECT_EQ(config.shutdown_grace_period_s, 4U);
    EXPECT_EQ(config.websocket_max_payload_kb, 5U);
    EXPECT_EQ(config.log.level, base::LogLevel::debug);
    EXPECT_EQ(config.log.format, LogFormat::text);
}

TEST(ConfigLoad, reads_every_variable_of_the_http_side) {
    const auto loaded = load_environment({{"SOCKUDO_MAX_CONNECTIONS", "1"},
                                          {"USER_AUTHENTICATION_TIMEOUT", "2"},
                                          {"CHANNEL_ALLOW_COLON", "yes"},
                                          {"STRICT_PROTOCOL_VERSION", "yes"},
                                          {"PAGE_ENABLED", "no"},
                                          {"CORS_ORIGINS", "https://a.example, *.b.example"},
                                          {"CORS_METHODS", "GET,PUT"},
                                          {"CORS_HEADERS", "X-A"},
                                          {"CORS_CREDENTIALS", "off"},
                                          {"RATE_LIMITER_ENABLED", "true"},
                                          {"RATE_LIMITER_DRIVER", "memory"},
                                          {"RATE_LIMITER_API_MAX_REQUESTS", "3"},
                                          {"RATE_LIMITER_API_WINDOW_SECONDS", "4"},
                                          {"RATE_LIMITER_API_TRUST_HOPS", "5"},
                                          {"RATE_LIMITER_WS_MAX_REQUESTS", "6"},
                                          {"RATE_LIMITER_WS_WINDOW_SECONDS", "7"},
                                          {"RATE_LIMITER_WS_TRUST_HOPS", "8"},
                                          {"HTTP_API_USAGE_ENABLED", "0"},
                                          {"IDEMPOTENCY_ENABLED", "0"},
                                          {"IDEMPOTENCY_TTL_SECONDS", "9"},
                                          {"IDEMPOTENCY_MAX_KEY_LENGTH", "10"},
                                          {"METRICS_DRIVER", "PROMETHEUS"},
                                          {"METRICS_PROMETHEUS_PREFIX", "x_"}});
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    const auto& config = loaded.config;
    EXPECT_EQ(config.connections_max, 1U);
    EXPECT_EQ(config.sign_in_timeout_s, 2U);
    EXPECT_TRUE(config.allow_colon && config.strict_protocol_version);
    EXPECT_FALSE(config.page_enabled || config.usage_enabled);
    EXPECT_THAT(config.cors.origins, ElementsAre("https://a.example", "*.b.example"));
    EXPECT_THAT(config.cors.methods, ElementsAre("GET", "PUT"));
    EXPECT_THAT(config.cors.allowed_headers, ElementsAre("X-A"));
    EXPECT_FALSE(config.cors.credentials);
    EXPECT_TRUE(config.rate_limiter.enabled);
    EXPECT_EQ(config.rate_limiter.api.requests_max, 3U);
    EXPECT_EQ(config.rate_limiter.api.window_s, 4U);
    EXPECT_EQ(config.rate_limiter.api.trust_hops, 5U);
    EXPECT_EQ(config.rate_limiter.websocket.requests_max, 6U);
    EXPECT_EQ(config.rate_limiter.websocket.window_s, 7U);
    EXPECT_EQ(config.rate_limiter.websocket.trust_hops, 8U);
    EXPECT_FALSE(config.idempotency.enabled);
    EXPECT_EQ(config.idempotency.ttl_s, 9U);
    EXPECT_EQ(config.idempotency.key_bytes_max, 10U);
    EXPECT_EQ(config.metrics.prefix, "x_");
}

TEST(ConfigLoad, warns_of_a_variables_value_that_does_nothing_yet) {
    const auto loaded = load_environment({{"RATE_LIMITER_DRIVER", "redis-cluster"}});
    EXPECT_THAT(lines_of(loaded),
                ElementsAre("warning: RATE_LIMITER_DRIVER: this value is not yet supported; it "
                            "has no effect"));
    EXPECT_FALSE(loaded.failed());
}

TEST(ConfigLoad, reads_every_flag) {
    const auto loaded = load({.flags = {{"--host", "0.0.0.0"},
                                        {"--port", "1"},
                                        {"--metrics-port", "2"},
                                        {"--threads", "3"},
                                        {"--insecure-demo-credentials", "true"}}});
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    EXPECT_EQ(loaded.config.host, "0.0.0.0");
    EXPECT_EQ(loaded.config.port, 1);
    EXPECT_EQ(loaded.config.metrics.port, 2);
    EXPECT_EQ(loaded.config.threads, 3U);
    EXPECT_TRUE(loaded.config.insecure_demo_credentials);
}

TEST(ConfigLoad, names_the_variable_or_flag_of_a_broken_number_and_never_its_value) {
    const auto loaded = load({.environment = {{"PORT", "hunter2"}, {"LOG_LEVEL", "hunter2"}},
                              .flags = {{"--threads", "hunter2"}, {"--port", "7"}}});
    EXPECT_THAT(lines_of(loaded),
                ElementsAre("error: PORT: expected a number from 0 to 65535",
                            "error: LOG_LEVEL: expected one of debug, info, warning, error, warn",
                            "error: --threads: expected a number from 0 to 64"));
    EXPECT_TRUE(loaded.failed());
}

TEST(ConfigLoad, warns_of_a_broken_boolean_and_keeps_what_was_there) {
    const auto loaded = load({.file = R"({"metrics": {"enabled": false}})",
                              .environment = {{"METRICS_ENABLED", "ture"}}});
    EXPECT_THAT(lines_of(loaded),
                ElementsAre("warning: METRICS_ENABLED: expected true or false; ignored"));
    EXPECT_FALSE(loaded.config.metrics.enabled);
    EXPECT_FALSE(loaded.failed());
}

TEST(ConfigLoad, takes_a_variable_set_to_nothing_for_not_set) {
    const auto loaded = load_environment({{"PORT", ""}, {"HOST", ""}, {"SSL_ENABLED", ""}});
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    EXPECT_EQ(loaded.config.port, 6001);
}

TEST(ConfigLoad, says_which_variables_do_nothing) {
    EXPECT_THAT(
        lines_of(load_environment({{"SSL_HTTP_PORT", "80"},
                                   {"PATH", "/bin"},
                                   {"SOCKUDO_DEFAULT_APP_MAX_CONECTIONS", "1"}})),
        ElementsAre("warning: SOCKUDO_DEFAULT_APP_MAX_CONECTIONS: unknown variable; did you "
                    "mean SOCKUDO_DEFAULT_APP_MAX_CONNECTIONS?",
                    "warning: SSL_HTTP_PORT: not yet supported; it has no effect"));
}

TEST(ConfigLoad, copies_the_environment_of_a_process) {
    const char* const entries[] = {"A=1", "B=x=y", "C=", "D", nullptr};
    EXPECT_EQ(environment_of(entries), (Environment{{"A", "1"}, {"B", "x=y"}, {"C", ""}}));
}

TEST(ConfigLoad, finds_the_file_by_flag_then_by_variable) {
    const Environment environment{{"CONFIG_FILE_PATH", "/variable"}};
    EXPECT_EQ(config_path("/flag", environment), "/flag");
    EXPECT_EQ(config_path({}, environment), "/variable");
    EXPECT_EQ(config_path({}, {{"CONFIG_FILE_PATH", ""}}), std::nullopt);
    EXPECT_EQ(config_path({}, {}), std::nullopt);
}

}  // namespace
}  // namespace carillon::server
