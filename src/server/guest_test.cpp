// A program that runs a lane of its own beside the server's, as the library does: what is said on
// either side is heard on the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "auth/hmac.h"
#include "edge/testing_client.h"
#include "hub/in_process.h"
#include "net/test_loop.h"
#include "server/greeting.h"
#include "server/server.h"

namespace carillon::server {
namespace {

using edge::testing::Client;
using edge::testing::get;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Config config_for_tests() {
    Config config;
    config.port = 0;
    config.metrics.port = 0;
    config.threads = 1;
    config.apps = {demo_app(config.app_limits)};
    return config;
}

// A thread that runs one guest, and one session there that writes down what it hears.
class Program final : hub::Wake, hub::Door, hub::Subscriber {
 public:
    explicit Program(const base::Clock& clock) : clock_(clock) {}
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() { leave(); }

    void attach(Server& server) {
        server_ = &server;
        server.guest(0).attach(*this);
    }
    void begin() {
        ending_ = false;
        outbox_.emplace(lane(), static_cast<hub::Door&>(*this));
        thread_ = std::thread([this] { work(); });
        run([this] {
            const auto app = server_->default_app();
            session_ = hub().open(app, lane(), *outbox_, *this, {}, format_).session;
        });
    }
    // What is owed to the server before it is destroyed.
    void leave() {
        if (!thread_.joinable()) return;
        run([this] { hub().close(*session_, hub::CloseReason::peer); });
        run([this] { ending_ = true; });
        thread_.join();
        outbox_.reset();
    }
    void post(std::function<void()> task) {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
        changed_.notify_all();
    }
    // On its thread; returns when it is done.
    void run(const std::function<void()>& task) {
        std::promise<void> done;
        post([&] {
            task();
            done.set_value();
        });
        done.get_future().wait();
    }
    hub::Outcome subscribe(std::string_view channel, const hub::JoinOptions& options = {}) {
        hub::Outcome outcome{};
        run([&] {
            outcome = hub().subscribe(*session_, channel, format_, options, now()).outcome;
        });
        return outcome;
    }
    void subscribe_to_all() {
        const auto all = hub::Pattern::parse(hub::Pattern::Kind::glob, "*").value();
        run([&] {
            EXPECT_EQ(hub().subscribe(*session_, all, format_, {}, now()).outcome,
                      hub::Outcome::ok);
        });
    }
    hub::Receipt publish(std::string_view channel, std::string_view body) {
        const auto publication = hub::Publication::make({.event = "said", .body = body});
        hub::Receipt receipt{};
        run([&] { receipt = hub().publish(*session_, channel, publication, now()); });
        return receipt;
    }
    // Waits until it has heard as much: "channel event body" each.
    std::vector<std::string> heard(std::size_t count) {
        net::eventually([&] {
            const std::lock_guard lock(mutex_);
            return heard_.size() >= count;
        });
        const std::lock_guard lock(mutex_);
        return std::exchange(heard_, {});
    }

 private:
    hub::Hub& hub() { return server_->hub(); }
    hub::Lane& lane() { return server_->guest(0); }
    Now now() const { return clock_.now(); }
    void wake() override { post({}); }
    void on_close(hub::CloseReason why) override {
        const std::lock_guard lock(mutex_);
        heard_.push_back("(closed: " + std::string(hub::name_of(why)) + ")");
    }
    void give_up() override {}
    std::size_t write_now(std::string_view) override {
        ADD_FAILURE() << "nobody writes bytes into a program";
        return 0;
    }
    void write(hub::Outbox& outbox) override {
        std::vector<std::string> lines;
        while (const auto count = outbox.front_count()) {
            for (std::uint32_t i = 0; i < count; ++i) {
                const auto delivery = outbox.front_delivery(i);
                lines.push_back(std::string(delivery.channel) + " " +
                                std::string(delivery.publication.event()) + " " +
                                std::string(delivery.publication.body()));
            }
            outbox.consume_front(count);
        }
        const std::lock_guard lock(mutex_);
        heard_.insert(heard_.end(), lines.begin(), lines.end());
    }
    void work() {
        lane().home().settle();
        while (!ending_) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return lane().has_work() || !tasks_.empty(); });
            auto tasks = std::exchange(tasks_, {});
            lock.unlock();
            for (const auto& task : tasks) {
                if (task) task();
            }
            lane().take();
            lane().tick(now());
            lane().flush(1000);
            lane().reap(now());
        }
        lane().home().unsettle();
    }

    const base::Clock& clock_;
    Server* server_ = nullptr;
    std::optional<hub::Outbox> outbox_;
    const hub::InProcessFormat format_;
    hub::Session* session_ = nullptr;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;
    std::vector<std::string> heard_;
    bool ending_ = false;  // on its thread, while there is one
    std::thread thread_;
};

