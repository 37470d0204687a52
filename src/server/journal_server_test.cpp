// A server with a journal: what was published before it was stopped is there when it is started again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "edge/testing_client.h"
#include "hub/durable.h"
#include "net/test_loop.h"
#include "server/greeting.h"
#include "server/server.h"
#include "server/testing_journal.h"

namespace carillon::server {
namespace {

using edge::testing::Client;
using edge::testing::get;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Folder;
using ::testing::HasSubstr;
using testing::Lines;
using ::testing::Not;

Config config_for_tests(const std::string& path, JournalDriver driver) {
    Config config;
    config.port = 0;
    config.metrics.port = 0;
    config.threads = 1;
    config.apps = {demo_app(config.app_limits)};
    config.journal.path = path;
    config.journal.driver = driver;
    config.journal.sync_interval_ms = 1;
    JournalRule none;
    none.pattern = "orders-test*";
    none.keep = false;
    JournalRule orders;
    orders.pattern = "orders-*";
    JournalRule cached;
    cached.pattern = "cache-*";
    config.journal.channels = {none, orders, cached};
    return config;
}

// A server that runs, is published to over HTTP, and is asked.
struct House {
    explicit House(const Config& config) : server(config, clock, log) {
        const auto started = server.start();
        EXPECT_TRUE(started.has_value()) << started.error().message;
    }
    explicit House(const std::string& path, JournalDriver driver = JournalDriver::file)
        : House(config_for_tests(path, driver)) {}

    edge::testing::Answer publish(const std::string& channel, const std::string& data) {
        const auto body =
            R"({"name":"said","channel":")" + channel + R"(","data":")" + data + "\"}";
        Client backend(server.port());
        return backend.ask("POST " + signed_publish(demo_app({}), body, clock.now()) +
                           " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    edge::testing::Answer ask_admin(const std::string& path) {
        Client client(server.metrics_port());
        return client.ask(get(path));
    }
    hub::AppRef app() { return server.default_app(); }
    // Of a channel that is there; who only reads does not make it.
    hub::Position position(const std::string& channel) {
        const auto described = server.hub().describe(app(), channel);
        EXPECT_TRUE(described.has_value());
        return described ? described->position : hub::Position{};
    }
    // The bodies that somebody gets who goes on after this position; "lost: …" if he cannot.
    std::vector<std::string> after(const std::string& channel, hub::Position position) {
        hub::ReadOptions options;
        options.from = {.kind = hub::From::Kind::after, .value = 0, .after = position};
        return read(channel, options);
    }
    std::vector<std::string> all(const std::string& channel) {
        hub::ReadOptions options;
        options.from.kind = hub::From::Kind::beginning;
        return read(channel, options);
    }

    base::ManualClock clock;
    Lines log;
    Server server;

