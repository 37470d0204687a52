#include "edge/websocket_dialogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "edge/testing_house.h"

namespace carillon::edge {
namespace {

using namespace testing;
using ::testing::ElementsAre;

constexpr auto close_ms = limits::websocket_close_ms;

// ---- the handshake ----

TEST(WebSocketDialogue, begins_with_the_key_the_client_expects) {
    House house;
    auto client = house.connect();
    const auto answer = client.ask(get("/ws/room", upgrade_headers));
    EXPECT_EQ(answer.status, 101);
    EXPECT_TRUE(answer.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    client.say("echo hello");
    EXPECT_EQ(client.hear(), text_frame("echo hello"));
}

TEST(WebSocketDialogue, lets_the_protocol_speak_first) {
    House house;
    house.protocol.greets = true;
    auto client = house.connect_to("room");
    EXPECT_EQ(client.hear(), text_frame("welcome"));
}

TEST(WebSocketDialogue, reads_frames_that_came_right_behind_the_handshake) {
    House house;
    house.protocol.greets = true;
    auto client = house.connect();
    client.send(get("/hello") + get("/ws/room", upgrade_headers) + client_frame("echo one") +
                client_frame("echo two"));
    EXPECT_EQ(client.answer().body, "hello");
    EXPECT_EQ(client.answer().status, 101);
    EXPECT_EQ(client.hear(), text_frame("welcome"));
    EXPECT_EQ(client.hear(), text_frame("echo one"));
    EXPECT_EQ(client.hear(), text_frame("echo two"));
}

struct BadUpgrade {
    const char* name;
    int status;
    std::string request;
    const char* header;
    bool closes = true;
};

class WebSocketRefusal : public ::testing::TestWithParam<BadUpgrade> {};

TEST_P(WebSocketRefusal, says_what_is_missing) {
    House house;
    auto client = house.connect();
    const auto answer = client.ask(GetParam().request);
    EXPECT_EQ(answer.status, GetParam().status);
    EXPECT_TRUE(answer.has(GetParam().header)) << answer.head;
    EXPECT_FALSE(answer.body.empty());
    if (GetParam().closes) {
        EXPECT_TRUE(client.sees_end());
    } else {
        EXPECT_EQ(client.ask(get("/hello")).status, 200);
    }
    EXPECT_EQ(house.hub.lane(0).session_count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    every, WebSocketRefusal,
    ::testing::Values(
        BadUpgrade{"another_version", 426,
                   get("/ws/room",
                       "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
                   "Sec-WebSocket-Version: 13"},
        BadUpgrade{
            "no_key", 400,
            get("/ws/room",
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
            "Connection: close"},
        BadUpgrade{"no_upgrade", 400, get("/ws/room"), "Connection: close"},
        BadUpgrade{"post", 405,
                   "POST /ws/room HTTP/1.1\r\nHost: x\r\n" + std::string(upgrade_headers) + "\r\n",
                   "Allow: GET", false},
        BadUpgrade{"nowhere", 404, get("/nowhere", upgrade_headers), "Connection: keep-alive",
                   false}),
    [](const auto& one) { return one.param.name; });

// ---- messages ----

TEST(WebSocketDialogue, puts_fragments_together_and_answers_a_ping_between_them) {
    House house;
    auto client = house.connect_to("room");
    client.send(client_frame("echo fr", {.fin = false}) +
                client_frame("are you there", {.opcode = Opcode::ping}) +
                client_frame("agm", {.opcode = Opcode::continuation, .fin = false}) +
                client_frame("ents", {.opcode = Opcode::continuation}));
    EXPECT_EQ(client.hear(), (Frame{Opcode::pong, "are you there"}));
    EXPECT_EQ(client.hear(), text_frame("echo fragments"));
}

TEST(WebSocketDialogue, reads_a_message_however_its_bytes_are_cut) {
    House house;
    auto client = house.connect_to("room");
    const std::string message = "echo " + std::string(300, 'x');
    for (const char& byte : client_frame(message)) {
        client.send({&byte, 1});
        house.on_loop([] {});
    }
    EXPECT_EQ(client.hear(), text_frame(message));
    const std::string large = "echo " + std::string(65'000, 'y');  // more than one read
    client.send(client_frame(large) + client_frame(large) + client_frame(large));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.hear(), text_frame(large));
}

TEST(WebSocketDialogue, tells_the_session_of_every_kind_of_message) {
    House house;
    auto client = house.connect_to("room");
    client.say(Opcode::ping, "p");
    client.say(Opcode::pong, "q");
    client.say(Opcode::binary, "r");
    client.say("s");
    EXPECT_EQ(client.hear(), (Frame{Opcode::pong, "p"}));
    EXPECT_EQ(client.hear(), text_frame("s"));  // published, and heard by itself
    EXPECT_THAT(house.protocol.lines(), ElementsAre("ping p", "pong q", "binary r", "text s"));
}

TEST(WebSocketDialogue, delivers_what_others_publish) {
    House house;
    auto one = house.connect_to("room");
    auto two = house.connect_to("room");
    auto stranger = house.connect_to("elsewhere");
    one.say("news");
    EXPECT_EQ(one.hear(), text_frame("news"));
    EXPECT_EQ(two.hear(), text_frame("news"));
    house.settle();
    EXPECT_TRUE(stranger.has_nothing());
}

// ---- what is wrong ----

struct Violation {
    const char* name;
    int code;
    std::string bytes;
};

class WebSocketViolation : public ::testing::TestWithParam<Violation> {};

TEST_P(WebSocketViolation, is_told_in_a_close_frame_and_ends_the_socket) {
    House house({.message_bytes_max = 1000});
    auto client = house.connect_to("room");
    client.send(client_frame("echo before") + GetParam().bytes + client_frame("echo after"));
    EXPECT_EQ(client.hear(), text_frame("echo before"));
    EXPECT_EQ(client.hear().close_code(), GetParam().code);
    EXPECT_TRUE(client.sees_end());
    client.close();
    EXPECT_TRUE(house.empties());
    EXPECT_TRUE(house.protocol.hears("gone protocol"));
}

INSTANTIATE_TEST_SUITE_P(
    every, WebSocketViolation,
    ::testing::Values(
        Violation{"unmasked", 1002, client_frame("x", {.masked = false})},
        Violation{"reserved_bits", 1002, client_frame("x", {.reserved_bits = 0x40})},
        Violation{"stray_continuation", 1002, client_frame("x", {.opcode = Opcode::continuation})},
        Violation{"bad_close_code", 1002,
                  client_frame(close_payload(1005), {.opcode = Opcode::close})},
        Violation{"not_utf8", 1007, client_frame("\xff")},
        Violation{"too_big", 1009, client_frame(std::string(1001, 'x'))},
        Violation{"too_big_in_pieces", 1009,
                  client_frame(std::string(600, 'x'), {.fin = false}) +
                      client_frame(std::string(600, 'x'), {.opcode = Opcode::continuation})}),
    [](const auto& one) { return one.param.name; });

TEST(WebSocketDialogue, ends_the_socket_after_a_violation_that_follows_our_close) {
    House house;
    auto client = house.connect_to("room");
    client.say("close");
    EXPECT_EQ(client.hear(), close_frame(4002, "as asked"));
    client.send(client_frame("x", {.masked = false}));
    EXPECT_TRUE(client.sees_end());
}

// ---- the client's close ----

TEST(WebSocketDialogue, echoes_the_code_of_the_clients_close_and_ends_the_socket) {
    House house;
    auto client = house.connect_to("room");
    client.send(client_frame("echo last") +
                client_frame(close_payload(3999, "bye"), {.opcode = Opcode::close}) +
                client_frame("echo too late"));
    EXPECT_EQ(client.hear(), text_frame("echo last"));
    EXPECT_EQ(client.hear(), close_frame(3999, "bye"));
    EXPECT_TRUE(client.sees_end());
    client.close();
    EXPECT_TRUE(house.empties());
    EXPECT_TRUE(house.protocol.hears("gone peer"));
}

TEST(WebSocketDialogue, answers_a_close_without_a_code_in_kind) {
    House house;
    auto client = house.connect_to("room");
    client.say(Opcode::close, "");
    EXPECT_EQ(client.hear(), (Frame{Opcode::close, ""}));
    EXPECT_TRUE(client.sees_end());
}

TEST(WebSocketDialogue, answers_a_close_from_a_client_that_has_ended_its_side) {
    House house;
    auto client = house.connect_to("room");
    client.say(Opcode::close, close_payload(1000));
    client.half_close();
    EXPECT_EQ(client.hear(), close_frame(1000));
    EXPECT_TRUE(client.sees_end());
    EXPECT_TRUE(house.empties());
}

TEST(WebSocketDialogue, publishes_nothing_to_a_client_that_closed) {
    House house;
    auto client = house.connect_to("room");
    client.say(Opcode::close, close_payload(1000));
    EXPECT_EQ(client.hear(), close_frame(1000));
    house.publish("room", "nobody is here");
    EXPECT_EQ(client.rest(), "");
    EXPECT_EQ(house.books().delivered, 0U);
}

// ---- our close ----

TEST(WebSocketDialogue, says_nothing_after_its_close_frame) {
    House house;
    auto client = house.connect_to("room");
    auto other = house.connect_to("room");
    client.send(client_frame("close") + client_frame("echo ignored") +
                client_frame("ignored too", {.opcode = Opcode::ping}) + client_frame("unheard"));
    house.settle();
    other.say("published");
    EXPECT_EQ(other.hear(), text_frame("published"));
    EXPECT_EQ(client.hear(), close_frame(4002, "as asked"));
    house.settle();
    EXPECT_TRUE(client.has_nothing());
    EXPECT_THAT(house.protocol.lines(), ElementsAre("text published"));
    client.say(Opcode::close, close_payload(4002));
    EXPECT_TRUE(client.sees_end());
    client.close();
    EXPECT_TRUE(house.protocol.hears("gone protocol"));
    other.close();
    EXPECT_TRUE(house.empties());
}

TEST(WebSocketDialogue, closes_with_the_code_and_reason_of_a_sessions_error) {
    House house;
    auto client = house.connect_to("room");
    client.say("fail");
    EXPECT_EQ(client.hear(), close_frame(4001, "as asked"));
}

TEST(WebSocketDialogue, closes_with_1011_for_an_error_that_names_no_code) {
    House house;
    auto client = house.connect_to("room");
    client.say("fail-bare");
    EXPECT_EQ(client.hear(), close_frame(1011, "no code"));
}

TEST(WebSocketDialogue, waits_five_seconds_for_the_clients_close) {
    House house;
    auto client = house.connect_to("room");
    client.say("close");
    EXPECT_EQ(client.hear(), close_frame(4002, "as asked"));
    house.advance_ms(close_ms - 100);
    EXPECT_TRUE(client.has_nothing());
    house.advance_ms(200);
    EXPECT_TRUE(client.sees_end());
    house.advance_ms(close_ms + 100);  // and as long for the client's end
    EXPECT_TRUE(house.empties());
}

TEST(WebSocketDialogue, waits_no_longer_when_the_hub_ends_the_session) {
    House house;
    auto client = house.connect_to("room");
    house.advance_ms(20'000);  // the timer of the request has passed
    house.with_session("room", [&](TestSession& session) {
        house.hub.end(session.in_hub(), hub::CloseReason::kicked);
    });
    EXPECT_EQ(client.hear(), close_frame(4100, "kicked"));
    house.publish("room", "nobody is here");
    house.advance_ms(close_ms - 100);
    EXPECT_TRUE(client.has_nothing());
    house.advance_ms(200);
    EXPECT_TRUE(client.sees_end());
    client.close();
    EXPECT_TRUE(house.empties());
    const auto kicked = static_cast<std::size_t>(hub::CloseReason::kicked);
    EXPECT_EQ(house.hub.lane(0).books().closed[kicked].get(), 1U);
}

TEST(WebSocketDialogue, hears_the_clients_close_although_the_session_had_paused) {
    House house;
    auto client = house.connect_to("room");
    client.send(client_frame("pause") + client_frame("echo unread"));
    EXPECT_TRUE(house.protocol.hears("paused"));
    house.settle();
    house.with_session("room", [](TestSession& session) { session.out.close(4001, "no app"); });
    EXPECT_EQ(client.hear(), close_frame(4001, "no app"));
    client.say(Opcode::close, close_payload(4001));
    EXPECT_TRUE(client.sees_end());
    client.close();
    EXPECT_TRUE(house.empties());
}

// ---- who vanishes ----

TEST(WebSocketDialogue, lets_go_of_a_client_that_vanishes) {
    House house;
    for (const bool reset : {false, true}) {
        auto client = house.connect_to("room");
        EXPECT_EQ(house.hub.connections(house.protocol.app), 1U);
        if (reset) {
            client.reset();
        } else {
            client.close();
        }
        EXPECT_TRUE(house.empties());
        EXPECT_EQ(house.hub.connections(house.protocol.app), 0U);
        EXPECT_TRUE(net::eventually([&] { return house.hub.channel_count() == 0; }));
    }
    EXPECT_TRUE(house.protocol.hears("gone peer", 2));
}

TEST(WebSocketDialogue, lets_go_of_a_client_that_vanishes_instead_of_closing) {
    House house;
    for (const bool reset : {false, true}) {
        auto client = house.connect_to("room");
        client.say("close");
        EXPECT_EQ(client.hear(), close_frame(4002, "as asked"));
        if (reset) {
            client.reset();
        } else {
            client.close();
        }
        EXPECT_TRUE(house.empties());
    }
}

// ---- pause ----

TEST(WebSocketDialogue, keeps_what_was_read_for_a_session_that_paused_and_reads_no_more) {
    House house;
    auto client = house.connect_to("room");
    client.send(client_frame("echo 1") + client_frame("pause") + client_frame("echo 2") +
                client_frame("pause") + client_frame("echo 3"));
    EXPECT_EQ(client.hear(), text_frame("echo 1"));
    client.say("echo 4");
    client.say("echo 5");
    house.publish("room", "news");  // who does not speak may still listen
    EXPECT_EQ(client.hear(), text_frame("news"));
    house.settle();
    EXPECT_TRUE(client.has_nothing());
    const auto resume = [](TestSession& session) { session.out.resume(); };
    house.with_session("room", resume);
    EXPECT_EQ(client.hear(), text_frame("echo 2"));
    EXPECT_TRUE(house.protocol.hears("paused", 2));
    house.settle();
    EXPECT_TRUE(client.has_nothing());
    house.with_session("room", resume);
    for (const char* text : {"echo 3", "echo 4", "echo 5"}) {
        EXPECT_EQ(client.hear(), text_frame(text));
    }
}

TEST(WebSocketDialogue, keeps_half_a_message_over_a_pause) {
    House house;
    auto client = house.connect_to("room");
    const auto frame = client_frame("echo halves");
    client.send(client_frame("pause") + frame.substr(0, 8));
    EXPECT_TRUE(house.protocol.hears("paused"));
    client.send(frame.substr(8));
    house.settle();
    house.with_session("room", [](TestSession& session) { session.out.resume(); });
    EXPECT_EQ(client.hear(), text_frame("echo halves"));
}

TEST(WebSocketDialogue, may_be_paused_by_the_protocol_as_it_opens) {
    House house;
    house.protocol.opens_paused = true;
    auto client = house.connect();
    client.send(get("/ws/room", upgrade_headers) + client_frame("echo patience"));
    EXPECT_EQ(client.answer().status, 101);
    house.settle();
    EXPECT_TRUE(client.has_nothing());
    house.with_session("room", [](TestSession& session) { session.out.resume(); });
    EXPECT_EQ(client.hear(), text_frame("echo patience"));
}

TEST(WebSocketDialogue, holds_back_a_client_whose_session_paused) {
    House house;
    auto client = house.connect_to("room");
    client.say("pause");
    EXPECT_TRUE(house.protocol.hears("paused"));
    const auto frame = client_frame("echo " + std::string(60'000, 'x'));
    std::string all;
    for (int i = 0; i < 1000; ++i) all += frame;  // 60 MB: more than the kernel holds
    std::size_t sent = 0;
    for (int quiet = 0; quiet < 10;) {
        const auto n = client.send_some(std::string_view(all).substr(sent));
        sent += n;
        quiet = n == 0 ? quiet + 1 : 0;
        house.settle();
    }
    ASSERT_LT(sent, all.size());
    house.with_session("room", [](TestSession& session) { session.out.resume(); });
    for (std::size_t i = 0; i < sent / frame.size(); ++i) {
        ASSERT_EQ(client.hear().payload.size(), 60'005U);
    }
}

// ---- ticks ----

TEST(WebSocketDialogue, calls_the_session_when_it_asked_to_be_called) {
    House house;
    house.protocol.tick_ms = 1'000;
    auto client = house.connect_to("room");
    house.advance_ms(900);
    EXPECT_EQ(house.protocol.times("tick"), 0U);
    house.advance_ms(150);
    EXPECT_EQ(house.protocol.times("tick"), 1U);
    house.advance_ms(1'050);
    EXPECT_EQ(house.protocol.times("tick"), 2U);
    client.say("close");
    EXPECT_EQ(client.hear(), close_frame(4002, "as asked"));
    house.advance_ms(2'000);
    EXPECT_EQ(house.protocol.times("tick"), 2U);
}

}  // namespace
}  // namespace carillon::edge
