// Publishers who wait for room in a subscriber's queue. Where a test says that one waits, it has seen
// him do so: the queue is full, nobody reads, and the hub has counted what he published before.
#include "hub/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "hub/testing_spread.h"

namespace carillon::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::levels;
using testing::message;
using testing::Reader;
using testing::TestClient;
using testing::TestHistory;
using testing::TestHub;
using testing::waits;

// A publisher with a thread of his own, patient.
class Publisher {
 public:
    Publisher(TestHub& house, std::string channel, int from, int to) : house_(house) {
        thread_ = std::thread([this, channel = std::move(channel), from, to] {
            for (int i = from; i <= to; ++i) {
                const auto receipt =
                    house_.hub.publish(house_.hub.know(house_.app), channel,
                                       message(std::to_string(i)), {}, Patience::wait, {});
                ASSERT(receipt.outcome == Outcome::ok);
                published.store(i - from + 1);
            }
        });
    }
    ~Publisher() { join(); }
    void join() {
        if (thread_.joinable()) thread_.join();
    }
    // Until he has published so many. He gets there, or the test hangs here.
    void reaches(int count) const {
        while (published.load() < count) std::this_thread::yield();
    }
    std::atomic<int> published{0};

 private:
    TestHub& house_;
    std::thread thread_;
};

std::uint64_t dropped(TestHub& house, DropReason reason, unsigned lane = 0) {
    return house.books(lane).dropped[static_cast<std::size_t>(reason)];
}
std::vector<std::string> numbered(const std::string& channel, int from, int to) {
    std::vector<std::string> lines;
    for (int i = from; i <= to; ++i) lines.push_back(channel + ':' + std::to_string(i));
    return lines;
}

// ---- the gate itself ----

TEST(Gate, has_room_for_so_many_and_no_more) {
    Gate gate(2);
    EXPECT_TRUE(gate.try_take());
    EXPECT_TRUE(gate.try_take());
    EXPECT_FALSE(gate.try_take());
    gate.take();  // by one who cannot wait
    EXPECT_EQ(gate.used(), 3);
    gate.give_back(1);
    EXPECT_FALSE(gate.try_take());
    gate.give_back(1);
    EXPECT_TRUE(gate.try_take());
}

TEST(Gate, closed_lets_everybody_through) {
    Gate gate(1);
    gate.take();
    gate.close();
    EXPECT_TRUE(gate.try_take());
    gate.wait();  // returns
}

TEST(Gate, wakes_all_who_wait_when_there_is_room) {
    for (const bool closes : {false, true}) {
        Gate gate(1);
        gate.take();
        std::atomic<int> through{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                while (!gate.try_take()) gate.wait();
                ++through;
                if (!gate.closed()) gate.give_back(1);
            });
        }
        EXPECT_EQ(through.load(), 0);
        closes ? gate.close() : gate.give_back(1);
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(through.load(), 4);
    }
}

