// What every protocol of this server must do, whatever it looks like on the wire: the same tests for
// each that is listed in server/protocols.cpp, over real sockets. How a client of each says it
// stands in conformance_speakers_test.cpp; a protocol that has no speaker there fails the first test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "apps/memory/memory_apps.h"
#include "net/test_loop.h"
#include "server/config_load.h"
#include "server/protocols.h"
#include "server/server.h"
#include "server/testing_speakers.h"

namespace carillon::server {
namespace {

using testing::Client;
using testing::Opcode;
using testing::see_all_is_read;
using testing::Speaker;
using testing::speakers;

// The demonstration, which speaks everything; `one_app`: all of it for one app.
Config config_for(unsigned threads, bool one_app = false) {
    auto config = load({}).config;
    config.port = 0;
    config.metrics.port = 0;
    config.threads = threads;
    if (one_app) config.turbine.app = config.notiflux.app = config.apps[0].id;
    return config;
}

class House {
 public:
    explicit House(const Speaker& speaker, unsigned threads = 2, bool one_app = false)
        : speaker_(speaker), server(config_for(threads, one_app), clock, log) {
        EXPECT_TRUE(server.start().has_value());
        backend_ = std::make_unique<Client>(server.port());
    }

    // Connected and introduced, by the house's protocol or by another.
    std::unique_ptr<Client> client(int buffer_bytes = 0) {
        return client_of(speaker_, buffer_bytes);
    }
    std::unique_ptr<Client> client_of(const Speaker& speaker, int buffer_bytes = 0) {
        auto made = std::make_unique<Client>(server.port(), buffer_bytes);
        EXPECT_EQ(
            made->ask(edge::testing::get(speaker.path(), edge::testing::upgrade_headers)).status,
            101);
        speaker.introduce(*made);
        return made;
    }
    std::unique_ptr<Client> listener(std::string_view channel, int buffer_bytes = 0) {
        auto made = client(buffer_bytes);
        speaker_.join(*made, channel);
        return made;
    }
    void publish(std::string_view channel, std::string_view text) {
        publish_by(speaker_, channel, text);
    }
    void publish_by(const Speaker& speaker, std::string_view channel, std::string_view text) {
        const auto answer = backend_->ask(speaker.publish_request(channel, text));
        EXPECT_EQ(answer.status, 200) << answer.body;
    }
    void pass_ms(std::int64_t ms) {
        clock.advance_ms(ms);
        server.run_due_timers();
    }
    std::string hear(Client& client) { return speaker_.text_in(client.hear()); }
    std::uint64_t metric(std::string_view name) {
        const auto text = Client(server.metrics_port()).ask(edge::testing::get("/metrics")).body;
        std::uint64_t sum = 0;
        const auto mark = "\n" + std::string(name);
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
            const auto next = text[at + mark.size()];
            if (next != '{' && next != ' ') continue;
            sum += std::stoull(text.substr(text.find(' ', text.find_first_of("} ", at + 1))));
        }
        return sum;
    }

 private:
    const Speaker& speaker_;
    base::ManualClock clock;
    base::NoLog log;

 public:
    Server server;

