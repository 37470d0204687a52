#include "protocol/pusher/wire.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::padded;

struct Write {
    std::string operator()(const Ping&) const { return "ping"; }
    std::string operator()(const Pong&) const { return "pong"; }
    std::string operator()(const Subscribe& wish) const {
        return "subscribe [" + wish.channel + "] [" + wish.auth + "] [" + wish.channel_data + "]";
    }
    std::string operator()(const Unsubscribe& wish) const {
        return "unsubscribe [" + wish.channel + "]";
    }
    std::string operator()(const SignIn& wish) const {
        return "sign in [" + wish.auth + "] [" + wish.user_data + "]";
    }
    std::string operator()(const ClientEvent& event) const {
        return "event [" + event.event + "] [" + event.channel + "] [" + std::string(event.data) +
               "] " + std::to_string(event.data_bytes);
    }
    std::string operator()(const Ignored&) const { return "ignored"; }
    std::string operator()(const Malformed& message) const {
        return std::string(name_of(message.fault));
    }
};

std::string parsed(std::string_view message) {
    const auto copy = padded(message);
    return std::visit(Write{}, parse_command(copy));
}

std::string member(std::string_view channel_data) {
    const auto read = parse_member(std::string(channel_data));
    if (!read.has_value()) return "refused";
    return "[" + read.value().user_id + "] [" + read.value().user_info + "]";
}

TEST(ParseCommand, reads_pings_with_any_data) {
    for (const std::string_view data : {R"(,"data":{})", R"(,"data":[])", R"(,"data":"")", "",
                                        R"(,"data":null)", R"(,"more":{"x":[1]})"}) {
        EXPECT_EQ(parsed("{\"event\":\"pusher:ping\"" + std::string(data) + "}"), "ping") << data;
        EXPECT_EQ(parsed("{\"event\":\"pusher:pong\"" + std::string(data) + "}"), "pong") << data;
    }
}

TEST(ParseCommand, reads_a_subscription_in_any_order_of_keys) {
    EXPECT_EQ(parsed(R"({"event":"pusher:subscribe","data":{"channel":"news"}})"),
              "subscribe [news] [] []");
    EXPECT_EQ(
        parsed(
            R"({"data":{"channel_data":"{\"user_id\":\"1\"}","auth":"k:h","x":1,"channel":"presence-a"},"event":"pusher:subscribe"})"),
        "subscribe [presence-a] [k:h] [{\"user_id\":\"1\"}]");
}

TEST(ParseCommand, reads_data_that_is_a_string_holding_the_object) {
    EXPECT_EQ(parsed(R"({"event":"pusher:subscribe","data":"{\"channel\":\"a\",\"auth\":\"\"}"})"),
              "subscribe [a] [] []");
    EXPECT_EQ(parsed(R"({"event":"pusher:unsubscribe","data":"{\"channel\":\"a\"}"})"),
              "unsubscribe [a]");
    EXPECT_EQ(parsed(R"({"event":"pusher:subscribe","data":"nonsense"})"), "message_malformed");
}

TEST(ParseCommand, takes_auth_and_channel_data_of_another_type_as_absent) {
    EXPECT_EQ(
        parsed(
            R"({"event":"pusher:subscribe","data":{"channel":"a","auth":null,"channel_data":{"user_id":1}}})"),
        "subscribe [a] [] []");
}

TEST(ParseCommand, says_which_name_is_missing) {
    EXPECT_EQ(parsed(R"({"event":"pusher:subscribe"})"), "message_malformed");
    EXPECT_EQ(parsed(R"({"event":"pusher:subscribe","data":{}})"), "channel_missing");
    EXPECT_EQ(parsed(R"({"event":"pusher:subscribe","data":{"channel":7}})"), "channel_missing");
    EXPECT_EQ(parsed(R"({"event":"pusher:unsubscribe","data":{}})"), "channel_missing");
    EXPECT_EQ(parsed(R"({"data":{}})"), "event_missing");
    EXPECT_EQ(parsed(R"({"event":7})"), "event_missing");
    EXPECT_EQ(parsed(R"({"event":""})"), "event_missing");
    EXPECT_EQ(parsed(R"({"event":null})"), "event_missing");
}

TEST(ParseCommand, gives_client_data_as_it_was_written) {  // trap 28
    EXPECT_EQ(
        parsed(
            R"({"event":"client-a","channel":"private-b","data":{"n":12345678901234567890123, "n":1.0}})"),
        R"(event [client-a] [private-b] [{"n":12345678901234567890123, "n":1.0}] 38)");
    EXPECT_EQ(parsed(R"({"event":"client-a","channel":"private-b","data":"{\"x\":1}"})"),
              R"(event [client-a] [private-b] ["{\"x\":1}"] 7)");
    EXPECT_EQ(parsed(R"({"event":"client-a","channel":"private-b"})"),
              "event [client-a] [private-b] [] 0");
    EXPECT_EQ(parsed(R"({"data": null ,"channel":"private-b","event":"client-a"})"),
              "event [client-a] [private-b] [null] 4");
}

TEST(ParseCommand, ignores_what_nobody_listens_to) {
    EXPECT_EQ(parsed(R"({"event":"foo","data":{}})"), "ignored");
    EXPECT_EQ(parsed(R"({"event":"client-a","data":{}})"), "ignored");
    EXPECT_EQ(parsed(R"({"event":"client-a","channel":7})"), "ignored");
    EXPECT_EQ(parsed(R"({"event":"pusher:whatever","channel":"private-a"})"), "ignored");
    EXPECT_EQ(parsed(R"({"event":"pusher_internal:member_added"})"), "ignored");
}

