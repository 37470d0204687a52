// What a publisher is told of its publication: who has it, and who has not.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

using testing::message;
using testing::TestClient;
using testing::TestHub;

constexpr OutboxPolicy few{.messages_max = 2, .on_full = OutboxPolicy::OnFull::drop_newest};

// Shows no frame for anything.
struct Silent final : Encoder {
    bool encode(const Delivery&, base::Buffer&) const override { return false; }
};

// The last thing that was told; `times` how often.
struct Told {
    Fate fate;
    int times = 0;
    OnDone on_done() {
        return [this](const Fate& f) {
            fate = f;
            ++times;
        };
    }
};

Receipt publish(TestHub& house, Told& told, std::string_view body = "x", SessionId exclude = {}) {
    const std::string_view channel = "news";
    return house.hub.publish(house.app, {&channel, 1}, message(body, exclude), house.now(),
                             told.on_done());
}

void expect(const Told& told, std::uint64_t queued, std::uint64_t dropped) {
    EXPECT_EQ(told.times, 1);
    EXPECT_EQ(told.fate.queued, queued);
    EXPECT_EQ(told.fate.dropped, dropped);
}

TEST(OnDone, is_told_inside_publish_if_nobody_is_there) {
    TestHub house;
    Told told;
    publish(house, told);
    expect(told, 0, 0);
}

TEST(OnDone, counts_everyone_on_every_lane_and_is_told_once_by_the_last) {
    TestHub house({.lanes = 3});
    std::vector<std::unique_ptr<TestClient>> clients;
    for (unsigned lane : {0U, 0U, 1U, 2U, 2U, 2U}) {
        clients.push_back(house.open(lane));
        clients.back()->join("news");
    }
    Told told;
    EXPECT_EQ(publish(house, told).matched, 6U);
    house.iterate(0);
    house.iterate(2);
    EXPECT_EQ(told.times, 0);
    house.iterate(1);
    expect(told, 6, 0);
}

TEST(OnDone, waits_until_the_flush_has_visited_everyone) {
    TestHub house;
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(house.open());
        clients.back()->join("news");
    }
    Told told;
    publish(house, told);
    house.lane().take();
    for (int i = 0; i < 4; ++i) {
        house.lane().flush(1);
        EXPECT_EQ(told.times, 0);
    }
    house.lane().flush(1);
    expect(told, 5, 0);
}

// What is taken while a round is under way is offered in the next.
TEST(OnDone, of_what_is_taken_in_the_middle_of_a_round_waits_for_the_next) {
    TestHub house;
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(house.open());
        clients.back()->join("news");
    }
    Told first;
    Told second;
    publish(house, first);
    house.lane().take();
    house.lane().flush(1);
    publish(house, second);
    house.lane().take();
    house.lane().flush(2);
    expect(first, 3, 0);
    EXPECT_EQ(second.times, 0);
    house.run();
    expect(second, 3, 0);
}

TEST(OnDone, needs_nobody_else_to_wake_the_loop_for_what_nobody_hears) {
    TestHub house;
    auto one = house.open();
    auto two = house.open();
    auto sender = house.open();
    one->join("other");
    two->join("other");
    sender->join("news");
    house.publish("other", "x");
    house.lane().take();
    house.lane().flush(1);  // a round is under way
    Told told;
    publish(house, told, "x", sender->session->id());
    house.run();
    expect(told, 0, 0);
}

TEST(OnDone, does_not_count_whose_queue_was_full) {
    TestHub house;
    auto quick = house.open();
    auto slow = house.open(0, few);
    quick->join("news");
    slow->join("news");
    slow->door.room = 0;
    for (int i = 0; i < 2; ++i) {
        Told told;
        publish(house, told);
        house.run();
        expect(told, 2, 0);
    }
    Told told;
    publish(house, told);
    house.run();
    expect(told, 1, 1);
    EXPECT_TRUE(house.balanced());
}

// Several wait at once, and the one that does not fit is not the last.
TEST(OnDone, tells_each_of_several_publications_its_own) {
    TestHub house;
    auto slow = house.open(0, few);
    slow->join("news");
    slow->door.room = 0;
    std::array<Told, 4> told;
    for (auto& one : told) publish(house, one);
    house.run();
    expect(told[0], 1, 0);
    expect(told[1], 1, 0);
    expect(told[2], 0, 1);
    expect(told[3], 0, 1);
}

TEST(OnDone, of_what_goes_oldest_first_says_who_lost_it_in_the_same_round_only) {
    TestHub house;
    auto slow = house.open(0, {.messages_max = 1, .on_full = OutboxPolicy::OnFull::drop_oldest});
    slow->join("news");
    slow->door.room = 0;
    Told first;
    Told second;
    publish(house, first);
    publish(house, second);
    house.run();
    expect(first, 0, 1);
    expect(second, 1, 0);
    Told third;
    publish(house, third);
    house.run();
    expect(third, 1, 0);
    expect(second, 1, 0);  // it was told before, and is not told again
}

TEST(OnDone, counts_as_dropped_what_a_session_loses_that_is_closed_for_being_slow) {
    TestHub house;
    auto slow = house.open(0, {.messages_max = 1, .on_full = OutboxPolicy::OnFull::close});
    slow->join("news");
    slow->door.room = 0;
    Told first;
    Told second;
    publish(house, first);
    publish(house, second);
    house.run();
    expect(first, 0, 1);
    expect(second, 0, 1);
}

TEST(OnDone, does_not_count_who_left_before_it_was_offered) {
    TestHub house;
    auto stays = house.open();
    auto leaves = house.open();
    stays->join("news");
    leaves->join("news");
    Told before_take;
    Told after_take;
    publish(house, before_take);
    house.lane().take();
    publish(house, after_take);
    leaves->leave("news");
    house.run();
    expect(before_take, 1, 0);
    expect(after_take, 1, 0);
}

