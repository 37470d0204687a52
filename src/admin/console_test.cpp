#include "admin/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "admin/console_files.h"

namespace carillon::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

http::Response ask(std::string path, std::vector<http::Header> headers = {}) {
    http::Router router;
    EXPECT_TRUE(console_routes(router).has_value());
    http::Request request;
    request.method = "GET";
    request.path = std::move(path);
    request.headers = std::move(headers);
    const auto match = router.match(request);
    if (match.kind != http::Match::Kind::handler) return http::refusal(match);
    http::Response given;
    (*match.handler)(request,
                     http::Responder([&given](http::Response r) { given = std::move(r); }));
    return given;
}

std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

TEST(Console, serves_its_page_at_the_root) {
    const auto page = ask("/");
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(header(page, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_THAT(page.body, HasSubstr("<title>Carillon"));
    EXPECT_EQ(page.body, ask("/console/index.html").body);
}

TEST(Console, serves_every_file_under_its_name_with_its_type) {
    ASSERT_FALSE(console_files().empty());
    for (const auto& file : console_files()) {
        const auto answer = ask("/console/" + std::string(file.name));
        EXPECT_EQ(answer.status, 200) << file.name;
        EXPECT_EQ(answer.body, file.bytes) << file.name;
        EXPECT_EQ(header(answer, "Content-Type"), file.content_type) << file.name;
    }
    EXPECT_EQ(header(ask("/console/style.css"), "Content-Type"), "text/css; charset=utf-8");
    EXPECT_EQ(header(ask("/console/main.js"), "Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(header(ask("/console/icon.svg"), "Content-Type"), "image/svg+xml");
}

TEST(Console, has_no_other_files) {
    EXPECT_EQ(ask("/console/nothing.js").status, 404);
    EXPECT_EQ(ask("/console/..%2Fconsole.cpp").status, 404);
    EXPECT_EQ(ask("/console/").status, 404);
    EXPECT_EQ(ask("/index.html").status, 404);
}

TEST(Console, says_304_to_who_has_the_file_already) {
    const auto etag = header(ask("/console/main.js"), "ETag");
    EXPECT_THAT(etag, ::testing::MatchesRegex("\"[0-9a-f]{32}\""));
    for (const auto& known : {etag, "W/" + etag, "\"old\" , " + etag, std::string("*")}) {
        const auto answer = ask("/console/main.js", {{"If-None-Match", known}});
        EXPECT_EQ(answer.status, 304) << known;
        EXPECT_EQ(answer.body, "");
        EXPECT_EQ(header(answer, "ETag"), etag);
        EXPECT_EQ(header(answer, "Cache-Control"), "no-cache");
    }
    EXPECT_EQ(ask("/console/main.js", {{"If-None-Match", "\"old\""}}).status, 200);
    EXPECT_EQ(ask("/console/style.css", {{"If-None-Match", etag}}).status, 200);
}

TEST(Console, gives_each_content_an_etag_of_its_own) {
    std::set<std::string_view> contents;
    std::set<std::string_view> etags;
    for (const auto& file : console_files()) {
        contents.insert(file.bytes);
        etags.insert(file.etag);
    }
    EXPECT_EQ(etags.size(), contents.size());
}

TEST(Console, forbids_what_its_page_does_not_need) {
    for (const auto& page : {ask("/"), ask("/console/main.js")}) {
        const auto policy = header(page, "Content-Security-Policy");
        EXPECT_THAT(policy, HasSubstr("default-src 'self';"));
        EXPECT_THAT(policy, HasSubstr("connect-src 'self' ws: wss:;"));
        EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
        EXPECT_EQ(header(page, "X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(header(page, "Referrer-Policy"), "no-referrer");
        EXPECT_EQ(header(page, "X-Frame-Options"), "DENY");
    }
}

TEST(Console, refers_to_nothing_outside) {
    for (const auto& file : console_files()) {
        for (const std::string_view scheme : {"src=\"http", "href=\"http", "url(http", "//cdn"}) {
            EXPECT_THAT(std::string(file.bytes), Not(HasSubstr(scheme))) << file.name;
        }
        EXPECT_THAT(std::string(file.bytes), Not(HasSubstr("innerHTML"))) << file.name;
    }
}

TEST(Console, does_not_take_a_path_that_is_taken) {
    http::Router router;
    ASSERT_TRUE(router.on("GET", "/", [](http::Request&, http::Responder) {}).has_value());
    EXPECT_FALSE(console_routes(router).has_value());
}

}  // namespace
}  // namespace carillon::admin