struct House {
    explicit House(bool reports = true) : server(config_for_tests(), clock, log, 1) {
        program.attach(server);
        if (reports) {
            server.set_run_on_guest([this](unsigned guest, std::function<void()> task) {
                EXPECT_EQ(guest, 0U);
                ++asked;
                program.post(std::move(task));
            });
        }
        EXPECT_TRUE(server.start().has_value());
        program.begin();
    }
    ~House() { program.leave(); }
    House(const House&) = delete;
    House& operator=(const House&) = delete;

    std::unique_ptr<Client> greeted() {
        auto client = std::make_unique<Client>(server.port());
        EXPECT_EQ(
            client->ask(get("/app/demo-key?protocol=7", edge::testing::upgrade_headers)).status,
            101);
        const auto greeting = client->hear().payload;
        const std::string_view before = "socket_id\\\":\\\"";
        const auto at = greeting.find(before);
        EXPECT_NE(at, std::string::npos) << greeting;
        socket_id = greeting.substr(at + before.size());
        socket_id.resize(socket_id.find('\\'));
        return client;
    }
    // By the client that was greeted last; `member`: JSON in JSON, or none.
    void subscribe(Client& client, const std::string& channel, std::string member = {}) const {
        auto text = socket_id + ":" + channel;
        if (!member.empty()) text += ":" + member;
        for (std::size_t at = 0; (at = member.find('"', at)) != std::string::npos; at += 2) {
            member.insert(at, 1, '\\');
        }
        client.say(R"({"event":"pusher:subscribe","data":{"channel":")" + channel +
                   R"(","auth":"demo-key:)" + auth::hmac_sha256_hex(demo_secret, {text}) +
                   R"(","channel_data":")" + member + R"("}})");
    }
    int post(std::string_view channel, std::string_view data) const {
        const auto body = R"({"name":"ring","channel":")" + std::string(channel) + R"(","data":")" +
                          std::string(data) + "\"}";
        Client backend(server.port());
        return backend
            .ask("POST " + signed_publish(demo_app({}), body, clock.now()) +
                 " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                 "\r\n\r\n" + body)
            .status;
    }
    std::string metrics() const { return Client(server.metrics_port()).ask(get("/metrics")).body; }

    base::ManualClock clock;
    base::NoLog log;
    std::string socket_id;      // of the client that was greeted last
    std::atomic<int> asked{0};  // for the guest's numbers
    Program program{clock};
    Server server;
};

void subscribe(Client& client, std::string_view channel) {
    client.say(R"({"event":"pusher:subscribe","data":{"channel":")" + std::string(channel) +
               R"("}})");
    EXPECT_THAT(client.hear().payload, HasSubstr("subscription_succeeded"));
}

std::string on_lane(std::string_view metric, int lane, int value) {
    return "\n" + std::string(metric) + "{lane=\"" + std::to_string(lane) + "\"} " +
           std::to_string(value) + "\n";
}

TEST(Guest, hears_the_servers_clients_and_is_heard_by_them) {
    House house;
    const auto client = house.greeted();
    subscribe(*client, "news");
    EXPECT_EQ(house.program.subscribe("news"), hub::Outcome::ok);

    EXPECT_EQ(house.post("news", "from outside"), 200);
    EXPECT_THAT(house.program.heard(1), ElementsAre("news ring from outside"));
    EXPECT_EQ(client->hear().payload, R"({"event":"ring","channel":"news","data":"from outside"})");

    EXPECT_EQ(house.program.publish("news", "from within").matched, 2U);
    EXPECT_EQ(client->hear().payload, R"({"event":"said","channel":"news","data":"from within"})");
    EXPECT_THAT(house.program.heard(1), ElementsAre("news said from within"));
}

TEST(Guest, is_a_lane_of_its_own_in_the_metrics_and_the_sums_hold) {
    House house;
    const auto client = house.greeted();
    subscribe(*client, "news");
    house.program.subscribe("news");
    house.program.subscribe("other");
    EXPECT_EQ(house.post("news", "1"), 200);
    EXPECT_EQ(house.post("other", "2"), 200);
    house.program.publish("news", "3");
    EXPECT_EQ(house.program.heard(3).size(), 3U);
    client->hear();
    client->hear();
    const auto text = house.metrics();
    for (const int lane :
         {0, 1}) {  // two sockets on the server's: the client's and this question's
        EXPECT_THAT(text, HasSubstr(on_lane("carillon_conservation_difference", lane, 0)));
        EXPECT_THAT(text, HasSubstr(on_lane("carillon_sessions", lane, 1)));
        EXPECT_THAT(text, HasSubstr(on_lane("carillon_connections", lane, lane == 0 ? 2 : 0)));
        EXPECT_THAT(text, HasSubstr(on_lane("carillon_matched_total", lane, lane == 0 ? 2 : 3)));
        EXPECT_THAT(text, HasSubstr(on_lane("carillon_delivered_total", lane, lane == 0 ? 2 : 3)));
    }
    EXPECT_THAT(text, HasSubstr("\ncarillon_published_total 3\n"));
    EXPECT_THAT(text, HasSubstr("sockudo_connected{app_id=\"demo-app\",port=\"" +
                                std::to_string(house.server.port()) + "\"} 2\n"));
}

