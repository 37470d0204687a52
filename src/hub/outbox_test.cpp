#include "hub/outbox.h"

#include <gtest/gtest.h>

#include <map>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::TestHub;

constexpr OutboxPolicy dropping(std::uint32_t messages, std::size_t bytes = 1 << 30) {
    return {messages, bytes, OutboxPolicy::OnFull::drop_newest};
}

std::string owed(const Outbox& outbox) {
    std::string all;
    outbox.each_frame([&](std::string_view frame, bool) { all += frame; });
    return all;
}

std::string unsent(const Outbox& outbox, std::size_t pieces_max, std::size_t bytes_max) {
    std::vector<iovec> pieces(pieces_max);
    const auto used = outbox.gather(pieces, bytes_max);
    std::string all;
    for (std::size_t i = 0; i < used; ++i) {
        all.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    }
    return all;
}

iovec first_piece(const Outbox& outbox) {
    iovec piece{};
    EXPECT_EQ(outbox.gather({&piece, 1}, 1), 1U);
    return piece;
}

// A client that blocked at once, with replies and publications of two channels behind each other.
struct Mixed {
    Mixed() {
        client = house.open(0, dropping(1000));
        client->join("a");
        client->join("b");
        client->door.room = 0;
        client->reply("one ");
        client->reply("two ");
        house.publish("a", "1");
        house.publish("a", "2");
        house.run();
        house.publish("b", "3");
        house.run();
        client->reply("three ");
        house.publish("a", "4");
        house.run();
    }
    const std::string all = "one two a:e:1\na:e:2\nb:e:3\nthree a:e:4\n";
    TestHub house;
    std::unique_ptr<testing::TestClient> client;
};

TEST(Outbox, keeps_everything_in_order_and_counts_replies_apart) {
    Mixed mixed;
    const auto& outbox = mixed.client->outbox;
    EXPECT_EQ(owed(outbox), mixed.all);
    EXPECT_EQ(outbox.messages(), 4U);
    EXPECT_EQ(outbox.bytes(), 4 * 6U);
    EXPECT_EQ(outbox.reply_bytes(), 14U);
    EXPECT_TRUE(outbox.blocked());
    EXPECT_FALSE(outbox.empty());
}

TEST(Outbox, gathers_any_number_of_pieces_and_bytes_from_the_front) {
    Mixed mixed;
    const auto& outbox = mixed.client->outbox;
    for (std::size_t bytes = 1; bytes <= mixed.all.size() + 3; ++bytes) {
        EXPECT_EQ(unsent(outbox, 16, bytes), mixed.all.substr(0, bytes));
    }
    EXPECT_EQ(unsent(outbox, 1, 1000), "one two ");  // replies that wait share a batch
    EXPECT_EQ(unsent(outbox, 2, 1000), "one two a:e:1\na:e:2\n");
}

TEST(Outbox, copies_any_number_of_bytes_from_the_front) {
    Mixed mixed;
    auto& outbox = mixed.client->outbox;
    outbox.consume(3);
    for (std::size_t bytes = 0; bytes <= mixed.all.size() + 3; ++bytes) {
        EXPECT_EQ(testing::TestDoor::front_of(outbox, bytes), mixed.all.substr(3, bytes));
    }
}

TEST(Outbox, is_consumed_at_every_pair_of_splits) {
    const auto size = Mixed().all.size();
    for (std::size_t first = 0; first <= size; ++first) {
        for (std::size_t second = first; second <= size; ++second) {
            Mixed mixed;
            auto& outbox = mixed.client->outbox;
            outbox.consume(first);
            EXPECT_EQ(unsent(outbox, 16, 1000), mixed.all.substr(first));
            outbox.consume(second - first);
            EXPECT_EQ(unsent(outbox, 16, 1000), mixed.all.substr(second));
            EXPECT_EQ(outbox.bytes() + outbox.reply_bytes(), size - second);
            EXPECT_EQ(mixed.house.books().delivered + outbox.messages(), 4U);
            EXPECT_EQ(mixed.house.books().pending_outbox, outbox.messages());
            ASSERT_FALSE(HasFailure()) << first << " " << second;
        }
    }
}

