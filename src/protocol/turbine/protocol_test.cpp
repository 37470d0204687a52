#include "protocol/turbine/protocol.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>

#include "protocol/turbine/testing.h"

namespace carillon::turbine {
namespace {

using testing::House;
using testing::subscribe;

bool speaks(std::string_view first, protocol::Message::Kind kind = protocol::Message::Kind::text) {
    House house;
    return house.turbine->speaks({kind, first});
}

TEST(Turbine, speaks_json) {
    for (const auto* first : {"{", R"({"id":1,"method":"ping"})", "{garbage", " \t\r\n{", "[1]",
                              R"("a")", "-1", "0", "7", "9"}) {
        EXPECT_TRUE(speaks(first)) << first;
        EXPECT_TRUE(speaks(first, protocol::Message::Kind::binary)) << first;
    }
}

TEST(Turbine, speaks_no_words_and_no_silence) {
    for (const auto* first : {"", " ", "/sub a", "/", "sub", "true", "false", "null", "\v{", "+1",
                              "'a'", "<", "\xef\xbb\xbf{"}) {
        EXPECT_FALSE(speaks(first)) << first;
    }
}

TEST(Turbine, is_found_at_its_own_path_and_by_its_name) {
    House house;
    EXPECT_EQ(house.turbine->name(), "turbine");
    http::Request request;
    request.headers = {{"Sec-WebSocket-Protocol", "chat, turbine"}};
    EXPECT_EQ(house.turbine->subprotocol(request), "turbine");
    EXPECT_EQ(house.turbine->reserve_of("#anything"), protocol::Reserve::open);
    // A route that is taken is a start-up error.
    EXPECT_FALSE(house.turbine->routes(house.router).has_value());
}

TEST(Turbine, tells_its_refusals_by_distinct_names) {
    House house;
    std::set<std::string> names;
    house.turbine->each_refusal([&](std::string_view name, std::uint64_t count) {
        EXPECT_TRUE(names.insert(std::string(name)).second) << name;
        EXPECT_EQ(count, 0U);
    });
    EXPECT_EQ(names.size(), faults);
}

// What was written, a line each: name{labels}.
struct Lines final : protocol::MetricSink {
    void metric(std::string_view name, Type type, std::string_view help) override {
        name_ = name;
        EXPECT_EQ(type, Type::counter);
        EXPECT_FALSE(help.empty());
    }
    void sample(Labels labels, std::uint64_t value) override {
        auto line = name_;
        for (const auto& [label, text] : labels)
            line += " " + std::string(label) + "=" + std::string(text);
        EXPECT_TRUE(values.emplace(line, value).second) << line << " is written twice";
    }
    std::map<std::string, std::uint64_t> values;

 private:
    std::string name_;
};

std::map<std::string, std::uint64_t> metrics(House& house) {
    Lines lines;
    bool done = false;
    house.turbine->write_metrics(lines, [&] { done = true; });
    EXPECT_TRUE(done);
    return lines.values;
}

TEST(Metrics, count_commands_by_method) {
    House house;
    auto& client = house.connected();
    client.says(subscribe("a"));
    client.says(subscribe("a"));
    client.says(testing::unsubscribe("a"));
    for (int i = 0; i < 3; ++i) client.says(R"({"id":1,"method":"ping"})");
    for (int i = 0; i < 4; ++i) client.says("garbage");
    client.says("\xff", protocol::Message::Kind::binary);
    client.says("", protocol::Message::Kind::pong);
    const auto now = metrics(house);
    EXPECT_EQ(now.at("carillon_turbine_commands_total method=connect"), 1U);
    EXPECT_EQ(now.at("carillon_turbine_commands_total method=subscribe"), 2U);
    EXPECT_EQ(now.at("carillon_turbine_commands_total method=unsubscribe"), 1U);
    EXPECT_EQ(now.at("carillon_turbine_commands_total method=ping"), 3U);
    EXPECT_EQ(now.at("carillon_turbine_commands_total method=malformed"), 5U);
}

TEST(Metrics, count_rejected_tokens_by_rule) {
    House house;
    auto& client = house.connect();
    const auto now = house.clock.now();
    client.says(House::hello("garbage"));
    client.says(House::hello(testing::token("[]", now, -61)));
    client.says(House::hello(testing::token("[]", now, -61)));
    client.says(House::hello(testing::token("7", now)));
    const auto counted = metrics(house);
    EXPECT_EQ(counted.at("carillon_turbine_tokens_rejected_total rule=malformed"), 1U);
    EXPECT_EQ(counted.at("carillon_turbine_tokens_rejected_total rule=expired"), 2U);
    EXPECT_EQ(counted.at("carillon_turbine_tokens_rejected_total rule=claim"), 1U);
    EXPECT_EQ(counted.at("carillon_turbine_tokens_rejected_total rule=signature"), 0U);
}

TEST(Metrics, count_publications_their_copies_and_the_copies_nobody_was_told_of) {
    House house;
    auto& client = house.connected();
    client.says(subscribe("a"));
    house.publish("a", "1");
    house.publish("b", "1");
    house.answer(House::post("garbage"));
    auto counted = metrics(house);
    EXPECT_EQ(counted.at("carillon_turbine_publishes_total"), 2U);
    EXPECT_EQ(counted.at("carillon_turbine_delivered_total"), 1U);
    EXPECT_EQ(counted.at("carillon_turbine_dropped_total"), 0U);
    client.stall();
    for (int i = 0; i < 258; ++i) house.publish("a", "1");
    counted = metrics(house);
    EXPECT_EQ(counted.at("carillon_turbine_delivered_total"), 257U);
    EXPECT_EQ(counted.at("carillon_turbine_dropped_total"), 2U);
}

TEST(Metrics, of_messages_and_bytes_are_the_hubs) {
    House house;
    auto& client = house.connected();
    const std::string ping = R"({"id":1,"method":"ping"})";
    client.says(ping);
    client.says("", protocol::Message::Kind::pong);
    std::uint64_t received = 0;
    std::uint64_t bytes = 0;
    house.hub.each_app([&](const hub::AppRef&, std::span<const hub::AppBooks> lanes) {
        for (const auto& books : lanes) {
            received += books.received.get();
            bytes += books.received_bytes.get();
        }
    });
    EXPECT_EQ(received, 3U);
    EXPECT_GT(bytes, ping.size());
}

}  // namespace
}  // namespace carillon::turbine
