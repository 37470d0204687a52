#include "http/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Cors::Headers answer(std::vector<std::string> origins, std::string_view origin) {
    return Cors({.origins = std::move(origins), .credentials = false}).headers(origin);
}

bool lets_in(const std::string& pattern, std::string_view origin) {
    return !answer({pattern}, origin).empty();
}

Request asking(std::string method, std::vector<Header> headers) {
    Request request;
    request.method = std::move(method);
    request.headers = std::move(headers);
    return request;
}

const auto star = Pair("Access-Control-Allow-Origin", "*");

TEST(Cors, lets_every_origin_read_and_never_with_credentials_when_any_may) {
    for (const auto* any : {"*", "any", "ANY"}) {
        const Cors cors({.origins = {"https://a.example", any}, .credentials = true});
        EXPECT_THAT(cors.headers("https://evil.example"), ElementsAre(star)) << any;
        EXPECT_THAT(cors.headers("https://a.example"), ElementsAre(star)) << any;
        EXPECT_THAT(cors.headers("null"), ElementsAre(star)) << any;
    }
}

TEST(Cors, repeats_an_origin_that_is_listed_and_says_that_the_answer_varies) {
    const Cors cors({.origins = {"https://a.example", "http://localhost:3000"}});
    EXPECT_THAT(
        cors.headers("http://localhost:3000"),
        ElementsAre(Pair("Access-Control-Allow-Origin", "http://localhost:3000"),
                    Pair("Vary", "Origin"), Pair("Access-Control-Allow-Credentials", "true")));
    EXPECT_THAT(answer({"https://a.example"}, "https://a.example"),
                ElementsAre(Pair("Access-Control-Allow-Origin", "https://a.example"),
                            Pair("Vary", "Origin")));
}

TEST(Cors, says_nothing_to_a_foreign_origin_nor_to_none) {
    for (const auto* origin : {"https://b.example", "http://a.example", "https://a.example:8443",
                               "https://a.example.evil", "null", ""}) {
        EXPECT_THAT(answer({"https://a.example"}, origin), IsEmpty()) << origin;
    }
    EXPECT_THAT(answer({}, "https://a.example"), IsEmpty());
    EXPECT_THAT(answer({"*"}, ""), IsEmpty());
}

TEST(Cors, compares_origins_without_regard_to_case) {
    EXPECT_TRUE(lets_in("https://A.Example", "HTTPS://a.eXAMPLE"));
    EXPECT_TRUE(lets_in("https://*.Example.com", "https://app.EXAMPLE.com"));
}

TEST(Cors, takes_one_star_for_one_or_more_characters_of_a_host_or_port) {
    EXPECT_TRUE(lets_in("https://*.example.com", "https://app.example.com"));
    EXPECT_TRUE(lets_in("https://*.example.com", "https://a.b.example.com"));
    EXPECT_TRUE(lets_in("*.example.com", "https://app.example.com"));
    EXPECT_TRUE(lets_in("http://localhost:*", "http://localhost:3000"));
    for (const auto* origin :
         {"https://example.com", "https://.example.com", "http://app.example.com",
          "https://app.example.com:8443", "https://app.example.com.evil"}) {
        EXPECT_FALSE(lets_in("https://*.example.com", origin)) << origin;
    }
}

TEST(Cors, says_nothing_to_a_malformed_origin_whatever_the_policy) {
    for (const auto* origin :
         {"https://evil.example/.example.com", "https://u@app.example.com", "https:// .example.com",
          "https://evil.example\\.example.com", "https://a.example,https://b.example.com",
          "app.example.com", "://app.example.com", "https://", "https://a.example:",
          "https://a.example:x", "https://[::1", "https://[]", "https://[x]", "NULL", "*"}) {
        EXPECT_FALSE(lets_in("*", origin)) << origin;
        EXPECT_FALSE(lets_in("*.example.com", origin)) << origin;
    }
    EXPECT_TRUE(lets_in("*", "https://[::1]"));
    EXPECT_TRUE(lets_in("*", "https://[::1]:8443"));
}

TEST(Cors, answers_a_preflight_with_what_may_be_asked) {
    const Cors cors({.origins = {"https://a.example"},
                     .methods = {"GET", "POST"},
                     .allowed_headers = {"Content-Type", "X-A"}});
    const auto answered = cors.preflight(asking(
        "OPTIONS", {{"Origin", "https://a.example"}, {"access-control-request-method", "POST"}}));
    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->status, 200);
    EXPECT_EQ(answered->body, "");
    EXPECT_THAT(answered->headers,
                ElementsAre(Pair("Access-Control-Allow-Methods", "GET, POST"),
                            Pair("Access-Control-Allow-Headers", "Content-Type, X-A"),
                            Pair("Access-Control-Max-Age", "600")));
}

TEST(Cors, tells_a_foreign_preflight_nothing) {
    const Cors cors({.origins = {"https://a.example"}});
    const auto answered = cors.preflight(asking(
        "OPTIONS", {{"Origin", "https://b.example"}, {"Access-Control-Request-Method", "POST"}}));
    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->status, 200);
    EXPECT_THAT(answered->headers, IsEmpty());
}

TEST(Cors, takes_nothing_else_for_a_preflight) {
    const Cors cors({});
    EXPECT_FALSE(cors.preflight(asking("OPTIONS", {{"Origin", "https://a.example"}})));
    EXPECT_FALSE(cors.preflight(
        asking("POST", {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "X"}})));
}

TEST(Cors, knows_which_patterns_can_be_meant) {
    for (const auto* pattern : {"*", "any", "https://a.example", "https://*.example.com:8443",
                                "*.example.com", "http://[::1]:*", "null"}) {
        EXPECT_TRUE(is_origin_pattern(pattern)) << pattern;
    }
    for (const auto* pattern : {"", "https://", "https://a.example/", "https://*.*.example", "a b",
                                "a,b", "a\n", "https://a.example/x", "\xc3\xa9.example"}) {
        EXPECT_FALSE(is_origin_pattern(pattern)) << pattern;
    }
}

}  // namespace
}  // namespace carillon::http
