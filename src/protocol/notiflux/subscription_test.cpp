// Who may hear what, and who is told nothing: admission.h as clients meet it.
#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "protocol/notiflux/session.h"
#include "protocol/notiflux/testing.h"

namespace carillon::notiflux {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = protocol::Message::Kind;
using testing::payload;
using testing::signed_token;
using testing::TestServer;

// ---- subscribing ----

TEST(Subscribe, is_answered_by_what_is_broadcast_and_by_nothing_else) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "news");
    EXPECT_THAT(client.heard(), IsEmpty());
    server.broadcast("news", R"({ "headline": "bells" })");
    EXPECT_EQ(client.heard_one(), R"({ "headline": "bells" })");
    server.broadcast("other", "not for us");
    EXPECT_THAT(client.heard(), IsEmpty());
}

TEST(Subscribe, takes_white_space_around_the_command) {
    TestServer server;
    auto& client = server.client();
    client.says("\r\n\t /subscribe news " + server.token("subscribe", {"news"}) + " \n");
    server.broadcast("news", "hello");
    EXPECT_EQ(client.heard_one(), "hello");
}

TEST(Subscribe, twice_is_once) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "news");
    server.subscribe(client, "news");
    server.broadcast("news", "one copy");
    EXPECT_EQ(client.heard_one(), "one copy");
}

// What has the topic hears nothing new from a token, so none is verified.
TEST(Subscribe, again_with_a_bad_token_changes_nothing_and_is_not_held_against_anybody) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "news");
    for (int i = 0; i < 2 * Session::tokens_refused_max; ++i) client.says("/subscribe news bad");
    EXPECT_EQ(client.closed(), "");
    EXPECT_EQ(server.refused(Fault::subscribe_token), 0U);
    server.broadcast("news", "still here");
    EXPECT_EQ(client.heard_one(), "still here");
}

TEST(Subscribe, to_each_of_a_tokens_topics_takes_a_command_each) {
    TestServer server;
    auto& client = server.client();
    const auto token = server.token("subscribe", {"a", "b", "c"});
    client.says("/subscribe a " + token);
    client.says("/subscribe b " + token);
    const auto sender = server.token("broadcast", {"a", "b", "c"});
    for (const auto* topic : {"a", "b", "c"}) server.broadcast(topic, topic, sender);
    EXPECT_THAT(client.heard(), ElementsAre("a", "b"));
    client.says("/subscribe c " + token);
    for (const auto* topic : {"a", "b", "c"}) server.broadcast(topic, topic, sender);
    EXPECT_THAT(client.heard(), ElementsAre("a", "b", "c"));
}

TEST(Subscribe, outlives_its_token) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "news");
    for (int i = 0; i < 100; ++i) {
        server.house.clock.advance_ms(15'000);
        client.says("", Kind::pong);
        client.ticks();
    }
    server.broadcast("news", "hours later");
    EXPECT_EQ(client.heard_one(), "hours later");
}

TEST(Subscribe, that_is_refused_is_met_with_silence_and_hears_nothing) {
    TestServer server;
    const auto now_s = server.unix_s();
    const auto good = payload("subscribe", {"news"}, now_s);
    auto with_audience = good;
    with_audience.insert(1, R"("aud":"me",)");
    auto without_subject = good;
    without_subject.replace(good.find(R"("sub":"somebody",)"), 17, "");
    const std::pair<std::string, Fault> tokens[] = {
        {"rubbish", Fault::subscribe_token},
        {signed_token(payload("subscribe", {"news"}, now_s, -61)), Fault::subscribe_token},
        {signed_token(payload("broadcast", {"news"}, now_s)), Fault::subscribe_scope},
        {signed_token(payload("subscribe", {"views"}, now_s)), Fault::subscribe_topic},
        {signed_token(payload("subscribe", {}, now_s)), Fault::subscribe_topic},
        {testing::signed_with(testing::another_key(), good), Fault::subscribe_token},
        {signed_token(with_audience), Fault::subscribe_token},
        {signed_token(without_subject), Fault::subscribe_token},
    };
    for (const auto& [token, fault] : tokens) {
        auto& client = server.client();
        const auto before = server.refused(fault);
        client.says("/subscribe news " + token);
        server.broadcast("news", "secret");
        EXPECT_THAT(client.heard(), IsEmpty()) << token;
        EXPECT_EQ(client.closed(), "") << token;
        EXPECT_EQ(server.refused(fault), before + 1) << token;
    }
    auto& client = server.client();
    client.says("/subscribe news " + signed_token(payload("subscribe", {"news"}, now_s, -30)));
    server.broadcast("news", "within the leeway");
    EXPECT_EQ(client.heard_one(), "within the leeway");
}

TEST(Subscribe, needs_a_topic_of_1024_bytes_at_most) {
    TestServer server;
    auto& client = server.client();
    const std::string longest(topic_bytes_max, 't');
    const std::string longer(topic_bytes_max + 1, 't');
    server.subscribe(client, longest);
    server.broadcast(longest, "fits");
    EXPECT_EQ(client.heard_one(), "fits");
    server.subscribe(client, longer);
    EXPECT_THAT(client.heard(), IsEmpty());
    EXPECT_EQ(server.refused(Fault::subscribe_name), 1U);
}