 private:
    std::vector<std::string> read(const std::string& channel, const hub::ReadOptions& options) {
        auto opened = server.hub().read(server.hub().know(app()), channel, options);
        if (opened.reader == nullptr) {
            return {"not opened: " + std::string(hub::name_of(opened.recovery))};
        }
        std::vector<hub::Kept> kept;
        for (;;) {
            const auto page = opened.reader->next(1 << 20, kept);
            if (page == hub::Reader::Page::end) break;
            if (page == hub::Reader::Page::lost) return {"lost: " + opened.reader->why()};
            std::this_thread::yield();
        }
        std::vector<std::string> bodies;
        for (const auto& one : kept) bodies.emplace_back(one.publication->body());
        return bodies;
    }
};

class ServerWithJournal : public ::testing::TestWithParam<JournalDriver> {
 protected:
    Folder folder;
    std::string path = folder.path / "journal";
};
INSTANTIATE_TEST_SUITE_P(Drivers, ServerWithJournal,
                         ::testing::Values(JournalDriver::file, JournalDriver::sqlite));

// Turbine's answer waits for the disk. The server ends first, and stores it; nobody is left to be told.
TEST_P(ServerWithJournal, stores_what_a_backend_still_waits_for_when_it_ends) {
    auto config = config_for_tests(path, GetParam());
    config.journal.sync_interval_ms = 60'000;
    config.turbine.jwt_secret = demo_turbine_secret;
    config.turbine.api_key = demo_turbine_api_key;
    const std::string body = R"({"channel":"orders-1","data":1})";
    const auto request =
        "POST /api/publish HTTP/1.1\r\nHost: x\r\nx-api-key: " + std::string(demo_turbine_api_key) +
        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    {
        House house(config);
        const auto written = [&] { return house.server.journal()->numbers().written; };
        const Client first(house.server.port());
        first.send(request);
        while (written() < 1) std::this_thread::yield();
        const Client second(house.server.port());  // the next sync is due in a minute
        second.send(request);
        while (written() < 2) std::this_thread::yield();
        EXPECT_LT(house.server.journal()->numbers().stored, 2U);
    }
    House house(config);
    EXPECT_EQ(house.server.journal()->numbers().usage.messages, 2U);
}

TEST_P(ServerWithJournal, goes_on_after_a_restart_where_a_client_was) {
    hub::Position heard;
    {
        House house(path, GetParam());
        EXPECT_EQ(house.publish("orders-1", "one").status, 200);
        heard = house.position("orders-1");
        EXPECT_EQ(house.publish("orders-1", "two").status, 200);
        EXPECT_EQ(house.publish("orders-1", "three").status, 200);
        EXPECT_EQ(house.publish("orders-2", "other").status, 200);
    }
    House house(path, GetParam());
    EXPECT_THAT(house.after("orders-1", heard), ElementsAre("two", "three"));
    EXPECT_THAT(house.all("orders-2"), ElementsAre("other"));
    house.publish("orders-1", "four");
    EXPECT_EQ(house.position("orders-1").epoch, heard.epoch);
    EXPECT_EQ(house.position("orders-1").offset, 4U);
    EXPECT_THAT(house.after("orders-1", heard), ElementsAre("two", "three", "four"));
}

TEST_P(ServerWithJournal, stops_gracefully_with_everything_stored) {
    {
        House house(path, GetParam());
        for (int i = 0; i < 100; ++i) house.publish("orders-1", std::to_string(i));
        house.server.drain();
        house.server.wait();
    }
    House house(path, GetParam());
    EXPECT_EQ(house.all("orders-1").size(), 100U);
    EXPECT_THAT(house.log.events(), Not(Contains("journal_epochs")));
}

// A named subscription is the hub's; that it is remembered is the journal's.
TEST_P(ServerWithJournal, remembers_across_a_restart_what_a_named_subscription_has_done) {
    const auto take_and_ack = [](House& house) {
        auto& durables = *house.server.hub().durables();
        const auto opened = durables.open(house.app(), "orders-1", "worker", {}, house.clock.now());
        EXPECT_TRUE(opened.has_value());
        const auto& durable = opened.value();
        const auto member = durable->join([] {});
        hub::Durable::Taken taken;
        EXPECT_TRUE(net::eventually([&] {
            return durable->take(member, house.clock.now(), taken) == hub::Durable::Take::got;
        }));
        EXPECT_TRUE(durable->ack(member, taken.kept.stamp.position.offset, house.clock.now()));
        durable->leave(member);
        return std::string(taken.kept.publication->body());
    };
    {
        House house(path, GetParam());
        house.publish("orders-1", "one");
        house.publish("orders-1", "two");
        EXPECT_EQ(take_and_ack(house), "one");
    }
    House house(path, GetParam());
    EXPECT_EQ(take_and_ack(house), "two");
}

TEST_P(ServerWithJournal, keeps_what_the_first_rule_that_fits_says) {
    House house(path, GetParam());
    for (const auto* channel : {"orders-1", "orders-test-1", "news", "cache-x"}) {
        EXPECT_EQ(house.publish(channel, "x").status, 200);
    }
    EXPECT_THAT(house.all("orders-1"), ElementsAre("x"));
    for (const auto* channel : {"orders-test-1", "news", "cache-x"}) {
        EXPECT_THAT(house.all(channel), ElementsAre("not opened: not_kept")) << channel;
    }
    // A cache channel's last event stays in memory, whatever the rules say.
    EXPECT_THAT(house.ask_admin("/metrics").body, HasSubstr("carillon_history_publications 1\n"));
}

TEST_P(ServerWithJournal, shows_the_journal_in_its_metrics) {
    House house(path, GetParam());
    house.publish("orders-1", "x");
    house.publish("orders-2", "x");
    EXPECT_TRUE(net::eventually([&] {
        return house.ask_admin("/metrics").body.find("carillon_journal_stored_total 2\n") !=
               std::string::npos;
    }));
    const auto metrics = house.ask_admin("/metrics").body;
    EXPECT_THAT(metrics, HasSubstr("carillon_journal_state{state=\"well\"} 1\n"));
    EXPECT_THAT(metrics, HasSubstr("carillon_journal_channels 2\n"));
    EXPECT_THAT(metrics, Not(HasSubstr("carillon_journal_disk_bytes 0\n")));
    EXPECT_EQ(house.ask_admin("/ready").status, 200);
}

TEST_P(ServerWithJournal, is_refused_a_journal_that_another_one_has_open) {
    House house(path, GetParam());
    base::ManualClock clock;
    base::NoLog log;
    Server second(config_for_tests(path, GetParam()), clock, log);
    const auto started = second.start();
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().kind, base::ErrorKind::forbidden);
    EXPECT_THAT(started.error().message, HasSubstr("journal.path: "));
    EXPECT_THAT(started.error().message, HasSubstr(path));
}

// What any file of this process may grow to, as on a disk that is full.
class FullDisk {
 public:
    explicit FullDisk(rlim_t bytes) {
        ignored_ = ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, ignored_);
    }

