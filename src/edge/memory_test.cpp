// A lane's memory is used up by clients that ask for much and read nothing: they are closed, and the
// clients beside them hear everything. Over real sockets.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "edge/testing_house.h"

namespace carillon::edge {
namespace {

using namespace testing;

constexpr std::size_t answer_bytes = 512 * limits::kib;
constexpr std::size_t room_bytes = 8 * limits::mib;
constexpr std::size_t body_bytes = 4'000;

std::string numbered(int number) {
    auto text = std::to_string(number) + ":";
    text.resize(body_bytes, 'x');
    return text;
}

TEST(WorkerMemory, is_taken_from_who_does_not_read_its_answers_and_from_nobody_else) {
    House house({.buffer_bytes = 4096, .lane_limits = {.batch_bytes_max = room_bytes}});
    // What of these waits is held by the lane too: their sockets take little.
    auto quick = house.connect_to("news");
    auto slow = house.connect_to("news", 0, 4096);
    int published = 0;
    const auto publish = [&] { house.publish("news", numbered(published++)); };
    for (int i = 0; i < 20; ++i) publish();

    constexpr std::size_t many = 2 * room_bytes / answer_bytes;
    std::vector<Client> askers;
    askers.reserve(many);
    for (std::size_t i = 0; i < many; ++i) {
        askers.push_back(house.connect(0, 4096));
        askers.back().send(get("/bytes/" + std::to_string(answer_bytes)));
        if (i % 8 == 0) publish();
    }
    EXPECT_TRUE(net::eventually([&] {
        return house.worker().connections() <= 2 + many / 2 && house.counts().given_up.get() != 0;
    }));
    house.settle();
    std::size_t held = 0;
    house.on_loop([&] { held = house.hub.lane(0).batch_pool().live_bytes(); });
    EXPECT_LE(held, room_bytes);
    EXPECT_EQ(house.counts().given_up.get() + house.worker().connections(), 2 + many);

    for (auto* client : {&quick, &slow}) {
        for (int i = 0; i < published; ++i) ASSERT_EQ(client->hear(), text_frame(numbered(i)));
    }
    EXPECT_EQ(house.protocol.times("close memory"), 0U);
    EXPECT_EQ(house.books().dropped[static_cast<std::size_t>(hub::DropReason::memory)], 0U);
}

}  // namespace
}  // namespace carillon::edge
