#include "http/router.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace carillon::http {
namespace {

using Kind = Match::Kind;

struct Target final : UpgradeTarget {};

Request asking(std::string method, std::string path) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    return request;
}

// A handler whose answer says which one it was.
Handler answering(const std::string& name) {
    return [name](Request&, Responder responder) { responder.respond(text(200, name)); };
}

// What the router's choice answers: the name of the handler, or of what it is instead.
std::string answer(const Router& router, Request request) {
    const auto match = router.match(request);
    if (match.kind == Kind::upgrade) return "upgrade";
    if (match.kind == Kind::not_found) return "404";
    if (match.kind == Kind::method_not_allowed) return "405 " + match.allow;
    std::string body;
    (*match.handler)(request, Responder([&](const Response& response) { body = response.body; }));
    return body;
}

std::string answer(const Router& router, std::string method, std::string path) {
    return answer(router, asking(std::move(method), std::move(path)));
}

void expect_added(const Result<void>& added) {
    EXPECT_TRUE(added.has_value()) << (added.has_value() ? "" : added.error().message);
}

TEST(Router, leads_a_method_and_a_path_to_their_handler) {
    Router router;
    expect_added(router.on("GET", "/", answering("root")));
    expect_added(router.on("GET", "/a/b", answering("get")));
    expect_added(router.on("POST", "/a/b", answering("post")));
    EXPECT_EQ(answer(router, "GET", "/"), "root");
    EXPECT_EQ(answer(router, "GET", "/a/b"), "get");
    EXPECT_EQ(answer(router, "POST", "/a/b"), "post");
}

TEST(Router, finds_nothing_where_there_is_nothing) {
    Router router;
    expect_added(router.on("GET", "/a/{x}", answering("a")));
    for (const auto* path :
         {"/", "", "*", "/a", "/a/", "/a/b/", "/a/b/c", "a/b", "//a/b", "/A/b"}) {
        EXPECT_EQ(answer(router, "GET", path), "404") << path;
    }
}

TEST(Router, fills_the_parameters_decoded) {
    Router router;
    expect_added(router.on("GET", "/apps/{id}/channels/{name}", answering("it")));
    auto request = asking("GET", "/apps/7/channels/a%2Fb%20c+d");
    request.params = {{"left", "over"}};
    ASSERT_EQ(router.match(request).kind, Kind::handler);
    EXPECT_EQ(request.params.size(), 2U);
    EXPECT_EQ(request.param("id"), "7");
    EXPECT_EQ(request.param("name"), "a/b c+d");
}

TEST(Router, does_not_find_a_segment_that_cannot_be_decoded) {
    Router router;
    expect_added(router.on("GET", "/{x}", answering("it")));
    EXPECT_EQ(answer(router, "GET", "/%zz"), "404");
}

TEST(Router, prefers_the_literal_whatever_the_order_of_registration) {
    for (const bool literal_first : {false, true}) {
        Router router;
        if (literal_first) expect_added(router.on("GET", "/apps/all/x", answering("literal")));
        expect_added(router.on("GET", "/apps/{id}/{y}", answering("both")));
        expect_added(router.on("GET", "/apps/{id}/x", answering("parameter")));
        if (!literal_first) expect_added(router.on("GET", "/apps/all/x", answering("literal")));
        expect_added(router.on("GET", "/apps/all/{y}", answering("first literal")));
        EXPECT_EQ(answer(router, "GET", "/apps/all/x"), "literal");
        EXPECT_EQ(answer(router, "GET", "/apps/all/z"), "first literal");
        EXPECT_EQ(answer(router, "GET", "/apps/1/x"), "parameter");
        EXPECT_EQ(answer(router, "GET", "/apps/1/z"), "both");
    }
}

TEST(Router, falls_to_a_less_literal_pattern_that_knows_the_method) {
    Router router;
    expect_added(router.on("GET", "/a/all", answering("get")));
    expect_added(router.on("POST", "/a/{x}", answering("post")));
    EXPECT_EQ(answer(router, "POST", "/a/all"), "post");
    EXPECT_EQ(answer(router, "DELETE", "/a/all"), "405 GET, HEAD, POST");
}

TEST(Router, names_the_methods_that_a_path_does_answer) {
    Router router;
    Target target;
    expect_added(router.on("POST", "/a", answering("post")));
    expect_added(router.on("GET", "/b", answering("get")));
    expect_added(router.upgrade("/c", target));
    EXPECT_EQ(answer(router, "GET", "/a"), "405 POST");
    EXPECT_EQ(answer(router, "HEAD", "/a"), "405 POST");
    EXPECT_EQ(answer(router, "POST", "/b"), "405 GET, HEAD");
    EXPECT_EQ(answer(router, "POST", "/c"), "405 GET");
    EXPECT_EQ(answer(router, "get", "/b"), "405 GET, HEAD");
}

TEST(Router, gives_head_to_the_handler_of_get_unless_it_has_its_own) {
    Router router;
    expect_added(router.on("GET", "/a", answering("get")));
    EXPECT_EQ(answer(router, "HEAD", "/a"), "get");
    expect_added(router.on("HEAD", "/a", answering("head")));
    EXPECT_EQ(answer(router, "HEAD", "/a"), "head");
}

