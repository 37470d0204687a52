// library/clock.h: the time, and at a tenth of the price the time as of the kernel's last tick, some
// milliseconds ago: good enough for a publication's stamp.
#pragma once

#include <ctime>

#include "base/time.h"

namespace carillon::library {

class Clock final : public base::Clock {
 public:
    Now now() const override { return base::SystemClock().now(); }
    Now coarse_now() const {
        timespec wall{};
        ::clock_gettime(CLOCK_REALTIME_COARSE, &wall);
        timespec steady{};
        ::clock_gettime(CLOCK_MONOTONIC_COARSE, &steady);
        return {steady.tv_sec * base::ns_per_s + steady.tv_nsec,
                wall.tv_sec * 1000 + wall.tv_nsec / base::ns_per_ms};
    }
};

}  // namespace carillon::library
