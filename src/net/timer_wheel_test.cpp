#include "net/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/random.h"

namespace carillon::net {
namespace {

using base::never_ns;
using base::ns_per_s;

struct CallTimer final : Timer {
    explicit CallTimer(std::function<void()> call) : call_(std::move(call)) {}
    void on_timer(Now) override { call_(); }
    std::function<void()> call_;
};

Now at(std::int64_t ns) { return {ns, 0}; }

TEST(TimerWheel, fires_at_the_deadline_not_a_nanosecond_before_and_only_once) {
    TimerWheel wheel(at(0));
    int fired = 0;
    CallTimer timer([&] { ++fired; });
    const std::int64_t deadline = 5 * ns_per_s + 123;
    wheel.arm(timer, deadline);
    EXPECT_TRUE(timer.armed());
    EXPECT_EQ(wheel.advance(at(deadline - 1)), 0U);
    EXPECT_EQ(wheel.advance(at(deadline)), 1U);
    EXPECT_EQ(wheel.advance(at(deadline + ns_per_s)), 0U);
    EXPECT_EQ(fired, 1);
    EXPECT_FALSE(timer.armed());
    EXPECT_EQ(timer.deadline_ns(), never_ns);
}

TEST(TimerWheel, moves_an_armed_timer_and_forgets_a_disarmed_one) {
    TimerWheel wheel(at(0));
    int fired = 0;
    CallTimer moved([&] { ++fired; });
    CallTimer forgotten([&] { FAIL(); });
    wheel.arm(moved, ns_per_s);
    wheel.arm(forgotten, ns_per_s);
    wheel.arm(moved, 3 * ns_per_s);
    wheel.arm(forgotten, never_ns);
    EXPECT_EQ(wheel.advance(at(2 * ns_per_s)), 0U);
    EXPECT_EQ(wheel.advance(at(3 * ns_per_s)), 1U);
    EXPECT_EQ(wheel.next_deadline_ns(), never_ns);
}

TEST(TimerWheel, says_when_to_come_back_one_tick_late_at_most) {
    TimerWheel wheel(at(0));
    CallTimer timer([] {});
    const std::int64_t deadline = 90 * 60 * ns_per_s;
    wheel.arm(timer, deadline);
    int wake_ups = 0;
    std::int64_t now = 0;
    while (timer.armed()) {
        const std::int64_t next = wheel.next_deadline_ns();
        ASSERT_GT(next, now);
        now = next;
        wheel.advance(at(now));
        ++wake_ups;
    }
    EXPECT_GE(now, deadline);
    EXPECT_LE(now, deadline + TimerWheel::tick_ns);
    EXPECT_LE(wake_ups, 7);  // at most once a wheel on the way down
}

TEST(TimerWheel, finds_the_one_that_is_due_after_a_jump_of_hours) {
    TimerWheel wheel(at(ns_per_s));
    std::vector<int> fired;
    CallTimer soon([&] { fired.push_back(1); });
    CallTimer hours([&] { fired.push_back(2); });
    CallTimer years([&] { fired.push_back(3); });
    const std::int64_t hour = 3600 * ns_per_s;
    wheel.arm(years, 50 * 365 * 24 * hour);
    wheel.arm(hours, 7 * hour);
    wheel.arm(soon, 2 * ns_per_s);
    EXPECT_EQ(wheel.advance(at(9 * hour)), 2U);
    EXPECT_EQ(fired, (std::vector<int>{1, 2}));
    EXPECT_EQ(wheel.advance(at(60 * 365 * 24 * hour)), 1U);
}

TEST(TimerWheel, holds_the_farthest_deadline_an_int64_can_name) {
    TimerWheel wheel(at(0));
    CallTimer timer([] {});
    wheel.arm(timer, never_ns - 1);
    EXPECT_LT(wheel.next_deadline_ns(), never_ns);
    EXPECT_EQ(wheel.advance(at(never_ns - 2)), 0U);
    EXPECT_EQ(wheel.next_deadline_ns(), never_ns - 1);
    EXPECT_EQ(wheel.advance(at(never_ns - 1)), 1U);
}

TEST(TimerWheel, fires_a_past_deadline_next_time_and_returns_though_it_is_armed_again_and_again) {
    TimerWheel wheel(at(10 * ns_per_s));
    int fired = 0;
    CallTimer timer([&] {
        ++fired;
        wheel.arm(timer, 1);
    });
    wheel.arm(timer, -5);
    EXPECT_GT(wheel.next_deadline_ns(), 10 * ns_per_s);
    EXPECT_LE(wheel.next_deadline_ns(), 10 * ns_per_s + TimerWheel::tick_ns);
    EXPECT_EQ(wheel.advance(at(10 * ns_per_s)), 1U);
    EXPECT_EQ(wheel.advance(at(10 * ns_per_s)), 1U);
    EXPECT_EQ(fired, 2);
}

TEST(TimerWheel, lets_a_timer_destroy_itself_and_its_neighbours) {
    TimerWheel wheel(at(0));
    std::vector<std::unique_ptr<CallTimer>> timers;
    int fired = 0;
    for (int i = 0; i < 10; ++i) {
        timers.push_back(std::make_unique<CallTimer>([&] {
            ++fired;
            timers.clear();
        }));
        wheel.arm(*timers.back(), ns_per_s);
    }
    EXPECT_EQ(wheel.advance(at(ns_per_s)), 1U);
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(wheel.next_deadline_ns(), never_ns);
}

TEST(TimerWheel, tells_the_alarm_of_every_arm_with_the_time_to_wake) {
    struct Recorder final : TimerWheel::Alarm {
        void on_armed(std::int64_t ns) override { told.push_back(ns); }
        std::vector<std::int64_t> told;
    } recorder;
    TimerWheel wheel(at(0), &recorder);
    CallTimer other([] {});
    CallTimer timer([&] { wheel.arm(other, 9 * ns_per_s); });  // inside advance: not told
    wheel.arm(timer, TimerWheel::tick_ns + 1);
    EXPECT_EQ(recorder.told, std::vector<std::int64_t>{2 * TimerWheel::tick_ns});
    wheel.advance(at(ns_per_s));
    EXPECT_EQ(recorder.told.size(), 1U);
    EXPECT_TRUE(other.armed());
}

// The same life lived twice: once by the wheel, once by a multimap that nobody could get wrong.
class Twins {
 public:
    explicit Twins(std::uint64_t seed) : random_(seed), wheel_(at(now_)) {
        for (std::size_t i = 0; i < timers_max; ++i)
            timers_.push_back(std::make_unique<Twin>(*this));
    }

