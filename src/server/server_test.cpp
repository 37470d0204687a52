// The whole server in one process, on real sockets, with a clock that a test moves.
#include "server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "edge/testing_client.h"
#include "net/test_loop.h"
#include "server/greeting.h"

namespace carillon::server {
namespace {

using edge::testing::Client;

Config config_for_tests(unsigned threads) {
    Config config;
    config.port = 0;
    config.metrics.port = 0;
    config.threads = threads;
    config.apps = {demo_app(config.app_limits)};
    return config;
}

class RunningServer {
 public:
    explicit RunningServer(unsigned threads) : server(config_for_tests(threads), clock, log) {
        EXPECT_TRUE(server.start().has_value());
    }
    void move_ms(std::int64_t ms) {
        clock.advance_ms(ms);
        server.run_due_timers();
    }

    base::ManualClock clock;
    base::NoLog log;
    Server server;
};

// A client that has been greeted.
std::unique_ptr<Client> greeted(const Server& server) {
    auto client = std::make_unique<Client>(server.port());
    const auto answer =
        client->ask(edge::testing::get("/app/demo-key?protocol=7", edge::testing::upgrade_headers));
    EXPECT_EQ(answer.status, 101);
    EXPECT_THAT(client->hear().payload, ::testing::HasSubstr("pusher:connection_established"));
    return client;
}

std::string metrics_of(const Server& server) {
    Client client(server.metrics_port());
    return client.ask(edge::testing::get("/metrics")).body;
}

TEST(Server, pings_a_silent_client_after_two_minutes_and_closes_it_thirty_seconds_later) {
    RunningServer running(1);
    const auto client = greeted(running.server);
    running.move_ms(119'000);
    running.move_ms(2'000);
    EXPECT_EQ(client->hear().payload, R"({"event":"pusher:ping","data":{}})");
    running.move_ms(31'000);
    EXPECT_EQ(client->hear().close_code(), 4201);
}

TEST(Server, shows_a_balanced_book_for_every_lane) {
    RunningServer running(3);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 12; ++i) {
        clients.push_back(greeted(running.server));
        clients.back()->say(R"({"event":"pusher:subscribe","data":{"channel":"news"}})");
        EXPECT_THAT(clients.back()->hear().payload, ::testing::HasSubstr("subscription_succeeded"));
    }
    const auto app = std::make_shared<const hub::App>(demo_app({}));
    const std::string_view channel = "news";
    const auto publication = hub::Publication::make({.event = "hello", .body = "world"});
    EXPECT_EQ(
        running.server.hub().publish(app, {&channel, 1}, publication, running.clock.now()).matched,
        12U);
    for (const auto& client : clients) {
        EXPECT_EQ(client->hear().payload, R"({"event":"hello","channel":"news","data":"world"})");
    }
    const auto metrics = metrics_of(running.server);
    for (const auto* lane : {"0", "1", "2"}) {
        EXPECT_THAT(metrics, ::testing::HasSubstr("carillon_conservation_difference{lane=\"" +
                                                  std::string(lane) + "\"} 0\n"));
    }
}

TEST(Server, keeps_the_last_event_of_a_cache_channel_for_an_hour) {
    RunningServer running(2);
    const auto app = std::make_shared<const hub::App>(demo_app({}));
    const std::string_view channel = "cache-news";
    const auto publication = hub::Publication::make({.event = "hello", .body = "world"});
    running.server.hub().publish(app, {&channel, 1}, publication, running.clock.now());
    const auto told = [&] {
        const auto client = greeted(running.server);
        client->say(R"({"event":"pusher:subscribe","data":{"channel":"cache-news"}})");
        EXPECT_THAT(client->hear().payload, ::testing::HasSubstr("subscription_succeeded"));
        return client->hear().payload;
    };
    EXPECT_THAT(told(), ::testing::HasSubstr("world"));
    EXPECT_THAT(metrics_of(running.server),
                ::testing::HasSubstr("carillon_history_publications 1\n"));
    running.move_ms(3'599'000);
    EXPECT_THAT(told(), ::testing::HasSubstr("world"));
    running.move_ms(2'000);
    // A sweep takes its time: part of the channels at a time.
    EXPECT_TRUE(net::eventually([&] {
        running.move_ms(250);
        return metrics_of(running.server).find("carillon_history_publications 0\n") !=
               std::string::npos;
    }));
    EXPECT_THAT(told(), ::testing::HasSubstr("pusher:cache_miss"));
}

TEST(Server, takes_the_publish_that_it_greets_people_with) {
    RunningServer running(1);
    const auto client = greeted(running.server);
    client->say(R"({"event":"pusher:subscribe","data":{"channel":"bells"}})");
    EXPECT_THAT(client->hear().payload, ::testing::HasSubstr("subscription_succeeded"));
    const std::string body = R"({"name":"ring","channel":"bells","data":"hello"})";
    Client publisher(running.server.port());
    const auto url = signed_publish(demo_app({}), body, running.clock.now());
    const auto answer = publisher.ask("POST " + url + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                                      std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(client->hear().payload, R"({"event":"ring","channel":"bells","data":"hello"})");
}

TEST(Server, spreads_its_goodbyes_over_half_the_grace_time_and_then_stops) {
    RunningServer running(1);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(greeted(running.server));
    running.server.drain();
    EXPECT_THAT(clients[0]->hear().payload, ::testing::HasSubstr("4200"));
    EXPECT_EQ(clients[0]->hear().close_code(), 4200);
    EXPECT_TRUE(clients[3]->has_nothing());
    running.move_ms(5'000);
    for (int i = 1; i < 4; ++i) {
        EXPECT_THAT(clients[static_cast<std::size_t>(i)]->hear().payload,
                    ::testing::HasSubstr("4200"));
    }
    clients.clear();
    running.server.wait();  // nobody is left: it ends before the grace time does
}

TEST(Server, cuts_off_who_does_not_go_within_the_grace_time) {
    RunningServer running(1);
    const auto stubborn = greeted(running.server);
    running.server.drain();
    EXPECT_THAT(stubborn->hear().payload, ::testing::HasSubstr("4200"));
    EXPECT_EQ(stubborn->hear().close_code(), 4200);
    EXPECT_TRUE(stubborn->has_nothing());  // it does not answer, and is waited for
    running.move_ms(10'000);
    running.server.wait();
}

TEST(Server, refuses_to_start_on_a_port_that_another_one_serves) {
    RunningServer running(1);
    auto config = config_for_tests(1);
    config.port = running.server.port();
    base::NoLog log;
    Server second(config, running.clock, log);
    const auto started = second.start();
    ASSERT_FALSE(started.has_value());
    EXPECT_THAT(started.error().message, ::testing::HasSubstr(std::to_string(config.port)));
}

}  // namespace
}  // namespace carillon::server
