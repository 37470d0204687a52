#include "protocol/notiflux/session.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "protocol/notiflux/testing.h"
#include "protocol/shared_path.h"

namespace carillon::notiflux {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = protocol::Message::Kind;
using testing::payload;
using testing::signed_token;
using testing::TestServer;

constexpr std::string_view syntax =
    "Invalid subscribe command, it should be: /subscribe <topic> <token>";

// ---- what else is said ----

TEST(Command, that_is_wrong_is_answered_in_one_of_two_texts) {
    TestServer server;
    auto& client = server.client();
    for (const auto* text : {"/subscribe news", "/subscribe a b c", "/subscribe a  b",
                             "/subscribe  token", "  /subscribe news\n"}) {
        client.says(text);
        EXPECT_EQ(client.heard_one(), syntax) << text;
    }
    for (const auto* text : {"/", "/subscribe", "/unsubscribe", "/unsubscribe-all x",
                             "/Subscribe a b", "/subscribe\ta b", " /join "}) {
        client.says(text);
        EXPECT_EQ(client.heard_one(), "Unknown command") << text;
    }
    EXPECT_EQ(server.refused(Fault::command_malformed), 5U);
    EXPECT_EQ(server.refused(Fault::command_unknown), 7U);
    EXPECT_EQ(client.closed(), "");
}

TEST(Command, is_only_what_begins_with_a_slash) {
    TestServer server;
    auto& client = server.client();
    for (const auto* text : {"", "hello", "{}", "subscribe a b", "x/subscribe a b"}) {
        client.says(text);
    }
    EXPECT_THAT(client.heard(), IsEmpty());
    EXPECT_EQ(client.closed(), "");
}

TEST(Command, is_not_taken_from_a_binary_message) {
    TestServer server;
    auto& client = server.client();
    client.says("/subscribe", Kind::binary);
    client.says("/subscribe news " + server.token("subscribe", {"news"}), Kind::binary);
    server.broadcast("news", "not heard");
    EXPECT_THAT(client.heard(), IsEmpty());
    EXPECT_EQ(client.closed(), "");
}

TEST(Command, in_pieces_is_the_end) {
    for (const auto kind : {Kind::text, Kind::binary}) {
        TestServer server;
        auto& client = server.client();
        server.subscribe(client, "news");
        client.says("hello", kind, true);
        EXPECT_EQ(client.closed(), "1003 fragmented messages are not spoken");
        server.broadcast("news", "nobody is there");
        EXPECT_THAT(client.heard(), IsEmpty());
        EXPECT_EQ(server.refused(Fault::message_fragmented), 1U);
    }
}

TEST(Command, of_more_than_64_kib_is_the_end) {
    for (const auto kind : {Kind::text, Kind::binary}) {
        TestServer server;
        auto& client = server.client();
        client.says(std::string(65'536, 'x'), kind);
        EXPECT_EQ(client.closed(), "");
        client.says(std::string(65'537, 'x'), kind);
        EXPECT_EQ(client.closed(), "1009 message is too large");
        EXPECT_EQ(server.refused(Fault::message_too_large), 1U);
    }
}

// ---- what is heard ----

TEST(Broadcast, arrives_as_it_is) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "news");
    const std::string large(1 << 20, 'x');
    for (const std::string_view message :
         {std::string_view("ünïcödé \U0001F514"), std::string_view("two\nlines\r\n\ttabs"),
          std::string_view(""), std::string_view("a\0b", 3), std::string_view("\"quoted\\\""),
          std::string_view(large)}) {
        server.broadcast("news", message);
        EXPECT_EQ(client.heard_one(), message);
    }
}

TEST(Broadcast, comes_to_all_in_one_order) {
    TestServer server;
    auto& first = server.client();
    auto& second = server.client();
    server.subscribe(first, "news");
    server.subscribe(second, "news");
    for (int i = 0; i < 10; ++i) server.broadcast("news", std::to_string(i));
    const auto heard = first.heard();
    EXPECT_THAT(heard, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
    EXPECT_EQ(second.heard(), heard);
}

// ---- life ----

TEST(Life, begins_in_silence_and_with_a_ping_every_fifteen_seconds) {
    TestServer server;
    auto& client = server.client();
    EXPECT_THAT(client.heard(), IsEmpty());
    for (int i = 0; i < 5; ++i) {
        server.house.clock.advance_ms(14'999);
        client.ticks();
        EXPECT_EQ(client.pings(), 0);
        server.house.clock.advance_ms(1);
        client.ticks();
        EXPECT_EQ(client.pings(), 1);
        client.says("", i % 2 == 0 ? Kind::pong : Kind::ping);
    }
    EXPECT_EQ(client.closed(), "");
}

TEST(Life, is_not_a_command) {
    TestServer server;
    auto& client = server.client();
    std::int64_t gone_ms = 0;
    for (std::int64_t ms = 0; client.closed().empty() && ms < 60'000; ms += 500) {
        client.says("/unsubscribe-all");
        client.says("binary", Kind::binary);
        server.house.clock.advance_ms(500);
        gone_ms = ms + 500;
        client.ticks();
    }
    EXPECT_EQ(client.closed(), "1008 no answer to pings");
    EXPECT_GE(gone_ms, 30'000);
    EXPECT_LE(gone_ms, 45'000);
    EXPECT_EQ(client.pings(), 2);
    EXPECT_EQ(server.refused(Fault::silent), 1U);
    EXPECT_EQ(client.session().next_tick_ns(), base::never_ns);
}

TEST(Life, takes_a_ping_of_the_clients_own_for_an_answer) {
    TestServer server;
    auto& client = server.client();
    for (int i = 0; i < 10; ++i) {
        server.house.clock.advance_ms(15'000);
        client.says("payload", Kind::ping);
        client.ticks();
    }
    EXPECT_EQ(client.closed(), "");
    EXPECT_THAT(client.heard(), IsEmpty());  // the pong is edge's
}

// ---- ends ----

TEST(End, says_why) {
    const std::pair<hub::CloseReason, std::string_view> ends[] = {
        {hub::CloseReason::slow, "1013 too slow"},
        {hub::CloseReason::memory, "1013 over capacity"},
        {hub::CloseReason::shutdown, "1001 server is shutting down"},
        {hub::CloseReason::kicked, "1008 disconnected"},
        {hub::CloseReason::renewed, "1012 reconnect"},
        {hub::CloseReason::protocol, "1001 disconnected"},
    };
    for (const auto& [why, closed] : ends) {
        TestServer server;
        auto& client = server.client();
        client.session().on_close(why);
        EXPECT_EQ(client.closed(), closed);
        EXPECT_EQ(server.refused(close_fault(why)), 1U);
        client.session().on_close(why);
        EXPECT_EQ(server.refused(close_fault(why)), 1U) << "said twice";
        EXPECT_EQ(client.session().next_tick_ns(), base::never_ns);
    }
}

TEST(End, comes_to_a_reader_that_owes_16_mib) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "news");
    client.stall();
    const std::string mib(1 << 20, 'x');
    for (int i = 0; i < 15; ++i) server.broadcast("news", mib);
    EXPECT_EQ(client.closed(), "");
    server.broadcast("news", mib);
    server.broadcast("news", mib);
    EXPECT_EQ(client.closed(), "1013 too slow");
    EXPECT_EQ(server.refused(Fault::too_slow), 1U);
}

TEST(End, does_not_come_to_a_reader_that_owes_many_small_messages) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "news");
    client.stall();
    for (int i = 0; i < 5'000; ++i) server.broadcast("news", "x");
    EXPECT_EQ(client.closed(), "");
    client.go_on();
    EXPECT_EQ(client.heard().size(), 5'000U);
}

TEST(End, comes_at_once_to_who_finds_no_room) {
    TestServer server({.app_limits = {.connections_max = 1}});
    auto& first = server.client();
    auto& second = server.client();
    EXPECT_EQ(second.closed(), "1013 over capacity");
    EXPECT_EQ(server.refused(Fault::app_full), 1U);
    second.says("/subscribe news x");
    second.says("", Kind::pong);
    second.says("", Kind::text, true);
    server.house.clock.advance_ms(60'000);
    second.ticks();
    EXPECT_THAT(second.heard(), IsEmpty());
    second.leave();
    first.leave();
    EXPECT_EQ(server.client().closed(), "");
}

TEST(End, of_a_connection_frees_its_place_and_its_topics) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "news");
    EXPECT_EQ(server.house.hub.connections(server.app), 1U);
    EXPECT_EQ(server.house.hub.channel_count(), 1U);
    client.leave();
    EXPECT_EQ(server.house.hub.connections(server.app), 0U);
    EXPECT_EQ(server.house.hub.channel_count(), 0U);
}

TEST(End, of_a_connection_is_counted_as_what_it_was) {
    TestServer server;
    const auto& closed = server.house.hub.lane(0).books().closed;
    server.client().leave(hub::CloseReason::protocol);
    EXPECT_EQ(closed[static_cast<std::size_t>(hub::CloseReason::protocol)].get(), 1U);
    EXPECT_EQ(closed[static_cast<std::size_t>(hub::CloseReason::peer)].get(), 0U);
}

TEST(Log, repeats_no_token_and_no_message) {
    TestServer server;
    auto& client = server.client();
    const auto bad = signed_token(payload("subscribe", {"hush-topic"}, server.unix_s(), -100));
    client.says("/subscribe news " + bad);
    client.says("/hush " + bad);
    server.broadcast("news", "hush", "hush.hush.hush");
    server.post(R"({"topic":"hush"})");
    client.says("hush", Kind::text, true);
    EXPECT_THAT(server.house.log.lines,
                ::testing::Contains("subscribe_refused reason=subscribe_token app=notiflux "
                                    "rule=expired"));
    EXPECT_THAT(server.house.log.lines,
                ::testing::Contains("broadcast_refused reason=broadcast_token app=notiflux "
                                    "rule=malformed"));
    for (const auto& line : server.house.log.lines) {
        EXPECT_EQ(line.find("hush"), std::string::npos) << line;
        EXPECT_EQ(line.find(bad), std::string::npos) << line;
    }
}

// ---- the way in ----

TEST(Notiflux, speaks_text_that_begins_with_a_slash) {
    TestServer server;
    const auto speaks = [&](std::string_view text, Kind kind = Kind::text) {
        return server.notiflux.speaks({kind, text});
    };
    EXPECT_TRUE(speaks("/subscribe a b"));
    EXPECT_TRUE(speaks(" \n/"));
    EXPECT_FALSE(speaks("{\"type\":\"/\"}"));
    EXPECT_FALSE(speaks(""));
    EXPECT_FALSE(speaks("/subscribe a b", Kind::binary));
}

TEST(Notiflux, is_found_on_a_shared_path_by_a_clients_first_command) {
    TestServer server;
    TestServer other;  // of the same kind: whoever is asked first takes it
    protocol::SharedPath path("/ws", {&server.notiflux, &other.notiflux});
    ASSERT_TRUE(path.routes(server.house.router).has_value());
    auto& client = server.house.connect("/ws");
    client.says("hello");
    EXPECT_EQ(server.house.hub.connections(server.app), 0U);
    server.subscribe(client, "news");
    server.broadcast("news", "found");
    EXPECT_EQ(client.heard_one(), "found");
    EXPECT_EQ(server.house.hub.connections(server.app), 1U);
    server.house.part_with_clients();  // before the path goes
    EXPECT_EQ(server.house.hub.connections(server.app), 0U);
}

TEST(Notiflux, is_the_subprotocol_that_decides_on_a_shared_path) {
    TestServer server;
    http::Request request;
    EXPECT_EQ(server.notiflux.subprotocol(request), "");
    request.headers = {{"Sec-WebSocket-Protocol", "x, notiflux"}};
    EXPECT_EQ(server.notiflux.subprotocol(request), "notiflux");
    EXPECT_EQ(server.notiflux.name(), "notiflux");
}

}  // namespace
}  // namespace carillon::notiflux
