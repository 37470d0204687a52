// Handshakes: who gets one, for how long, and what becomes of the others. That everything else is
// the same with TLS, ctest edge.over_tls says.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "edge/testing_house.h"

namespace carillon::edge {
namespace {

using namespace testing;

class Handshakes : public ::testing::Test {
 protected:
    bool ended(Handshake how, std::uint64_t count) {
        return net::eventually([&] { return house_.worker().handshakes(how) == count; });
    }
    bool in_progress(std::uint64_t count) {
        return net::eventually([&] { return house_.worker().shaking_hands() == count; });
    }

    House house_{{.tls = true}};
};

TEST_F(Handshakes, are_counted_and_lead_to_a_client_like_any_other) {
    auto client = house_.connect_to("room");
    EXPECT_TRUE(ended(Handshake::completed, 1));
    EXPECT_TRUE(in_progress(0));
    client.say("echo hello");
    EXPECT_EQ(client.hear(), text_frame("echo hello"));
    house_.publish("room", "news");
    EXPECT_EQ(client.hear(), text_frame("news"));
}

TEST_F(Handshakes, that_are_not_finished_in_time_end) {
    const auto silent = house_.knock();
    const auto slow = house_.knock();
    EXPECT_TRUE(slow.send("\x16\x03\x01"));
    EXPECT_TRUE(in_progress(2));
    house_.advance_ms(limits::http_slow_ms - 100);
    EXPECT_TRUE(in_progress(2));
    house_.advance_ms(200);
    EXPECT_TRUE(ended(Handshake::timed_out, 2));
    EXPECT_TRUE(silent.sees_end());
    EXPECT_TRUE(slow.sees_end());
    EXPECT_TRUE(in_progress(0));
    EXPECT_TRUE(house_.empties());
}

TEST_F(Handshakes, that_fail_end_and_harm_nobody) {
    auto client = house_.connect_to("room");
    const auto stranger = house_.knock();
    EXPECT_TRUE(stranger.send("GET / HTTP/1.1\r\n\r\n"));
    auto gone = house_.knock();
    EXPECT_TRUE(in_progress(1));
    gone.close();
    EXPECT_TRUE(ended(Handshake::failed, 2));
    EXPECT_TRUE(in_progress(0));
    client.say("echo still here");
    EXPECT_EQ(client.hear(), text_frame("echo still here"));
}

TEST_F(Handshakes, of_too_many_the_oldest_ends) {
    std::vector<net::Peer> knocking;
    while (knocking.size() < limits::tls_handshakes_max) {
        knocking.push_back(house_.knock());
        // The kernel queues a few that are not accepted yet.
        if (knocking.size() % 32 == 0) {
            ASSERT_TRUE(in_progress(knocking.size()));
        }
    }
    EXPECT_EQ(house_.worker().handshakes(Handshake::crowded_out), 0U);
    auto client = house_.connect_to("room");  // there is room for who comes, and it is heard
    EXPECT_TRUE(ended(Handshake::crowded_out, 1));
    EXPECT_TRUE(knocking.front().sees_end());
    const net::TlsClient second(knocking[1]);
    EXPECT_TRUE(second.shake_hands());
    EXPECT_TRUE(in_progress(limits::tls_handshakes_max - 2));
}

TEST_F(Handshakes, end_when_the_server_drains) {
    const auto silent = house_.knock();
    EXPECT_TRUE(in_progress(1));
    std::atomic<bool> drained{false};
    house_.on_loop([&] { house_.worker().drain(0, [&] { drained = true; }); });
    EXPECT_TRUE(silent.sees_end());
    EXPECT_TRUE(net::eventually([&] { return drained.load(); }));
}

TEST(HandshakesInAHurry, wait_for_their_turn_and_all_get_it) {
    const HastyClock clock;
    House house({.clock = &clock, .tls = true});
    std::vector<net::Peer> knocking;
    std::vector<std::thread> threads;
    std::atomic<int> shaken{0};
    for (int i = 0; i < 8; ++i) knocking.push_back(house.knock());
    for (const auto& peer : knocking) {
        threads.emplace_back([&] { shaken += net::TlsClient(peer).shake_hands() ? 1 : 0; });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(shaken, 8);
}

TEST(HandshakesInAHurry, do_not_keep_a_client_who_is_there_waiting) {
    const HastyClock clock;
    House house({.clock = &clock, .tls = true});
    auto client = house.connect_to("room");
    std::vector<net::Peer> knocking;
    std::vector<std::unique_ptr<net::TlsClient>> clients;
    for (int i = 0; i < 20; ++i) {
        knocking.push_back(house.knock());
        clients.push_back(std::make_unique<net::TlsClient>(knocking.back()));
    }
    EXPECT_TRUE(net::eventually([&] { return house.worker().shaking_hands() == 20; }));
    const auto served = [&] {
        return std::count_if(knocking.begin(), knocking.end(), [](const net::Peer& peer) {
            pollfd one{peer.fd(), POLLIN, 0};
            return ::poll(&one, 1, 0) == 1;
        });
    };
    std::atomic<int> before{-1};
    house.protocol.work = [&] { before = static_cast<int>(served()); };
    {
        net::Gate gate(house.loop());
        for (const auto& one : clients) one->say_hello();
        client.say("work 1");
        gate.open();
        EXPECT_EQ(client.hear(), text_frame("1"));
    }
    EXPECT_LE(before, 3);  // two milliseconds' worth
    EXPECT_TRUE(net::eventually([&] { return served() == 20; }));
}

}  // namespace
}  // namespace carillon::edge
