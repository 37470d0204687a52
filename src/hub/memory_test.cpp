// What a lane holds for those who do not read is bounded, whatever it is: who owes most goes first,
// and nobody else.
#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::TestClient;
using testing::TestDoor;
using testing::TestHub;

constexpr std::size_t bound = 600'000;

// A connection without a session: it talks HTTP.
struct Asker {
    explicit Asker(TestHub& home) : house(home), outbox(home.lane(), door) {
        door.outbox = &outbox;
        door.room = 0;
    }
    void is_answered(std::size_t bytes) { house.lane().reply(outbox, {std::string(bytes, 'a')}); }
    TestHub& house;
    TestDoor door;
    Outbox outbox;
};

struct MemoryHouse : TestHub {
    explicit MemoryHouse(Ports ports = {})
        : TestHub({.limits = {.batch_bytes_max = bound}}, ports) {}
    std::size_t held() { return lane().batch_pool().live_bytes(); }
    std::uint64_t closed_for_memory() {
        return lane().books().closed[static_cast<std::size_t>(CloseReason::memory)].get();
    }
    std::uint64_t dropped_for_memory() {
        return books().dropped[static_cast<std::size_t>(DropReason::memory)];
    }
    // Who is in a channel of its own and does not read; `messages` of `bytes` wait for it.
    std::unique_ptr<TestClient> slow(const std::string& channel, int messages, std::size_t bytes) {
        auto client = open();
        client->join(channel);
        client->door.room = 0;
        for (int i = 0; i < messages; ++i) {
            publish(channel, std::string(bytes, 'p'));
            run();
        }
        return client;
    }
};