TEST(Outbox, cuts_the_newest_but_neither_committed_bytes_nor_replies) {
    for (std::uint32_t keep = 0; keep <= 4; ++keep) {
        TestHub house;
        auto ann = house.open(0, dropping(keep));
        ann->join("a");
        ann->door.room = 0;
        ann->reply("reply ");
        ann->reply("again ");
        for (const auto* body : {"1", "2", "3", "4"}) house.publish("a", body);
        ann->unblock(6 + 6 + 2);  // the replies, and the first bytes of `1`
        house.run();
        const std::string all = "a:e:1\na:e:2\na:e:3\na:e:4\n";
        const auto kept = std::max<std::uint32_t>(keep, 1);
        EXPECT_EQ(owed(ann->outbox), all.substr(0, 6 * std::size_t{kept}));
        EXPECT_EQ(unsent(ann->outbox, 16, 1000), all.substr(2, 6 * std::size_t{kept} - 2));
        EXPECT_EQ(ann->outbox.messages(), kept);
        EXPECT_EQ(house.books().dropped[0], 4 - kept);
        EXPECT_TRUE(house.balanced());
    }
}

TEST(Outbox, cuts_by_bytes_not_yet_sent) {
    TestHub house;
    auto ann = house.open(0, dropping(1000, 13));
    ann->join("a");
    ann->door.room = 5;
    for (const auto* body : {"1", "2", "3", "4"}) house.publish("a", body);
    house.run();
    EXPECT_EQ(unsent(ann->outbox, 16, 1000), "\na:e:2\na:e:3\n");
    EXPECT_EQ(ann->outbox.bytes(), 13U);
}

TEST(Outbox, cuts_around_a_reply_that_came_later) {
    TestHub house;
    auto ann = house.open(0, dropping(1));
    ann->join("a");
    ann->door.room = 0;
    house.publish("a", "1");
    house.run();
    ann->reply("reply ");
    house.publish("a", "2");
    house.run();
    EXPECT_EQ(owed(ann->outbox), "a:e:1\nreply ");
    ann->reply("again ");
    EXPECT_EQ(owed(ann->outbox), "a:e:1\nreply again ");
    EXPECT_EQ(house.books().dropped[0], 1U);
}

// Bodies of `bytes` to a reader that takes nothing but stays, and one that keeps the batch busy.
struct Hoard {
    explicit Hoard(OutboxPolicy policy) {
        slow = house.open(0, policy);
        slow->join("a");
        slow->door.room = 0;
    }
    void publish(std::size_t bytes, char letter) { house.publish("a", std::string(bytes, letter)); }
    TestHub house;
    std::unique_ptr<testing::TestClient> slow;
};

TEST(Outbox, pins_at_most_four_times_what_it_owes_plus_one_batch) {
    Hoard hoard(dropping(1000, 100));
    for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < 20; ++i) hoard.publish(i == 0 ? 1 : 2000, 'x');
        hoard.house.run();
        const auto owes = hoard.slow->outbox.bytes();
        EXPECT_LE(hoard.house.lane().batch_pool().live_bytes(), 4 * owes + limits::batch_bytes_max)
            << round;
        if (round % 5 == 0) hoard.slow->unblock(1 + static_cast<std::size_t>(round) % 7);
    }
    EXPECT_TRUE(hoard.house.balanced());
}