TEST(Gate, never_forgets_a_waiter) {
    Gate gate(3);
    constexpr int each = 20'000;
    std::atomic<int> most{0};
    std::atomic<int> inside{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < each; ++n) {
                while (!gate.try_take()) gate.wait();
                const int now = ++inside;
                if (now > most.load()) most.store(now);
                --inside;
                gate.give_back(1);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_LE(most.load(), 3);
    EXPECT_EQ(gate.used(), 0);
}

// ---- through the hub ----

TEST(Waiting, a_patient_publisher_stops_where_the_queue_is_full_and_goes_on_when_it_is_not) {
    TestHub house;
    Reader ann(house, 0, waits(3));
    ann.join("a");
    ann.read(0);
    {
        Publisher publisher(house, "a", 1, 10);
        publisher.reaches(3);
        const auto& gate = *ann.session->gate();
        // Nothing is read, so nothing more is published, however long one looks.
        for (int i = 0; i < 50; ++i) {
            house.iterate();
            EXPECT_EQ(gate.used(), 3);
            EXPECT_EQ(house.hub.published().get(), 3U);
            EXPECT_EQ(publisher.published.load(), 3);
        }
        EXPECT_EQ(ann.outbox.messages(), 3U);
        for (int read = 1; read <= 7; ++read) {
            ann.read(1);
            house.iterate();
            publisher.reaches(3 + read);
            EXPECT_LE(gate.used(), 3);
            while (ann.outbox.messages() != 3) house.iterate();
            EXPECT_EQ(publisher.published.load(), 3 + read);
        }
        publisher.join();
        ann.read();
        house.run();
        EXPECT_EQ(gate.used(), 0);
    }
    EXPECT_EQ(ann.take(), numbered("a", 1, 10));
    EXPECT_EQ(house.books().matched, 10U);
    EXPECT_EQ(house.books().delivered, 10U);
    EXPECT_EQ(dropped(house, DropReason::newest), 0U);
    EXPECT_TRUE(house.balanced());
}

// What waits in the inbox counts as well: a lane that does not run is no way around the bound.
TEST(Waiting, what_the_lane_has_not_taken_is_in_the_queue_too) {
    TestHub house;
    Reader ann(house, 0, waits(5));
    ann.join("a");
    Publisher publisher(house, "a", 1, 20);
    publisher.reaches(5);
    EXPECT_EQ(ann.session->gate()->used(), 5);
    EXPECT_EQ(house.lane().inbox().last_number(), 5U);
    while (ann.heard.size() < 20) {
        house.iterate();
        EXPECT_LE(ann.session->gate()->used(), 5);
        EXPECT_LE(house.lane().inbox().last_number(), ann.heard.size() + 5);
    }
    EXPECT_EQ(ann.take(), numbered("a", 1, 20));
}

TEST(Waiting, the_longest_waiter_is_let_go_when_the_subscriber_leaves_or_closes) {
    for (const bool closes : {false, true}) {
        TestHub house;
        Reader ann(house, 0, waits(2));
        ann.join("a");
        ann.read(0);
        Publisher publisher(house, "a", 1, 100);
        publisher.reaches(2);
        house.run();
        closes ? ann.close() : static_cast<void>(ann.leave("a"));
        publisher.join();
        house.run();
        EXPECT_EQ(house.hub.published().get(), 100U);
        EXPECT_EQ(house.publish("a", "x").matched, 0U);
        EXPECT_TRUE(house.balanced());
        ann.read();
        house.run();
        EXPECT_LE(ann.heard.size(), 2U);
    }
}

TEST(Waiting, is_for_the_one_in_the_queue_and_others_hear_all) {
    TestHub house({.lanes = 2});
    Reader slow(house, 0, waits(2));
    Reader quick(house, 1, waits(50));
    auto bob = house.open(1);
    slow.join("a");
    quick.join("a");
    bob->join("a");
    slow.read(0);
    Publisher publisher(house, "a", 1, 30);
    publisher.reaches(2);
    house.run();
    EXPECT_EQ(quick.heard, numbered("a", 1, 2));
    EXPECT_EQ(quick.session->gate()->used(), 0);  // it got back what was taken in vain
    slow.read();
    while (slow.heard.size() < 30) house.run();
    publisher.join();
    house.run();
    EXPECT_EQ(slow.take(), numbered("a", 1, 30));
    EXPECT_EQ(quick.take(), numbered("a", 1, 30));
    EXPECT_EQ(bob->take().size(), 9 * std::string("a:e:1\n").size() + 21 * 7);
    EXPECT_TRUE(house.balanced());
}

TEST(Waiting, who_does_not_wait_loses_what_is_too_much_and_it_is_counted) {
    TestHub house;
    Reader ann(house, 0, waits(3));
    ann.join("a");
    ann.read(0);
    for (int i = 1; i <= 10; ++i) EXPECT_EQ(house.publish("a", std::to_string(i)).matched, 1U);
    EXPECT_EQ(ann.session->gate()->used(), 10);
    house.run();
    EXPECT_EQ(ann.session->gate()->used(), 3);
    EXPECT_EQ(ann.outbox.messages(), 3U);
    EXPECT_EQ(dropped(house, DropReason::newest), 7U);
    ann.read(1);
    house.run();
    EXPECT_EQ(ann.session->gate()->used(), 2);
    house.publish("a", "11");
    Publisher publisher(house, "a", 12, 14);
    ann.read();
    while (ann.heard.size() < 7) house.iterate();
    publisher.join();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:2", "a:3", "a:11", "a:12", "a:13", "a:14"));
    EXPECT_EQ(ann.session->gate()->used(), 0);
    EXPECT_TRUE(house.balanced());
}

TEST(Waiting, bytes_do_not_count) {
    TestHub house;
    Reader ann(house, 0,
               {.messages_max = 100, .bytes_max = 10, .on_full = OutboxPolicy::OnFull::wait});
    ann.join("a");
    ann.read(0);
    for (int i = 0; i < 100; ++i) {
        house.hub.publish(house.hub.know(house.app), "a", message(std::string(1000, 'x')),
                          house.now(), Patience::wait, {});
    }
    house.run();
    ann.read();
    house.run();
    EXPECT_EQ(ann.take().size(), 100U);
    EXPECT_EQ(ann.session->gate()->used(), 0);
}

TEST(Waiting, a_sender_who_must_not_hear_it_keeps_her_room) {
    TestHub house;
    Reader ann(house, 0, waits(2));
    ann.join("a");
    for (int i = 0; i < 10; ++i) {
        house.hub.publish(*ann.session, "a", message("x", ann.session->id()), house.now());
        house.run();
        EXPECT_EQ(ann.session->gate()->used(), 0);
    }
    EXPECT_EQ(house.books().filtered, 10U);
    house.hub.publish(house.hub.know(house.app), "a", message("1"), {}, Patience::wait, {});
    house.hub.publish(house.hub.know(house.app), "a", message("2"), {}, Patience::wait, {});
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:2"));
}

TEST(Waiting, goes_with_a_pattern) {
    TestHub house;
    Reader ann(house, 0, waits(2));
    ann.join(levels("a/#"));
    ann.read(0);
    Publisher one(house, "a/1", 1, 10);
    Publisher two(house, "a/2", 1, 10);
    Publisher other(house, "b", 1, 10);
    other.join();  // nobody has to wait there
    while (one.published + two.published < 2) std::this_thread::yield();
    for (int i = 0; i < 20; ++i) {
        house.iterate();
        EXPECT_EQ(one.published + two.published, 2);
        EXPECT_EQ(ann.session->gate()->used(), 2);
    }
    ann.read();
    while (ann.heard.size() < 20) {
        house.iterate();
        EXPECT_LE(ann.session->gate()->used(), 2);
    }
    EXPECT_EQ(std::ranges::count_if(ann.heard, [](auto& l) { return l.starts_with("a/1:"); }), 10);
    EXPECT_EQ(dropped(house, DropReason::newest), 0U);
    one.join();
    two.join();
    EXPECT_TRUE(house.balanced());
}

TEST(Waiting, goes_with_a_group_whose_members_are_all_full) {
    TestHub house({.lanes = 2});
    Reader ann(house, 0, waits(2));
    Reader bob(house, 1, waits(3));
    ann.join_group("a");
    bob.join_group("a");
    ann.read(0);
    bob.read(0);
    Publisher publisher(house, "a", 1, 20);
    publisher.reaches(5);
    for (int i = 0; i < 20; ++i) {
        house.iterate(0);
        house.iterate(1);
        EXPECT_EQ(publisher.published.load(), 5);
    }
    EXPECT_EQ(ann.outbox.messages(), 2U);
    EXPECT_EQ(bob.outbox.messages(), 3U);
    ann.read();
    bob.read();
    while (ann.heard.size() + bob.heard.size() < 20) house.run();
    publisher.join();
    EXPECT_EQ(dropped(house, DropReason::no_consumer), 0U);
    EXPECT_EQ(ann.session->gate()->used() + bob.session->gate()->used(), 0);
    EXPECT_TRUE(house.balanced());
}

// Whichever of them that is: who waits must not have chosen one of them, who never reads again.
TEST(Waiting, for_a_group_ends_when_any_member_has_room) {
    for (const unsigned reads : {0U, 1U}) {
        TestHub house;
        Reader ann(house, 0, waits(1));
        Reader bob(house, 0, waits(1));
        ann.join_group("a");
        bob.join_group("a");
        ann.read(0);
        bob.read(0);
        Publisher publisher(house, "a", 1, 20);
        publisher.reaches(2);
        house.run();
        auto& reader = reads == 0 ? ann : bob;
        auto& stuck = reads == 0 ? bob : ann;
        reader.read();
        while (reader.heard.size() < 19) house.iterate();
        publisher.join();
        EXPECT_EQ(stuck.outbox.messages(), 1U);
        EXPECT_THAT(stuck.take(), IsEmpty());
    }
}

TEST(Waiting, for_a_group_ends_when_another_joins_it_or_its_last_member_leaves) {
    TestHub house;
    Reader ann(house, 0, waits(1));
    Reader bob(house, 0, waits(10));
    ann.join_group("a");
    ann.read(0);
    Publisher publisher(house, "a", 1, 30);
    publisher.reaches(1);
    bob.read(0);
    bob.join_group("a");
    publisher.reaches(11);
    house.run();
    EXPECT_EQ(bob.outbox.messages(), 10U);
    bob.close();
    ann.close();
    publisher.join();
    house.run();
    EXPECT_TRUE(house.balanced());
}

TEST(Waiting, room_is_counted_anew_for_who_leaves_and_comes_back) {
    TestHub house;
    Reader ann(house, 0, waits(4));
    ann.join("a");
    ann.read(0);
    for (int i = 1; i <= 3; ++i) house.publish("a", std::to_string(i));
    house.run();
    ann.leave("a");
    ann.join("b");
    EXPECT_EQ(ann.session->gate()->used(), 3);  // what she has not read is in her queue still
    house.hub.publish(house.hub.know(house.app), "b", message("4"), {}, Patience::wait, {});
    house.run();
    ann.read();
    house.run();
    EXPECT_THAT(ann.take(), ElementsAre("a:1", "a:2", "a:3", "b:4"));
    EXPECT_EQ(ann.session->gate()->used(), 0);
}

TEST(Waiting, an_offer_made_to_who_was_a_member_before_takes_no_room_from_who_is_one_now) {
    TestHub house;
    Reader ann(house, 0, waits(2));
    Reader bob(house, 0, waits(2));
    ann.join_group("a");
    bob.join_group("a");
    bob.read(0);
    for (int i = 1; i <= 2; ++i) {
        house.hub.publish(house.hub.know(house.app), "a", message(std::to_string(i)), {},
                          Patience::wait, {});
    }
    ann.leave("a");
    ann.join_group("a");
    house.run();
    EXPECT_EQ(ann.session->gate()->used(), 0);
    EXPECT_EQ(ann.heard.size() + bob.outbox.messages(), 2U);
    EXPECT_EQ(bob.session->gate()->used(), bob.outbox.messages());
    EXPECT_TRUE(house.balanced());
}

TEST(Waiting, what_is_replayed_takes_no_room_and_gives_none_back) {
    TestHistory history;
    TestHub house({}, {.history = &history});
    for (int i = 1; i <= 5; ++i) house.publish("kept", std::to_string(i));
    Reader ann(house, 0, waits(5));
    ann.read(0);
    auto joined = ann.join("kept", {.newest = 5});
    ASSERT_NE(joined.missed, nullptr);
    house.lane().replay(ann.outbox, std::move(joined.missed));
    house.run();
    EXPECT_EQ(ann.session->gate()->used(), 0);
    Publisher publisher(house, "kept", 6, 20);
    publisher.reaches(5);
    ann.read(5);
    house.run();
    EXPECT_EQ(ann.heard.size(), 5U);
    for (int i = 0; i < 20; ++i) {
        house.iterate();
        EXPECT_EQ(publisher.published.load(), 5);
        EXPECT_EQ(ann.session->gate()->used(), 5);
    }
    ann.read();
    while (ann.heard.size() < 20) house.iterate();
    publisher.join();
    EXPECT_EQ(ann.session->gate()->used(), 0);
    EXPECT_TRUE(house.balanced());
}

TEST(Waiting, takes_one_subscription) {
    TestHub house;
    Reader ann(house, 0, waits(1));
    EXPECT_EQ(ann.join("a").outcome, Outcome::ok);
    EXPECT_EQ(ann.join("b").outcome, Outcome::limit_subscriptions);
    EXPECT_EQ(ann.join(levels("#")).outcome, Outcome::limit_subscriptions);
    EXPECT_EQ(ann.leave("a"), Outcome::ok);
    EXPECT_EQ(ann.join(levels("#")).outcome, Outcome::ok);
}

TEST(Waiting, tells_how_it_fared_once_and_only_when_it_was_published) {
    TestHub house;
    Reader ann(house, 0, waits(1));
    ann.join("a");
    ann.read(0);
    std::atomic<int> told{0};
    std::atomic<std::uint64_t> queued{0};
    std::atomic<int> published{0};
    std::thread publisher([&] {
        for (int i = 0; i < 3; ++i) {
            const auto receipt = house.hub.publish(house.hub.know(house.app), "a", message("x"), {},
                                                   Patience::wait, [&](const Fate& fate) {
                                                       ++told;
                                                       queued += fate.queued;
                                                   });
            ASSERT(receipt.matched == 1);
            ++published;
        }
    });
    while (published.load() < 1) std::this_thread::yield();
    house.run();
    EXPECT_EQ(told.load(), 1);
    ann.read();
    while (ann.heard.size() < 3) house.iterate();
    publisher.join();
    house.run();
    EXPECT_EQ(told.load(), 3);
    EXPECT_EQ(queued.load(), 3U);
}

TEST(Waiting, is_refused_as_impatience_is) {
    TestHub house({.limits = {.inbox_bytes_max = 200}});
    Reader ann(house, 0, waits(1));
    ann.join("a");
    EXPECT_EQ(house.hub
                  .publish(house.hub.know(house.app), "a", message(std::string(300, 'x')), {},
                           Patience::wait, {})
                  .outcome,
              Outcome::overloaded);
    EXPECT_EQ(ann.session->gate()->used(), 0);
    EXPECT_EQ(house.hub.publish(house.hub.know(house.app), "", message("x"), {}, Patience::wait, {})
                  .outcome,
              Outcome::bad_name);
}

}  // namespace
}  // namespace carillon::hub
