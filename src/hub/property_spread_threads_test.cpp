// The same on real threads: what holds whatever the schedule. Lanes run on threads of their own and
// play those who come and go; publishers publish all the time, some of them patiently.
//
//   CARILLON_THREADS_SECONDS=60   for how long, together with the other tests on threads (2)
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <thread>

#include "hub/testing_spread.h"

namespace carillon::hub {
namespace {

using testing::glob;
using testing::levels;
using testing::message;
using testing::policy_of;
using testing::Reader;
using testing::TestClient;
using testing::TestHub;
using testing::waits;

constexpr unsigned lanes = 3;
constexpr unsigned publishers = 3;
constexpr int each = 300;  // publications of one publisher in one channel

double seconds() {
    const auto* text = std::getenv("CARILLON_THREADS_SECONDS");
    return (text == nullptr ? 2 : std::strtod(text, nullptr)) / 5;
}

// Everything that one reader heard, in his order.
using Heard = std::vector<std::string>;

// One round. Channels: "x/<publisher>" for all, "jobs" and "jobs/p" for groups, "slow" for who makes
// publishers wait.
class Round {
 public:
    explicit Round(std::uint64_t seed) : seed_(seed), house_({.lanes = lanes, .seed = seed}) {
        for (unsigned i = 0; i < lanes; ++i) open_residents(i);
        house_.run();
    }
    void run() {
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < lanes; ++i) threads.emplace_back([this, i] { run_lane(i); });
        std::vector<std::thread> writers;
        for (unsigned i = 0; i < publishers; ++i) writers.emplace_back([this, i] { write(i); });
        for (auto& writer : writers) writer.join();
        quit_.store(true);
        for (auto& thread : threads) thread.join();
        settle();
    }
    void check() {
        for (const auto& resident : everything_) hears_everything_once(resident->heard);
        groups_give_each_once("jobs", jobs_);
        groups_give_each_once("jobs/p", pattern_jobs_);
        groups_give_each_once("tight", tight_);
        Heard slow;
        for (const auto& line : waiter_->heard) slow.push_back(line);
        is_all_of("slow", slow, true);
        EXPECT_LE(most_.load(), 8);
        EXPECT_EQ(waiter_->session->gate()->used(), 0);
        EXPECT_TRUE(house_.balanced());
        std::uint64_t matched = 0;
        for (unsigned i = 0; i < lanes; ++i) {
            const auto books = house_.books(i);
            matched += books.matched - books.passed;
            EXPECT_EQ(books.pending_inbox + books.pending_batch + books.pending_outbox, 0U);
            EXPECT_EQ(books.dropped[static_cast<std::size_t>(DropReason::no_consumer)], 0U);
            EXPECT_EQ(books.dropped[static_cast<std::size_t>(DropReason::newest)], 0U);
            EXPECT_EQ(house_.lane(i).inbox().reserved_bytes(), 0U);
        }
        EXPECT_EQ(matched, matched_.load());
    }

 private:
    // Who stays, on each lane: one who hears everything by a pattern while other subscriptions of
    // his come and go, and a member of each group who always has room.
    void open_residents(unsigned lane) {
        everything_.push_back(
            std::make_unique<Reader>(house_, lane, OutboxPolicy{.messages_max = 1'000'000}));
        everything_.back()->join(levels("#"));
        add_worker(jobs_, lane, {.messages_max = 1'000'000}).join_group("jobs");
        add_worker(pattern_jobs_, lane, {.messages_max = 1'000'000})
            .join(levels("jobs/#"), {.group = "g"});
        add_worker(tight_, lane, waits(2)).join_group("tight");
        if (lane != 0) return;
        waiter_ = std::make_unique<Reader>(house_, lane, waits(8));
        waiter_->join("slow");
    }
    Reader& add_worker(std::vector<std::unique_ptr<Reader>>& group, unsigned lane,
                       OutboxPolicy policy) {
        auto made = std::make_unique<Reader>(house_, lane, policy);
        const std::lock_guard lock(mutex_);
        return *group.emplace_back(std::move(made));
    }

    // ---- a lane's thread ----

