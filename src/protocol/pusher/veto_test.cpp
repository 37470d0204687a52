// What clients and backends are told when a hook of the program around the server says no.
#include <gmock/gmock.h>

#include "protocol/pusher/testing.h"
#include "protocol/testing_hooks.h"

namespace carillon::pusher {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TestServer;

struct Veto : ::testing::Test {
    Veto() { server.hub.attach(hooks); }
    std::string publish(std::string_view channel, int status) {
        const auto answer = server.publish(R"({"name":"e","channel":")" + std::string(channel) +
                                           R"(","data":"x"})");
        EXPECT_EQ(answer.status, status);
        return answer.body;
    }
    protocol::testing::VetoingHooks hooks;
    TestServer server;
};

TEST_F(Veto, of_a_publish_over_http_is_forbidden_and_reaches_nobody) {
    hooks.unspeakable = {"news"};
    auto& client = server.client();
    client.subscribes("news");
    client.subscribes("other");
    client.heard();
    EXPECT_EQ(publish("news", 403),
              R"({"error":"The server does not allow the publication.","code":"forbidden",)"
              R"("status":403})");
    publish("other", 200);
    EXPECT_THAT(client.heard(), ElementsAre(R"({"event":"e","channel":"other","data":"x"})"));
    EXPECT_EQ(server.pusher.refusals().get(Fault::request_vetoed), 1U);
    EXPECT_EQ(server.pusher.refusals().get(Fault::request_app_disabled), 0U);
}

TEST_F(Veto, of_one_item_is_one_of_its_whole_batch) {
    hooks.unspeakable = {"news"};
    auto& client = server.client();
    client.subscribes("other");
    client.heard();
    const auto answer = server.request("POST", "/apps/3/batch_events",
                                       R"({"batch":[{"name":"e","channel":"other","data":"x"},)"
                                       R"({"name":"e","channel":"news","data":"x"}]})");
    EXPECT_EQ(answer.status, 403);
    EXPECT_THAT(client.heard(), IsEmpty());
}

TEST_F(Veto, of_a_client_event_is_told_its_speaker_and_reaches_nobody) {
    hooks.unspeakable = {"private-a"};
    auto& speaker = server.client();
    auto& listener = server.client();
    for (auto* client : {&speaker, &listener}) {
        client->subscribes("private-a");
        client->heard();
    }
    speaker.says(R"({"event":"client-x","channel":"private-a","data":1})");
    EXPECT_EQ(speaker.heard_one(), R"({"event":"pusher:error","data":{"code":4301,"message":)"
                                   R"("Client event error: The server does not allow it"}})");
    EXPECT_THAT(listener.heard(), IsEmpty());
    EXPECT_EQ(server.pusher.refusals().get(Fault::client_event_vetoed), 1U);
}

TEST_F(Veto, of_a_join_is_a_subscription_error_and_nothing_is_heard) {
    hooks.closed = {"news"};
    auto& client = server.client();
    client.subscribes("news");
    EXPECT_EQ(client.heard_one(),
              R"({"event":"pusher:subscription_error","channel":"news","data":{"type":"AuthError",)"
              R"("error":"The server does not allow the subscription.","status":403}})");
    publish("news", 200);
    EXPECT_THAT(client.heard(), IsEmpty());
    client.subscribes("other");
    EXPECT_THAT(client.heard_one(), HasSubstr("subscription_succeeded"));
}

// Said again it would be vetoed again: a server that took it for want of room would look at all of
// its channels again and again, and tell what it was not to tell as soon as it may.
TEST_F(Veto, of_what_the_server_announces_is_not_made_up_for_later) {
    auto app = *server.app;
    app.subscription_counts = true;
    server.set(app);
    hooks.unspeakable = {"news"};
    auto& client = server.client();
    client.subscribes("news");
    hooks.unspeakable.clear();
    client.heard();
    for (int i = 0; i < 100; ++i) {  // a part of its channels every 250 ms
        server.clock.advance_ms(250);
        server.run();
    }
    EXPECT_THAT(client.heard(), IsEmpty());
}

TEST(PublishFault, of_hooks_that_nest_too_deep_is_an_error_of_the_server) {
    EXPECT_EQ(row_of(publish_fault(hub::Outcome::limit_nesting)).code, 500);
    EXPECT_EQ(publish_fault(hub::Outcome::vetoed), Fault::request_vetoed);
    EXPECT_EQ(publish_fault(hub::Outcome::limit_channels), Fault::request_limit);
    EXPECT_EQ(client_event_fault(hub::Outcome::limit_nesting), Fault::client_event_failed);
    EXPECT_EQ(publish_fault(hub::Outcome::storage_failed), Fault::request_storage);
    EXPECT_EQ(client_event_fault(hub::Outcome::storage_failed), Fault::client_event_storage);
    EXPECT_EQ(subscription_fault(hub::Outcome::limit_channels), Fault::subscription_failed);
}

TEST(HttpFault, is_found_again_by_the_error_it_became) {
    for (auto i = static_cast<std::size_t>(Fault::request_invalid); i < faults; ++i) {
        const auto fault = static_cast<Fault>(i);
        EXPECT_EQ(http_fault(http_error(fault, "")), fault) << name_of(fault);
    }
}

}  // namespace
}  // namespace carillon::pusher
