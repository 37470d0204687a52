// What clients and backends are told when a hook of the program around the server says no.
#include <gmock/gmock.h>

#include "protocol/notiflux/testing.h"
#include "protocol/testing_hooks.h"

namespace carillon::notiflux {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TestServer;

TEST(Veto, of_a_broadcast_is_silence_and_reaches_nobody) {
    protocol::testing::VetoingHooks hooks;
    hooks.unspeakable = {"news"};
    TestServer server;
    server.house.hub.attach(hooks);
    auto& client = server.client();
    server.subscribe(client, "news");
    server.subscribe(client, "other");
    server.broadcast("news", "vetoed");  // 200 and nothing, as every refusal
    server.broadcast("other", "not vetoed");
    EXPECT_THAT(client.heard(), ElementsAre("not vetoed"));
    EXPECT_EQ(server.refused(Fault::broadcast_vetoed), 1U);
}

TEST(Veto, of_a_broadcast_is_forbidden_where_statuses_are_honest) {
    protocol::testing::VetoingHooks hooks;
    hooks.unspeakable = {"news"};
    TestServer server({.honest_statuses = true});
    server.house.hub.attach(hooks);
    const auto answer = server.broadcast("news", "vetoed", server.token("broadcast", {"news"}));
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.body, "The server does not allow the broadcast.");
}

TEST(Veto, of_a_join_is_silence_and_nothing_is_heard) {
    protocol::testing::VetoingHooks hooks;
    hooks.closed = {"news"};
    TestServer server;
    server.house.hub.attach(hooks);
    auto& client = server.client();
    server.subscribe(client, "news");
    server.broadcast("news", "hello");
    EXPECT_THAT(client.heard(), IsEmpty());
    EXPECT_EQ(client.closed(), "");
    EXPECT_EQ(server.refused(Fault::subscribe_vetoed), 1U);
}

TEST(BroadcastFault, of_hooks_that_nest_too_deep_is_an_error_of_the_server) {
    EXPECT_EQ(row_of(broadcast_fault(hub::Outcome::limit_nesting)).code, 500);
    EXPECT_EQ(row_of(broadcast_fault(hub::Outcome::storage_failed)).code, 503);
}

}  // namespace
}  // namespace carillon::notiflux
