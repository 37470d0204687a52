// What brought other servers down or made them lie: text that is hostile or merely odd, ids that
// mean something to somebody else, and doing a thing twice. The traps that belong to one verb are
// beside it; rules.txt knows where.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::error_body;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TestClient;
using testing::TestServer;

constexpr std::string_view line_separator = "\u2028";
const std::string malformed = error_body(4000, "Invalid message format: not a JSON object");

std::string client_event(std::string_view channel, std::string_view data) {
    return R"({"event":"client-x","channel":")" + std::string(channel) + R"(","data":)" +
           std::string(data) + "}";
}

// What a string inside a frame's "data" holds, read by a parser that is not ours.
boost::json::value inner(std::string_view frame) {
    const auto data = boost::json::parse(frame).at("data").as_string();
    return boost::json::parse(data);
}

// A speaker and a listener in one private channel.
struct HostileText : ::testing::Test {
    HostileText() {
        for (auto* client : {&speaker, &listener}) {
            client->subscribes("private-a");
            client->heard();
        }
    }
    TestServer server;
    TestClient& speaker = server.client();
    TestClient& listener = server.client();
};

// ---- trap 29: bytes that are no text, and text that some parsers choke on ----

TEST_F(HostileText, that_is_no_utf8_is_refused_and_closes_nobody) {
    using Kind = protocol::Message::Kind;
    for (const std::string_view bytes :
         {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
        const auto data = "\"" + std::string(bytes) + "\"";
        for (const auto kind : {Kind::text, Kind::binary}) {
            speaker.says(client_event("private-a", data), kind);
            EXPECT_EQ(speaker.heard_one(), malformed);
        }
        EXPECT_EQ(
            server.publish(R"({"name":"e","channel":"private-a","data":)" + data + "}").status,
            400);
    }
    EXPECT_THAT(listener.heard(), IsEmpty());
    EXPECT_EQ(listener.closed() + speaker.closed(), "");
}

TEST_F(HostileText, with_half_a_surrogate_is_refused_wherever_a_client_writes_it) {
    for (const std::string message :
         {R"({"event":"client-\ud800","channel":"private-a","data":{}})",
          R"({"event":"client-x","channel":"private-a\ud800","data":{}})",
          R"({"event":"client-x","channel":"private-a","data":"\udc00"})",
          R"({"event":"client-x","channel":"private-a","data":[{"\ud800":1}]})",
          R"({"event":"client-x","channel":"private-a","data":{},"more":"\ud800"})",
          R"({"event":"pusher:subscribe","data":{"channel":"\ud800"}})",
          R"({"event":"pusher:subscribe","data":{"channel":"private-b","auth":"\ud800"}})",
          R"({"event":"pusher:signin","data":{"auth":"","user_data":"\ud800"}})"}) {
        speaker.says(message);
        EXPECT_EQ(speaker.heard_one(), malformed) << message;
    }
    EXPECT_THAT(listener.heard(), IsEmpty());
    EXPECT_EQ(listener.closed() + speaker.closed(), "");
}

// The frame is sound; what its string holds, signed as it should be, is not.
TEST_F(HostileText, with_half_a_surrogate_is_refused_in_channel_data_too) {
    speaker.subscribes("presence-a", R"({"user_id":"\ud800"})");
    EXPECT_THAT(speaker.heard_one(), HasSubstr("\"status\":4302"));
    speaker.subscribes("presence-a", R"({"user_id":"1","user_info":{"name":"\udc00"}})");
    EXPECT_THAT(speaker.heard_one(), HasSubstr("\"status\":4302"));
    EXPECT_TRUE(server.hub.members(server.app, "presence-a").empty());
}

TEST_F(HostileText, that_is_odd_but_sound_passes_as_it_was_written) {
    const std::string separators = "\"a" + std::string(line_separator) + "\u2029\ufeff\ufffe\x7f\"";
    for (const std::string& data :
         {std::string(R"("\u0000")"), std::string(R"({"a\u0000b":"\u0000"})"), separators,
          std::string(R"("\u2028\u2029\ud83d\ude00")"), std::string("\"\U0001F514\""),
          std::string(R"("</script><!--")")}) {
        speaker.says(client_event("private-a", data));
        EXPECT_EQ(listener.heard_one(), client_event("private-a", data));
    }
}

TEST_F(HostileText, over_http_arrives_as_one_json_string_that_says_the_same) {
    const std::string text =
        "\\u0000\\b" + std::string(line_separator) + "\\u2029\\ud83d\\ude00\x7f";
    const std::string said("\0\b\u2028\u2029\U0001F600\x7f", 13);
    ASSERT_EQ(
        server.publish(R"({"name":")" + text + R"(","channel":"private-a","data":")" + text + "\"}")
            .status,
        200);
    const auto frame = boost::json::parse(listener.heard_one());
    EXPECT_EQ(frame.at("data").as_string(), said);
    EXPECT_EQ(frame.at("event").as_string(), said);
}