 private:
    sighandler_t ignored_;
    rlimit before_{};
};

TEST_P(ServerWithJournal, says_that_it_is_not_ready_while_its_disk_is_full) {
    House house(path, GetParam());
    const std::string large(10'000, 'x');
    std::size_t taken = 0;
    {
        const FullDisk full(100'000);
        edge::testing::Answer refused;
        EXPECT_TRUE(net::eventually([&] {
            refused = house.publish("orders-1", large);
            taken += refused.status == 200 ? 1 : 0;
            return refused.status == 503;
        }));
        EXPECT_TRUE(refused.has("Retry-After: 1"));
        EXPECT_THAT(refused.body, HasSubstr(R"("code":"storage_failed")"));
        EXPECT_EQ(house.publish("news", "x").status, 200);  // nobody asked to keep that
        const auto ready = house.ask_admin("/ready");
        EXPECT_EQ(ready.status, 503);
        EXPECT_THAT(ready.body, HasSubstr("the journal cannot be written to: "));
        EXPECT_EQ(house.ask_admin("/healthz").status, 200);
        EXPECT_THAT(house.ask_admin("/metrics").body,
                    HasSubstr("carillon_journal_state{state=\"full\"} 1\n"));
        EXPECT_THAT(house.log.events(), Contains("journal_full"));
    }
    EXPECT_TRUE(net::eventually([&] { return house.ask_admin("/ready").status == 200; }));
    EXPECT_THAT(house.log.events(), Contains("journal_well"));
    EXPECT_EQ(house.publish("orders-1", "last").status, 200);
    EXPECT_EQ(house.all("orders-1").size(), taken + 1);  // all that was taken, and nothing else
}

TEST(Server, does_not_start_where_its_journal_cannot_be) {
    const Folder folder;
    std::ofstream(folder.path / "taken") << "not a journal, but somebody's notes";
    for (const auto driver : {JournalDriver::file, JournalDriver::sqlite}) {
        base::ManualClock clock;
        base::NoLog log;
        Server server(config_for_tests(folder.path / "taken", driver), clock, log);
        const auto started = server.start();
        ASSERT_FALSE(started.has_value());
        EXPECT_THAT(started.error().message, HasSubstr("journal.path: "));
    }
}

TEST(Server, without_a_journal_says_nothing_of_one) {
    Config config = config_for_tests("", JournalDriver::file);
    config.journal = {};
    House house(config);
    house.publish("orders-1", "x");
    EXPECT_THAT(house.all("orders-1"), ElementsAre("not opened: not_kept"));
    EXPECT_THAT(house.ask_admin("/metrics").body, Not(HasSubstr("carillon_journal")));
    EXPECT_EQ(house.ask_admin("/ready").status, 200);
}

}  // namespace
}  // namespace carillon::server