    void run_lane(unsigned index) {
        auto& lane = house_.lane(index);
        lane.home().settle();
        base::SeededRandom random(seed_ * 100 + index);
        std::vector<Reader*> guests;  // of groups: they come, read a little, and go
        for (std::uint64_t turn = 0; !quit_.load(); ++turn) {
            lane.take(1 + random.below(50));
            lane.flush(1 + random.below(20));
            lane.reap({});
            if (waiter_ != nullptr && index == 0) {
                const auto used = waiter_->session->gate()->used();
                if (used > most_.load()) most_.store(used);
            }
            flicker(*everything_[index], random);
            come_and_go(index, guests, random);
            if (index == 0) waiter_->read(random.below(6));
            std::this_thread::yield();
        }
        lane.home().unsettle();
    }
    void flicker(Reader& reader, base::SeededRandom& random) {
        const auto channel = "x/" + std::to_string(random.below(publishers));
        const auto what = random.below(12);
        auto& hub = house_.hub;
        auto& session = *reader.session;
        if (what == 0) hub.subscribe(session, channel, Reader::format(), {}, {});
        if (what == 1) hub.unsubscribe(session, channel, {});
        if (what == 2) hub.subscribe(session, levels("x/+"), Reader::format(), {}, {});
        if (what == 3) hub.unsubscribe(session, levels("x/+"), {});
        if (what == 4) hub.subscribe(session, glob("*"), Reader::format(), {}, {});
        if (what == 5) hub.unsubscribe(session, glob("*"), {});
        if (what == 8) reader.read(random.below(5));
        if (what == 9) reader.read();
    }
    void come_and_go(unsigned lane, std::vector<Reader*>& guests, base::SeededRandom& random) {
        const auto what = random.below(10);
        if (what == 0 && guests.size() < 20) {
            const bool small = random.below(2) == 0;
            const auto policy =
                small ? policy_of(OutboxPolicy::OnFull::drop_newest, 2) : OutboxPolicy{};
            const bool pattern = random.below(2) == 0;
            auto& guest = add_worker(pattern ? pattern_jobs_ : jobs_, lane, policy);
            guest.read(random.below(3));
            if (pattern) {
                house_.hub.subscribe(*guest.session, levels("jobs/#"), Reader::format(),
                                     {.group = "g"}, {});
            } else {
                house_.hub.subscribe(*guest.session, "jobs", Reader::format(), {.group = "g"}, {});
            }
            guests.push_back(&guest);
        }
        if (guests.empty()) return;
        auto& guest = *guests[random.below(guests.size())];
        if (what == 1) guest.read(random.below(4));
        if (what == 2) {
            guest.close();
            std::erase(guests, &guest);
        }
    }

    // ---- a publisher's ----

    void write(unsigned publisher) {
        const auto own = "x/" + std::to_string(publisher);
        for (int i = 0; i < each; ++i) {
            const auto body = std::to_string(publisher) + "-" + std::to_string(i);
            publish(own, body, Patience::none);
            publish("jobs", body, Patience::none);
            publish("jobs/p", body, Patience::none);
            publish("slow", body, Patience::wait);
            publish("tight", body, Patience::wait);
        }
    }
    void publish(std::string_view channel, std::string_view body, Patience patience) {
        const auto receipt = house_.hub.publish(house_.hub.know(house_.app), channel, message(body),
                                                {}, patience, {});
        ASSERT(receipt.outcome == Outcome::ok);
        matched_ += receipt.matched;
    }

    // ---- afterwards, on one thread ----

    void settle() {
        for (auto* all : {&everything_, &jobs_, &pattern_jobs_, &tight_}) {
            for (auto& reader : *all) {
                if (reader->session != nullptr) reader->read();
            }
        }
        waiter_->read();
        for (int i = 0; i < 3; ++i) {
            for (unsigned lane = 0; lane < lanes; ++lane) {
                house_.iterate(lane);
                while (house_.lane(lane).has_work()) house_.iterate(lane);
            }
        }
        house_.run();
    }
    void hears_everything_once(const Heard& heard) {
        for (unsigned p = 0; p < publishers; ++p) {
            const auto own = "x/" + std::to_string(p);
            std::vector<std::string> expected;
            for (int i = 0; i < each; ++i) {
                expected.push_back(own + ":" + std::to_string(p) + "-" + std::to_string(i));
            }
            auto in_order = heard;
            std::erase_if(in_order, [&](auto& line) { return !line.starts_with(own + ":"); });
            EXPECT_EQ(in_order, expected);
        }
        for (const auto* channel : {"jobs", "jobs/p", "slow", "tight"}) {
            is_all_of(channel, heard, true);
        }
    }
    static void is_all_of(const std::string& channel, const Heard& heard, bool in_order) {
        std::map<std::string, int> times;
        std::map<std::string, int> last;  // by publisher
        for (const auto& line : heard) {
            if (!line.starts_with(channel + ":")) continue;
            const auto body = line.substr(channel.size() + 1);
            ++times[body];
            const auto number = std::stoi(body.substr(body.find('-') + 1));
            auto& before = last.emplace(body.substr(0, body.find('-')), -1).first->second;
            if (in_order) {
                EXPECT_GT(number, before) << line;
            }
            before = number;
        }
        EXPECT_EQ(times.size(), std::size_t{publishers} * each) << channel;
        for (const auto& [body, count] : times) EXPECT_EQ(count, 1) << channel << ' ' << body;
    }
    void groups_give_each_once(const std::string& channel,
                               const std::vector<std::unique_ptr<Reader>>& members) {
        Heard all;
        for (const auto& member : members) {
            all.insert(all.end(), member->heard.begin(), member->heard.end());
        }
        is_all_of(channel, all, false);
    }

    const std::uint64_t seed_;
    TestHub house_;
    std::atomic<bool> quit_{false};
    std::atomic<std::uint64_t> matched_{0};
    std::atomic<std::int64_t> most_{0};
    std::mutex mutex_;  // the lists of members
    std::vector<std::unique_ptr<Reader>> everything_;
    std::vector<std::unique_ptr<Reader>> jobs_;
    std::vector<std::unique_ptr<Reader>> pattern_jobs_;
    std::vector<std::unique_ptr<Reader>> tight_;
    std::unique_ptr<Reader> waiter_;
};

TEST(SpreadOnThreads, everything_is_heard_once_and_in_order_whoever_comes_and_goes) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds());
    int rounds = 0;
    do {
        Round round(1000 + static_cast<std::uint64_t>(rounds));
        round.run();
        round.check();
        ++rounds;
    } while (std::chrono::steady_clock::now() < end && !HasFailure());
    std::printf("%d rounds\n", rounds);
}

}  // namespace
}  // namespace carillon::hub
