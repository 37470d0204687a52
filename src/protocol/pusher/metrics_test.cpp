#include "protocol/pusher/metrics.h"

#include <gmock/gmock.h>

#include <random>

#include "protocol/pusher/testing.h"

namespace carillon::pusher {
namespace {

using testing::TestClient;
using testing::TestServer;

// What was written, a line each: name{labels} value.
struct Lines final : protocol::MetricSink {
    void metric(std::string_view name, Type, std::string_view) override {
        name_ = name;
        EXPECT_TRUE(names_.insert(name_).second) << name_ << " is written twice";
    }
    void sample(Labels labels, std::uint64_t value) override {
        std::string line = name_ + "{";
        for (const auto& [label, text] : labels)
            line += std::string(label) + "=" + std::string(text) + " ";
        line.back() = '}';
        values[line] = value;
    }
    std::map<std::string, std::uint64_t> values;

 private:
    std::string name_;
    std::set<std::string> names_;
};

std::map<std::string, std::uint64_t> metrics(TestServer& server) {
    Lines lines;
    bool done = false;
    server.pusher.write_metrics(lines, [&] { done = true; });
    server.run();
    EXPECT_TRUE(done);
    return lines.values;
}

TEST(Metrics, count_connections_messages_and_bytes_under_the_names_that_dashboards_know) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    const std::string ping = R"({"event":"pusher:ping"})";
    client.says(ping);
    server.client().leave();
    const auto now = metrics(server);
    EXPECT_EQ(now.at("connected{app_id=3}"), 1U);
    EXPECT_EQ(now.at("new_connections_total{app_id=3}"), 2U);
    EXPECT_EQ(now.at("new_disconnections_total{app_id=3}"), 1U);
    EXPECT_EQ(now.at("ws_messages_received_total{app_id=3}"), 2U);
    EXPECT_GT(now.at("socket_received_bytes{app_id=3}"), ping.size());
    EXPECT_EQ(now.at("ws_messages_sent_total{app_id=3}"), 4U);  // two greetings, success, pong
    EXPECT_GT(now.at("socket_transmitted_bytes{app_id=3}"), 100U);
}

TEST(Metrics, count_channels_and_those_who_come_and_go_by_kind) {
    TestServer server;
    auto& client = server.client();
    client.subscribes("news");
    client.subscribes("news");  // again: no second one
    client.subscribes("private-a");
    client.subscribes("private-encrypted-a");
    client.subscribes("cache-a");
    client.subscribes("presence-a", R"({"user_id":"1"})");
    auto& other = server.client();
    other.subscribes("news");
    other.subscribes("private-a");
    other.says(R"({"event":"pusher:unsubscribe","data":{"channel":"private-a"}})");
    other.says(R"({"event":"pusher:unsubscribe","data":{"channel":"private-a"}})");
    other.leave();
    const auto now = metrics(server);
    const auto at = [&](const std::string& name, const std::string& type) {
        return now.at(name + "{app_id=3 channel_type=" + type + "}");
    };
    for (const auto* type : {"public", "private", "presence", "private_encrypted", "cache"}) {
        EXPECT_EQ(at("active_channels", type), 1U) << type;
    }
    EXPECT_EQ(at("channel_subscriptions_total", "public"), 2U);
    EXPECT_EQ(at("channel_subscriptions_total", "private"), 2U);
    EXPECT_EQ(at("channel_unsubscriptions_total", "public"), 1U);
    EXPECT_EQ(at("channel_unsubscriptions_total", "private"), 1U);
    EXPECT_EQ(at("channel_unsubscriptions_total", "presence"), 0U);
}

TEST(Metrics, count_what_clients_were_refused_by_sockudos_names) {
    TestServer server;
    server.connect("/app/nobody");
    auto& client = server.client();
    client.says("not json");
    client.says(R"({"data":{}})");
    client.says(R"({"event":"pusher:subscribe","data":{"channel":"private-a"}})");
    const auto now = metrics(server);
    EXPECT_EQ(now.at("connection_errors_total{app_id= error_type=app_not_found}"), 1U);
    EXPECT_EQ(now.at("connection_errors_total{app_id=3 error_type=invalid_message_format}"), 1U);
    EXPECT_EQ(now.at("connection_errors_total{app_id=3 error_type=missing_event_name}"), 1U);
    EXPECT_EQ(now.at("connection_errors_total{app_id=3 error_type=authentication_error}"), 1U);
}

TEST(Metrics, do_not_show_the_servers_own_channels) {
    TestServer server;
    auto app = *server.app;
    app.sign_in = app.watchlists = true;
    server.set(app);
    server.client().signs_in(R"({"id":"1","watchlist":["2"]})");
    EXPECT_EQ(metrics(server).at("active_channels{app_id=3 channel_type=public}"), 0U);
}

TEST(Metrics, agree_with_who_is_there_after_a_thousand_random_connects_and_disconnects) {
    TestServer server;
    std::mt19937 random(7);
    std::vector<TestClient*> there;
    const std::vector<std::string> channels = {"news", "private-a", "presence-a", "cache-a"};
    for (int i = 0; i < 1000; ++i) {
        if (there.empty() || random() % 2 == 0) {
            there.push_back(&server.client());
            for (const auto& channel : channels) {
                if (random() % 2 == 0) continue;
                if (channel == "presence-a") {
                    there.back()->subscribes(
                        channel, R"({"user_id":")" + std::to_string(random() % 9) + R"("})");
                } else {
                    there.back()->subscribes(channel);
                }
            }
            continue;
        }
        const auto who = random() % there.size();
        there[who]->leave(random() % 2 == 0 ? hub::CloseReason::peer : hub::CloseReason::protocol);
        there.erase(there.begin() + static_cast<std::ptrdiff_t>(who));
    }
    auto now = metrics(server);
    EXPECT_EQ(now.at("connected{app_id=3}"), there.size());
    EXPECT_EQ(server.hub.lane(0).session_count(), there.size());
    for (auto* client : there) client->leave();
    now = metrics(server);
    for (const auto& [line, value] : now) {
        if (line.starts_with("connected") || line.starts_with("active_channels")) {
            EXPECT_EQ(value, 0U) << line;
        }
    }
    for (const auto* type : {"public", "private", "presence", "private_encrypted", "cache"}) {
        const std::string labels = std::string("{app_id=3 channel_type=") + type + "}";
        EXPECT_EQ(now.at("channel_subscriptions_total" + labels),
                  now.at("channel_unsubscriptions_total" + labels));
    }
}

}  // namespace
}  // namespace carillon::pusher