 private:
    std::unique_ptr<Client> backend_;
};

class Conformance : public ::testing::TestWithParam<const Speaker*> {
 protected:
    const Speaker& speaker() const { return *GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(of, Conformance, ::testing::ValuesIn(speakers().begin(), speakers().end()),
                         [](const auto& of) { return std::string(of.param->protocol()); });

TEST(ConformanceSuite, runs_over_every_protocol_that_the_server_lists) {
    const auto config = config_for(1);
    const auto apps = apps::MemoryApps::make(config.apps);
    base::ManualClock clock;
    base::NoLog log;
    hub::HostInbox host_events{[] {}};
    hub::Hub hub({.lanes = 1, .lane_limits = {}, .random = [](unsigned) {
                      return std::make_unique<base::SystemRandom>();
                  }});
    const auto listed =
        make_protocols({hub, host_events, **apps, clock, log, config, [](auto) { return true; }});
    ASSERT_TRUE(listed.has_value());
    std::vector<std::string_view> names;
    for (const auto& protocol : listed->spoken) names.push_back(protocol->name());
    std::vector<std::string_view> tested;
    for (const auto* speaker : speakers()) tested.push_back(speaker->protocol());
    EXPECT_THAT(tested, ::testing::UnorderedElementsAreArray(names));
}

TEST_P(Conformance, hears_everything_in_the_order_of_publishing) {
    House house(speaker());
    const auto client = house.listener("tower");
    for (int i = 0; i < 200; ++i) house.publish("tower", std::to_string(i));
    for (int i = 0; i < 200; ++i) ASSERT_EQ(house.hear(*client), std::to_string(i));
    see_all_is_read(*client);  // and nothing twice
}

TEST_P(Conformance, hears_nothing_of_other_channels) {
    House house(speaker());
    const auto client = house.listener("tower");
    house.publish("Tower", "0");
    house.publish("tower2", "0");
    house.publish("tower", "5");
    EXPECT_EQ(house.hear(*client), "5");
}

TEST_P(Conformance, is_silent_after_unsubscribing_and_hears_again_after_coming_back) {
    House house(speaker());
    const auto client = house.listener("tower");
    house.publish("tower", "1");
    EXPECT_EQ(house.hear(*client), "1");
    speaker().leave(*client, "tower");
    house.publish("tower", "2");
    see_all_is_read(*client);
    speaker().join(*client, "tower");
    house.publish("tower", "3");
    EXPECT_EQ(house.hear(*client), "3");
}

TEST_P(Conformance, hears_one_copy_however_often_it_joins) {
    House house(speaker());
    const auto client = house.listener("tower");
    speaker().join(*client, "tower");
    house.publish("tower", "1");
    house.publish("tower", "2");
    EXPECT_EQ(house.hear(*client), "1");
    EXPECT_EQ(house.hear(*client), "2");
}

TEST_P(Conformance, reaches_clients_on_every_loop_alike) {
    House house(speaker(), 3);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 24; ++i) clients.push_back(house.listener("tower"));
    for (int i = 0; i < 20; ++i) house.publish("tower", std::to_string(i));
    for (const auto& client : clients) {
        for (int i = 0; i < 20; ++i) ASSERT_EQ(house.hear(*client), std::to_string(i));
    }
    EXPECT_EQ(house.metric("carillon_conservation_difference"), 0U);
}

TEST_P(Conformance, refuses_a_name_that_is_too_long_and_goes_on) {
    House house(speaker());
    const auto client = house.client();
    speaker().join_in_vain(*client, std::string(speaker().too_long_a_name(), 'x'));
    speaker().join(*client, std::string(speaker().too_long_a_name() - 1, 'x'));
    house.publish(std::string(speaker().too_long_a_name() - 1, 'x'), "7");
    EXPECT_EQ(house.hear(*client), "7");
}

TEST_P(Conformance, closes_who_sends_more_than_a_message_may_hold) {
    House house(speaker());
    const auto client = house.client();
    client->say(std::string(64 * 1024 + 1, 'x'));
    EXPECT_EQ(client->hear().close_code(), 1009);
}

// Nobody waits for it, and what becomes of it is the protocol's policy; its books balance.
TEST_P(Conformance, lets_no_slow_reader_hold_up_the_others) {
    House house(speaker(), 1);
    const auto quick = house.listener("tower");
    const auto slow = house.listener("tower", 4 * 1024);
    const std::string much(8 * 1024, '7');
    std::uint64_t overflows = 0;
    int sent = 0;
    while (overflows == 0 && sent < 4000) {
        for (int i = 0; i < 40; ++i, ++sent) {
            house.publish("tower", much);
            ASSERT_EQ(house.hear(*quick), much);
        }
        overflows = house.metric("carillon_overflows_total");
    }
    EXPECT_GT(overflows, 0U);
    EXPECT_EQ(house.metric("carillon_conservation_difference"), 0U);
    if (speaker().closes_the_slow()) {
        EXPECT_GT(house.metric("carillon_dropped_total"), 0U);
        return;
    }
    // It takes what it was owed, has missed something, and hears what is new once there is room.
    int heard = 0;
    std::string text = much;
    for (; text == much && heard < sent; ++heard) {
        if (heard % 16 == 0) house.publish("tower", "8");
        text = house.hear(*slow);
    }
    EXPECT_EQ(text, "8");
    EXPECT_LT(heard, sent);
}

TEST_P(Conformance, answers_a_close_and_forgets_the_client) {
    House house(speaker());
    const auto client = house.listener("tower");
    EXPECT_EQ(house.metric("carillon_subscriptions"), 1U);
    client->say(Opcode::close, edge::testing::close_payload(1000, ""));
    EXPECT_EQ(client->hear().close_code(), 1000);
    EXPECT_TRUE(client->sees_end());
    client->close();
    EXPECT_TRUE(net::eventually([&] { return house.metric("carillon_sessions") == 0; }));
    EXPECT_EQ(house.metric("carillon_subscriptions"), 0U);
    house.publish("tower", "9");
}

TEST_P(Conformance, lets_a_client_that_vanished_come_back_as_a_new_one) {
    House house(speaker());
    for (int i = 0; i < 5; ++i) {
        const auto client = house.listener("tower");
        house.publish("tower", std::to_string(i));
        EXPECT_EQ(house.hear(*client), std::to_string(i));
        client->reset();
    }
    EXPECT_TRUE(net::eventually([&] { return house.metric("carillon_sessions") == 0; }));
    EXPECT_EQ(house.metric("carillon_conservation_difference"), 0U);
}

TEST_P(Conformance, says_goodbye_when_the_server_goes) {
    House house(speaker());
    const auto client = house.listener("tower");
    house.server.drain();
    EXPECT_TRUE(net::eventually([&] {
        house.pass_ms(10);
        return !client->has_nothing();
    }));
    auto frame = client->hear();
    while (frame.opcode == Opcode::text) frame = client->hear();  // some say it in words too
    EXPECT_EQ(frame.opcode, Opcode::close) << frame.payload;
    EXPECT_NE(frame.close_code(), 0);
}

TEST_P(Conformance, is_chosen_by_its_name_as_a_subprotocol) {
    House house(speaker());
    Client client(house.server.port());
    const auto headers = std::string(edge::testing::upgrade_headers) +
                         "Sec-WebSocket-Protocol: nonsense, " + std::string(speaker().protocol()) +
                         "\r\n";
    const auto answer = client.ask(edge::testing::get(speaker().path(), headers));
    EXPECT_EQ(answer.status, 101);
    EXPECT_TRUE(answer.has("Sec-WebSocket-Protocol: " + std::string(speaker().protocol())))
        << answer.head;
}

// One app, and everybody publishes: each hears all of it, in the same order.
TEST_P(Conformance, shares_a_channel_with_every_other_protocol) {
    House house(speaker(), 2, true);
    const auto mine = house.listener("tower");
    std::vector<std::unique_ptr<Client>> others;
    for (const auto* other : speakers()) {
        others.push_back(house.client_of(*other));
        other->join(*others.back(), "tower");
    }
    std::vector<std::string> all;
    for (int i = 0; i < 10; ++i) {
        for (const auto* other : speakers()) {
            all.push_back(std::to_string(all.size()));
            house.publish_by(*other, "tower", all.back());
        }
    }
    for (const auto& text : all) {
        ASSERT_EQ(house.hear(*mine), text);
        for (std::size_t i = 0; i < others.size(); ++i) {
            ASSERT_EQ(speakers()[i]->text_in(others[i]->hear()), text);
        }
    }
}

TEST_P(Conformance, does_not_share_what_is_in_another_app) {
    House house(speaker());
    const auto mine = house.listener("tower");
    for (const auto* other : speakers()) {
        if (other != &speaker()) house.publish_by(*other, "tower", "6");
    }
    house.publish("tower", "5");
    EXPECT_EQ(house.hear(*mine), "5");
}

}  // namespace
}  // namespace carillon::server