TEST(Memory, is_taken_from_who_does_not_read_its_answers_and_not_from_subscribers) {
    MemoryHouse house;
    const auto subscriber = house.slow("news", 5, 10'000);
    std::vector<std::unique_ptr<Asker>> askers;
    for (int i = 0; i < 20; ++i) {
        askers.push_back(std::make_unique<Asker>(house));
        askers.back()->is_answered(100'000);
        house.run();
        EXPECT_LE(house.held(), bound) << i;
    }
    EXPECT_TRUE(subscriber->goodbyes.empty());
    EXPECT_EQ(subscriber->outbox.messages(), 5U);
    std::size_t gone = 0;
    for (const auto& asker : askers) {
        EXPECT_EQ(asker->outbox.empty(), asker->door.given_up == 1);
        if (asker->outbox.empty()) ++gone;
    }
    EXPECT_GE(gone, 15U);
    EXPECT_EQ(house.lane().books().given_up.get(), gone);
    EXPECT_EQ(house.closed_for_memory(), 0U);
    subscriber->unblock();
    house.run();
    EXPECT_EQ(subscriber->take().size(), 5 * 10'008U);
    EXPECT_EQ(subscriber->door.given_up, 0);
}

TEST(Memory, is_taken_from_a_session_that_owes_replies_without_a_goodbye) {
    MemoryHouse house;
    const auto subscriber = house.slow("news", 5, 10'000);
    auto asker = house.slow("other", 1, 1000);
    for (int i = 0; i < 10; ++i) asker->reply(std::string(60'000, 'r'));
    house.run();
    EXPECT_EQ(asker->door.given_up, 1);
    EXPECT_TRUE(asker->outbox.empty());
    EXPECT_TRUE(asker->goodbyes.empty());
    EXPECT_TRUE(asker->session->closing());
    EXPECT_EQ(house.dropped_for_memory(), 1U);
    EXPECT_EQ(house.lane().books().subscriptions.get(), 1U);
    EXPECT_TRUE(house.balanced());
    asker->close();
    house.run();
    EXPECT_EQ(house.closed_for_memory(), 1U);
    EXPECT_TRUE(subscriber->goodbyes.empty());
}

TEST(Memory, is_taken_with_a_goodbye_from_who_owes_mostly_publications) {
    MemoryHouse house;
    auto slow = house.slow("news", 8, 60'000);
    slow->reply(std::string(150'000, 'r'));
    house.run();
    EXPECT_EQ(slow->goodbyes, std::vector<CloseReason>{CloseReason::memory});
    EXPECT_EQ(slow->door.given_up, 0);
    EXPECT_EQ(house.lane().books().given_up.get(), 0U);
    EXPECT_EQ(slow->outbox.reply_bytes(), 150'000U);  // in front of the goodbye
}

// An answer is one frame: a reader of most of it keeps all of it in memory.
TEST(Memory, is_taken_from_who_has_read_all_but_the_end_of_a_long_answer) {
    MemoryHouse house;
    Asker asker(house);
    asker.door.room = bound - 100'000;
    asker.is_answered(bound - 100'000 + 1);
    house.run();
    EXPECT_EQ(asker.outbox.reply_bytes(), 1U);
    const auto subscriber = house.slow("news", 3, 40'000);
    EXPECT_EQ(asker.door.given_up, 1);
    EXPECT_TRUE(subscriber->goodbyes.empty());
}

// All but its last bytes wait for a socket that takes no more, so a goodbye would free nothing.
TEST(Memory, is_taken_at_once_from_who_owes_one_giant_frame_that_is_on_its_way) {
    MemoryHouse house;
    const auto subscriber = house.slow("news", 5, 10'000);
    auto giant = house.slow("giant", 0, 0);
    giant->door.room = 10;
    house.publish("giant", std::string(bound, 'g'));
    house.run();
    EXPECT_EQ(giant->door.given_up, 1);
    EXPECT_TRUE(giant->goodbyes.empty());
    EXPECT_TRUE(subscriber->goodbyes.empty());
    EXPECT_EQ(house.books().left, 1U);  // it could not be dropped
    EXPECT_TRUE(house.balanced());
}

// Its goodbye waits for the five seconds that its connection gives it, and much stands before it.
TEST(Memory, of_who_was_said_goodbye_to_is_not_taken_from_others_round_after_round) {
    MemoryHouse house;
    const auto subscriber = house.slow("news", 5, 10'000);
    auto slow = house.slow("slow", 5, 60'000);
    slow->reply(std::string(250'000, 'r'));
    house.run();
    EXPECT_EQ(slow->goodbyes.size(), 1U);
    const auto next = house.slow("next", 3, 60'000);
    const auto another = house.slow("another", 3, 60'000);
    EXPECT_EQ(slow->door.given_up, 1);
    EXPECT_EQ(slow->goodbyes.size(), 1U);
    EXPECT_TRUE(next->goodbyes.empty());
    EXPECT_TRUE(another->goodbyes.empty());
    EXPECT_TRUE(subscriber->goodbyes.empty());
}

// What is on its way is the first of many frames in a batch that nobody else holds.
TEST(Memory, is_given_back_by_who_is_closed_although_a_first_frame_is_on_its_way) {
    MemoryHouse house;
    std::vector<std::unique_ptr<TestClient>> slow;
    for (int i = 0; i < 12; ++i) {
        const auto channel = "channel " + std::to_string(i);
        slow.push_back(house.slow(channel, 0, 0));
        slow.back()->door.room = 10;
        for (int k = 0; k < 50; ++k) house.publish(channel, std::string(1000, 'p'));
        house.run();
    }
    std::size_t closed = 0;
    for (const auto& client : slow) closed += client->goodbyes.size();
    EXPECT_GE(closed, 1U);
    EXPECT_LE(closed, 5U);
    EXPECT_EQ(house.lane().books().given_up.get(), 0U);
    EXPECT_LE(house.held(), bound);
}

TEST(Memory, is_freed_a_little_below_the_bound_so_that_it_is_not_looked_for_each_time) {
    MemoryHouse house;
    std::vector<std::unique_ptr<TestClient>> slow;
    const auto goodbyes = [&] {
        std::size_t all = 0;
        for (const auto& client : slow) all += client->goodbyes.size();
        return all;
    };
    while (goodbyes() == 0 && slow.size() < 200) {
        slow.push_back(house.slow("channel " + std::to_string(slow.size()), 1, 5'000));
    }
    EXPECT_LE(house.held(), bound - bound / 16);
    EXPECT_GE(house.held(), bound - bound / 16 - 6'000);  // and not much more than need be
}

// Whether it is blocked, or waits for its turn in this round or in the next.
TEST(Memory, is_taken_from_whoever_holds_it_on_whichever_list) {
    for (int list = 0; list < 4; ++list) {
        MemoryHouse house;
        Asker worst(house);
        auto other = house.open();
        other->join("news");
        other->door.room = 0;
        house.publish("news", "waits");
        house.run();
        auto& outbox = worst.outbox;
        worst.door.room = std::size_t{1} << 40;
        worst.is_answered(2 * bound);
        switch (list) {
            case 0:  // blocked
                worst.door.room = 1;
                house.lane().flush(100);
                EXPECT_TRUE(outbox.blocked());
                break;
            case 1:  // for the next round
                worst.door.share = 1;
                house.lane().flush(100);
                EXPECT_FALSE(outbox.blocked());
                break;
            case 2:  // for this round, which is cut short
                other->reply("before it");
                outbox.unblock();
                house.lane().flush(0);
                break;
            default:  // said that it takes more
                worst.door.room = 0;
                house.lane().flush(100);
                outbox.unblock();
        }
        EXPECT_FALSE(outbox.empty());
        house.lane().reap(house.now());
        EXPECT_EQ(worst.door.given_up, 1) << list;
        EXPECT_TRUE(outbox.empty());
        house.run();
        EXPECT_TRUE(other->goodbyes.empty());
        EXPECT_EQ(worst.door.received.size(), list < 2 ? 1U : 0U);
    }
}

TEST(Memory, is_taken_from_who_is_replayed_to) {
    testing::TestHistory history;
    MemoryHouse house({.history = &history});
    auto reader = house.open();
    reader->join("kept");
    for (int i = 0; i < 9; ++i) {
        house.publish("kept", std::string(60'000, 'k'));
        house.run();
    }
    auto late = house.open();
    late->door.share = 1;
    auto joined = late->join("kept", {.newest = 9});
    ASSERT_NE(joined.missed, nullptr);
    late->reply(std::string(bound, 'r'));
    house.lane().replay(late->outbox, std::move(joined.missed));
    house.lane().flush(100);
    EXPECT_TRUE(late->outbox.replays());
    house.lane().reap(house.now());
    EXPECT_EQ(late->door.given_up, 1);
    EXPECT_TRUE(late->goodbyes.empty());
    EXPECT_EQ(house.dropped_for_memory(), 9U);
    EXPECT_TRUE(house.balanced());
}

TEST(Memory, of_who_is_to_be_said_goodbye_to_is_taken_and_nothing_is_said) {
    MemoryHouse house;
    auto asker = house.slow("news", 0, 0);
    asker->reply(std::string(bound, 'r'));
    house.hub.end(*asker->session, CloseReason::kicked);
    house.run();
    EXPECT_EQ(asker->door.given_up, 1);
    EXPECT_TRUE(asker->goodbyes.empty());
    asker->close();
    house.run();
    EXPECT_EQ(house.lane().books().closed[static_cast<int>(CloseReason::kicked)].get(), 1U);
}

}  // namespace
}  // namespace carillon::hub
