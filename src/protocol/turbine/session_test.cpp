// Who a client is, and in which order it may do what.
#include "protocol/turbine/session.h"

#include <gmock/gmock.h>

#include <string>

#include "protocol/turbine/testing.h"

namespace carillon::turbine {
namespace {

using protocol::Message;
using ::testing::ElementsAre;
using testing::error;
using ::testing::HasSubstr;
using testing::House;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::subscribe;
using testing::subscribed;
using testing::token;
using testing::unsubscribe;

constexpr std::string_view ping = R"({"id":9,"method":"ping"})";
constexpr std::string_view pong = R"({"id":9,"result":{"pong":true}})";

std::string hello(const House& house, std::int64_t expires_in_s = 3600) {
    return House::hello(token("[]", house.clock.now(), expires_in_s));
}

TEST(Connect, is_answered_and_says_nothing_before) {
    House house;
    auto& client = house.connect();
    EXPECT_THAT(client.heard(), IsEmpty());
    client.says(hello(house));
    EXPECT_EQ(client.heard_one(), R"({"id":1,"result":{"connected":true}})");
}

TEST(Connect, is_refused_the_same_way_whatever_is_wrong_with_the_token) {
    House house;
    const auto now = house.clock.now();
    const auto exp = std::to_string(now.unix_ms / 1000 + 60);
    const auto claims = [&](const std::string& payload) { return testing::signed_claims(payload); };
    for (const auto& bad :
         {std::string(), std::string("garbage"), std::string("a.b.c"), token("[]", now, -61),
          token("[]", now, 60, "another"), claims(R"({"exp":)" + exp + R"(,"channels":[]})"),
          claims(R"({"sub":"a","channels":[]})"), claims(R"({"sub":"a","exp":)" + exp + "}")}) {
        auto& client = house.connect();
        client.says(House::hello(bad));
        EXPECT_EQ(client.heard_one(), error("1", 401, "unauthorized"));
        EXPECT_EQ(client.closed(), "");
    }
    EXPECT_EQ(house.refusals("token_rejected"), 8U);
}

TEST(Connect, may_be_tried_again_on_the_same_connection) {
    House house;
    auto& client = house.connect();
    client.says(hello(house, -61));
    client.says(hello(house));
    EXPECT_THAT(client.heard(), ElementsAre(error("1", 401, "unauthorized"),
                                            R"({"id":1,"result":{"connected":true}})"));
}

TEST(Connect, ends_with_the_tenth_rejected_token) {
    House house;
    auto& client = house.connect();
    for (int i = 1; i < Session::rejected_tokens_max; ++i) client.says(House::hello("x"));
    EXPECT_EQ(client.heard().size(), 9U);
    EXPECT_EQ(client.closed(), "");
    client.says(House::hello("x"));
    EXPECT_EQ(client.heard_one(), error("1", 401, "unauthorized"));
    EXPECT_EQ(client.closed(), "1008 too many rejected tokens");
    EXPECT_EQ(house.refusals("tokens_rejected"), 1U);
    client.says(hello(house));
    EXPECT_THAT(client.heard(), IsEmpty());
}

TEST(Connect, without_a_token_is_no_attempt) {
    House house;
    auto& client = house.connect();
    for (int i = 0; i < 20; ++i) client.says(R"({"id":1,"method":"connect","params":{}})");
    EXPECT_EQ(client.heard().back(), error("1", 400, "bad command"));
    EXPECT_EQ(client.closed(), "");
}

TEST(Connect, happens_once_and_a_second_changes_nothing) {
    House house;
    auto& client = house.connected(R"(["a"])");
    client.says(subscribe("a"));
    EXPECT_EQ(client.heard_one(), subscribed);
    for (const auto& again : {hello(house), House::hello("garbage")}) {
        client.says(again);
        EXPECT_EQ(client.heard_one(), error("1", 400, "already connected"));
    }
    client.says(subscribe("b"));
    EXPECT_EQ(client.heard_one(), error("2", 403, "forbidden"));
    house.publish("a", "1");
    EXPECT_EQ(client.heard_one(), testing::push("a", "1"));
}

TEST(Connect, outlives_its_token) {
    House house;
    auto& client = house.connected();
    house.clock.advance_ms(7200 * 1000);
    client.says(subscribe("a"));
    EXPECT_EQ(client.heard_one(), subscribed);
}

TEST(Connect, makes_the_session_its_subjects) {
    House house;
    auto& ann = house.connected();
    auto& too = house.connected();
    auto& nobody = house.connect();
    house.hub.disconnect_user(house.app, "ann", hub::CloseReason::kicked);
    house.run();
    EXPECT_EQ(ann.closed(), "1008 disconnected");
    EXPECT_EQ(too.closed(), "1008 disconnected");
    EXPECT_EQ(nobody.closed(), "");
    EXPECT_EQ(house.refusals("kicked"), 2U);
}

TEST(BeforeConnect, nobody_subscribes_or_unsubscribes) {
    House house;
    auto& client = house.connect();
    client.says(subscribe("a"));
    EXPECT_EQ(client.heard_one(), error("2", 401, "unauthorized"));
    client.says(unsubscribe("a"));
    EXPECT_EQ(client.heard_one(), error("3", 401, "unauthorized"));
    EXPECT_EQ(house.publish("a", "1").body, R"({"ok":true,"delivered":0})");
    client.says(hello(house, -61));
    client.says(subscribe("a"));
    EXPECT_THAT(client.heard(),
                ElementsAre(error("1", 401, "unauthorized"), error("2", 401, "unauthorized")));
    client.says(hello(house));
    client.says(subscribe("a"));
    EXPECT_EQ(client.heard().back(), subscribed);
}

TEST(BeforeConnect, a_command_that_is_none_is_still_a_bad_command) {
    House house;
    auto& client = house.connect();
    client.says(subscribe(""));
    EXPECT_EQ(client.heard_one(), error("2", 400, "bad command"));
}

TEST(BeforeConnect, a_ping_is_answered) {
    House house;
    auto& client = house.connect();
    client.says(ping);
    EXPECT_EQ(client.heard_one(), pong);
}

TEST(Message, that_is_none_is_answered_and_survived) {
    House house;
    auto& client = house.connected();
    for (const auto* text : {"garbage", "[]", "7", "", R"([{"id":1,"method":"ping"}])",
                             R"({"id":-1,"method":"ping"})", R"({"id":1.0,"method":"ping"})"}) {
        client.says(text);
        EXPECT_EQ(client.heard_one(), error("0", 400, "bad command")) << text;
    }
    client.says(R"({"id":7,"method":"publish","params":{"channel":"a","data":1}})");
    EXPECT_EQ(client.heard_one(), error("7", 400, "bad command"));
    client.says(R"({"id":7,"method":"ping","x":)" + std::string(500, '[') + std::string(500, ']') +
                "}");
    EXPECT_EQ(client.heard_one(), error("0", 400, "bad command"));
    client.says(ping);
    EXPECT_EQ(client.heard_one(), pong);
    EXPECT_EQ(house.refusals("command_malformed"), 9U);
}

TEST(Message, in_a_binary_frame_is_read_as_text_if_it_is_text) {
    House house;
    auto& client = house.connected();
    client.says(ping, Message::Kind::binary);
    EXPECT_EQ(client.heard_one(), pong);
    client.says(subscribe("ü"), Message::Kind::binary);
    EXPECT_EQ(client.heard_one(), subscribed);
    for (const auto* bytes :
         {"\xff", "{\"id\":1,\"method\":\"ping\",\"x\":\"\xc3\"}", "\xed\xa0\x80"}) {
        client.says(bytes, Message::Kind::binary);
        EXPECT_EQ(client.heard_one(), error("0", 400, "bad utf-8"));
    }
    EXPECT_EQ(house.refusals("text_malformed"), 3U);
    EXPECT_EQ(client.closed(), "");
}

TEST(Message, ids_may_repeat_and_each_gets_its_answer_in_order) {
    House house;
    auto& client = house.connected();
    client.says(R"({"id":0,"method":"ping"})");
    client.says(R"({"id":0,"method":"nothing"})");
    client.says(R"({"id":18446744073709551615,"method":"ping"})");
    EXPECT_THAT(client.heard(),
                ElementsAre(R"({"id":0,"result":{"pong":true}})", error("0", 400, "bad command"),
                            R"({"id":18446744073709551615,"result":{"pong":true}})"));
}

TEST(Silence, is_asked_about_and_then_ended) {
    House house;
    auto& client = house.connected();
    house.clock.advance_ms(119'999);
    client.ticks();
    EXPECT_EQ(client.pings(), 0);
    house.clock.advance_ms(1);
    client.ticks();
    EXPECT_EQ(client.pings(), 1);
    house.clock.advance_ms(29'999);
    client.ticks();
    EXPECT_EQ(client.closed(), "");
    house.clock.advance_ms(1);
    client.ticks();
    EXPECT_EQ(client.closed(), "1008 no sign of life");
    EXPECT_EQ(client.pings(), 0);
    EXPECT_EQ(house.refusals("pong_late"), 1U);
}

TEST(Silence, is_broken_by_anything_a_client_sends) {
    House house;
    auto& client = house.connected();
    for (const auto kind : {Message::Kind::pong, Message::Kind::ping, Message::Kind::text}) {
        house.clock.advance_ms(120'000);
        client.ticks();
        EXPECT_EQ(client.pings(), 1);
        house.clock.advance_ms(29'000);
        client.says(kind == Message::Kind::text ? "garbage" : "", kind);
        house.clock.advance_ms(119'999);
        client.ticks();
        EXPECT_EQ(client.pings(), 0);
        client.says("", Message::Kind::pong);
    }
    EXPECT_EQ(client.closed(), "");
}

TEST(Silence, at_its_end_leaves_all_channels_at_once) {
    House house;
    auto& client = house.connected();
    client.says(subscribe("a"));
    house.clock.advance_ms(120'000);
    client.ticks();
    house.clock.advance_ms(30'000);
    client.ticks();
    EXPECT_EQ(house.publish("a", "1").body, R"({"ok":true,"delivered":0})");
}

TEST(ConnectTimeout, ends_who_does_not_say_who_he_is) {
    House house(testing::reference_app(), 10);
    auto& late = house.connect();
    auto& good = house.connected();
    house.clock.advance_ms(9'999);
    late.says(ping);
    late.says(House::hello("x"));
    late.ticks();
    EXPECT_EQ(late.closed(), "");
    house.clock.advance_ms(1);
    late.ticks();
    good.ticks();
    EXPECT_EQ(late.closed(), "1008 not connected in time");
    EXPECT_EQ(good.closed(), "");
    EXPECT_EQ(house.refusals("connect_late"), 1U);
}

TEST(ConnectTimeout, is_off_where_none_is_configured) {
    House house;
    auto& client = house.connect();
    house.clock.advance_ms(119'999);
    client.ticks();
    EXPECT_EQ(client.closed(), "");
}

TEST(Limits, of_connections_hold_before_anybody_shows_a_token) {
    auto app = testing::reference_app();
    app.limits.connections_max = 1;
    House house(app);
    auto& first = house.connect();
    auto& second = house.connect();
    EXPECT_EQ(first.closed(), "");
    EXPECT_EQ(second.closed(), "1013 try again later");
    EXPECT_THAT(second.heard(), IsEmpty());
    EXPECT_EQ(house.refusals("app_full"), 1U);
    // What it says and how long it stays is of no interest any more.
    second.says(hello(house));
    house.clock.advance_ms(1'000'000);
    second.ticks();
    EXPECT_THAT(second.heard(), IsEmpty());
    first.leave();
    EXPECT_EQ(house.connect().closed(), "");
}

TEST(Limits, of_the_whole_server_are_told_apart_in_the_counts) {
    House house(testing::reference_app(), 0, {}, {}, 1);
    house.connect();
    EXPECT_EQ(house.connect().closed(), "1013 try again later");
    EXPECT_EQ(house.refusals("node_full"), 1U);
    EXPECT_EQ(house.refusals("app_full"), 0U);
}

TEST(End, says_why_the_server_ended_it) {
    const std::pair<hub::CloseReason, const char*> ends[] = {
        {hub::CloseReason::slow, "1008 too slow"},
        {hub::CloseReason::memory, "1013 try again later"},
        {hub::CloseReason::shutdown, "1001 server shutting down"},
        {hub::CloseReason::kicked, "1008 disconnected"},
        {hub::CloseReason::renewed, "1012 connect again"},
        {hub::CloseReason::protocol, "1001 connect again"},
    };
    for (const auto& [why, words] : ends) {
        House house;
        auto& client = house.connected();
        client.session().on_close(why);
        EXPECT_EQ(client.closed(), words);
        client.session().on_close(why);  // the second time is none
        EXPECT_EQ(house.refusals(name_of(close_fault(why))), 1U);
    }
}

TEST(End, is_the_end_whatever_still_comes) {
    House house;
    auto& client = house.connected();
    client.session().on_close(hub::CloseReason::kicked);
    client.says("garbage");
    client.says(subscribe("a"));
    house.clock.advance_ms(1'000'000);
    client.ticks();
    EXPECT_THAT(client.heard(), IsEmpty());
    EXPECT_EQ(client.pings(), 0);
    EXPECT_EQ(house.refusals("command_malformed"), 0U);
    EXPECT_EQ(house.refusals("subscription_failed"), 0U);
    EXPECT_EQ(house.refusals("pong_late"), 0U);
}

TEST(End, of_a_client_gives_back_its_place_and_its_channels) {
    House house;
    auto& client = house.connected();
    client.says(subscribe("a"));
    client.leave();
    EXPECT_EQ(house.hub.connections(house.app), 0U);
    EXPECT_EQ(house.hub.channel_count(), 0U);
    EXPECT_FALSE(house.hub.online(house.app, "ann"));
}

TEST(Log, has_no_token_and_nothing_a_client_said) {
    House house;
    auto& client = house.connect();
    const auto bad = token(R"(["secret-channel"])", house.clock.now(), 3600, "another");
    for (int i = 0; i < 10; ++i) client.says(House::hello(bad));
    house.connected().says(subscribe("secret-channel"));
    house.publish("secret-channel", R"("payload")");
    house.connect().leave();
    ASSERT_FALSE(house.log.lines.empty());
    bool rule = false;
    for (const auto& line : house.log.lines) {
        EXPECT_THAT(line, Not(HasSubstr(bad.substr(0, 10))));
        EXPECT_THAT(line, Not(HasSubstr("secret")));
        EXPECT_THAT(line, Not(HasSubstr("payload")));
        rule = rule || line == "token_rejected reason=signature app=turbine";
    }
    EXPECT_TRUE(rule);
}

}  // namespace
}  // namespace carillon::turbine
