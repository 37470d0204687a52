#include "hub/tally.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace carillon::hub {
namespace {

TEST(Tally, counts_a_joiner_from_the_item_after_its_note) {
    Tally tally;
    tally.join(5, 3);  // items 4 and 5 still wait in the inbox
    for (const std::uint64_t number : {4, 5}) {
        tally.advance(number);
        EXPECT_EQ(tally.hearing(), 0U) << number;
    }
    tally.advance(6);
    EXPECT_EQ(tally.hearing(), 1U);
}

TEST(Tally, counts_a_leaver_as_left_until_the_channel_took_note) {
    Tally tally;
    tally.join(0, 0);
    tally.leave(0, 0);
    tally.advance(1);
    EXPECT_EQ(tally.hearing(), 0U);
    EXPECT_EQ(tally.left(), 1U);
    tally.settle(2, 1);
    EXPECT_FALSE(tally.settled(1));
    tally.advance(2);
    EXPECT_EQ(tally.left(), 1U);
    tally.advance(3);
    EXPECT_EQ(tally.left(), 0U);
}

TEST(Tally, lets_a_joiner_leave_when_the_lane_has_just_come_to_its_note) {
    Tally tally;
    tally.join(5, 3);
    tally.leave(5, 5);  // other channels' items: this audience was never told of 4 and 5
    tally.settle(5, 5);
    EXPECT_TRUE(tally.settled(5));
    tally.advance(6);
    EXPECT_EQ(tally.hearing(), 0U);
    EXPECT_EQ(tally.left(), 0U);
}

TEST(Tally, is_settled_as_soon_as_the_last_matched_item_was_taken) {
    Tally tally;
    tally.join(0, 0);
    tally.leave(0, 0);
    tally.settle(2, 0);
    EXPECT_FALSE(tally.settled(1));
    EXPECT_TRUE(tally.settled(2));  // nothing has to come after it
}

// Entry by entry, as the books define it: hears n if after < n and it had not left when n was
// taken; counts as left if n was enqueued for it (after < n ≤ until) and it had.
struct NaiveEntry {
    std::uint64_t after;
    std::uint64_t taken_at_leave = UINT64_MAX;
    std::uint64_t until = UINT64_MAX;
    bool gone() const { return taken_at_leave != UINT64_MAX; }
    bool settled() const { return until != UINT64_MAX; }
    bool hears(std::uint64_t n) const { return after < n && (!gone() || n <= taken_at_leave); }
    bool left(std::uint64_t n) const {
        return gone() && n > after && n > taken_at_leave && n <= until;
    }
};

class Schedule {
 public:
    explicit Schedule(std::uint64_t seed) : random_(seed) {}

    void play() {
        for (int step = 0; step < 300 && !::testing::Test::HasFailure(); ++step) {
            switch (random_.below(5)) {
                case 0:
                    ++last_;
                    break;
                case 1:
                    take();
                    break;
                case 2:
                    entries_.push_back({last_});
                    tally_.join(last_, taken_);
                    break;
                case 3:
                    leave();
                    break;
                default:
                    settle();
            }
        }
        while (taken_ < last_) take();
        while (settle()) {
        }
        const bool any = std::any_of(entries_.begin(), entries_.end(),
                                     [](const NaiveEntry& e) { return e.gone() && !e.settled(); });
        EXPECT_EQ(tally_.settled(taken_), !any);
    }

 private:
    void take() {
        if (taken_ == last_) return;
        const auto number = taken_ + 1;
        if (random_.below(3) != 0) {  // else it is another channel's: this audience is not asked
            tally_.advance(number);
            EXPECT_EQ(tally_.hearing(), count([&](const auto& e) { return e.hears(number); }));
            EXPECT_EQ(tally_.left(), count([&](const auto& e) { return e.left(number); }));
        }
        taken_ = number;
    }
    void leave() {
        auto* entry = pick([](const auto& e) { return !e.gone(); });
        if (entry == nullptr) return;
        if (random_.below(4) == 0 && entry->after < taken_) entry->after = taken_;  // stepped over
        tally_.leave(entry->after, taken_);
        entry->taken_at_leave = taken_;
    }
    bool settle() {
        auto* entry = pick([](const auto& e) { return e.gone() && !e.settled(); });
        if (entry == nullptr) return false;
        tally_.settle(last_, taken_);
        entry->until = last_;
        return true;
    }
    template <class Predicate>
    NaiveEntry* pick(Predicate fits) {
        std::vector<NaiveEntry*> fitting;
        for (auto& entry : entries_) {
            if (fits(entry)) fitting.push_back(&entry);
        }
        return fitting.empty() ? nullptr : fitting[random_.below(fitting.size())];
    }
    template <class Predicate>
    std::uint32_t count(Predicate fits) const {
        return static_cast<std::uint32_t>(std::count_if(entries_.begin(), entries_.end(), fits));
    }

    base::SeededRandom random_;
    Tally tally_;
    std::vector<NaiveEntry> entries_;
    std::uint64_t last_ = 0;
    std::uint64_t taken_ = 0;
};

TEST(Tally, agrees_with_a_count_of_every_entry_on_random_schedules) {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Schedule(seed).play();
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace carillon::hub
