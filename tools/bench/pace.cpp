#include "bench/pace.h"

#include <time.h>

#include <algorithm>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string>

#include "bench/fail.h"

namespace bench {
namespace {

void sleep_until(std::int64_t ns) {
    const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

}  // namespace

void Pace::run(int laps, std::int64_t period_ns, const std::function<Lap()>& lap) {
    for (int i = 0; i < kWarmUps; i++) lap();
    walls_.clear();
    own_ns_ = 0;
    ticks_missed_ = 0;

    std::int64_t tick = now_ns() + period_ns;
    sleep_until(tick);
    const Usage usage_start = clock_.now();
    for (int i = 0; i < laps; i++) {
        const auto [wall_ns, own_ns] = lap();
        walls_.push_back(wall_ns);
        own_ns_ += own_ns;
        tick += period_ns;
        for (; tick <= now_ns(); ticks_missed_++) tick += period_ns;
        // After the last one too: what the server does late is still its cost.
        sleep_until(tick);
    }
    usage_ = clock_.now() - usage_start;
}

void Pace::add_to(Report& report, std::size_t deliveries_per_lap) {
    const auto wall_sum = std::accumulate(walls_.begin(), walls_.end(), std::int64_t{0});
    std::sort(walls_.begin(), walls_.end());
    report.add("wall_ms_median", static_cast<double>(walls_[walls_.size() / 2]) / 1e6)
        .add("wall_ms_max", static_cast<double>(walls_.back()) / 1e6)
        .add("ticks_missed", ticks_missed_)
        .add_usage(usage_, static_cast<double>(walls_.size() * deliveries_per_lap))
        .add_busy(static_cast<double>(own_ns_) / static_cast<double>(wall_sum));
}

void obey(std::string_view usage,
          const std::function<void(int laps, std::int64_t period_ns)>& round) {
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string command;
        int laps = 0;
        double period_ms = 0;
        if (!(words >> command >> laps) || command != "round" || laps <= 0 ||
            (!words.eof() && !(words >> period_ms)))
            fail("expected: " + std::string(usage));
        round(laps, static_cast<std::int64_t>(period_ms * 1e6));
    }
}

}  // namespace bench
