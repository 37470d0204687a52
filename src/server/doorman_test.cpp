#include "server/doorman.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::server {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Pair;
using Kind = http::Match::Kind;

constexpr Now now{base::ns_per_s, 0};

Config limited(std::uint32_t requests_max) {
    Config config;
    config.rate_limiter.enabled = true;
    config.rate_limiter.api.requests_max = requests_max;
    config.rate_limiter.websocket.requests_max = requests_max;
    return config;
}

http::Request asking(std::string path, std::vector<http::Header> headers = {}) {
    http::Request request;
    request.method = "GET";
    request.path = std::move(path);
    request.headers = std::move(headers);
    request.peer = "192.0.2.1";
    return request;
}

int status(Doorman& doorman, const http::Request& request, Kind kind = Kind::handler) {
    const auto word = doorman.greet(request, {kind, nullptr, nullptr, {}}, now);
    return word.instead ? word.instead->status : 0;
}

TEST(ServerDoorman, limits_the_api_and_upgrades_each_by_itself) {
    const auto config = limited(2);
    Doorman doorman(config);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(status(doorman, asking("/apps/1/events")), 0);
        EXPECT_EQ(status(doorman, asking("/app/key"), Kind::upgrade), 0);
    }
    EXPECT_EQ(status(doorman, asking("/apps/1/events")), 429);
    EXPECT_EQ(status(doorman, asking("/apps/2/channels"), Kind::not_found), 429);
    EXPECT_EQ(status(doorman, asking("/app/key"), Kind::upgrade), 429);
    EXPECT_EQ(doorman.api_limiter()->checks(), 4U);
    EXPECT_EQ(doorman.api_limiter()->triggered(), 2U);
    EXPECT_EQ(doorman.websocket_limiter()->checks(), 3U);
    EXPECT_EQ(doorman.websocket_limiter()->triggered(), 1U);
}

TEST(ServerDoorman, limits_what_backends_of_other_protocols_post) {
    const auto config = limited(1);
    Doorman doorman(config);
    auto post = asking("/api/publish");
    post.method = "POST";
    EXPECT_EQ(status(doorman, post), 0);
    EXPECT_EQ(status(doorman, post), 429);
    EXPECT_EQ(status(doorman, asking("/healthz")), 0);
}

TEST(ServerDoorman, lets_everybody_look_whether_the_server_is_well_as_often_as_they_like) {
    Doorman doorman(limited(1));
    for (const auto* path : {"/", "/up", "/up/1", "/healthz", "/usage", "/console/",
                             "/console/a.js", "/live", "/appsies", "/apps"}) {
        for (int i = 0; i < 3; ++i) EXPECT_EQ(status(doorman, asking(path)), 0) << path;
    }
    EXPECT_EQ(doorman.api_limiter()->checks(), 0U);
}

TEST(ServerDoorman, finds_the_api_below_the_prefix) {
    auto config = limited(1);
    config.path_prefix = "/ws";
    Doorman doorman(config);
    EXPECT_EQ(status(doorman, asking("/ws/apps/1/events")), 0);
    EXPECT_EQ(status(doorman, asking("/ws/apps/1/events")), 429);
}

TEST(ServerDoorman,
     says_in_every_answer_of_the_api_how_much_is_left_and_in_a_429_when_to_come_back) {
    Doorman doorman(limited(1));
    const auto allowed = doorman.greet(asking("/apps/1/events"), {Kind::handler, {}, {}, {}}, now);
    EXPECT_FALSE(allowed.instead);
    EXPECT_THAT(allowed.headers, Contains(Pair("X-RateLimit-Remaining", "0")));
    const auto refused = doorman.greet(asking("/apps/1/events"), {Kind::handler, {}, {}, {}}, now);
    ASSERT_TRUE(refused.instead);
    EXPECT_THAT(refused.instead->headers, Contains(Pair("Retry-After", "60")));
    EXPECT_THAT(refused.headers, Contains(Pair("X-RateLimit-Limit", "1")));
    EXPECT_THAT(refused.headers, Contains(Pair("X-RateLimit-Remaining", "0")));
    EXPECT_THAT(refused.headers, Contains(Pair("X-RateLimit-Reset", "60")));
}

TEST(ServerDoorman, believes_as_many_proxies_as_it_is_told_to_for_each_limit) {
    auto config = limited(1);
    config.rate_limiter.api.trust_hops = 1;
    Doorman doorman(config);
    const auto through = [](const char* path, const char* client) {
        return asking(path, {{"X-Forwarded-For", client}});
    };
    EXPECT_EQ(status(doorman, through("/apps/1/events", "198.51.100.1")), 0);
    EXPECT_EQ(status(doorman, through("/apps/1/events", "198.51.100.2")), 0);
    EXPECT_EQ(status(doorman, through("/apps/1/events", "198.51.100.1")), 429);
    EXPECT_EQ(status(doorman, through("/app/key", "198.51.100.1"), Kind::upgrade), 0);
    EXPECT_EQ(status(doorman, through("/app/key", "198.51.100.2"), Kind::upgrade), 429);
}

TEST(ServerDoorman, limits_nobody_unless_told_to) {
    const Config config;
    Doorman doorman(config);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(status(doorman, asking("/apps/1/events")), 0);
        ASSERT_EQ(status(doorman, asking("/app/key"), Kind::upgrade), 0);
    }
    EXPECT_EQ(doorman.api_limiter(), nullptr);
    EXPECT_EQ(doorman.websocket_limiter(), nullptr);
    EXPECT_THAT(doorman.greet(asking("/apps/1/events"), {Kind::handler, {}, {}, {}}, now).headers,
                IsEmpty());
}

TEST(ServerDoorman, answers_preflights_itself_without_counting_them) {
    Doorman doorman(limited(1));
    auto request = asking("/apps/1/events", {{"Origin", "https://a.example"},
                                             {"Access-Control-Request-Method", "POST"}});
    request.method = "OPTIONS";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(status(doorman, request, Kind::method_not_allowed), 200);
    EXPECT_EQ(doorman.api_limiter()->checks(), 0U);
}

TEST(ServerDoorman, lets_pages_read_refusals_too) {
    Doorman doorman(limited(1));
    const auto request = asking("/apps/1/events", {{"Origin", "https://a.example"}});
    EXPECT_EQ(status(doorman, request), 0);
    const auto refused = doorman.greet(request, {Kind::handler, {}, {}, {}}, now);
    ASSERT_TRUE(refused.instead);
    EXPECT_THAT(refused.headers, Contains(Pair("Access-Control-Allow-Origin", "*")));
}

}  // namespace
}  // namespace carillon::server
