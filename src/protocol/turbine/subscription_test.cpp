// Which channels a client may be in, how many, and what it hears there.
#include <gmock/gmock.h>

#include <string>

#include "protocol/turbine/testing.h"

namespace carillon::turbine {
namespace {

using protocol::Reserve;
using ::testing::ElementsAre;
using testing::error;
using testing::House;
using ::testing::IsEmpty;
using testing::push;
using testing::subscribe;
using testing::subscribed;
using testing::unsubscribe;
using testing::unsubscribed;

std::string delivered(int count) {
    return R"({"ok":true,"delivered":)" + std::to_string(count) + "}";
}

TEST(Subscribe, is_for_the_names_of_the_token_exactly) {
    House house;
    auto& client = house.connected(R"(["chat:lobby","news"])");
    client.says(subscribe("chat:lobby"));
    EXPECT_EQ(client.heard_one(), subscribed);
    client.says(subscribe("news"));
    EXPECT_EQ(client.heard_one(), subscribed);
    for (const auto* name : {"Chat:lobby", "chat", "chat:lobby:x", "news ", "*", "chat:*"}) {
        client.says(subscribe(name));
        EXPECT_EQ(client.heard_one(), error("2", 403, "forbidden")) << name;
    }
    EXPECT_EQ(house.refusals("channel_forbidden"), 6U);
}

TEST(Subscribe, is_for_every_name_with_an_empty_list_and_for_none_with_an_empty_name) {
    House house;
    auto& everything = house.connected("[]");
    everything.says(subscribe("whatever"));
    EXPECT_EQ(everything.heard_one(), subscribed);
    auto& nothing = house.connected(R"([""])");
    nothing.says(subscribe("whatever"));
    EXPECT_EQ(nothing.heard_one(), error("2", 403, "forbidden"));
    nothing.says(subscribe(""));
    EXPECT_EQ(nothing.heard_one(), error("2", 400, "bad command"));
}

TEST(Subscribe, twice_is_one_subscription) {
    House house;
    auto& client = house.connected();
    client.says(subscribe("a"));
    client.says(subscribe("a"));
    EXPECT_THAT(client.heard(), ElementsAre(subscribed, subscribed));
    EXPECT_EQ(house.publish("a", "1").body, delivered(1));
    EXPECT_EQ(client.heard_one(), push("a", "1"));
    client.says(unsubscribe("a"));
    EXPECT_EQ(client.heard_one(), unsubscribed);
    EXPECT_EQ(house.publish("a", "1").body, delivered(0));
}

TEST(Subscribe, is_for_64_channels_at_a_time) {
    House house;
    auto& client = house.connected();
    for (int i = 0; i < 64; ++i) {
        client.says(subscribe("c" + std::to_string(i)));
        EXPECT_EQ(client.heard_one(), subscribed);
    }
    client.says(subscribe("one-more"));
    EXPECT_EQ(client.heard_one(), error("2", 429, "too many subscriptions"));
    EXPECT_EQ(house.refusals("subscription_limit"), 1U);
    // Again is not one more.
    client.says(subscribe("c63"));
    EXPECT_EQ(client.heard_one(), subscribed);
    client.says(unsubscribe("c0"));
    client.says(subscribe("one-more"));
    EXPECT_THAT(client.heard(), ElementsAre(unsubscribed, subscribed));
    client.says(subscribe("c0"));
    EXPECT_EQ(client.heard_one(), error("2", 429, "too many subscriptions"));
    EXPECT_EQ(house.publish("c63", "1").body, delivered(1));
}

TEST(Subscribe, asks_whether_it_may_before_it_asks_whether_there_is_room) {
    House house;
    std::string names = "[";
    for (int i = 0; i < 64; ++i) names += (i == 0 ? "\"c" : ",\"c") + std::to_string(i) + "\"";
    auto& client = house.connected(names + "]");
    for (int i = 0; i < 64; ++i) client.says(subscribe("c" + std::to_string(i)));
    (void)client.heard();
    client.says(subscribe("one-more"));
    EXPECT_EQ(client.heard_one(), error("2", 403, "forbidden"));
}

TEST(Subscribe, to_a_name_that_is_too_long_is_a_bad_command) {
    House house;
    auto& client = house.connected();
    client.says(subscribe(std::string(255, 'x')));
    EXPECT_EQ(client.heard_one(), subscribed);
    client.says(subscribe(std::string(256, 'x')));
    EXPECT_EQ(client.heard_one(), error("2", 400, "bad command"));
}

TEST(Subscribe, respects_what_the_app_allows_of_names) {
    auto app = testing::reference_app();
    app.limits.channel_name_bytes_max = 10;
    House house(app);
    auto& client = house.connected();
    client.says(subscribe("0123456789"));
    EXPECT_EQ(client.heard_one(), subscribed);
    client.says(subscribe("0123456789x"));
    EXPECT_EQ(client.heard_one(), error("2", 400, "bad command"));
    EXPECT_EQ(house.refusals("channel_name"), 1U);
}

TEST(Subscribe, that_the_hub_refuses_is_an_internal_error_with_a_reason_of_its_own) {
    EXPECT_EQ(subscription_fault(hub::Outcome::overloaded), Fault::subscription_overloaded);
    EXPECT_EQ(subscription_fault(hub::Outcome::limit_channels), Fault::subscription_channels);
    EXPECT_EQ(subscription_fault(hub::Outcome::internal), Fault::subscription_failed);
    for (const auto fault : {Fault::subscription_overloaded, Fault::subscription_channels,
                             Fault::subscription_failed}) {
        EXPECT_EQ(row_of(fault).code, 500);
        EXPECT_EQ(row_of(fault).text, "internal error");
    }
}

Reserve reserve(std::string_view channel) {
    if (channel.starts_with('#')) return Reserve::hidden;
    return channel.starts_with("private-") ? Reserve::reserved : Reserve::open;
}

TEST(Subscribe, to_names_of_others_needs_an_explicit_word_or_is_never_allowed) {
    House house(testing::reference_app(), 0, reserve);
    auto& everything = house.connected("[]");
    everything.says(subscribe("private-a"));
    EXPECT_EQ(everything.heard_one(), error("2", 403, "forbidden"));
    everything.says(subscribe("#server"));
    EXPECT_EQ(everything.heard_one(), error("2", 403, "forbidden"));
    auto& named = house.connected(R"(["private-a","#server"])");
    named.says(subscribe("private-a"));
    EXPECT_EQ(named.heard_one(), subscribed);
    named.says(subscribe("#server"));
    EXPECT_EQ(named.heard_one(), error("2", 403, "forbidden"));
    // Leaving needs no right.
    named.says(unsubscribe("#server"));
    EXPECT_EQ(named.heard_one(), unsubscribed);
}

TEST(Unsubscribe, always_succeeds) {
    House house;
    auto& client = house.connected(R"(["a"])");
    client.says(subscribe("a"));
    EXPECT_EQ(client.heard_one(), subscribed);
    for (const auto* name : {"never", "outside:the:list", "a", "a"}) {
        client.says(unsubscribe(name));
        EXPECT_EQ(client.heard_one(), unsubscribed) << name;
    }
    client.says(subscribe("a"));
    EXPECT_EQ(client.heard_one(), subscribed);
}

TEST(Unsubscribe, is_the_last_that_is_heard_of_a_channel) {
    House house;
    auto& client = house.connected();
    client.says(subscribe("a"));
    (void)client.heard();
    http::Response given;
    house.ask(House::post(R"({"channel":"a","data":"too late"})"), given);
    client.says(unsubscribe("a"));
    EXPECT_EQ(client.heard_one(), unsubscribed);
    EXPECT_EQ(given.status, 200);
    house.publish("a", "1");
    EXPECT_THAT(client.heard(), IsEmpty());
}

TEST(Publication, comes_behind_the_reply_to_the_subscription) {
    House house;
    auto& client = house.connected();
    http::Response before;
    house.ask(House::post(R"({"channel":"a","data":"before"})"), before);
    client.says(subscribe("a"));
    EXPECT_EQ(client.heard_one(), subscribed);
    house.publish("a", "1");
    EXPECT_EQ(client.heard_one(), push("a", "1"));
}

TEST(Publication, is_heard_in_the_order_of_publishing) {
    House house;
    auto& client = house.connected();
    auto& other = house.connected();
    for (auto* each : {&client, &other}) {
        each->says(subscribe("a"));
        (void)each->heard();
    }
    std::vector<http::Response> answers(3);
    for (int i = 0; i < 3; ++i) {
        house.ask(House::post(R"({"channel":"a","data":)" + std::to_string(i) + "}"),
                  answers[static_cast<std::size_t>(i)]);
    }
    house.run();
    for (auto* each : {&client, &other}) {
        EXPECT_THAT(each->heard(), ElementsAre(push("a", "0"), push("a", "1"), push("a", "2")));
    }
    for (const auto& answer : answers) EXPECT_EQ(answer.body, delivered(2));
}

TEST(Publication, reaches_each_session_once_whatever_else_it_hears) {
    House house;
    auto& two = house.connected();
    two.says(subscribe("a"));
    two.says(subscribe("b"));
    auto& one = house.connected();
    one.says(subscribe("a"));
    house.connected();
    house.connect();
    (void)two.heard();
    (void)one.heard();
    EXPECT_EQ(house.publish("a", "1").body, delivered(2));
    EXPECT_EQ(house.publish("b", "2").body, delivered(1));
    EXPECT_EQ(house.publish("c", "3").body, delivered(0));
    EXPECT_THAT(two.heard(), ElementsAre(push("a", "1"), push("b", "2")));
    EXPECT_THAT(one.heard(), ElementsAre(push("a", "1")));
}

// ---- a reader that stands still ----

struct Stalled {
    explicit Stalled(House& house) : client(house.connected()) {
        client.says(subscribe("a"));
        (void)client.heard();
        client.stall();
    }
    testing::Client& client;
};

TEST(StalledReader, keeps_the_oldest_256_and_its_connection) {
    House house;
    auto& client = Stalled(house).client;
    for (int i = 0; i < 300; ++i) house.publish("a", std::to_string(i));
    EXPECT_EQ(client.outbox().messages(), 256U);
    EXPECT_EQ(client.closed(), "");
    client.go_on();
    const auto heard = client.heard();
    ASSERT_EQ(heard.size(), 256U);
    for (int i = 0; i < 256; ++i) {
        EXPECT_EQ(heard[static_cast<std::size_t>(i)], push("a", std::to_string(i)));
    }
    // No word about the lost ones; what is new flows.
    EXPECT_EQ(house.publish("a", "300").body, delivered(1));
    EXPECT_EQ(client.heard_one(), push("a", "300"));
}

TEST(StalledReader, is_not_counted_as_delivered_while_it_has_no_room) {
    House house;
    auto& client = Stalled(house).client;
    auto& quick = house.connected();
    quick.says(subscribe("a"));
    for (int i = 0; i < 256; ++i) EXPECT_EQ(house.publish("a", "1").body, delivered(2)) << i;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(house.publish("a", "2").body, delivered(1)) << i;
    EXPECT_EQ(quick.heard().size(), 1U + 266U);
    client.go_on();
    EXPECT_EQ(house.publish("a", "3").body, delivered(2));
}

TEST(StalledReader, is_answered_every_command) {
    House house;
    auto& client = Stalled(house).client;
    for (int i = 0; i < 300; ++i) house.publish("a", "1");
    for (int i = 0; i < 300; ++i) client.says(R"({"id":9,"method":"ping"})");
    client.go_on();
    const auto heard = client.heard();
    ASSERT_EQ(heard.size(), 256U + 300U);
    EXPECT_EQ(heard[255], push("a", "1"));
    EXPECT_EQ(heard[256], R"({"id":9,"result":{"pong":true}})");
    EXPECT_EQ(heard.back(), R"({"id":9,"result":{"pong":true}})");
}

TEST(StalledReader, may_owe_16_mib_however_few_messages_that_is) {
    House house;
    auto& client = Stalled(house).client;
    const auto mib = "\"" + std::string(1024 * 1024 - 200, 'x') + "\"";
    for (int i = 0; i < 20; ++i) house.publish("a", mib);
    EXPECT_EQ(client.outbox().messages(), 16U);
    EXPECT_EQ(client.closed(), "");
}

}  // namespace
}  // namespace carillon::turbine