TEST(Guest, hears_what_clients_say_to_each_other_where_it_joined_by_name) {
    House house;
    const auto client = house.greeted();
    house.subscribe(*client, "private-room");
    EXPECT_THAT(client->hear().payload, HasSubstr("subscription_succeeded"));
    house.program.subscribe("private-room");
    client->say(R"({"event":"client-hi","channel":"private-room","data":{"a":1}})");
    EXPECT_THAT(house.program.heard(1), ElementsAre(R"(private-room client-hi {"a":1})"));
}

TEST(Guest, is_a_member_whom_clients_see_and_whom_a_backend_may_send_away) {
    House house;
    house.program.subscribe("presence-room", {.member = "ann", .member_data = R"({"n":1})"});
    const auto client = house.greeted();
    house.subscribe(*client, "presence-room", R"({"user_id":"bob"})");
    EXPECT_THAT(client->hear().payload, HasSubstr(R"(\"ids\":[\"ann\",\"bob\"])"));
    const auto receipt = house.server.hub().disconnect_user(house.server.default_app(), "ann",
                                                            hub::CloseReason::kicked);
    EXPECT_EQ(receipt.matched, 1U);
    EXPECT_THAT(client->hear().payload, HasSubstr("pusher_internal:member_removed"));
    EXPECT_THAT(house.program.heard(1), ElementsAre("(closed: kicked)"));
}

TEST(Guest, is_not_in_the_metrics_of_a_program_that_does_not_say_how_to_ask_it) {
    House house(false);
    const auto text = house.metrics();
    EXPECT_THAT(text, HasSubstr(on_lane("carillon_sessions", 0, 0)));
    EXPECT_THAT(text, Not(HasSubstr("lane=\"1\"")));
}

TEST(Guest, that_is_busy_for_a_second_is_left_out_of_the_metrics_and_harms_nothing_when_it_comes) {
    House house;
    std::promise<void> free;
    std::promise<void> busy;
    house.program.post([&] {
        busy.set_value();
        free.get_future().wait();
    });
    busy.get_future().wait();
    Client admin(house.server.metrics_port());
    admin.send(get("/metrics"));
    EXPECT_TRUE(net::eventually([&] { return house.asked == 1; }));
    house.clock.advance_ms(1100);
    house.server.run_due_timers();
    const auto without = admin.answer().body;
    EXPECT_THAT(without, HasSubstr(on_lane("carillon_sessions", 0, 0)));
    EXPECT_THAT(without, Not(HasSubstr("lane=\"1\"")));
    free.set_value();
    EXPECT_THAT(house.metrics(), HasSubstr(on_lane("carillon_sessions", 1, 1)));
}

TEST(Guest, hears_by_a_pattern_what_nobody_reserves_and_by_its_name_what_pusher_does) {
    House house;
    house.program.subscribe_to_all();
    const std::vector<std::string_view> reserved{"private-x", "presence-x", "private-cache-x",
                                                 "private-encrypted-x", "#server-to-user-ann"};
    for (const auto channel : reserved) {
        house.server.hub().publish(house.server.default_app(), {&channel, 1},
                                   hub::Publication::make({.event = "e", .body = "secret"}),
                                   house.clock.now());
    }
    EXPECT_EQ(house.post("my-private-x", "open"), 200);
    EXPECT_THAT(house.program.heard(1), ElementsAre("my-private-x ring open"));
    EXPECT_EQ(house.program.subscribe("private-x"), hub::Outcome::ok);
    EXPECT_EQ(house.post("private-x", "asked for by name"), 200);
    EXPECT_THAT(house.program.heard(1), ElementsAre("private-x ring asked for by name"));
}

TEST(Guest, goes_on_when_the_servers_clients_are_gone) {
    House house;
    const auto client = house.greeted();
    house.program.subscribe("news");
    house.server.drain();
    EXPECT_THAT(client->hear().payload, HasSubstr("4200"));
    client->close();
    house.server.wait();
    EXPECT_EQ(house.program.publish("news", "to myself").matched, 1U);
    EXPECT_THAT(house.program.heard(1), ElementsAre("news said to myself"));
}

TEST(Guest, may_leave_and_come_again) {
    House house;
    for (int i = 0; i < 3; ++i) {
        house.program.subscribe("presence-room");
        house.program.leave();
        house.program.begin();
    }
    EXPECT_THAT(house.metrics(), HasSubstr(on_lane("carillon_sessions", 1, 1)));
}

