// Users who are told when their friends come online and go.
#include <gmock/gmock.h>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using ::testing::ElementsAre;
using testing::error_body;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TestClient;
using testing::TestServer;
using testing::watchlist_body;

struct Watchlist : ::testing::Test {
    Watchlist() {
        auto app = *server.app;
        app.sign_in = true;
        app.watchlists = true;
        server.set(app);
    }
    TestClient& user(const std::string& id) {
        auto& client = server.client();
        client.signs_in(R"({"id":")" + id + R"("})");
        client.heard();
        return client;
    }
    // Signed in as "me", and what it was told of the others.
    std::string watches(TestClient& client, const std::string& list) {
        client.signs_in(R"({"id":"me","watchlist":)" + list + "}");
        const auto heard = client.heard();
        EXPECT_THAT(heard.front(), HasSubstr("pusher:signin_success"));
        return heard.size() < 2 ? "" : heard.back();
    }
    // As the server's timer drains the host events when nothing happens.
    void pass(int ms) {
        for (; ms > 0; ms -= 250) {
            server.clock.advance_ms(250);
            server.run();
        }
    }
    TestServer server;
};

constexpr std::string_view seven_online = R"({"name":"online","user_ids":["7"]})";
constexpr std::string_view seven_offline = R"({"name":"offline","user_ids":["7"]})";

TEST_F(Watchlist, begins_with_who_is_online_and_who_is_not) {
    user("7");
    EXPECT_EQ(watches(server.client(), R"(["7","8","9"])"),
              watchlist_body(
                  R"({"name":"online","user_ids":["7"]},{"name":"offline","user_ids":["8","9"]})"));
}

TEST_F(Watchlist, tells_when_a_users_first_connection_signs_in_and_its_last_is_gone) {
    auto& watcher = server.client();
    watches(watcher, R"(["7"])");
    auto& first = user("7");
    EXPECT_EQ(watcher.heard_one(), watchlist_body(seven_online));
    auto& second = user("7");
    first.leave();
    EXPECT_THAT(watcher.heard(), IsEmpty());
    second.leave();
    EXPECT_EQ(watcher.heard_one(), watchlist_body(seven_offline));
}

TEST_F(Watchlist, tells_of_one_who_becomes_another) {
    auto& watcher = server.client();
    watches(watcher, R"(["7","8"])");
    auto& client = user("7");
    watcher.heard();
    client.signs_in(R"({"id":"8"})");
    EXPECT_THAT(watcher.heard(),
                ElementsAre(watchlist_body(seven_offline),
                            watchlist_body(R"({"name":"online","user_ids":["8"]})")));
}

TEST_F(Watchlist, is_replaced_by_that_of_the_next_sign_in) {
    auto& watcher = server.client();
    watches(watcher, R"(["7"])");
    EXPECT_EQ(watches(watcher, R"(["8"])"),
              watchlist_body(R"({"name":"offline","user_ids":["8"]})"));
    user("7");
    EXPECT_THAT(watcher.heard(), IsEmpty());
}

TEST_F(Watchlist, of_more_than_a_hundred_is_told_4302_and_the_sign_in_stays) {
    std::string list = "[\"7\"";
    for (int i = 0; i < 100; ++i) list += ",\"u" + std::to_string(i) + "\"";
    auto& watcher = server.client();
    EXPECT_EQ(watches(watcher, list + "]"), error_body(4302, "Watchlist limit exceeded"));
    EXPECT_TRUE(server.hub.online(server.app, "me"));
    EXPECT_EQ(watcher.closed(), "");
    user("7");
    EXPECT_THAT(watcher.heard(), IsEmpty());
}

TEST_F(Watchlist, names_each_once_and_takes_ids_of_any_characters) {
    EXPECT_EQ(watches(server.client(), R"(["a b","a b","__proto__"])"),
              watchlist_body(R"({"name":"offline","user_ids":["__proto__","a b"]})"));
}

TEST_F(Watchlist, is_ignored_where_the_app_does_not_want_it) {
    auto app = *server.app;
    app.watchlists = false;
    server.set(app);
    TestServer other;
    app.id = "other";
    other.set(app);
    auto& watcher = other.client();
    watcher.signs_in(R"({"id":"me","watchlist":["7"]})");
    EXPECT_THAT(watcher.heard_one(), HasSubstr("signin_success"));
}

TEST_F(Watchlist, cannot_be_joined_left_or_spoken_to_by_name) {
    auto& watcher = server.client();
    watches(watcher, R"(["7"])");
    watcher.says(R"({"event":"pusher:unsubscribe","data":{"channel":"!online-7"}})");
    auto& stranger = server.client();
    stranger.subscribes("!online-7");
    EXPECT_THAT(stranger.heard_one(), HasSubstr("\"status\":4009"));
    EXPECT_EQ(server.publish(R"({"name":"x","channels":["!online-7"],"data":"x"})").status, 400);
    stranger.says(R"({"event":"client-x","channel":"!online-7","data":{}})");
    EXPECT_THAT(stranger.heard_one(), HasSubstr("4301"));
    user("7");
    EXPECT_EQ(watcher.heard_one(), watchlist_body(seven_online));
}

