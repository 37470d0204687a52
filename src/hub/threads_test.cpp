// The hub on real threads: a loop per lane, publishers outside of all of them, and clients that
// come and go meanwhile. What must hold does not depend on the schedule.
#include <gtest/gtest.h>

#include <thread>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::message;
using testing::TestClient;
using testing::TestHub;

constexpr unsigned lanes = 3;
constexpr int publications = 2000;  // by each publisher

struct Home {
    Home() : house({.lanes = lanes}) {
        for (unsigned i = 0; i < lanes; ++i) {
            for (int k = 0; k < 3; ++k) {
                steady[i].push_back(house.open(i));
                steady[i].back()->join("news");
                steady[i].back()->join("room", {.member = "user" + std::to_string(k)});
            }
        }
    }
    static Now now() { return {1, 1}; }

    void iterate(unsigned index) {
        Lane& lane = house.lane(index);
        lane.take(7);
        lane.tick(now());
        lane.flush(5);
        lane.reap(now());
    }
    // A lane's loop: iterates when it was woken or has more, and lets some clients come and go.
    void loop(unsigned index) {
        house.lane(index).home().settle();
        base::SeededRandom random(index + 1);
        std::unique_ptr<TestClient> guest;
        for (bool more = false; !stop || more || house.wakes[index]->woken;) {
            if (house.wakes[index]->take() || more) {
                iterate(index);
                more = house.lane(index).has_work();
            } else {
                std::this_thread::yield();
            }
            if (!stop) come_and_go(index, random, guest);
        }
        guest.reset();
        iterate(index);
        house.lane(index).home().unsettle();
    }
    void come_and_go(unsigned index, base::SeededRandom& random,
                     std::unique_ptr<TestClient>& guest) {
        switch (random.below(20)) {
            case 0:
                guest = house.open(index);
                break;
            case 1:
                if (guest) subscribe(*guest, "news", {});
                break;
            case 2:
                if (guest) subscribe(*guest, "room", "guest" + std::to_string(random.below(3)));
                break;
            case 3:
                if (guest) house.hub.unsubscribe(*guest->session, "news", now());
                break;
            case 4:
                if (guest) {
                    matched +=
                        house.hub.publish(*guest->session, "room", message("g"), now()).matched;
                }
                break;
            default:
                break;
        }
    }
    void subscribe(TestClient& guest, std::string_view channel, const std::string& member) {
        house.hub.subscribe(*guest.session, channel, house.lines, {.member = member}, now());
    }
    void publish(int publisher) {
        for (int i = 0; i < publications; ++i) {
            const std::string_view channel = "news";
            const auto body = std::to_string(publisher) + " " + std::to_string(i);
            const auto receipt = house.hub.publish(house.app, {&channel, 1}, message(body), now());
            matched += receipt.matched;
            house.hub.describe(house.app, "room");
            house.hub.members(house.app, "room");
        }
    }

    TestHub house;
    std::array<std::vector<std::unique_ptr<TestClient>>, lanes> steady;
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> matched{0};
};

// The lines of `channel`, without member events and what guests said.
std::string news_of(const std::string& received) {
    std::string news;
    for (std::size_t at = 0; at < received.size();) {
        const auto end = received.find('\n', at) + 1;
        const auto line = received.substr(at, end - at);
        if (line.starts_with("news:")) news += line;
        at = end;
    }
    return news;
}

TEST(HubThreads, every_lane_hears_one_order_and_the_books_balance) {
    Home home;
    std::vector<std::jthread> loops;
    loops.reserve(lanes);
    for (unsigned i = 0; i < lanes; ++i) loops.emplace_back([&home, i] { home.loop(i); });
    std::vector<std::jthread> publishers;
    publishers.reserve(2);
    for (int p = 0; p < 2; ++p) publishers.emplace_back([&home, p] { home.publish(p); });
    publishers.clear();
    home.stop = true;
    loops.clear();
    home.house.run();

    const auto first = news_of(home.steady[0][0]->take());
    EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 2 * publications);
    for (auto& on_lane : home.steady) {
        for (auto& client : on_lane) {
            if (client == home.steady[0][0]) continue;
            EXPECT_EQ(news_of(client->take()), first);
        }
    }
    std::uint64_t matched = 0;
    for (unsigned i = 0; i < lanes; ++i) {
        const auto books = home.house.books(i);
        EXPECT_EQ(books.accounted(), books.matched);
        EXPECT_EQ(books.pending_inbox + books.pending_batch + books.pending_outbox, 0U);
        matched += books.matched;
    }
    EXPECT_GE(matched, home.matched);  // and the member events
}

}  // namespace
}  // namespace carillon::hub
