#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Config listening_on(std::string host) {
    Config config;
    config.host = std::move(host);
    config.apps.push_back(demo_app({}));
    return config;
}

TEST(Config, knows_what_only_this_machine_can_reach) {
    for (const auto* host : {"127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "localhost",
                             "LocalHost", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback(host)) << host;
    }
    // What is unclear counts as beyond: 127.1 is loopback to some and nonsense to others.
    for (const auto* host : {"0.0.0.0", "::", "192.168.0.1", "128.0.0.1", "126.0.0.1", "::2", "",
                             "localhost.example.com", "127.0.0.1.example.com", "127.1", "[::1]",
                             "::ffff:10.0.0.1", "127.0.0.1 "}) {
        EXPECT_FALSE(is_loopback(host)) << host;
    }
}

TEST(Config, may_run_with_demo_credentials_where_nobody_else_comes) {
    for (const auto* host : {"127.0.0.1", "::1", "localhost"}) {
        EXPECT_TRUE(check_exposure(listening_on(host)).has_value()) << host;
    }
}

TEST(Config, refuses_demo_credentials_beyond_loopback_and_says_how_to_insist) {
    auto config = listening_on("0.0.0.0");
    const auto refused = check_exposure(config);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::forbidden);
    EXPECT_THAT(refused.error().message, HasSubstr("--insecure-demo-credentials"));
    EXPECT_THAT(refused.error().message, HasSubstr("0.0.0.0"));
    EXPECT_THAT(refused.error().message, HasSubstr("demo-app"));

    config.insecure_demo_credentials = true;
    EXPECT_TRUE(check_exposure(config).has_value());
}

TEST(Config, looks_at_every_app_and_at_the_secret_alone) {
    auto config = listening_on("0.0.0.0");
    config.apps[0].secret = "s3cret";
    EXPECT_TRUE(check_exposure(config).has_value());

    hub::App other;
    other.id = "other";
    other.key = "its-own";
    other.secret = "demo-secret";
    other.enabled = false;
    config.apps.push_back(other);
    ASSERT_FALSE(check_exposure(config).has_value());
    EXPECT_THAT(check_exposure(config).error().message, HasSubstr("(app other)"));
}

TEST(Config, says_loudly_that_it_runs_with_demo_credentials) {
    auto config = listening_on("127.0.0.1");
    const auto on_loopback = demo_warnings(config);
    ASSERT_EQ(on_loopback.size(), 2U);
    EXPECT_THAT(on_loopback[0], HasSubstr("DEMO CREDENTIALS: app demo-app"));
    EXPECT_THAT(on_loopback[1], HasSubstr("SOCKUDO_DEFAULT_APP_ID"));

    config.host = "0.0.0.0";
    EXPECT_EQ(demo_warnings(config).size(), 1U);  // it will not start
    config.insecure_demo_credentials = true;
    EXPECT_THAT(demo_warnings(config)[1], HasSubstr("whoever reaches it can publish"));

    config.apps[0].secret = "s3cret";
    EXPECT_THAT(demo_warnings(config), IsEmpty());
}

}  // namespace
}  // namespace carillon::server
