#include "protocol/pusher/origins.h"

#include <gtest/gtest.h>

#include <vector>

namespace carillon::pusher {
namespace {

bool allowed(std::vector<std::string> patterns, std::string_view origin) {
    return is_allowed_origin(patterns, origin);
}

TEST(Origins, are_all_allowed_when_none_is_named) {
    EXPECT_TRUE(allowed({}, ""));
    EXPECT_TRUE(allowed({}, "https://evil.example"));
    EXPECT_TRUE(allowed({"*"}, ""));
    EXPECT_TRUE(allowed({"*"}, "https://evil.example"));
}

TEST(Origins, are_compared_whole_and_in_any_case) {
    EXPECT_TRUE(allowed({"https://app.example"}, "https://app.example"));
    EXPECT_TRUE(allowed({"https://App.Example"}, "HTTPS://app.example"));
    EXPECT_FALSE(allowed({"https://app.example"}, "http://app.example"));
    EXPECT_FALSE(allowed({"https://app.example"}, "https://app.example:8443"));
    EXPECT_FALSE(allowed({"https://app.example"}, "https://app.example.evil.com"));
    EXPECT_FALSE(allowed({"https://app.example"}, "https://evil-app.example"));
    EXPECT_FALSE(allowed({"https://app.example"}, "null"));
}

TEST(Origins, without_a_scheme_stand_for_any_scheme) {
    EXPECT_TRUE(allowed({"app.example"}, "http://app.example"));
    EXPECT_TRUE(allowed({"localhost:3000"}, "http://localhost:3000"));
    EXPECT_FALSE(allowed({"app.example"}, "http://app.example.evil.com"));
}

TEST(Origins, with_a_star_stand_for_what_has_something_there) {
    EXPECT_TRUE(allowed({"*.example.com"}, "https://a.example.com"));
    EXPECT_TRUE(allowed({"https://*.example.com"}, "https://a.b.example.com"));
    EXPECT_FALSE(allowed({"https://*.example.com"}, "http://a.example.com"));
    EXPECT_FALSE(allowed({"*.example.com"}, "https://example.com"));
    EXPECT_FALSE(allowed({"*.example.com"}, "https://aexample.com"));
    EXPECT_FALSE(allowed({"*.example.com"}, "https://a.example.com.evil.com"));
}

TEST(Origins, that_nobody_said_count_as_empty) { EXPECT_FALSE(allowed({"app.example"}, "")); }

}  // namespace
}  // namespace carillon::pusher
