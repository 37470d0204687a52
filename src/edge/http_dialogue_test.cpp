#include "edge/http_dialogue.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "edge/testing_house.h"

namespace carillon::edge {
namespace {

using namespace testing;

// ---- requests and answers ----

TEST(HttpDialogue, answers_one_request_after_another_on_one_connection) {
    House house;
    auto client = house.connect();
    for (int i = 0; i < 3; ++i) {
        const auto answer = client.ask(get("/hello"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_TRUE(answer.has("Connection: keep-alive"));
        EXPECT_EQ(answer.body, "hello");
    }
    EXPECT_EQ(house.worker().connections(), 1U);
}

TEST(HttpDialogue, reads_a_request_however_its_bytes_are_cut) {
    House house;
    auto client = house.connect();
    for (const char& byte :
         std::string("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde")) {
        client.send({&byte, 1});
        house.on_loop([] {});
    }
    EXPECT_EQ(client.answer().body, "abcde");
}

TEST(HttpDialogue, closes_when_the_client_asks_for_it_and_when_the_answer_does) {
    House house;
    auto client = house.connect();
    const auto answer = client.ask(get("/hello", "Connection: close\r\n"));
    EXPECT_TRUE(answer.has("Connection: close"));
    EXPECT_TRUE(client.sees_end());
    auto other = house.connect();
    EXPECT_TRUE(other.ask(get("/last")).has("Connection: close"));
    EXPECT_TRUE(other.sees_end());
    auto old = house.connect();
    EXPECT_EQ(old.ask("GET /hello HTTP/1.0\r\n\r\n").status, 200);
    EXPECT_TRUE(old.sees_end());
    client.close();
    other.close();
    old.close();
    EXPECT_TRUE(house.empties());
}

TEST(HttpDialogue, ignores_what_follows_the_last_request) {
    House house;
    auto client = house.connect();
    client.send(get("/last") + get("/hello"));
    EXPECT_EQ(client.answer().body, "the last");
    EXPECT_TRUE(client.sees_end());
}

TEST(HttpDialogue, answers_pipelined_requests_in_their_order) {
    House house;
    auto client = house.connect();
    client.send(get("/hello") + get("/nowhere") + get("/bytes/3") + get("/hello"));
    EXPECT_EQ(client.answer().body, "hello");
    EXPECT_EQ(client.answer().status, 404);
    EXPECT_EQ(client.answer().body, "bbb");
    EXPECT_EQ(client.answer().body, "hello");
}

TEST(HttpDialogue, holds_the_second_request_until_the_first_was_answered_by_another_thread) {
    House house;
    auto client = house.connect();
    client.send(get("/later/a") + get("/hello") + get("/later/b") + get("/bytes/1"));
    auto responder = house.take_responder("a");
    house.settle();
    EXPECT_TRUE(client.has_nothing());
    EXPECT_FALSE(house.asked_for("b"));
    std::jthread([&] { responder.respond(http::text(200, "late")); }).join();
    EXPECT_EQ(client.answer().body, "late");
    EXPECT_EQ(client.answer().body, "hello");
    house.answer_later("b", "later");
    EXPECT_EQ(client.answer().body, "later");
    EXPECT_EQ(client.answer().body, "b");
}

TEST(HttpDialogue, reads_on_after_a_late_answer) {
    House house;
    auto client = house.connect();
    client.send(get("/later/a"));
    auto responder = house.take_responder("a");
    client.send(get("/hello"));  // arrives while nothing is read
    house.settle();
    responder.respond(http::text(200, "late"));
    EXPECT_EQ(client.answer().body, "late");
    EXPECT_EQ(client.answer().body, "hello");
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST(HttpDialogue, upgrades_a_request_that_waited_behind_a_late_answer) {
    House house;
    auto client = house.connect();
    client.send(get("/later/a") + get("/ws/room", upgrade_headers) + client_frame("echo hi"));
    house.answer_later("a", "late");
    EXPECT_EQ(client.answer().body, "late");
    EXPECT_EQ(client.answer().status, 101);
    EXPECT_EQ(client.hear(), text_frame("echo hi"));
}

TEST(HttpDialogue, upgrades_a_request_that_waited_behind_one_nobody_answered) {
    House house;
    auto client = house.connect();
    client.send(get("/later/a") + get("/ws/room", upgrade_headers) + client_frame("echo hi"));
    const auto responder = house.take_responder("a");
    house.advance_ms(limits::http_answer_ms + 100);
    EXPECT_EQ(client.answer().status, 504);
    EXPECT_EQ(client.answer().status, 101);
    EXPECT_EQ(client.hear(), text_frame("echo hi"));
}

TEST(HttpDialogue, leaves_the_body_out_for_head) {
    House house;
    auto client = house.connect();
    client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\nHEAD /later/a HTTP/1.1\r\nHost: x\r\n\r\n" +
                get("/hello"));
    house.answer_later("a", "late");
    for (const int bytes : {5, 4}) {
        const auto answer = client.answer(true);
        EXPECT_EQ(answer.status, 200);
        EXPECT_TRUE(answer.has("Content-Length: " + std::to_string(bytes)));
    }
    EXPECT_EQ(client.answer().body, "hello");
}

TEST(HttpDialogue, tells_who_expects_it_to_go_on) {
    House house;
    auto client = house.connect();
    client.send(
        "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    const auto leave = client.answer();
    EXPECT_EQ(leave.status, 100);
    EXPECT_EQ(leave.head, "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(client.ask("body").body, "body");
}

TEST(HttpDialogue, says_what_is_not_here) {
    House house;
    auto client = house.connect();
    const auto nowhere = client.ask(get("/nowhere"));
    EXPECT_EQ(nowhere.status, 404);
    EXPECT_FALSE(nowhere.body.empty());
    const auto wrong = client.ask("DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(wrong.status, 405);
    EXPECT_TRUE(wrong.has("Allow: GET, HEAD"));
    EXPECT_EQ(client.ask(get("/hello")).status, 200);  // neither ends the connection
}

TEST(HttpDialogue, answers_500_for_a_promise_that_was_dropped) {
    House house;
    auto client = house.connect();
    EXPECT_EQ(client.ask(get("/dropped")).status, 500);
    client.send(get("/later/a"));
    std::jthread([responder = house.take_responder("a")] {}).join();
    EXPECT_EQ(client.answer().status, 500);
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

// ---- what is wrong ----

struct Refused {
    const char* name;
    int status;
    std::string request;
};

class HttpRefusal : public ::testing::TestWithParam<Refused> {};

TEST_P(HttpRefusal, is_explained_before_the_connection_ends) {
    House house;
    auto client = house.connect();
    client.send(get("/hello") + GetParam().request);
    EXPECT_EQ(client.answer().body, "hello");
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, GetParam().status);
    EXPECT_TRUE(answer.has("Connection: close"));
    EXPECT_GT(answer.body.size(), 10U);
    EXPECT_TRUE(answer.body.ends_with("\n"));
    EXPECT_TRUE(client.sees_end());
    EXPECT_EQ(house.worker().http_refusals(), 1U);
    client.close();
    EXPECT_TRUE(house.empties());
}

INSTANTIATE_TEST_SUITE_P(
    every, HttpRefusal,
    ::testing::Values(
        Refused{"malformed", 400, "GET\r\n\r\n"}, Refused{"no_host", 400, "GET / HTTP/1.1\r\n\r\n"},
        Refused{"two_lengths", 400,
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"},
        Refused{"too_much_body", 413,
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"},
        Refused{"long_target", 414, "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n"},
        Refused{"long_header", 431, get("/", "X: " + std::string(20'000, 'x') + "\r\n")},
        Refused{"expectation", 417, get("/", "Expect: miracles\r\n")},
        Refused{"coding", 501,
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
        Refused{"version", 505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"}),
    [](const auto& one) { return one.param.name; });

TEST(HttpDialogue, lets_a_refused_client_finish_speaking_so_that_it_reads_why) {
    House house;
    auto client = house.connect();
    client.send("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
    for (int i = 0; i < 20; ++i) client.send(std::string(256 * 1024, 'x'));  // nobody wants this
    EXPECT_EQ(client.answer().status, 413);
    EXPECT_TRUE(client.sees_end());
    client.half_close();
    EXPECT_TRUE(house.empties());
}

TEST(HttpDialogue, waits_five_seconds_for_a_refused_client_to_go) {
    House house;
    auto client = house.connect();
    client.send("nonsense\r\n\r\n");
    EXPECT_EQ(client.answer().status, 400);
    EXPECT_TRUE(client.sees_end());
    house.advance_ms(limits::websocket_close_ms - 100);
    EXPECT_EQ(house.worker().connections(), 1U);
    house.advance_ms(200);
    EXPECT_TRUE(house.empties());
}

// ---- who leaves ----

TEST(HttpDialogue, survives_a_client_that_leaves_while_it_waits) {
    House house;
    for (const bool reset : {false, true}) {
        auto client = house.connect();
        client.send(get("/later/a") + get("/hello"));
        auto responder = house.take_responder("a");
        if (reset) {
            client.reset();
        } else {
            client.close();
        }
        house.settle();
        responder.respond(http::text(200, "late"));
        EXPECT_TRUE(house.empties());
    }
}

TEST(HttpDialogue, ignores_an_answer_for_a_connection_that_is_gone) {
    House house;
    auto client = house.connect();
    client.send(get("/later/a"));
    auto responder = house.take_responder("a");
    house.on_loop([&] { house.worker().abandon_all(); });
    EXPECT_TRUE(house.empties());
    responder.respond(http::text(200, "late"));
    house.settle();
    EXPECT_EQ(client.rest(), "");
}

TEST(HttpDialogue, ignores_an_answer_after_the_loop_is_gone) {
    House house;
    auto client = house.connect();
    client.send(get("/later/a") + get("/later/b"));
    auto responder = house.take_responder("a");
    house.demolish();
    responder.respond(http::text(200, "late"));
    EXPECT_EQ(client.rest(), "");
}

// At each look it is later, so that the time for reading is always used up.
TEST(HttpDialogue, answers_what_was_asked_before_the_end_however_long_it_had_to_wait) {
    const HastyClock clock;
    House house({.clock = &clock});
    auto client = house.connect();
    std::string all;
    for (int i = 0; i < 200; ++i) all += get("/bytes/3");
    client.send(all);
    client.half_close();
    for (int i = 0; i < 200; ++i) ASSERT_EQ(client.answer().body, "bbb") << i;
    EXPECT_TRUE(client.sees_end());
}

TEST(HttpDialogue, answers_a_client_that_has_ended_its_side) {
    House house;
    auto client = house.connect();
    client.send(get("/hello") + get("/later/a") + get("/bytes/2"));
    client.half_close();
    EXPECT_EQ(client.answer().body, "hello");
    house.settle();
    house.answer_later("a", "late");
    EXPECT_EQ(client.answer().body, "late");
    EXPECT_EQ(client.answer().body, "bb");
    EXPECT_TRUE(client.sees_end());
    EXPECT_TRUE(house.empties());
}

TEST(HttpDialogue, closes_when_a_client_ends_in_the_middle_of_a_request) {
    House house;
    auto client = house.connect();
    client.send("GET /hello HT");
    client.half_close();
    EXPECT_TRUE(client.sees_end());
    EXPECT_TRUE(house.empties());
}

// ---- time ----

TEST(HttpDialogue, closes_a_new_connection_that_says_nothing_after_ten_seconds) {
    House house;
    auto client = house.connect();
    ASSERT_TRUE(net::eventually([&] { return house.worker().connections() == 1; }));
    house.advance_ms(limits::http_slow_ms - 100);
    EXPECT_TRUE(client.has_nothing());
    house.advance_ms(200);
    EXPECT_TRUE(client.sees_end());  // without a word
    client.close();
    EXPECT_TRUE(house.empties());
}

TEST(HttpDialogue, says_408_to_a_request_that_is_not_whole_after_ten_seconds) {
    House house;
    auto client = house.connect();
    client.send("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc");
    house.advance_ms(limits::http_slow_ms - 100);
    EXPECT_TRUE(client.has_nothing());
    house.advance_ms(200);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 408);
    EXPECT_TRUE(answer.has("Connection: close"));
    EXPECT_FALSE(answer.body.empty());
    EXPECT_TRUE(client.sees_end());
}

TEST(HttpDialogue, is_not_kept_by_a_client_that_sends_a_byte_at_a_time) {
    House house;
    auto client = house.connect();
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
    house.advance_ms(5'000);  // idle: that is another limit
    const std::string request = get("/hello");
    for (std::size_t i = 0; i < 9; ++i) {
        client.send(request.substr(i, 1));
        house.advance_ms(1'050);
        EXPECT_TRUE(client.has_nothing());
    }
    client.send(request.substr(9, 1));
    house.advance_ms(1'050);
    EXPECT_EQ(client.answer().status, 408);
    EXPECT_TRUE(client.sees_end());
}

TEST(HttpDialogue, closes_an_idle_connection_after_sixty_seconds_without_a_word) {
    House house;
    auto client = house.connect();
    for (int i = 0; i < 2; ++i) {  // each request starts the minute anew
        EXPECT_EQ(client.ask(get("/hello")).status, 200);
        house.advance_ms(limits::http_idle_ms - 100);
        EXPECT_TRUE(client.has_nothing());
    }
    house.advance_ms(200);
    EXPECT_TRUE(client.sees_end());
}

TEST(HttpDialogue, says_504_after_thirty_seconds_and_ignores_the_answer_that_comes_then) {
    House house;
    auto client = house.connect();
    client.send(get("/later/a"));
    auto responder = house.take_responder("a");
    house.advance_ms(limits::http_answer_ms - 100);
    EXPECT_TRUE(client.has_nothing());
    house.advance_ms(200);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 504);
    EXPECT_TRUE(answer.has("Connection: keep-alive"));
    client.send(get("/later/b"));
    auto next = house.take_responder("b");
    responder.respond(http::text(200, "too late"));
    house.settle();
    EXPECT_TRUE(client.has_nothing());
    next.respond(http::text(200, "in time"));
    EXPECT_EQ(client.answer().body, "in time");
}

TEST(HttpDialogue, gives_a_client_that_does_not_read_five_seconds_for_the_last_answer) {
    House house({.buffer_bytes = 4096});
    auto client = house.connect(0, 4096);
    client.send(get("/bytes/4000000", "Connection: close\r\n"));
    ASSERT_TRUE(net::eventually([&] { return house.hub.lane(0).books().writes.get() != 0; }));
    house.advance_ms(limits::websocket_close_ms - 100);
    EXPECT_EQ(house.worker().connections(), 1U);
    house.advance_ms(200);
    EXPECT_TRUE(house.empties());
}

// ---- bounds ----

TEST(HttpDialogue, does_not_pile_up_answers_that_nobody_reads) {
    House house({.buffer_bytes = 4096});
    auto client = house.connect(0, 4096);
    constexpr int requests = 1000;
    std::string all;
    for (int i = 0; i < requests; ++i) all += get("/bytes/30000");
    client.send(all);
    ASSERT_TRUE(net::eventually([&] { return house.hub.lane(0).books().writes.get() != 0; }));
    house.settle();
    std::size_t held = 0;
    house.on_loop([&] { held = house.hub.lane(0).batch_pool().live_bytes(); });
    EXPECT_LT(held, 512 * limits::kib);
    for (int i = 0; i < requests; ++i) ASSERT_EQ(client.answer().body.size(), 30'000U) << i;
}

}  // namespace
}  // namespace carillon::edge
