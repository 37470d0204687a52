// Strangers who send much and never finish.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "edge/testing_house.h"

namespace carillon::edge {
namespace {

using namespace testing;

TEST(UnfinishedBodies, take_a_bounded_room_all_together) {
    House house;
    constexpr std::size_t sent_bytes = 9 * limits::mib;
    constexpr std::size_t all = limits::http_bodies_bytes_max / sent_bytes + 10;
    const std::string most(sent_bytes, 'x');
    const auto head = "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                      std::to_string(limits::http_body_bytes_max) + "\r\n\r\n";
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < all; ++i) {
        clients.push_back(std::make_unique<Client>(house.connect()));
        auto& client = *clients.back();
        client.send(head);
        for (std::size_t sent = 0; sent < most.size() && client.has_nothing();) {
            sent += client.send_some(std::string_view(most).substr(sent));
        }
        house.settle();
    }
    std::size_t refused = 0;
    for (const auto& client : clients) {
        if (client->has_nothing()) continue;
        EXPECT_EQ(client->answer().status, 503);
        ++refused;
    }
    EXPECT_GE(refused, 10U);
    EXPECT_EQ(house.worker().http_refusals(), refused);
    // Whoever was there before is served, and who comes when there is room again.
    clients.front()->send(std::string(limits::http_body_bytes_max - sent_bytes, 'x'));
    EXPECT_EQ(clients.front()->answer().status, 200);
    clients.clear();
    EXPECT_TRUE(house.empties());
    auto late = house.connect();
    EXPECT_EQ(late.ask(head + std::string(limits::http_body_bytes_max, 'x')).status, 200);
}

}  // namespace
}  // namespace carillon::edge
