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
    explicit RunningServer(unsigned threads) : RunningServer(config_for_tests(threads)) {}
    explicit RunningServer(Config config) : server(std::move(config), clock, log) {
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

const std::string upgrade_request =
    edge::testing::get("/app/demo-key?protocol=7", edge::testing::upgrade_headers);

// A client that has been greeted.
std::unique_ptr<Client> greeted(const Server& server) {
    auto client = std::make_unique<Client>(server.port());
    const auto answer = client->ask(upgrade_request);
    EXPECT_EQ(answer.status, 101);
    EXPECT_THAT(client->hear().payload, ::testing::HasSubstr("pusher:connection_established"));
    return client;
}

// "POST", the target, further headers and a body as a request.
std::string post(std::string_view target, std::string_view body, std::string_view headers = {}) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
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
    EXPECT_EQ(publisher.ask(post(url, body)).status, 200);
    EXPECT_EQ(client->hear().payload, R"({"event":"ring","channel":"bells","data":"hello"})");
}

TEST(Server, takes_two_hundred_connections_from_one_address_unless_told_to_limit_them) {
    RunningServer running(2);
    std::vector<std::unique_ptr<Client>> clients;
    clients.reserve(200);
    for (int i = 0; i < 200; ++i) clients.push_back(greeted(running.server));
    clients.front()->say(R"({"event":"pusher:ping","data":{}})");
    EXPECT_THAT(clients.front()->hear().payload, ::testing::HasSubstr("pusher:pong"));
}

TEST(Server, refuses_the_fourth_upgrade_from_one_address_when_told_to_and_keeps_the_first_three) {
    auto config = config_for_tests(2);
    config.rate_limiter.enabled = true;
    config.rate_limiter.websocket.requests_max = 3;
    RunningServer running(config);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(greeted(running.server));
    Client fourth(running.server.port());
    const auto refused = fourth.ask(upgrade_request);
    EXPECT_EQ(refused.status, 429);
    EXPECT_TRUE(refused.has("Retry-After: 60"));
    EXPECT_TRUE(refused.has("X-RateLimit-Limit: 3"));
    EXPECT_THAT(refused.body, ::testing::HasSubstr("Rate limit exceeded"));
    EXPECT_TRUE(fourth.sees_end());
    for (const auto& client : clients) {
        client->say(R"({"event":"pusher:ping","data":{}})");
        EXPECT_THAT(client->hear().payload, ::testing::HasSubstr("pusher:pong"));
    }
    running.move_ms(60'000);
    greeted(running.server);
}

TEST(Server, tells_pages_of_other_origins_what_they_may_ask_of_the_api_and_of_nothing_else) {
    auto config = config_for_tests(1);
    config.cors.origins = {"https://*.example.com"};
    RunningServer running(config);
    Client page(running.server.port());
    const std::string origin = "Origin: https://app.example.com\r\n";
    const auto preflight = page.ask("OPTIONS /apps/demo-app/events HTTP/1.1\r\nHost: x\r\n" +
                                    origin + "Access-Control-Request-Method: POST\r\n\r\n");
    EXPECT_EQ(preflight.status, 200);
    EXPECT_TRUE(preflight.has("Access-Control-Allow-Origin: https://app.example.com"));
    EXPECT_TRUE(preflight.has("Access-Control-Allow-Methods: GET, POST, OPTIONS"));
    const auto unsigned_publish = page.ask(post("/apps/demo-app/events", "{}", origin));
    EXPECT_EQ(unsigned_publish.status, 401);
    EXPECT_TRUE(unsigned_publish.has("Access-Control-Allow-Origin: https://app.example.com"));
    EXPECT_TRUE(unsigned_publish.has("Vary: Origin"));
    const auto foreign =
        page.ask(post("/apps/demo-app/events", "{}", "Origin: https://example.org\r\n"));
    EXPECT_THAT(foreign.head, ::testing::Not(::testing::HasSubstr("Access-Control")));
    Client admin(running.server.metrics_port());
    const auto metrics = admin.ask(edge::testing::get("/metrics", origin));
    EXPECT_EQ(metrics.status, 200);
    EXPECT_THAT(metrics.head, ::testing::Not(::testing::HasSubstr("Access-Control")));
}

TEST(Server, serves_everything_below_its_path_prefix_and_verifies_the_path_as_received) {
    auto config = config_for_tests(1);
    config.path_prefix = "/ws";
    RunningServer running(config);
    Client client(running.server.port());
    const auto answer = client.ask(
        edge::testing::get("/ws/app/demo-key?protocol=7", edge::testing::upgrade_headers));
    EXPECT_EQ(answer.status, 101);
    const std::string body = R"({"name":"ring","channel":"bells","data":"hello"})";
    const auto now = running.clock.now();
    Client publisher(running.server.port());
    const auto signed_below = signed_publish(demo_app({}), body, now, "/ws");
    EXPECT_EQ(publisher.ask(post(signed_below, body)).status, 200);
    const auto signed_above = signed_publish(demo_app({}), body, now);
    EXPECT_EQ(publisher.ask(post("/ws" + signed_above, body)).status, 401);
    EXPECT_EQ(publisher.ask(post(signed_above, body)).status, 404);
}

TEST(Server, takes_no_longer_request_than_it_is_told_to) {
    auto config = config_for_tests(1);
    config.http_body_bytes_max = 100;
    RunningServer running(config);
    Client client(running.server.port());
    EXPECT_EQ(client.ask(post("/apps/demo-app/events", std::string(100, 'x'))).status, 401);
    EXPECT_EQ(client.ask(post("/apps/demo-app/events", std::string(101, 'x'))).status, 413);
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