TEST(Guest, with_a_session_must_not_be_left_to_a_server_that_is_destroyed) {
    struct Nothing final : hub::Wake, hub::Door, hub::Subscriber {
        void wake() override {}
        void on_close(hub::CloseReason) override {}
        void give_up() override {}
        void write(hub::Outbox&) override {}
        std::size_t write_now(std::string_view) override { return 0; }
    };
    const auto forget = [] {
        const base::ManualClock clock;
        base::NoLog log;
        Nothing nothing;
        const hub::InProcessFormat format;
        auto server = std::make_unique<Server>(config_for_tests(), clock, log, 1);
        auto& lane = server->guest(0);
        lane.attach(nothing);
        hub::Outbox outbox(lane, nothing);
        const auto app = std::make_shared<const hub::App>(demo_app({}));
        server->hub().open(app, lane, outbox, nothing, {}, format);
        server.reset();
    };
    EXPECT_DEATH(forget(), "session_count");
}

// ---- how many ----

TEST(Lanes, are_for_as_many_guests_as_are_asked_for_and_one_loop_at_least) {
    const base::ManualClock clock;
    base::NoLog log;
    const auto lanes = [&](unsigned threads, unsigned guests) {
        auto config = config_for_tests();
        config.threads = threads;
        Server server(config, clock, log, guests);
        return std::pair(server.hub().lane_count() - server.guests(), server.guests());
    };
    EXPECT_EQ(lanes(3, 0), std::pair(3U, 0U));
    EXPECT_EQ(lanes(3, 2), std::pair(3U, 2U));
    EXPECT_EQ(lanes(1000, 0), std::pair(64U, 0U));
    EXPECT_EQ(lanes(64, 4), std::pair(60U, 4U));
    EXPECT_EQ(lanes(1, 1000), std::pair(1U, 63U));
}

TEST(Lanes, of_guests_are_no_threads_of_the_server) {
    House house;
    EXPECT_EQ(house.server.threads(), 1U);
    EXPECT_EQ(house.server.guest(0).index(), 1U);
}

// ---- whom a program speaks for ----

TEST(ServerApp, is_an_enabled_one_of_the_list_or_a_protocols_own) {
    auto config = config_for_tests();
    config.turbine.jwt_secret = "a secret of turbine's";
    auto off = demo_app({});
    off.id = "off";
    off.key = "off-key";
    off.enabled = false;
    auto second = off;
    second.id = "second";
    second.key = "second-key";
    second.enabled = true;
    config.apps.insert(config.apps.begin(), off);
    config.apps.push_back(second);
    const base::ManualClock clock;
    base::NoLog log;
    Server server(config, clock, log);
    EXPECT_EQ(server.app("demo-app"), nullptr);  // it has not started
    EXPECT_EQ(server.default_app(), nullptr);
    ASSERT_TRUE(server.start().has_value());
    for (const auto* id : {"demo-app", "second", "turbine"}) EXPECT_EQ(server.app(id)->id, id);
    EXPECT_EQ(server.app("off"), nullptr);
    EXPECT_EQ(server.app("nobody"), nullptr);
    ASSERT_NE(server.default_app(), nullptr);
    EXPECT_EQ(server.default_app()->id, "demo-app");
    // Nothing of Pusher's is reserved where it has no clients.
    EXPECT_NE(server.app("second")->hidden_from_patterns, nullptr);
    EXPECT_EQ(server.app("turbine")->hidden_from_patterns, nullptr);
}

TEST(ServerApp, is_none_by_default_where_the_list_is_empty) {
    auto config = config_for_tests();
    config.apps.clear();
    config.turbine.jwt_secret = "a secret of turbine's";
    const base::ManualClock clock;
    base::NoLog log;
    Server server(config, clock, log);
    ASSERT_TRUE(server.start().has_value());
    EXPECT_EQ(server.default_app(), nullptr);
}

TEST(ReservedNames, are_hidden_from_patterns_in_every_app_that_pusher_speaks_for) {
    const auto apps = apps_of(config_for_tests());
    ASSERT_EQ(apps.size(), 1U);
    const auto hidden = apps[0].hidden_from_patterns;
    ASSERT_NE(hidden, nullptr);
    for (const auto* name : {"private-a", "private-encrypted-a", "private-cache-a", "presence-a",
                             "presence-cache-a", "#server-to-user-ann", "!online-ann", "!"}) {
        EXPECT_TRUE(hidden(name)) << name;
    }
    for (const auto* name : {"a", "cache-a", "my-private-a", "Private-a", "#a", "private", ""}) {
        EXPECT_FALSE(hidden(name)) << name;
    }
}

}  // namespace
}  // namespace carillon::server
