#include "protocol/notiflux/metrics.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

#include "protocol/notiflux/testing.h"

namespace carillon::notiflux {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testing::TestServer;

struct Numbers final : protocol::MetricSink {
    void metric(std::string_view name, Type type, std::string_view help) override {
        name_ = name;
        EXPECT_EQ(type, Type::counter);
        EXPECT_FALSE(help.empty());
        EXPECT_FALSE(values.contains(name_)) << name_ << " is written twice";
    }
    void sample(Labels labels, std::uint64_t value) override {
        EXPECT_EQ(labels.size(), 0U);
        values[name_] = value;
    }
    std::map<std::string, std::uint64_t> values;

 private:
    std::string name_;
};

TEST(Metrics, count_joins_broadcasts_and_whom_these_found) {
    TestServer server;
    auto& first = server.client();
    auto& second = server.client();
    server.subscribe(first, "a");
    server.subscribe(first, "a");  // again
    server.subscribe(first, "b");
    server.subscribe(second, "a");
    second.says("/subscribe b rubbish");
    server.broadcast("a", "two hear it");
    server.broadcast("b", "one hears it");
    server.broadcast("c", "nobody hears it");
    server.broadcast("a", "refused", "rubbish");
    server.broadcast("a", "two hear it");
    Numbers numbers;
    bool done = false;
    server.notiflux.write_metrics(numbers, [&] { done = true; });
    EXPECT_TRUE(done);
    EXPECT_THAT(numbers.values, ElementsAre(Pair("carillon_notiflux_broadcast_receivers_total", 5U),
                                            Pair("carillon_notiflux_broadcasts_total", 4U),
                                            Pair("carillon_notiflux_subscribes_total", 3U)));
}

TEST(Metrics, count_each_refusal_by_its_name) {
    TestServer server;
    auto& client = server.client();
    client.says("/what");
    client.says("/subscribe b rubbish");
    std::map<std::string, std::uint64_t> counts;
    server.notiflux.each_refusal([&](auto reason, auto count) {
        EXPECT_TRUE(counts.emplace(reason, count).second) << reason << " is there twice";
    });
    EXPECT_EQ(counts.size(), faults);
    EXPECT_EQ(counts.at("command_unknown"), 1U);
    EXPECT_EQ(counts.at("subscribe_token"), 1U);
    EXPECT_EQ(counts.at("broadcast_token"), 0U);
}

TEST(Metrics, count_what_clients_say) {
    TestServer server;
    auto& client = server.client();
    client.says("hello");
    client.says("/what");
    std::uint64_t received = 0;
    std::uint64_t bytes = 0;
    server.house.hub.each_app([&](const auto&, auto lanes) {
        for (const auto& books : lanes) {
            received += books.received.get();
            bytes += books.received_bytes.get();
        }
    });
    EXPECT_EQ(received, 2U);
    EXPECT_EQ(bytes, 10U);
}

}  // namespace
}  // namespace carillon::notiflux