TEST(Outbox, compacts_without_losing_order_replies_or_the_committed_rest) {
    TestHub house;
    auto ann = house.open(0, dropping(1000, 300));
    ann->join("a");
    ann->door.room = 2;
    ann->reply("first ");
    std::string expected = "first ";
    const std::string filler(60'000, 'x');
    for (int i = 0; i < 6; ++i) {
        const auto body = std::to_string(i);
        house.publish("a", body);
        house.publish("a", filler);
        expected += "a:e:" + body + "\n";
        house.run();
        ann->reply("r" + body + " ");
        expected += "r" + body + " ";
    }
    house.run();
    EXPECT_EQ(owed(ann->outbox), expected);
    EXPECT_EQ(unsent(ann->outbox, 64, 1000), expected.substr(2));
    EXPECT_LE(house.lane().batch_pool().live_bytes(), 2 * limits::batch_bytes_max);
    for (std::size_t split = 2; split < expected.size(); ++split) {
        ann->unblock(1);
        house.run();
    }
    EXPECT_EQ(ann->take(), expected);
    EXPECT_TRUE(house.balanced());
    EXPECT_EQ(house.lane().slice_pool().live(), 0U);
}

TEST(Outbox, moves_a_record_that_is_on_its_way_without_changing_it) {
    for (std::size_t record = 1; record < 34; ++record) {
        TestHub house;
        auto ann = house.open(0, dropping(1000, 300));
        ann->join("a");
        ann->door.room = 2;
        ann->door.record_bytes = record;
        ann->reply("first ");
        std::string expected = "first ";
        const auto publish = [&](int i) {
            house.publish("a", std::to_string(i));
            expected += "a:e:" + std::to_string(i) + "\n";
        };
        for (int i = 0; i < 5; ++i) publish(i);
        house.run();
        const auto* before = first_piece(ann->outbox).iov_base;
        for (int i = 5; i < 9; ++i) {
            publish(i);
            house.publish("a", std::string(60'000, 'x'));
            house.run();
        }
        EXPECT_NE(first_piece(ann->outbox).iov_base, before);
        EXPECT_LE(house.lane().batch_pool().live_bytes(), 2 * limits::batch_bytes_max);
        ann->unblock();
        house.run();
        EXPECT_EQ(ann->take(), expected) << record;
    }
}

TEST(Outbox, does_not_copy_one_large_committed_frame_again_and_again) {
    Hoard hoard(dropping(1000));
    hoard.slow->door.room = 299'000;
    hoard.publish(300'000, 'x');
    hoard.house.run();
    const auto* before = first_piece(hoard.slow->outbox).iov_base;
    hoard.publish(1, 'y');
    hoard.house.run();
    EXPECT_EQ(first_piece(hoard.slow->outbox).iov_base, before);
}

TEST(Outbox, does_not_pin_a_batch_that_grew_after_its_first_frame_was_offered) {
    TestHub house;
    auto ann = house.open(0, dropping(1000));
    auto bob = house.open();
    bob->join("a");
    ann->door.room = 0;
    ann->reply("x");
    house.run();
    for (int i = 0; i < 20; ++i) {
        ann->join("a");
        ann->publish("a", "heard");
        ann->publish_to_others("a", "own");  // steps over it: offered while the batch is open
        house.lane().take();
        ann->leave("a");
        for (int k = 0; k < 30; ++k) house.publish("a", std::string(2000, 'x'));
        house.run();
    }
    EXPECT_EQ(ann->outbox.messages(), 20U);
    EXPECT_LE(house.lane().batch_pool().live_bytes(),
              4 * (ann->outbox.bytes() + ann->outbox.reply_bytes()) + 2 * limits::batch_bytes_max);
}

TEST(Outbox, of_a_closed_connection_counts_its_publications_as_left) {
    Mixed mixed;
    mixed.client->outbox.consume(8 + 6 + 2);
    mixed.client->close();
    EXPECT_TRUE(mixed.client->outbox.empty());
    EXPECT_EQ(mixed.house.books().delivered, 1U);
    EXPECT_EQ(mixed.house.books().left, 3U);
    EXPECT_TRUE(mixed.house.balanced());
    EXPECT_EQ(mixed.house.lane().slice_pool().live(), 0U);
}

TEST(SlicePool, uses_a_slice_again) {
    SlicePool pool;
    Batch batch;  // who has none is of another kind
    auto* one = pool.take();
    auto* two = pool.take();
    one->batch = two->batch = &batch;
    EXPECT_EQ(pool.live(), 2U);
    pool.give(one);
    EXPECT_EQ(pool.take(), one);
    pool.give(two);
    pool.give(one);
    EXPECT_EQ(pool.live(), 0U);
}

}  // namespace
}  // namespace carillon::hub
