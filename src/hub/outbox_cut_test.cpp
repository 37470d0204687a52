// What a client that cannot keep up gives up, and how it is told.
#include <gtest/gtest.h>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::TestClient;
using testing::TestHub;
using OnFull = OutboxPolicy::OnFull;

// One client that takes `room` bytes and then nothing, in channel "c".
struct Slow {
    explicit Slow(OutboxPolicy policy, std::size_t room = 0) : client(house.open(0, policy)) {
        client->join("c");
        client->door.room = room;
    }
    // Each in a flush of its own: the policy is applied to what remains of the one before.
    void publish(int from, int to) {
        for (int i = from; i <= to; ++i) {
            house.publish("c", std::to_string(i));
            house.run();
        }
    }
    std::string drain() {
        client->unblock();
        house.run();
        EXPECT_TRUE(house.balanced());
        return client->take();
    }
    std::uint64_t dropped(DropReason reason) {
        return house.books().dropped[static_cast<std::size_t>(reason)];
    }
    TestHub house;
    std::unique_ptr<TestClient> client;
};

std::string frames(int from, int to) {
    std::string all;
    for (int i = from; i <= to; ++i) all += "c:e:" + std::to_string(i) + "\n";
    return all;
}

TEST(OutboxCut, drop_oldest_keeps_the_newest_that_fit) {
    Slow slow({.messages_max = 3, .on_full = OnFull::drop_oldest});
    slow.publish(1, 9);
    EXPECT_EQ(slow.client->outbox.messages(), 3U);
    EXPECT_EQ(slow.drain(), frames(7, 9));
    EXPECT_EQ(slow.dropped(DropReason::oldest), 6U);
    EXPECT_EQ(slow.dropped(DropReason::newest), 0U);
}

TEST(OutboxCut, drop_oldest_goes_by_bytes_too) {
    Slow slow({.bytes_max = 13, .on_full = OnFull::drop_oldest});  // two frames of 6
    slow.publish(1, 5);
    EXPECT_EQ(slow.client->outbox.bytes(), 12U);
    EXPECT_EQ(slow.drain(), frames(4, 5));
}

TEST(OutboxCut, drop_oldest_never_tears_the_frame_that_is_on_its_way) {
    for (std::size_t sent = 1; sent < 6; ++sent) {
        Slow slow({.messages_max = 2, .on_full = OnFull::drop_oldest}, sent);
        slow.publish(1, 9);
        EXPECT_EQ(slow.drain(), frames(1, 1) + frames(9, 9)) << sent;
        EXPECT_EQ(slow.dropped(DropReason::oldest), 7U);
    }
}

TEST(OutboxCut, drop_oldest_of_everything_leaves_what_is_on_its_way) {
    Slow slow({.messages_max = 0, .on_full = OnFull::drop_oldest}, 2);
    slow.publish(1, 4);
    EXPECT_EQ(slow.drain(), frames(1, 1));
}

TEST(OutboxCut, drop_oldest_takes_frames_out_of_the_middle_of_a_batch) {
    Slow slow({.messages_max = 4, .on_full = OnFull::drop_oldest}, 3);
    for (int i = 1; i <= 9; ++i) slow.house.publish("c", std::to_string(i));
    slow.house.run();  // one batch of nine
    EXPECT_EQ(slow.drain(), frames(1, 1) + frames(7, 9));
}

TEST(OutboxCut, keeps_replies_in_their_places) {
    for (const auto on_full : {OnFull::drop_oldest, OnFull::drop_newest}) {
        Slow slow({.messages_max = 2, .on_full = on_full});
        slow.client->reply("a ");
        slow.publish(1, 2);
        slow.client->reply("b ");
        slow.publish(3, 4);
        slow.client->reply("c ");
        const bool oldest = on_full == OnFull::drop_oldest;
        EXPECT_EQ(slow.drain(),
                  oldest ? "a b " + frames(3, 4) + "c " : "a " + frames(1, 2) + "b c ");
    }
}

// ---- a record on its way ----

// A reply and two channels' frames in one write, of which the socket takes `sent` bytes; then TLS
// has made a record of `record` more, and the policy leaves two frames that are not in it.
struct Encrypted {
    Encrypted(OnFull on_full, std::size_t sent_bytes, std::size_t record_bytes)
        : policy(on_full),
          sent(sent_bytes),
          record_end(record_bytes == 0 ? 0 : sent_bytes + record_bytes),
          slow({.messages_max = 2, .on_full = on_full, .gap_notice = true}, sent_bytes) {
        auto& client = *slow.client;
        client.join("d");
        client.door.record_bytes = record_bytes;
        client.reply("reply ");
        for (int i = 0; i < 4; ++i) slow.house.publish("c", std::to_string(i));
        for (int i = 4; i < 8; ++i) slow.house.publish("d", std::to_string(i));
        slow.house.run();
        for (std::size_t i = 0; i < 8; ++i) {
            all.push_back({6 + 6 * i, (i < 4 ? "c:e:" : "d:e:") + std::to_string(i) + "\n"});
        }
    }
    // What must arrive, by going through the frames one by one.
    std::string expected() const {
        const auto gone = [&](const Frame& frame) { return frame.begin + 6 <= sent; };
        const auto on_its_way = [&](const Frame& frame) {
            return frame.begin < std::max(sent, record_end);
        };
        std::size_t owed = 0;
        std::size_t fixed = 0;  // of these, cannot be cut
        for (const auto& frame : all) {
            if (gone(frame)) continue;
            ++owed;
            if (on_its_way(frame)) ++fixed;
        }
        const auto free = owed - fixed;
        const auto stays = policy == OnFull::close ? 0 : fixed < 2 ? std::min(free, 2 - fixed) : 0;
        const auto notice = stays < free && policy != OnFull::close
                                ? "!" + std::to_string(free - stays) + "\n"
                                : std::string();
        std::string text = "reply ";
        std::size_t seen = 0;
        for (const auto& frame : all) {
            if (gone(frame) || on_its_way(frame)) {
                text += frame.text;
                continue;
            }
            if (policy == OnFull::drop_oldest && seen == 0) text += notice;
            const bool kept = policy == OnFull::drop_oldest ? seen >= free - stays : seen < stays;
            if (kept) text += frame.text;
            ++seen;
        }
        return policy == OnFull::drop_newest ? text + notice : text;
    }
    struct Frame {
        std::size_t begin;
        std::string text;
    };
    const OnFull policy;
    const std::size_t sent;
    const std::size_t record_end;
    Slow slow;
    std::vector<Frame> all;
};