TEST(Subscribe, needs_a_topic_that_the_app_allows) {
    TestServer server({.app_limits = {.channel_name_bytes_max = 4}});
    auto& client = server.client();
    server.subscribe(client, "12345");
    EXPECT_EQ(server.refused(Fault::subscribe_name), 1U);
    EXPECT_EQ(client.closed(), "");
}

TEST(Subscribe, opens_what_another_protocol_reserves_but_not_what_it_hides) {
    TestServer server({.reserve_of = [](std::string_view topic) {
        return topic == "reserved" ? protocol::Reserve::reserved
               : topic == "hidden" ? protocol::Reserve::hidden
                                   : protocol::Reserve::open;
    }});
    auto& client = server.client();
    server.subscribe(client, "reserved");
    server.subscribe(client, "hidden");
    EXPECT_EQ(server.refused(Fault::subscribe_hidden), 1U);
    server.broadcast("reserved", "for all who are listed");
    EXPECT_EQ(client.heard_one(), "for all who are listed");
    const std::string_view hidden = "hidden";
    server.house.hub.publish(server.app, {&hidden, 1}, hub::Publication::make({.body = "no"}),
                             server.house.clock.now());
    server.house.run();
    EXPECT_THAT(client.heard(), IsEmpty());
}

TEST(Subscribe, is_possible_so_often_and_then_met_with_silence) {
    TestServer server;
    auto& client = server.client();
    for (std::size_t i = 0; i <= limits::session_channels_max; ++i) {
        server.subscribe(client, "t" + std::to_string(i));
    }
    EXPECT_EQ(server.refused(Fault::subscribe_limit), 1U);
    EXPECT_EQ(client.closed(), "");
    server.broadcast("t0", "the first");
    server.broadcast("t" + std::to_string(limits::session_channels_max), "one too many");
    EXPECT_EQ(client.heard_one(), "the first");
}

// ---- rubbish ----

TEST(Rubbish, of_twenty_tokens_in_a_row_is_the_end) {
    TestServer server;
    auto& client = server.client();
    for (int i = 0; i < Session::tokens_refused_max - 1; ++i)
        client.says("/subscribe news rubbish");
    EXPECT_EQ(client.closed(), "");
    client.says("/subscribe news rubbish");
    EXPECT_EQ(client.closed(), "1008 too many refused tokens");
    EXPECT_EQ(server.refused(Fault::tokens_refused), 1U);
    EXPECT_EQ(client.session().next_tick_ns(), base::never_ns);
    client.says("/subscribe news rubbish");
    EXPECT_EQ(server.refused(Fault::subscribe_token), 20U);
}

TEST(Rubbish, counts_also_if_it_is_signed) {
    TestServer server;
    auto& client = server.client();
    const auto token = server.token("subscribe", {"another"});
    const auto other = server.token("broadcast", {"news"});
    for (int i = 0; i < Session::tokens_refused_max / 2; ++i) {
        client.says("/subscribe news " + token);
        client.says("/subscribe news " + other);
    }
    EXPECT_EQ(client.closed(), "1008 too many refused tokens");
}

TEST(Rubbish, is_forgiven_with_a_good_token) {
    TestServer server;
    auto& client = server.client();
    for (const auto* topic : {"a", "b", "c"}) {
        for (int i = 0; i < Session::tokens_refused_max - 1; ++i) {
            client.says("/subscribe news rubbish");
        }
        server.subscribe(client, topic);
    }
    EXPECT_EQ(client.closed(), "");
}

// No signature is looked at for these.
TEST(Rubbish, is_not_what_fails_before_its_token_is_read) {
    TestServer server({.reserve_of = [](auto) { return protocol::Reserve::hidden; }});
    auto& client = server.client();
    const std::string longer(topic_bytes_max + 1, 't');
    for (int i = 0; i < 2 * Session::tokens_refused_max; ++i) {
        client.says("/subscribe hidden rubbish");
        client.says("/subscribe " + longer + " rubbish");
        client.says("/subscribe");
    }
    EXPECT_EQ(client.closed(), "");
    EXPECT_EQ(server.refused(Fault::subscribe_token), 0U);
}

// ---- unsubscribing ----

TEST(Unsubscribe, is_not_answered_and_ends_what_is_heard) {
    TestServer server;
    auto& client = server.client();
    server.subscribe(client, "a");
    server.subscribe(client, "b");
    client.says("/unsubscribe never-subscribed");
    client.says("/unsubscribe  a");  // the topic is " a"
    client.says("/unsubscribe a b");
    server.broadcast("a", "1");
    EXPECT_EQ(client.heard_one(), "1");
    client.says("/unsubscribe a");
    server.broadcast("a", "2");
    server.broadcast("b", "3");
    EXPECT_EQ(client.heard_one(), "3");
    server.subscribe(client, "a");
    server.broadcast("a", "4");
    EXPECT_EQ(client.heard_one(), "4");
}

TEST(Unsubscribe, all_ends_everything) {
    TestServer server;
    auto& client = server.client();
    auto& other = server.client();
    for (const auto* topic : {"a", "b", "c"}) server.subscribe(client, topic);
    server.subscribe(other, "a");
    client.says("/unsubscribe-all");
    for (const auto* topic : {"a", "b", "c"}) server.broadcast(topic, topic);
    EXPECT_THAT(client.heard(), IsEmpty());
    EXPECT_EQ(other.heard_one(), "a");
    client.says("/unsubscribe-all");
    EXPECT_THAT(client.heard(), IsEmpty());
}

}  // namespace
}  // namespace carillon::notiflux