TEST_F(HostileText, of_a_member_reaches_the_others_within_two_strings) {
    listener.subscribes("presence-a", R"({"user_id":"w"})");
    listener.heard();
    const std::string info = R"({"n":"\u0000\"\\)" + std::string(line_separator) + R"("})";
    speaker.subscribes("presence-a", R"({"user_id":"\u0000\"\\","user_info":)" + info + "}");
    const auto roster = inner(speaker.heard_one()).at("presence");
    const auto added = inner(listener.heard_one());
    const std::string id("\0\"\\", 3);
    EXPECT_EQ(added.at("user_id").as_string(), id);
    EXPECT_EQ(added.at("user_info"), boost::json::parse(info));
    EXPECT_EQ(roster.at("ids").as_array().at(0).as_string(), id);
    EXPECT_EQ(roster.at("hash").at(id), boost::json::parse(info));
    speaker.says(client_event("presence-a", "{}"));
    EXPECT_EQ(boost::json::parse(listener.heard_one()).at("user_id").as_string(), id);
    speaker.leave();
    EXPECT_EQ(inner(listener.heard_one()).at("user_id").as_string(), id);
}

// ---- trap 30: what a limit counts ----

TEST_F(HostileText, is_measured_as_what_it_says_and_not_as_it_is_escaped) {
    std::string fits;
    for (int i = 0; i < 51'200; ++i) fits += "\\u00fc";  // 102,400 bytes in UTF-8, 307,200 here
    speaker.says(client_event("private-a", "\"" + fits + "\""));
    EXPECT_EQ(listener.heard().size(), 1U);
    const auto over_http = [&](const std::string& data) {
        return server.publish(R"({"name":"e","channel":"private-a","data":")" + data + "\"}")
            .status;
    };
    EXPECT_EQ(over_http(fits), 200);
    listener.heard();
    speaker.heard();
    // In bytes: 51,201 characters are too many.
    const auto over = fits + "x";
    speaker.says(client_event("private-a", "\"" + over + "\""));
    EXPECT_THAT(speaker.heard_one(), HasSubstr("larger than the allowed 102400 bytes"));
    EXPECT_EQ(over_http(over), 413);
    EXPECT_THAT(listener.heard(), IsEmpty());
}

TEST_F(HostileText, in_an_events_name_is_measured_in_bytes) {
    std::string name;
    for (int i = 0; i < 100; ++i) name += "\u00fc";
    const auto publish = [&](const std::string& event) {
        return server.publish(R"({"name":")" + event + R"(","channel":"private-a","data":""})")
            .status;
    };
    EXPECT_EQ(publish(name), 200);
    EXPECT_EQ(publish(name + "x"), 400);
}

// ---- trap 31: ids that mean something elsewhere ----

struct OddIds : ::testing::Test {
    TestServer server;
};

TEST_F(OddIds, are_members_like_any_other) {
    const std::vector<std::string> ids{"__proto__", "constructor", "toString", "a:b",    "a",
                                       "b",         "a\"b",        "a\\b",     "a/b",    " ",
                                       "0",         "-1",          "null",     "\u2603", "3:a"};
    for (const auto& id : ids) {
        server.client().subscribes("presence-a",
                                   boost::json::serialize(boost::json::value{{"user_id", id}}));
    }
    auto& last = server.client();
    last.subscribes("presence-a", R"({"user_id":"last"})");
    const auto roster = inner(last.heard_one()).at("presence");
    EXPECT_EQ(roster.at("count"), ids.size() + 1);
    EXPECT_EQ(roster.at("ids").as_array().size(), ids.size() + 1);
    for (const auto& id : ids) EXPECT_TRUE(roster.at("hash").as_object().contains(id)) << id;
}

TEST_F(OddIds, that_begin_alike_come_and_go_each_by_itself) {
    auto& watcher = server.client();
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    watcher.heard();
    std::vector<TestClient*> members;
    for (const std::string id : {"a", "a:", "a:b", "presence-a:a", "3:presence-a:a"}) {
        members.push_back(&server.client());
        members.back()->subscribes("presence-a", R"({"user_id":")" + id + R"("})");
        EXPECT_EQ(inner(watcher.heard_one()).at("user_id").as_string(), id);
    }
    members[2]->leave();
    EXPECT_EQ(inner(watcher.heard_one()).at("user_id").as_string(), "a:b");
    EXPECT_EQ(server.hub.members(server.app, "presence-a").size(), members.size());
}

