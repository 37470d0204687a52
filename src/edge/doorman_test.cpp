// A doorman before every route: what it is asked, and what becomes of what it says.
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "edge/testing_house.h"

namespace carillon::edge {
namespace {

using namespace testing;
using Kind = http::Match::Kind;

// Refuses who says so in a header, and gives every answer a number.
class CountingDoorman final : public http::Doorman {
 public:
    Word greet(const http::Request& request, const http::Match& match, Now) override {
        kind = match.kind;
        Word word{.headers = {{"X-Number", std::to_string(++asked)}}};
        if (request.has_header("X-Refuse-Me")) word.instead = http::text(429, "not you");
        return word;
    }
    std::atomic<int> asked{0};
    std::atomic<Kind> kind{Kind::not_found};
};

TEST(Doorman, gives_its_headers_to_every_answer_of_whatever_kind_and_to_no_other) {
    CountingDoorman doorman;
    House house({.doorman = &doorman});
    auto client = house.connect();
    EXPECT_TRUE(client.ask(get("/hello")).has("X-Number: 1"));
    EXPECT_EQ(doorman.kind, Kind::handler);
    EXPECT_TRUE(client.ask(get("/nowhere")).has("X-Number: 2"));
    EXPECT_EQ(doorman.kind, Kind::not_found);
    EXPECT_TRUE(client.ask(get("/body")).has("X-Number: 3"));
    EXPECT_EQ(doorman.kind, Kind::method_not_allowed);
    const auto dropped = client.ask(get("/dropped"));
    EXPECT_EQ(dropped.status, 500);
    EXPECT_TRUE(dropped.has("X-Number: 4"));
    EXPECT_EQ(dropped.head.find("X-Number: 3"), std::string::npos);
}

TEST(Doorman, gives_its_headers_to_answers_that_come_late_or_not_at_all) {
    CountingDoorman doorman;
    House house({.doorman = &doorman});
    auto client = house.connect();
    client.send(get("/later/a"));
    house.answer_later("a", "late");
    EXPECT_TRUE(client.answer().has("X-Number: 1"));
    client.send(get("/later/b"));
    auto never = house.take_responder("b");
    house.advance_ms(limits::http_answer_ms);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 504);
    EXPECT_TRUE(answer.has("X-Number: 2"));
    never.respond(http::text(200, "too late"));
}

TEST(Doorman, may_answer_in_the_place_of_a_route_and_the_connection_goes_on) {
    CountingDoorman doorman;
    House house({.doorman = &doorman});
    auto client = house.connect();
    const auto refused = client.ask(get("/later/a", "X-Refuse-Me: 1\r\n"));
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.body, "not you");
    EXPECT_TRUE(refused.has("X-Number: 1"));
    EXPECT_TRUE(refused.has("Connection: keep-alive"));
    EXPECT_FALSE(house.asked_for("a"));
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST(Doorman, may_refuse_an_upgrade_and_the_connection_ends) {
    CountingDoorman doorman;
    House house({.doorman = &doorman});
    auto client = house.connect();
    const auto refused =
        client.ask(get("/ws/news", std::string(upgrade_headers) + "X-Refuse-Me: 1\r\n"));
    EXPECT_EQ(doorman.kind, Kind::upgrade);
    EXPECT_EQ(refused.status, 429);
    EXPECT_TRUE(refused.has("X-Number: 1"));
    EXPECT_TRUE(refused.has("Connection: close"));
    EXPECT_TRUE(client.sees_end());
}

TEST(Doorman, adds_nothing_to_an_upgrade_that_it_lets_pass) {
    CountingDoorman doorman;
    House house({.doorman = &doorman});
    auto client = house.connect();
    const auto answer = client.ask(get("/ws/news", upgrade_headers));
    EXPECT_EQ(answer.status, 101);
    EXPECT_EQ(answer.head.find("X-Number"), std::string::npos);
    EXPECT_EQ(doorman.asked, 1);
}

TEST(HttpDialogue, tells_a_handler_who_asks) {
    House house;
    auto client = house.connect();
    EXPECT_EQ(client.ask(get("/peer")).body, "127.0.0.1");
    EXPECT_EQ(client.ask(get("/peer")).body, "127.0.0.1");
}

TEST(HttpDialogue, takes_no_longer_body_than_it_is_told_to) {
    House house({.http_body_bytes_max = 4});
    const auto post = [&](const std::string& body) {
        return house.connect()
            .ask("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body)
            .status;
    };
    EXPECT_EQ(post("abcd"), 200);
    EXPECT_EQ(post("abcde"), 413);
}

}  // namespace
}  // namespace carillon::edge
