// bench/pace.h: the same thing again and again at a fixed pace, and what that costs the measured
// process. The period is longer than the thing takes, so that each one finds a server that sleeps.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "bench/clock.h"
#include "bench/report.h"

namespace bench {

struct Lap {
    std::int64_t wall_ns;  // until the last receiver has all
    std::int64_t own_ns;   // what this tool had to do meanwhile
};

class Pace {
 public:
    // Not measured: the other process of the pair has just had the core and its caches.
    static constexpr int kWarmUps = 3;

    explicit Pace(pid_t pid) : clock_(pid) {}
    void run(int laps, std::int64_t period_ns, const std::function<Lap()>& lap);
    void add_to(Report& report, std::size_t deliveries_per_lap);

 private:
    ProcessClock clock_;
    Usage usage_{};
    std::vector<std::int64_t> walls_;
    std::int64_t own_ns_ = 0;
    std::uint64_t ticks_missed_ = 0;
};

// Reads lines `round <laps> [<period in ms>]` from stdin until it ends.
void obey(std::string_view usage,
          const std::function<void(int laps, std::int64_t period_ns)>& round);

}  // namespace bench
