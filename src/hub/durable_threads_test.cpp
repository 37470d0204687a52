// One named subscription on real threads: members that take, answer, leave and come back, one who appends and
// stores, one who ticks. Everything is heard, nothing twice but what failed, was late or given back.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/random.h"
#include "hub/durable.h"
#include "hub/testing_durable.h"

namespace carillon::hub {
namespace {

using testing::FakeJournal;

constexpr std::uint64_t messages = 3000;

struct Shared {
    FakeJournal journal;
    Durables durables{journal, journal};
    DurableRef durable;
    std::atomic<std::int64_t> now_ns{1000};
    std::atomic<bool> over{false};
    std::mutex mutex;
    std::map<std::uint64_t, int> acked;

    Now now() const { return {now_ns.load(), 1'700'000'000'000}; }
};

// Sleeps until it is rung, as a lane does.
struct Bell {
    std::mutex mutex;
    std::condition_variable rung;
    bool ringing = false;
    void ring() {
        const std::lock_guard lock(mutex);
        ringing = true;
        rung.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex);
        rung.wait(lock, [this] { return ringing; });
        ringing = false;
    }
};

void work(Shared& shared, std::uint64_t seed, Bell& bell) {
    base::SeededRandom random(seed);
    auto member = shared.durable->join([&bell] { bell.ring(); });
    while (!shared.over) {
        Durable::Taken taken;
        if (shared.durable->take(member, shared.now(), taken) != Durable::Take::got) {
            bell.wait();
            continue;
        }
        const auto offset = taken.kept.stamp.position.offset;
        const auto what = random.below(20);
        if (what == 0) {
            shared.durable->nack(member, offset, "no", shared.now());
        } else if (what == 1) {
            shared.durable->leave(member);
            member = shared.durable->join([&bell] { bell.ring(); });
        } else if (shared.durable->ack(member, offset, shared.now())) {
            const std::lock_guard lock(shared.mutex);
            ++shared.acked[offset];
            if (shared.acked.size() == messages) shared.over = true;
        }
    }
    shared.durable->leave(member);
}

void publish(Shared& shared) {
    base::SeededRandom random(99);
    for (std::uint64_t i = 0; i < messages; ++i) {
        shared.journal.append();
        if (random.below(3) == 0) shared.journal.store();
        if (random.below(10) == 0) shared.journal.later = 1;
    }
}

TEST(DurableThreads, members_on_three_threads_hear_everything_once) {
    Shared shared;
    App app;
    app.id = "app";
    DurableTerms terms;
    terms.deliveries_max = 0;
    terms.backoff_max_ms = 200;
    auto opened = shared.durables.open(std::make_shared<const App>(app), "jobs", "worker", terms,
                                       shared.now());
    ASSERT_TRUE(opened.has_value());
    shared.durable = *opened;
    Bell bells[3];
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 3; ++i) {
        threads.emplace_back([&shared, &bells, i] { work(shared, i + 1, bells[i]); });
    }
    std::thread publisher([&] { publish(shared); });
    // The clock is driven as fast as it goes; so is the storage, once all is published.
    while (!shared.over) {
        shared.now_ns += 10 * base::ns_per_ms;
        if (shared.durables.next_deadline_ns() <= shared.now_ns) shared.durables.tick(shared.now());
        shared.journal.ring();
        shared.journal.store();
        shared.durable->numbers();
        std::this_thread::yield();
    }
    for (auto& bell : bells) bell.ring();
    publisher.join();
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(shared.acked.size(), messages);
    for (const auto& [offset, times] : shared.acked) EXPECT_EQ(times, 1) << offset;
    EXPECT_EQ(shared.durable->numbers().cursor, messages);
    EXPECT_EQ(shared.durable->numbers().in_hand, 0U);
}

}  // namespace
}  // namespace carillon::hub
