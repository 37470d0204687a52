#include "server/greeting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Config with_app(std::string_view secret) {
    Config config;
    config.apps = {demo_app(config.app_limits)};
    config.apps[0].secret = secret;
    return config;
}

// Vector 5 of the HTTP API's signatures.
TEST(SignedPublish, is_what_the_http_api_verifies) {
    const hub::App app{.id = "3", .key = "278d425bdf160c739803", .secret = "7ad3773142a6692b25b8"};
    const auto url = signed_publish(
        app, R"({"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"})",
        {.steady_ns = 0, .unix_ms = 1353088179000});
    EXPECT_EQ(
        url,
        "/apps/3/events?auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0"
        "&body_md5=ec365a775a4cd0599faeb73354201b6f&auth_signature="
        "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c");
}

TEST(Greeting, says_where_to_look_and_a_line_to_try) {
    const auto text = greeting(with_app(demo_secret), "1.2.3", 6001, 9601, {});
    EXPECT_THAT(text, HasSubstr("http://127.0.0.1:6001\n"));
    EXPECT_THAT(text, HasSubstr("  page       http://127.0.0.1:6001/ "));
    EXPECT_THAT(text, HasSubstr("http://127.0.0.1:9601/metrics"));
    EXPECT_THAT(text, HasSubstr("curl -d '{\"name\":\"ring\""));
}

TEST(Greeting, knows_the_path_that_everything_lies_under) {
    auto config = with_app(demo_secret);
    config.path_prefix = "/ws";
    const auto text = greeting(config, "1.2.3", 6001, 0, {});
    EXPECT_THAT(text, HasSubstr("wsPath: '/ws', "));
    EXPECT_THAT(text, HasSubstr("http://127.0.0.1:6001/ws/apps/demo-app/events?auth_key"));
    EXPECT_THAT(greeting(with_app(demo_secret), "1.2.3", 6001, 0, {}), Not(HasSubstr("wsPath")));
}

TEST(Greeting, signs_nothing_with_a_secret_that_is_one) {
    const auto text = greeting(with_app("a real one"), "1.2.3", 6001, 0, {});
    EXPECT_THAT(text, Not(HasSubstr("auth_signature")));
    EXPECT_THAT(text, Not(HasSubstr("a real one")));
    EXPECT_THAT(text, Not(HasSubstr("metrics")));
}

}  // namespace
}  // namespace carillon::server
