#include "server/check_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* good_file =
    R"({"port": 7001, "app_manager": {"array": {"apps":
        [{"id": "a\u001b[2J", "key": "k", "secret": "hunter2"}, {"id": "b", "key": "j",
          "secret": "demo-secret"}]}}})";

TEST(CheckConfig, prints_what_is_in_force_with_secrets_masked) {
    const auto checked = check_config({.file = R"({"app_manager": {"array": {"apps": [
                       {"id": "a", "key": "k", "secret": "hunter2", "max_event_payload_in_kb": 7}]}}})",
                                       .environment = {{"PORT", "7002"}}});
    EXPECT_EQ(checked.exit_code, 0);
    EXPECT_THAT(checked.text, StartsWith("host = \"127.0.0.1\"\nport = 7002\nthreads = 0\n"));
    EXPECT_THAT(checked.text, HasSubstr("\nmetrics.enabled = true\n"));
    EXPECT_THAT(checked.text, HasSubstr("\nlog.format = \"json\"\n"));
    EXPECT_THAT(checked.text, HasSubstr("\ncors.methods = \"GET,POST,OPTIONS\"\n"));
    EXPECT_THAT(checked.text, HasSubstr("\napp_manager.array.apps[0].id = \"a\"\n"
                                        "app_manager.array.apps[0].key = \"k\"\n"
                                        "app_manager.array.apps[0].secret = ********\n"));
    EXPECT_THAT(checked.text, HasSubstr(".max_event_payload_in_kb = 7\n"));
    EXPECT_THAT(checked.text, Not(HasSubstr("hunter2")));
}

TEST(CheckConfig, is_stricter_than_serve_about_unknown_keys) {
    const Sources sources{.file = R"({"prot": 1})"};
    EXPECT_FALSE(load(sources).failed());
    const auto checked = check_config(sources);
    EXPECT_EQ(checked.exit_code, 1);
    EXPECT_THAT(checked.text, StartsWith("error: prot: unknown key; did you mean port?\n"));
    EXPECT_THAT(checked.text, HasSubstr("\nport = 6001\n"));
}

TEST(CheckConfig, lets_what_is_not_built_yet_pass_with_a_warning) {
    const auto checked = check_config({.file = R"({"ssl": {"http_port": 80}})"});
    EXPECT_EQ(checked.exit_code, 0);
    EXPECT_THAT(checked.text,
                StartsWith("warning: ssl.http_port: not yet supported; it has no effect\n"));
}

TEST(CheckConfig, refuses_what_serve_would_refuse_to_expose) {
    Sources sources{.flags = {{"--host", "0.0.0.0"}}};
    EXPECT_EQ(check_config(sources).exit_code, 1);
    EXPECT_THAT(check_config(sources).text, HasSubstr("--insecure-demo-credentials"));
    sources.flags.emplace_back("--insecure-demo-credentials", "true");
    EXPECT_EQ(check_config(sources).exit_code, 0);
    EXPECT_THAT(check_config(sources).text, HasSubstr("warning: DEMO CREDENTIALS"));
}

TEST(CheckConfig, prints_nothing_that_a_terminal_would_obey) {
    const auto checked = check_config({.file = good_file});
    EXPECT_EQ(checked.exit_code, 1);  // an id with an escape sequence is refused
    EXPECT_THAT(checked.text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace carillon::server
