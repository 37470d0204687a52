// The flush may be cut short after any number of visits, and may write at once or by way of
// outboxes: what clients receive is the same.
#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::LineFormat;
using testing::TestClient;
using testing::TestHub;

struct Outcomes {
    std::vector<std::string> received;
    BooksSnapshot books;
    int direct_writes = 0;
};

OutboxPolicy random_policy(base::SeededRandom& random) {
    const auto on_full =
        random.below(2) == 0 ? OutboxPolicy::OnFull::close : OutboxPolicy::OnFull::drop_newest;
    if (random.below(3) == 0) return {};
    return {static_cast<std::uint32_t>(random.below(6)), 20 + random.below(100), on_full};
}

// Rounds of publications, replies, joins and leaves among a dozen clients, some of them slow.
Outcomes play(std::uint64_t seed, std::size_t visits, bool second_channel) {
    base::SeededRandom random(seed);
    TestHub house({.seed = seed});
    const LineFormat quiet("?", false);
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 12; ++i) {
        clients.push_back(house.open(0, random_policy(random)));
        clients.back()->join("news");
        if (random.below(2) == 0) clients.back()->door.room = random.below(200);
        if (random.below(2) == 0) clients.back()->door.record_bytes = random.below(100);
    }
    auto other = house.open();
    if (second_channel) other->join("second");
    for (int round = 0; round < 10; ++round) {
        for (auto n = random.below(4); n != 0; --n) {
            const auto body = std::string(random.below(30), static_cast<char>('a' + round));
            auto& sender = *clients[random.below(clients.size())];
            sender.publish_to_others("news", body);
        }
        if (second_channel) house.publish("second", "x");
        auto& client = *clients[random.below(clients.size())];
        switch (random.below(4)) {
            case 0:
                client.reply("reply " + std::to_string(round) + "\n");
                break;
            case 1:
                client.leave("news");
                break;
            case 2:
                client.join("news");
                break;
            default:
                client.unblock(random.below(300));
        }
        house.run(visits);
    }
    Outcomes outcomes;
    for (auto& client : clients) {
        client->unblock();
        outcomes.direct_writes += client->door.direct_writes;
    }
    house.run(visits);
    for (auto& client : clients) outcomes.received.push_back(client->take());
    outcomes.books = house.books();
    EXPECT_TRUE(house.balanced());
    return outcomes;
}

TEST(Flush, cut_short_after_any_number_of_visits_gives_the_same_bytes) {
    int direct_writes = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        for (const bool second_channel : {false, true}) {
            const auto whole = play(seed, 1'000'000, second_channel);
            direct_writes += whole.direct_writes;
            for (const std::size_t visits : {1, 2, 3, 5, 11, 12, 13}) {
                const auto cut = play(seed, visits, second_channel);
                ASSERT_EQ(cut.received, whole.received) << seed << " by " << visits;
                EXPECT_EQ(cut.books.delivered, whole.books.delivered);
                EXPECT_EQ(cut.books.dropped, whole.books.dropped);
                EXPECT_EQ(cut.books.left, whole.books.left);
            }
        }
    }
    EXPECT_GT(direct_writes, 0);
}

TEST(Flush, at_once_or_by_way_of_outboxes_gives_the_same_bytes) {
    int direct_writes = 0;
    int when_offered = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const auto direct = play(seed, 1'000'000, false);
        const auto offered = play(seed, 1'000'000, true);
        ASSERT_EQ(direct.received, offered.received) << seed;
        EXPECT_EQ(direct.books.dropped, offered.books.dropped);
        direct_writes += direct.direct_writes;
        when_offered += offered.direct_writes;
    }
    EXPECT_GT(direct_writes, 500);
    EXPECT_EQ(when_offered, 0);
}

TEST(Flush, goes_on_at_its_cursor_while_entries_leave_and_join) {
    TestHub house;
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 6; ++i) {
        clients.push_back(house.open());
        clients.back()->join("news");
    }
    house.publish("news", "x");
    house.lane().take();
    EXPECT_TRUE(house.lane().flush(2));
    clients[0]->leave("news");  // behind the cursor: it has its frame
    clients[3]->leave("news");  // before it: never offered
    auto late = house.open();
    late->join("news");
    house.lane().reap(house.now());  // the entries stay where they are
    house.run();
    for (const int i : {0, 1, 2, 4, 5}) EXPECT_EQ(clients[i]->take(), "news:e:x\n") << i;
    EXPECT_EQ(clients[3]->take(), "");
    EXPECT_EQ(late->take(), "");
    EXPECT_EQ(house.books().left, 1U);
    EXPECT_TRUE(house.balanced());
}

TEST(Flush, coalesces_what_was_published_while_it_was_cut_short) {
    TestHub house;
    auto ann = house.open();
    auto bob = house.open();
    for (auto* client : {ann.get(), bob.get()}) client->join("news");
    house.publish("news", "1");
    house.lane().take();
    EXPECT_TRUE(house.lane().flush(1));
    for (const auto* body : {"2", "3", "4"}) house.publish("news", body);
    house.run();
    EXPECT_EQ(ann->take(), "news:e:1\nnews:e:2\nnews:e:3\nnews:e:4\n");
    EXPECT_EQ(ann->door.direct_writes, 2);
    EXPECT_EQ(bob->take(), "news:e:1\nnews:e:2\nnews:e:3\nnews:e:4\n");
    EXPECT_EQ(bob->door.direct_writes, 2);
}

}  // namespace
}  // namespace carillon::hub