TEST_F(Watchlist, is_told_the_live_state_when_events_were_lost) {
    auto& watcher = server.client();
    watches(watcher, R"(["7","8"])");
    auto& seven = user("7");
    watcher.heard();
    // What could not be kept: the announcer is only told that something was.
    seven.leave();
    watcher.heard();
    server.pusher.announcer().resync(server.clock.now());
    pass(32'000);
    EXPECT_THAT(watcher.heard(), ::testing::UnorderedElementsAre(
                                     watchlist_body(seven_offline),
                                     watchlist_body(R"({"name":"offline","user_ids":["8"]})")));
}

// ---- how many they are ----

struct SubscriptionCount : ::testing::Test {
    SubscriptionCount() {
        auto app = *server.app;
        app.subscription_counts = true;
        server.set(app);
    }
    static std::string count(int n, const std::string& channel = "news") {
        return R"({"event":"pusher_internal:subscription_count","channel":")" + channel +
               R"(","data":"{\"subscription_count\":)" + std::to_string(n) + R"(}"})";
    }
    void pass(int ms) {
        for (; ms > 0; ms -= 250) {
            server.clock.advance_ms(250);
            server.run();
        }
    }
    TestServer server;
};

TEST_F(SubscriptionCount, is_told_to_all_after_each_change) {
    auto& first = server.client();
    first.subscribes("news");
    EXPECT_THAT(first.heard(), ElementsAre(testing::succeeded_body("news"), count(1)));
    pass(250);
    auto& second = server.client();
    second.subscribes("news");
    EXPECT_EQ(first.heard_one(), count(2));
    EXPECT_THAT(second.heard(), ElementsAre(testing::succeeded_body("news"), count(2)));
    second.subscribes("news");  // again: no change
    pass(500);
    EXPECT_THAT(first.heard(), IsEmpty());
    second.leave();
    EXPECT_EQ(first.heard_one(), count(1));
}

TEST_F(SubscriptionCount,
       is_told_four_times_a_second_at_most_however_often_somebody_comes_and_goes) {
    auto& first = server.client();
    first.subscribes("news");
    first.heard();
    auto& restless = server.client();
    for (int i = 0; i < 500; ++i) {
        restless.subscribes("news");
        restless.says(R"({"event":"pusher:unsubscribe","data":{"channel":"news"}})");
        server.clock.advance_ms(2);
        server.run();
    }
    EXPECT_LE(first.heard().size(), 4U);
}

TEST_F(SubscriptionCount, is_never_told_on_a_presence_channel) {
    auto& client = server.client();
    client.subscribes("presence-a", R"({"user_id":"1"})");
    EXPECT_THAT(client.heard_one(), HasSubstr("subscription_succeeded"));
}

TEST_F(SubscriptionCount, is_told_on_every_other_kind_but_a_users_own) {
    auto app = *server.app;
    app.sign_in = true;
    server.set(app);
    auto& client = server.client();
    for (const std::string channel : {"private-a", "private-encrypted-a"}) {
        client.subscribes(channel);
        EXPECT_EQ(client.heard().back(), count(1, channel));
    }
    client.subscribes("cache-a");
    EXPECT_THAT(client.heard(), ::testing::Contains(count(1, "cache-a")));
    client.signs_in(R"({"id":"1"})");
    client.heard();
    client.subscribes("#server-to-user-1");
    EXPECT_EQ(client.heard_one(), testing::succeeded_body("#server-to-user-1"));
}

TEST_F(SubscriptionCount, of_a_large_channel_is_told_every_five_seconds_at_most) {
    auto& first = server.client();
    first.subscribes("news");
    for (int i = 0; i < 100; ++i) server.client().subscribes("news");
    pass(250);
    EXPECT_EQ(first.heard().back(), count(101));
    for (int i = 0; i < 3; ++i) server.client().subscribes("news");
    EXPECT_THAT(first.heard(), IsEmpty());
    pass(4'750);
    EXPECT_THAT(first.heard(), IsEmpty());
    pass(250);
    EXPECT_EQ(first.heard_one(), count(104));
    pass(60'000);
    EXPECT_THAT(first.heard(), IsEmpty());  // nothing changed
}

TEST_F(SubscriptionCount, is_not_told_where_the_app_does_not_want_it) {
    auto app = *server.app;
    app.subscription_counts = false;
    TestServer other;
    other.set(app);
    auto& client = other.client();
    client.subscribes("news");
    EXPECT_EQ(client.heard_one(), testing::succeeded_body("news"));
}

TEST_F(SubscriptionCount, is_told_from_the_live_state_when_events_were_lost) {
    auto& first = server.client();
    first.subscribes("news");
    first.heard();
    pass(250);
    server.pusher.announcer().resync(server.clock.now());
    pass(32'000);
    EXPECT_EQ(first.heard_one(), count(1));
}

}  // namespace
}  // namespace carillon::pusher
