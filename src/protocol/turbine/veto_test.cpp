// What clients and backends are told when a hook of the program around the server says no.
#include <gmock/gmock.h>

#include "protocol/testing_hooks.h"
#include "protocol/turbine/testing.h"

namespace carillon::turbine {
namespace {

using ::testing::ElementsAre;
using testing::error;
using testing::House;
using testing::push;
using testing::subscribe;
using testing::subscribed;

struct Veto : ::testing::Test {
    Veto() { house.hub.attach(hooks); }
    protocol::testing::VetoingHooks hooks;
    House house;
};

TEST_F(Veto, of_a_publish_is_forbidden_and_reaches_nobody) {
    hooks.unspeakable = {"news"};
    auto& client = house.connected();
    client.says(subscribe("news"));
    client.says(subscribe("other"));
    (void)client.heard();
    const auto answer = house.publish("news", "1");
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.body, R"({"ok":false,"error":"forbidden"})");
    EXPECT_EQ(house.publish("other", "2").status, 200);
    EXPECT_THAT(client.heard(), ElementsAre(push("other", "2")));
    EXPECT_EQ(house.refusals("request_vetoed"), 1U);
}

TEST_F(Veto, of_a_join_is_forbidden_and_nothing_is_heard) {
    hooks.closed = {"news"};
    auto& client = house.connected();
    client.says(subscribe("news"));
    EXPECT_EQ(client.heard_one(), error("2", 403, "forbidden"));
    EXPECT_EQ(house.publish("news", "1").body, R"({"ok":true,"delivered":0})");
    client.says(subscribe("other"));
    EXPECT_EQ(client.heard_one(), subscribed);
    EXPECT_EQ(house.refusals("subscription_vetoed"), 1U);
    EXPECT_EQ(house.refusals("channel_forbidden"), 0U);
}

TEST(PublishFault, of_hooks_that_nest_too_deep_is_an_error_of_the_server) {
    EXPECT_EQ(row_of(publish_fault(hub::Outcome::limit_nesting)).code, 500);
    EXPECT_EQ(publish_fault(hub::Outcome::overloaded), Fault::request_overloaded);
}

TEST(PublishFault, of_a_journal_that_is_full_asks_to_come_back) {
    const auto& row = row_of(publish_fault(hub::Outcome::storage_failed));
    EXPECT_EQ(row.code, 503);
    EXPECT_EQ(row.text, "storage failed");
}

}  // namespace
}  // namespace carillon::turbine