    void live(int steps) {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            switch (random_.below(8)) {
                case 0:
                    advance();
                    break;
                case 1:
                    disarm(any());
                    break;
                case 2:
                    destroy(any());
                    break;
                default:
                    arm(any());
            }
            expect_next_deadline();
        }
    }

 private:
    static constexpr std::size_t timers_max = 200;

    struct Twin final : Timer {
        explicit Twin(Twins& owner) : twins(owner) {}
        void on_timer(Now) override { twins.on_fired(*this); }
        Twins& twins;
        int armed_in_advance = -1;
    };
    using Model = std::multimap<std::int64_t, Twin*>;

    Twin& any() { return *timers_[random_.below(timers_max)]; }
    // Each magnitude from nanoseconds to days is as likely as the next.
    std::int64_t some_time() {
        return static_cast<std::int64_t>(random_.next() >> (64 - (1 + random_.below(48))));
    }

    void forget(Twin& twin) {
        std::erase_if(model_, [&](auto& one) { return one.second == &twin; });
    }
    void disarm(Twin& twin) {
        forget(twin);
        TimerWheel::disarm(twin);
    }
    void destroy(Twin& twin) {
        forget(twin);
        for (auto& one : timers_) {
            if (one.get() == &twin) {
                one = std::make_unique<Twin>(*this);
                return;
            }
        }
    }
    void arm(Twin& twin) {
        forget(twin);
        const std::int64_t deadline =
            random_.below(10) == 0 ? now_ - some_time() : now_ + some_time();
        twin.armed_in_advance = advancing_ ? advances_ : -1;
        wheel_.arm(twin, deadline);
        model_.emplace(deadline, &twin);
    }

    void advance() {
        before_ = now_;
        now_ += some_time();
        ++advances_;
        fired_ = 0;
        last_tick_ = 0;
        advancing_ = true;
        EXPECT_EQ(wheel_.advance(at(now_)), fired_);
        advancing_ = false;
        for (const auto& [deadline, twin] : model_) {
            if (deadline > now_) break;
            EXPECT_EQ(twin->armed_in_advance, advances_) << "missed " << deadline << " at " << now_;
        }
    }

    void on_fired(Twin& twin) {
        ++fired_;
        EXPECT_NE(twin.armed_in_advance, advances_);
        const auto found = std::find_if(model_.begin(), model_.end(),
                                        [&](auto& one) { return one.second == &twin; });
        ASSERT_NE(found, model_.end()) << "fired though not armed";
        EXPECT_LE(found->first, now_) << "early";
        const std::int64_t tick = std::max(found->first, before_) >> TimerWheel::tick_bits;
        EXPECT_GE(tick, last_tick_) << "out of order";
        last_tick_ = tick;
        model_.erase(found);
        act_inside(twin);
    }

    void act_inside(Twin& twin) {
        switch (random_.below(6)) {
            case 0:
                arm(twin);
                break;
            case 1:
                arm(any());
                break;
            case 2:
                disarm(any());
                break;
            case 3:
                destroy(any());
                break;
            case 4:
                destroy(twin);
                break;
            default:
                break;
        }
    }

    void expect_next_deadline() {
        const std::int64_t next = wheel_.next_deadline_ns();
        if (model_.empty()) {
            EXPECT_EQ(next, never_ns);
            return;
        }
        EXPECT_GT(next, now_);
        EXPECT_LE(next, std::max(model_.begin()->first, now_) + TimerWheel::tick_ns);
    }

    base::SeededRandom random_;
    std::int64_t now_ = 1'000 * ns_per_s;
    std::int64_t before_ = now_;
    std::int64_t last_tick_ = 0;
    int advances_ = 0;
    bool advancing_ = false;
    std::size_t fired_ = 0;
    TimerWheel wheel_;
    std::vector<std::unique_ptr<Twin>> timers_;
    Model model_;
};

TEST(TimerWheel, behaves_like_a_sorted_list_whatever_the_seed) {
    const char* wanted = std::getenv("CARILLON_SEEDS");
    const std::uint64_t seeds = wanted == nullptr ? 60 : std::strtoull(wanted, nullptr, 10);
    for (std::uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        Twins(seed).live(2000);
    }
}

}  // namespace
}  // namespace carillon::net