TEST(OnDone, does_not_count_who_is_excluded_or_whose_format_shows_nothing) {
    TestHub house;
    const Silent silent;
    auto sender = house.open();
    auto deaf = house.open();
    auto other = house.open();
    sender->join("news");
    deaf->join("news", silent);
    other->join("news");
    Told told;
    publish(house, told, "x", sender->session->id());
    house.run();
    expect(told, 1, 0);
}

TEST(OnDone, is_told_of_a_publication_that_no_format_shows) {
    TestHub house;
    const Silent silent;
    auto deaf = house.open();
    deaf->join("news", silent);
    Told told;
    publish(house, told);
    house.run();
    expect(told, 0, 0);
}

TEST(OnDone, is_not_told_of_a_refused_publication) {
    TestHub house({.limits = {.inbox_bytes_max = 100}});
    auto client = house.open();
    client->join("news");
    Told told;
    EXPECT_EQ(publish(house, told, std::string(200, 'x')).outcome, Outcome::overloaded);
    house.run();
    EXPECT_EQ(told.times, 0);
}

TEST(OnDone, sums_over_the_channels_of_one_publish) {
    TestHub house;
    auto client = house.open();
    auto other = house.open();
    client->join("a");
    client->join("b");
    other->join("b");
    Told told;
    const std::vector<std::string_view> channels{"a", "b", "nobody"};
    house.hub.publish(house.app, channels, message("x"), house.now(), told.on_done());
    house.run();
    expect(told, 3, 0);
}

TEST(OnDone, may_publish_again) {
    TestHub house;
    auto client = house.open();
    client->join("news");
    Told second;
    const std::string_view channel = "news";
    house.hub.publish(house.app, {&channel, 1}, message("one"), house.now(),
                      [&](const Fate&) { publish(house, second, "two"); });
    house.run();
    expect(second, 1, 0);
    EXPECT_EQ(client->take(), "news:e:one\nnews:e:two\n");
}

// Against a naive count of who has received or still owes it, at the end of each round.
TEST(OnDone, says_what_is_found_in_the_queues_whatever_happens) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        base::SeededRandom random(seed);
        TestHub house({.seed = seed});
        std::vector<std::unique_ptr<TestClient>> clients;
        for (int i = 0; i < 8; ++i) {
            const auto on_full = random.below(2) == 0 ? OutboxPolicy::OnFull::drop_newest
                                                      : OutboxPolicy::OnFull::drop_oldest;
            const auto max = static_cast<std::uint32_t>(1 + random.below(5));
            clients.push_back(house.open(0, {.messages_max = max, .on_full = on_full}));
            clients.back()->join("news");
        }
        std::map<std::string, Fate> told;
        std::vector<std::string> bodies;
        const auto have = [&](const std::string& line) {
            std::uint64_t count = 0;
            for (auto& client : clients) {
                auto all = client->door.received;
                client->outbox.each_frame([&](std::string_view frame, bool) { all += frame; });
                if (all.find(line) != std::string::npos) ++count;
            }
            return count;
        };
        for (int round = 0; round < 30; ++round) {
            bodies.clear();
            for (auto n = random.below(5); n != 0; --n) {
                bodies.push_back(std::to_string(round) + "." + std::to_string(n) + ".");
                const std::string_view channel = "news";
                house.hub.publish(house.app, {&channel, 1}, message(bodies.back()), house.now(),
                                  [&told, body = bodies.back()](const Fate& f) { told[body] = f; });
            }
            auto& client = *clients[random.below(clients.size())];
            switch (random.below(4)) {
                case 0:
                    client.leave("news");
                    break;
                case 1:
                    client.join("news");
                    break;
                case 2:
                    client.door.room = 0;
                    break;
                default:
                    client.unblock(11 * random.below(6));  // whole lines and not
            }
            house.iterate(0);
            for (const auto& body : bodies) {
                ASSERT_TRUE(told.contains(body)) << body;
                EXPECT_EQ(told[body].queued, have(":" + body + "\n")) << body;
            }
            house.run();
        }
        EXPECT_TRUE(house.balanced());
    }
}

TEST(OnDone, is_told_once_however_many_loops_run) {
    TestHub house({.lanes = 2});
    auto one = house.open(0);
    auto two = house.open(1);
    one->join("news");
    two->join("news");
    constexpr int count = 2000;
    std::atomic<std::uint64_t> told{0};
    std::atomic<std::uint64_t> queued{0};
    std::atomic<bool> over{false};
    std::vector<std::thread> loops;
    for (unsigned lane : {0U, 1U}) {
        house.lane(lane).home().unsettle();
        loops.emplace_back([&, lane] {
            auto& it = house.lane(lane);
            it.home().settle();
            while (!over.load() || it.has_work()) {
                it.take();
                it.flush(1000);
                it.reap({1, 1});
            }
            it.home().unsettle();
        });
    }
    const std::string_view channel = "news";
    for (int i = 0; i < count; ++i) {
        while (house.hub
                   .publish(house.app, {&channel, 1}, message("x"), {1, 1},
                            [&](const Fate& fate) {
                                queued += fate.queued;
                                ++told;
                            })
                   .outcome != Outcome::ok) {
            std::this_thread::yield();
        }
    }
    while (told.load() != count) std::this_thread::yield();
    over = true;
    for (auto& loop : loops) loop.join();
    EXPECT_EQ(queued.load(), 2U * count);
    EXPECT_EQ(told.load(), static_cast<std::uint64_t>(count));
}

}  // namespace
}  // namespace carillon::hub