TEST_F(OddIds, of_more_than_128_characters_or_none_are_nobodys) {
    auto app = *server.app;
    app.sign_in = true;
    server.set(app);
    for (const std::string& id : {std::string(), std::string(129, 'u')}) {
        auto& client = server.client();
        client.subscribes("presence-a", R"({"user_id":")" + id + R"("})");
        EXPECT_THAT(client.heard_one(), HasSubstr("\"status\":4302"));
        EXPECT_EQ(client.closed(), "");
        client.signs_in(R"({"id":")" + id + R"("})");
        EXPECT_THAT(client.closed(), HasSubstr("4009"));
    }
    auto& client = server.client();
    client.subscribes("presence-a", R"({"user_id":)" + std::string(129, '1') + "}");  // a number
    EXPECT_THAT(client.heard_one(), HasSubstr("\"status\":4302"));
    EXPECT_TRUE(server.hub.members(server.app, "presence-a").empty());
}

// ---- trap 34: twice is once ----

TEST(Twice, in_a_presence_channel_is_left_with_one_unsubscribe_and_said_once) {
    TestServer server;
    auto& watcher = server.client();
    watcher.subscribes("presence-a", R"({"user_id":"w"})");
    watcher.heard();
    auto& client = server.client();
    client.subscribes("presence-a", R"({"user_id":"1"})");
    client.subscribes("presence-a", R"({"user_id":"1"})");
    client.subscribes("presence-a", R"({"user_id":"2"})");  // it stays who it was
    EXPECT_EQ(watcher.heard().size(), 1U);
    EXPECT_EQ(server.hub.describe(server.app, "presence-a")->subscribers, 2U);
    client.says(R"({"event":"pusher:unsubscribe","data":{"channel":"presence-a"}})");
    EXPECT_THAT(watcher.heard_one(), HasSubstr(R"(member_removed","channel":"presence-a","data":)"
                                               R"("{\"user_id\":\"1\"}")"));
    client.leave();
    EXPECT_THAT(watcher.heard(), IsEmpty());
}

TEST(Twice, unsubscribed_is_no_error_and_takes_nobody_else_away) {
    TestServer server;
    auto& client = server.client();
    auto& other = server.client();
    client.subscribes("news");
    other.subscribes("news");
    client.heard();
    for (int i = 0; i < 2; ++i) {
        client.says(R"({"event":"pusher:unsubscribe","data":{"channel":"news"}})");
    }
    EXPECT_THAT(client.heard(), IsEmpty());
    EXPECT_EQ(server.hub.describe(server.app, "news")->subscribers, 1U);
}

// ---- trap 10: what only the server may say ----

TEST(ServersOwnEvents, are_not_believed_from_a_client_over_any_channel) {
    TestServer server;
    auto& listener = server.client();
    auto& liar = server.client();
    for (auto* client : {&listener, &liar}) {
        client->subscribes("private-a");
        client->subscribes("news");
        client->heard();
    }
    for (const std::string event :
         {"pusher_internal:member_added", "pusher_internal:subscription_succeeded", "pusher:error",
          "pusher:cache_miss", "pusher:signin_success"}) {
        for (const std::string channel : {"private-a", "news"}) {
            liar.says(R"({"event":")" + event + R"(","channel":")" + channel + R"(","data":"{}"})");
        }
    }
    EXPECT_THAT(listener.heard(), IsEmpty());
    EXPECT_EQ(liar.closed(), "");
}

// ---- what SDKs do that no page asks for ----

TEST(Habits, of_sdks_over_http_are_borne) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    client.heard();
    const std::string body =
        "{\"name\":\"e\",\"channels\":[\"news\"],\"data\":\"x\",\"tags\":{\"a\":[1]},\"delta\":"
        "true,"
        "\"extras\":null}\n";
    for (const std::string type : {"", "application/json", "application/json; charset=utf-8",
                                   "application/x-www-form-urlencoded", "text/plain", "nonsense"}) {
        auto request = server.signed_request("POST", "/apps/3/events", body);
        if (!type.empty()) request.headers.push_back({"Content-Type", type});
        EXPECT_EQ(server.answer(request).status, 200) << type;
        EXPECT_EQ(client.heard_one(), R"({"event":"e","channel":"news","data":"x"})") << type;
    }
}

}  // namespace
}  // namespace carillon::pusher
