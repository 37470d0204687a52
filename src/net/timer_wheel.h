// net/timer_wheel.h: what is due when, for one loop. Owned by its loop, never locked. Knows no
// clock, no socket and no operating system timer: its loop asks next_deadline_ns() and calls
// advance().
//
// Seven wheels of 64 slots, a tick being 2^24 ns (16.8 ms): together they hold every deadline an
// int64 of nanoseconds can name, so there is no overflow list and no special case for next year. A
// timer sits in the wheel of the highest group of six bits in which its tick differs from the
// current one, and moves down as time enters its slot: O(1) to arm, at most six moves in its life.
// A heap costs O(log n) for every message that pushes an idle timeout back, and 200k connections do
// little else.
//
// Never early: advance() compares the exact deadline. Late by up to a tick, because
// next_deadline_ns() rounds up, so that one wake-up serves everything that falls into the same 16.8
// ms.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace carillon::net {

// Lives inside the object it wakes: two links and a deadline, no allocation. Destroying it disarms
// it.
struct Timer
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // Already disarmed when this is called. May arm, disarm or destroy itself or any other timer.
    virtual void on_timer(Now now) = 0;

    bool armed() const { return is_linked(); }
    std::int64_t deadline_ns() const { return deadline_ns_; }  // never_ns when not armed

 protected:
    ~Timer() = default;

 private:
    friend class TimerWheel;
    std::int64_t deadline_ns_ = base::never_ns;
};

class TimerWheel {
 public:
    // Told of every timer that is armed and when to wake for it, so that whoever sleeps can sleep
    // less. Not called inside advance(), after which the caller asks next_deadline_ns() anyway.
    struct Alarm {
        virtual void on_armed(std::int64_t wake_up_ns) = 0;

     protected:
        ~Alarm() = default;
    };

    explicit TimerWheel(Now start, Alarm* alarm = nullptr);
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    // An armed timer moves; never_ns disarms. A deadline already past fires at the next advance(),
    // also when armed inside one: a timer that keeps arming itself for the past cannot keep
    // advance() from returning.
    void arm(Timer& timer, std::int64_t deadline_ns);
    static void disarm(Timer& timer);

    // When advance() has something to do: the end of the tick of the earliest timer, or, for a
    // distant one, a moment before it when it moves down a wheel. Always later than the last
    // advance(). never_ns: nothing armed.
    std::int64_t next_deadline_ns() const;

    // Fires everything with deadline_ns <= now.steady_ns, tick after tick (in no order within one);
    // says how many.
    std::size_t advance(Now now);

    static constexpr int tick_bits = 24;
    static constexpr std::int64_t tick_ns = std::int64_t{1} << tick_bits;

 private:
    using List = boost::intrusive::list<Timer, boost::intrusive::constant_time_size<false>>;
    static constexpr unsigned slot_bits = 6;
    static constexpr unsigned slots = 1U << slot_bits;
    static constexpr unsigned wheels = 7;  // 7 * 6 bits of ticks + 24 bits within one > 63

    struct Place {
        unsigned wheel;
        unsigned slot;
    };

    Place place_of(std::int64_t tick) const;
    std::int64_t start_of(Place place) const;
    bool first_place(Place& place) const;
    void insert(Timer& timer);
    std::int64_t wake_up_for(std::int64_t tick) const;
    void move_down(Place place);
    std::size_t fire(List& list, Now now);

    Alarm* alarm_;
    std::int64_t now_ns_;  // of the last advance; what is due later is in a slot, the rest in past_
    std::int64_t tick_;    // where the hand stands
    bool advancing_ = false;
    List past_;
    // A bit says "may hold a timer": disarming does not look, first_place() does.
    std::array<std::uint64_t, wheels> occupied_{};
    std::array<std::array<List, slots>, wheels> wheels_;
};

}  // namespace carillon::net