TEST(ParseCommand, takes_any_named_event_with_a_channel_as_a_wish_to_publish) {
    EXPECT_EQ(parsed(R"({"event":"foo","channel":"a"})"), "event [foo] [a] [] 0");
    EXPECT_EQ(parsed(R"({"event":"pusher_internal:member_added","channel":"presence-a"})"),
              "event [pusher_internal:member_added] [presence-a] [] 0");
}

TEST(ParseCommand, survives_hostile_bytes) {
    for (const std::string_view message :
         {"", "hello", "[]", "null", "{\"event\":\"pusher:ping\"", "{\"event\":\"\\ud800\"}",
          "{\"event\":\"client-a\",\"channel\":\"b\",\"data\":[}]}", "\xff\xfe",
          "{\"event\":\"a\xff\"}"}) {
        EXPECT_EQ(parsed(message), "message_malformed") << message;
    }
    EXPECT_EQ(parsed("{\"event\":" + std::string(60'000, '[')), "message_malformed");
    EXPECT_EQ(parsed("{\"event\":\"x\",\"data\":" + std::string(20'000, '[') +
                     std::string(20'000, ']') + "}"),
              "message_malformed");
    EXPECT_EQ(parsed(R"({"event":"pusher:pong","event":"pusher:ping"})"), "ping");
    EXPECT_EQ(parsed(R"({"event":"client-\u0000","channel":"a\u0000b"})"),
              std::string("event [client-\0] [a\0b] [] 0", 27));
}

TEST(ParseMember, takes_a_string_or_a_number_as_the_user_id) {  // trap 13
    EXPECT_EQ(member(R"({"user_id":"1","user_info":{"name":"A"}})"), R"([1] [{"name":"A"}])");
    EXPECT_EQ(member(R"({"user_id":10})"), "[10] [null]");
    EXPECT_EQ(member(R"({"user_id":98765432109876543210})"), "[98765432109876543210] [null]");
    EXPECT_EQ(member(R"({"user_info": [ 1.0 ] ,"user_id":-7})"), "[-7] [[ 1.0 ]]");
}

TEST(ParseMember, takes_odd_ids_as_they_are) {  // trap 31
    for (const std::string_view id : {"__proto__", "constructor", "a:b", " ", "\u2603"}) {
        EXPECT_EQ(member("{\"user_id\":\"" + std::string(id) + "\"}"),
                  "[" + std::string(id) + "] [null]");
    }
}

TEST(ParseMember, refuses_what_names_nobody) {
    for (const std::string_view data :
         {"", "{}", "null", "[]", "1", R"({"user_id":""})", R"({"user_id":null})",
          R"({"user_id":true})", R"({"user_id":[1]})", R"({"user_id":{"a":1}})",
          R"({"user_id":"1","user_info":})", R"({"user_id":"1")", R"({"user_id":01})",
          R"({"user_id":"\ud800"})", R"({"user_id":"1","user_info":[}]})"}) {
        EXPECT_EQ(member(data), "refused") << data;
    }
}

TEST(Wire, reads_a_sign_in_whether_its_data_is_an_object_or_a_string_that_holds_one) {
    EXPECT_EQ(
        parsed(R"({"event":"pusher:signin","data":{"auth":"k:1","user_data":"{\"id\":\"7\"}"}})"),
        R"(sign in [k:1] [{"id":"7"}])");
    EXPECT_EQ(
        parsed(
            R"({"event":"pusher:signin","data":"{\"auth\":\"k:1\",\"user_data\":\"{\\\"id\\\":\\\"7\\\"}\"}"})"),
        R"(sign in [k:1] [{"id":"7"}])");
    EXPECT_EQ(parsed(R"({"event":"pusher:signin","data":{"user_data":7}})"), "sign in [] []");
    EXPECT_EQ(parsed(R"({"event":"pusher:signin","data":[]})"), "message_malformed");
}

std::string user(std::string_view user_data) {
    const auto read = parse_user(std::string(user_data));
    if (!read.has_value()) return "refused";
    std::string text = "[" + read.value().id + "] [" + read.value().user_info + "]";
    for (const auto& one : read.value().watchlist) text += " " + one;
    return text;
}

TEST(Wire, reads_who_signs_in_with_a_numeric_id_and_without_information) {
    EXPECT_EQ(user(R"({"id":"a","user_info":{"n":1.0},"watchlist":["b","c"]})"),
              R"([a] [{"n":1.0}] b c)");
    EXPECT_EQ(user(R"({"id":12345678901234567890})"), "[12345678901234567890] [null]");
    EXPECT_EQ(user(R"({"id":"a","watchlist":null})"), "[a] [null]");
    EXPECT_EQ(user(R"({"id":""})"), "refused");
    EXPECT_EQ(user(R"({"id":{}})"), "refused");
    EXPECT_EQ(user(R"({"id":true})"), "refused");
    EXPECT_EQ(user(R"({"id":"a","watchlist":[1]})"), "refused");
    EXPECT_EQ(user(R"({"id":"a","watchlist":"b"})"), "refused");
    EXPECT_EQ(user(R"([])"), "refused");
    EXPECT_EQ(user(""), "refused");
}

}  // namespace
}  // namespace carillon::pusher
