// Recovery over real sockets: who comes back hears exactly what it missed, however slowly it reads
// and whatever is published meanwhile.
#include <gtest/gtest.h>

#include "edge/testing_house.h"

namespace carillon::edge {
namespace {

using namespace testing;

// Publications of "kept" carry the offset they will have.
std::string numbered(std::uint64_t number, std::size_t size) {
    auto text = std::to_string(number) + ":";
    text.resize(std::max(size, text.size()), 'x');
    return text;
}

struct Home {
    explicit Home(HouseOptions options = {}) : house(options) { house.history.room = 1'000'000; }
    void publish(int count, std::size_t size = 20) {
        for (int i = 0; i < count; ++i) house.publish("kept", numbered(++published, size));
    }
    // Asks to hear on behind `seen`, and reads the answer.
    std::string recover(Client& client, std::uint64_t seen) {
        client.say("recover kept " + std::to_string(epoch()) + " " + std::to_string(seen));
        const auto answer = client.hear().payload;
        return answer.substr(answer.rfind(' ') + 1);
    }
    std::uint64_t epoch() { return house.hub.describe(house.protocol.app, "kept")->position.epoch; }
    // Reads `count` publications that must follow `seen` one by one.
    void hear(Client& client, std::uint64_t& seen, std::uint64_t count) {
        for (; count != 0; --count) {
            const auto frame = client.hear();
            ASSERT_EQ(frame.payload.substr(0, frame.payload.find(':')), std::to_string(seen + 1));
            ++seen;
        }
    }
    House house;
    std::uint64_t published = 0;
};

TEST(RecoveryOverSockets, hears_on_where_it_was_while_others_publish_and_it_comes_and_goes) {
    Home home({.lanes = 2});
    home.publish(5);
    base::SeededRandom random(1);
    std::uint64_t seen = 0;
    for (int life = 0; life < 40 && !::testing::Test::HasFailure(); ++life) {
        auto client = home.house.connect_to("lobby", static_cast<unsigned>(life % 2));
        // What follows is published while the server answers.
        client.say("recover kept " + std::to_string(home.epoch()) + " " + std::to_string(seen));
        home.publish(static_cast<int>(random.below(60)));
        const auto answer = client.hear().payload;
        ASSERT_TRUE(answer.ends_with(" recovered")) << answer;
        home.hear(client, seen, random.below(home.published - seen + 1));
        if (random.below(2) == 0) client.reset();  // else it closes in order; with frames unread
        home.publish(static_cast<int>(random.below(60)));
    }
    auto last = home.house.connect_to("lobby");
    ASSERT_EQ(home.recover(last, seen), "recovered");
    home.hear(last, seen, home.published - seen);
    EXPECT_EQ(seen, home.published);
}

TEST(RecoveryOverSockets, is_whole_and_in_order_for_a_client_that_does_not_read_for_a_while) {
    constexpr std::size_t large = 10'000;
    Home home({.buffer_bytes = 4096});
    home.house.protocol.policy = {1'000'000, std::size_t{1} << 30, {}};
    home.publish(300, large);
    auto slow = home.house.connect_to("lobby", 0, 4096);
    auto other = home.house.connect_to("lobby");
    EXPECT_EQ(home.recover(other, 300), "recovered");
    EXPECT_EQ(home.recover(slow, 0), "recovered");
    home.publish(50, large);
    std::uint64_t heard_by_other = 300;
    home.hear(other, heard_by_other, 50);  // and is not kept waiting
    // Trimmed by now, and still owed.
    home.house.on_loop([&] {
        home.house.history.forget_before_ns = INT64_MAX;
        home.house.hub.sweep(hub::ChannelTable::stripe_count, home.house.clock.now());
    });
    std::uint64_t seen = 0;
    home.hear(slow, seen, 350);
    EXPECT_EQ(home.house.books().delivered, 50U + 350U);
}

TEST(RecoveryOverSockets, tells_who_was_away_for_too_long) {
    Home home;
    home.publish(501);  // one more than an app allows
    auto client = home.house.connect_to("lobby");
    EXPECT_EQ(home.recover(client, 0), "too_many");
    home.publish(1);
    std::uint64_t seen = 501;
    home.hear(client, seen, 1);
}

}  // namespace
}  // namespace carillon::edge
