#include "net/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"

namespace carillon::net {

static_assert(sizeof(Timer) <= sizeof(void*) + 32, "a timer is paid for by every connection");

TimerWheel::TimerWheel(Now start, Alarm* alarm)
    : alarm_(alarm), now_ns_(start.steady_ns), tick_(start.steady_ns >> tick_bits) {
    ASSERT(start.steady_ns >= 0);
}

void TimerWheel::arm(Timer& timer, std::int64_t deadline_ns) {
    timer.unlink();
    timer.deadline_ns_ = deadline_ns;
    if (deadline_ns == base::never_ns) return;
    insert(timer);
    if (alarm_ != nullptr && !advancing_) {
        alarm_->on_armed(wake_up_for(std::max(deadline_ns, now_ns_) >> tick_bits));
    }
}

void TimerWheel::disarm(Timer& timer) {
    timer.unlink();
    timer.deadline_ns_ = base::never_ns;
}

std::int64_t TimerWheel::next_deadline_ns() const {
    if (!past_.empty()) return wake_up_for(now_ns_ >> tick_bits);
    Place place{};
    if (!first_place(place)) return base::never_ns;
    const std::int64_t start = start_of(place);
    // A distant slot has no earlier timer than its start, and only there do we learn which one it
    // is.
    return place.wheel == 0 ? wake_up_for(start) : start << tick_bits;
}

std::size_t TimerWheel::advance(Now now) {
    ASSERT(!advancing_);
    advancing_ = true;
    now_ns_ = std::max(now_ns_, now.steady_ns);
    const std::int64_t end = now_ns_ >> tick_bits;

    std::size_t fired = fire(past_, now);
    Place place{};
    while (first_place(place) && start_of(place) <= end) {
        tick_ = start_of(place);
        if (place.wheel != 0) {
            move_down(place);
            continue;
        }
        fired += fire(wheels_[0][place.slot], now);
        if (tick_ == end) break;  // what is left in this slot is due later in the same tick
    }
    // Nothing needs to move for this jump: the first occupied slot starts after `end`, so every
    // timer still differs from the hand first in the group of bits that chose its wheel.
    tick_ = end;
    advancing_ = false;
    return fired;
}

TimerWheel::Place TimerWheel::place_of(std::int64_t tick) const {
    const auto differs = static_cast<std::uint64_t>(tick ^ tick_) | (slots - 1);
    const unsigned wheel = static_cast<unsigned>(std::bit_width(differs) - 1) / slot_bits;
    return {wheel, static_cast<unsigned>(tick >> (wheel * slot_bits)) & (slots - 1)};
}

// A wheel never wraps: its occupied slots lie ahead of the hand in the same turn of the wheel
// above.
std::int64_t TimerWheel::start_of(Place place) const {
    const unsigned above = (place.wheel + 1) * slot_bits;
    return ((tick_ >> above) << above) |
           (static_cast<std::int64_t>(place.slot) << (place.wheel * slot_bits));
}

// Everything in a lower wheel comes before anything in a higher one, so the first hit is the
// earliest.
bool TimerWheel::first_place(Place& place) const {
    for (unsigned wheel = 0; wheel < wheels; ++wheel) {
        for (std::uint64_t bits = occupied_[wheel]; bits != 0; bits &= bits - 1) {
            const auto slot = static_cast<unsigned>(std::countr_zero(bits));
            if (wheels_[wheel][slot].empty()) continue;
            place = {wheel, slot};
            return true;
        }
    }
    return false;
}

void TimerWheel::insert(Timer& timer) {
    if (timer.deadline_ns_ <= now_ns_) {
        past_.push_back(timer);
        return;
    }
    const Place place = place_of(timer.deadline_ns_ >> tick_bits);
    occupied_[place.wheel] |= std::uint64_t{1} << place.slot;
    wheels_[place.wheel][place.slot].push_back(timer);
}

std::int64_t TimerWheel::wake_up_for(std::int64_t tick) const {
    constexpr std::int64_t last_tick = base::never_ns >> tick_bits;
    return tick >= last_tick ? base::never_ns - 1 : (tick + 1) << tick_bits;
}

void TimerWheel::move_down(Place place) {
    List moving;
    moving.swap(wheels_[place.wheel][place.slot]);
    occupied_[place.wheel] &= ~(std::uint64_t{1} << place.slot);
    while (!moving.empty()) {
        Timer& timer = moving.front();
        moving.pop_front();
        const Place lower = place_of(timer.deadline_ns_ >> tick_bits);
        ASSERT(lower.wheel < place.wheel);
        occupied_[lower.wheel] |= std::uint64_t{1} << lower.slot;
        wheels_[lower.wheel][lower.slot].push_back(timer);
    }
}

// Taken out first: a timer armed by one of these goes into the slot or past_, and is not met again
// here; one destroyed by them unlinks itself from `taken`.
std::size_t TimerWheel::fire(List& list, Now now) {
    List taken;
    taken.swap(list);
    std::size_t fired = 0;
    while (!taken.empty()) {
        Timer& timer = taken.front();
        taken.pop_front();
        if (timer.deadline_ns_ > now_ns_) {
            insert(timer);
            continue;
        }
        timer.deadline_ns_ = base::never_ns;
        ++fired;
        timer.on_timer(now);
    }
    return fired;
}

}  // namespace carillon::net