TEST(Router, leads_an_upgrade_to_its_target_and_a_plain_get_to_the_handler_beside_it) {
    Router router;
    Target target;
    expect_added(router.upgrade("/ws/{key}", target));
    auto upgrading = asking("GET", "/ws/k");
    upgrading.headers = {{"Upgrade", "websocket"}};
    const auto match = router.match(upgrading);
    EXPECT_EQ(match.kind, Kind::upgrade);
    EXPECT_EQ(match.upgrade, &target);
    EXPECT_EQ(upgrading.param("key"), "k");
    EXPECT_EQ(answer(router, "GET", "/ws/k"), "upgrade");  // the handshake will say what is missing

    expect_added(router.on("GET", "/ws/{any}", answering("page")));
    EXPECT_EQ(answer(router, "GET", "/ws/k"), "page");
    EXPECT_EQ(answer(router, upgrading), "upgrade");
}

TEST(Router, refuses_a_second_answer_to_the_same_question_and_names_both) {
    Router router;
    Target one;
    Target two;
    expect_added(router.on("GET", "/apps/{id}", answering("a")));
    expect_added(router.upgrade("/ws", one));
    const auto same = router.on("GET", "/apps/{app}", answering("b"));
    ASSERT_FALSE(same.has_value());
    EXPECT_EQ(same.error().message, "route GET /apps/{app} clashes with GET /apps/{id}");
    const auto twice = router.upgrade("/ws", two);
    ASSERT_FALSE(twice.has_value());
    EXPECT_EQ(twice.error().message, "route upgrade /ws clashes with upgrade /ws");
    expect_added(router.on("POST", "/apps/{app}", answering("c")));
}

TEST(Router, refuses_a_pattern_it_would_not_understand) {
    Router router;
    for (const auto* pattern :
         {"", "a", "/a{b}", "/{a}b", "/{a", "/a}", "/{}", "/{{a}}", "/{a}{b}"}) {
        EXPECT_FALSE(router.on("GET", pattern, answering("x")).has_value()) << pattern;
    }
}

TEST(Refusal, is_clear_about_what_was_asked_in_vain) {
    const auto missing = refusal(Match{});
    EXPECT_EQ(missing.status, 404);
    EXPECT_FALSE(missing.body.empty());
    const auto wrong = refusal(Match{Kind::method_not_allowed, nullptr, nullptr, "GET, HEAD"});
    EXPECT_EQ(wrong.status, 405);
    EXPECT_EQ(wrong.headers.back(), (std::pair<std::string, std::string>("Allow", "GET, HEAD")));
    EXPECT_NE(wrong.body.find("GET, HEAD"), std::string::npos);
}

TEST(Responder, may_be_kept_and_answer_later) {
    std::vector<int> answers;
    std::optional<Responder> kept;
    Handler handler = [&](Request&, Responder responder) { kept.emplace(std::move(responder)); };
    Request request;
    handler(request,
            Responder([&](const Response& response) { answers.push_back(response.status); }));
    EXPECT_TRUE(answers.empty());
    kept->respond(text(202, "later"));
    kept.reset();
    EXPECT_EQ(answers, std::vector<int>{202});
}

TEST(Responder, says_500_exactly_once_when_it_is_dropped) {
    std::vector<int> answers;
    const auto callback = [&](const Response& response) { answers.push_back(response.status); };
    {
        Responder first(callback);
        Responder second(std::move(first));
        Responder third([&](const Response&) { answers.push_back(-3); });
        third = std::move(second);  // what third owed is answered now
        EXPECT_EQ(answers, std::vector<int>{-3});
    }
    EXPECT_EQ(answers, (std::vector<int>{-3, 500}));
}

TEST(Responder, stops_the_process_when_it_answers_twice) {
    Responder responder([](const Response&) {});
    responder.respond(text(200, ""));
    EXPECT_DEATH(responder.respond(text(200, "")), "callback_");
}

TEST(Responder, may_be_destroyed_by_its_own_answer) {
    std::unique_ptr<Responder> responder;
    responder = std::make_unique<Responder>([&](const Response&) { responder.reset(); });
    responder->respond(text(200, ""));
    EXPECT_EQ(responder, nullptr);
}

TEST(Router, finds_what_is_mounted_below_a_path_only_there_and_hands_on_the_path_as_received) {
    Router router;
    Target target;
    router.mount("/ws");
    expect_added(router.on("GET", "/apps/{id}", answering("app")));
    expect_added(router.upgrade("/app/{key}", target));
    router.mount("");
    expect_added(router.on("GET", "/live", answering("live")));
    EXPECT_EQ(answer(router, "GET", "/ws/app/k"), "upgrade");
    EXPECT_EQ(answer(router, "GET", "/app/k"), "404");
    EXPECT_EQ(answer(router, "GET", "/live"), "live");
    EXPECT_EQ(answer(router, "GET", "/ws/live"), "404");
    auto request = asking("GET", "/ws/apps/7");
    EXPECT_EQ(router.match(request).kind, Kind::handler);
    EXPECT_EQ(request.path, "/ws/apps/7");
    EXPECT_EQ(request.param("id"), "7");
    EXPECT_FALSE(router.on("GET", "no-slash", answering("it")).has_value());
}

}  // namespace
}  // namespace carillon::http
