#include "admin/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace carillon::admin {
namespace {

using ::testing::HasSubstr;

// Holds the question back until the test answers it.
struct LateGather {
    std::function<void(Report)> answer;
    Gather gather() {
        return [this](std::function<void(Report)> done) { answer = std::move(done); };
    }
};

// What came back; nothing: no answer yet.
std::shared_ptr<std::optional<http::Response>> ask(const http::Router& router, std::string path) {
    http::Request request;
    request.method = "GET";
    request.path = std::move(path);
    const auto match = router.match(request);
    auto answer = std::make_shared<std::optional<http::Response>>();
    if (match.kind != http::Match::Kind::handler) {
        *answer = http::refusal(match);
    } else {
        (*match.handler)(request,
                         http::Responder([answer](const http::Response& r) { *answer = r; }));
    }
    return answer;
}

TEST(Routes, answer_metrics_when_the_lanes_have_answered) {
    http::Router router;
    LateGather lanes;
    ASSERT_TRUE(routes(router, lanes.gather()).has_value());
    const auto answer = ask(router, "/metrics");
    EXPECT_FALSE(answer->has_value());

    lanes.answer({.published = 7});
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->status, 200);
    EXPECT_THAT((*answer)->headers,
                ::testing::Contains(std::pair<std::string, std::string>(
                    "Content-Type", "text/plain; version=0.0.4; charset=utf-8")));
    EXPECT_THAT((*answer)->body, HasSubstr("\ncarillon_published_total 7\n"));
}

TEST(Routes, answer_two_scrapes_at_once_each_with_its_own) {
    http::Router router;
    LateGather lanes;
    ASSERT_TRUE(routes(router, lanes.gather()).has_value());
    const auto first = ask(router, "/metrics");
    const auto answer_first = std::move(lanes.answer);
    const auto second = ask(router, "/metrics");
    lanes.answer({.published = 2});
    answer_first({.published = 1});
    EXPECT_THAT((*first)->body, HasSubstr("carillon_published_total 1\n"));
    EXPECT_THAT((*second)->body, HasSubstr("carillon_published_total 2\n"));
}

TEST(Routes, say_500_when_the_lanes_never_answer) {
    http::Router router;
    LateGather lanes;
    ASSERT_TRUE(routes(router, lanes.gather()).has_value());
    const auto answer = ask(router, "/metrics");
    lanes.answer = nullptr;
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->status, 500);
}

TEST(Routes, say_that_the_server_is_healthy_without_asking_a_lane) {
    http::Router router;
    LateGather lanes;
    ASSERT_TRUE(routes(router, lanes.gather()).has_value());
    const auto answer = ask(router, "/healthz");
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->status, 200);
    EXPECT_EQ((*answer)->body, "OK");
    EXPECT_FALSE(lanes.answer);
}

TEST(Routes, say_why_the_server_is_not_ready_while_it_lives) {
    http::Router router;
    std::string trouble;
    ASSERT_TRUE(routes(router, LateGather().gather(), [&] { return trouble; }).has_value());
    EXPECT_EQ((*ask(router, "/ready"))->status, 200);
    trouble = "the journal cannot be written to: No space left on device";
    const auto answer = ask(router, "/ready");
    EXPECT_EQ((*answer)->status, 503);
    EXPECT_EQ((*answer)->body, trouble);
    EXPECT_EQ((*ask(router, "/healthz"))->status, 200);
    trouble.clear();
    EXPECT_EQ((*ask(router, "/ready"))->status, 200);
}

TEST(Routes, do_not_take_a_path_that_is_taken) {
    http::Router router;
    ASSERT_TRUE(router.on("GET", "/metrics", [](http::Request&, http::Responder) {}).has_value());
    EXPECT_FALSE(routes(router, LateGather().gather()).has_value());
}

}  // namespace
}  // namespace carillon::admin