TEST(OutboxCut, never_takes_a_frame_of_which_a_byte_is_in_a_record) {
    for (const auto on_full : {OnFull::drop_newest, OnFull::drop_oldest, OnFull::close}) {
        for (std::size_t sent = 0; sent < 20; ++sent) {
            for (std::size_t record = 0; sent + record <= 54; ++record) {
                Encrypted encrypted(on_full, sent, record);
                ASSERT_EQ(encrypted.slow.drain(), encrypted.expected()) << sent << ", " << record;
            }
        }
    }
}

// ---- the gap notice ----

TEST(OutboxCut, a_gap_notice_stands_where_the_oldest_were_and_says_how_many) {
    Slow slow({.messages_max = 2, .on_full = OnFull::drop_oldest, .gap_notice = true}, 3);
    slow.publish(1, 9);
    EXPECT_EQ(slow.drain(), frames(1, 1) + "!7\n" + frames(9, 9));
}

TEST(OutboxCut, a_gap_notice_may_stand_in_the_middle_of_a_batch) {
    Slow slow({.messages_max = 4, .on_full = OnFull::drop_oldest, .gap_notice = true}, 3);
    for (int i = 1; i <= 9; ++i) slow.house.publish("c", std::to_string(i));
    slow.house.run();
    EXPECT_EQ(slow.drain(), frames(1, 1) + "!5\n" + frames(7, 9));
}

TEST(OutboxCut, a_gap_notice_stands_where_the_newest_were_and_says_how_many) {
    Slow slow({.messages_max = 2, .on_full = OnFull::drop_newest, .gap_notice = true});
    slow.publish(1, 9);
    slow.client->unblock(12);
    slow.house.run();
    slow.publish(10, 15);
    EXPECT_EQ(slow.drain(), frames(1, 2) + "!7\n" + frames(10, 11) + "!4\n");
}

TEST(OutboxCut, gap_notices_are_as_many_as_the_holes_however_often_they_grow) {
    Slow slow({.messages_max = 2, .on_full = OnFull::drop_oldest, .gap_notice = true});
    slow.publish(1, 200);
    EXPECT_EQ(slow.house.lane().slice_pool().live(), 3U);
    EXPECT_EQ(slow.drain(), "!198\n" + frames(199, 200));
}

TEST(OutboxCut, a_format_without_a_word_for_gaps_shows_none) {
    struct Mute final : Encoder {
        bool encode(const Delivery& delivery, base::Buffer& out) const override {
            if (delivery.publication.kind() == Kind::gap) return false;
            out.append(delivery.publication.body());
            return true;
        }
    } mute;
    TestHub house;
    testing::TestDoor door;
    Outbox outbox(house.lane(), door);
    door.outbox = &outbox;
    struct Silent final : Subscriber {
        void on_close(CloseReason) override {}
    } subscriber;
    auto* session =
        house.hub
            .open(house.app, house.lane(), outbox, subscriber,
                  {.messages_max = 1, .on_full = OnFull::drop_oldest, .gap_notice = true}, mute)
            .session;
    house.hub.subscribe(*session, "c", mute, {}, house.now());
    door.room = 0;
    for (const auto* body : {"1", "2", "3"}) house.publish("c", body);
    house.run();
    door.room = 100;
    outbox.unblock();
    house.run();
    EXPECT_EQ(door.received, "3");
    EXPECT_TRUE(outbox.empty());
    house.hub.close(*session, CloseReason::peer);
    house.run();
}

TEST(OutboxCut, what_was_cut_no_longer_pins_its_batches) {
    Slow slow({.messages_max = 2, .on_full = OnFull::drop_oldest, .gap_notice = true}, 3);
    const std::string body(1000, 'x');
    for (int i = 0; i < 500; ++i) {
        slow.house.publish("c", body);
        slow.house.run();
    }
    EXPECT_LT(slow.house.lane().batch_pool().live_bytes(), 2 * limits::batch_bytes_max);
    slow.drain();
    EXPECT_EQ(slow.house.lane().batch_pool().live_batches(), 0U);
}

}  // namespace
}  // namespace carillon::hub
