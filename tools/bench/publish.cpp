// bench/publish.cpp: what one HTTP publish to N subscribers costs the server, everything included, and how long the last
// subscriber waits for it. Each publish is heard by all before the next is sent, so no socket ever fills.
#include <time.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <vector>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/fail.h"
#include "bench/publisher.h"
#include "bench/report.h"
#include "bench/scenarios.h"

namespace bench {
namespace {

constexpr int kWarmUpPublishes =
    3;  // the other process of the pair has just had the core and its caches

void sleep_until(std::int64_t ns) {
    const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

class Publish {
 public:
    explicit Publish(const Options& options)
        : options_(options),
          crowd_(options.target, poller_, options.connections, options.frame_bytes),
          clock_(options.pid) {}

    void open() {
        const double seconds = crowd_.open();
        publisher_.emplace(options_.target, poller_, options_.data_bytes);
        publish_once();
        Report("publish")
            .add("connections", static_cast<std::uint64_t>(options_.connections))
            .add("open_seconds", seconds)
            .add("frame_bytes", static_cast<std::uint64_t>(crowd_.frame_bytes()))
            .print();
    }

    void round(int publishes, std::int64_t period_ns) {
        crowd_.keep_alive();
        for (int i = 0; i < kWarmUpPublishes; i++) publish_once();
        walls_.clear();
        own_busy_ = 0;
        ticks_missed_ = 0;

        std::int64_t tick = now_ns() + period_ns;
        sleep_until(tick);
        const Usage usage_start = clock_.now();
        for (int i = 0; i < publishes; i++) {
            publish_once();
            tick += period_ns;
            for (; tick <= now_ns(); ticks_missed_++) tick += period_ns;
            // After the last one too: what the server does late is still its cost.
            sleep_until(tick);
        }
        report(clock_.now() - usage_start);
    }

 private:
    void publish_once() {
        const Deadline deadline(10, "a publish to reach everyone");
        crowd_.expect_one();
        publisher_->sign();
        const std::int64_t busy_start = own_busy_ns(), start = now_ns();
        std::int64_t wall = 0;
        publisher_->publish();
        while (wall == 0 || !publisher_->is_answered()) {
            poller_.wait(deadline.left_ns());
            if (wall != 0 || crowd_.complete() < options_.connections) continue;
            wall = now_ns() - start;
            own_busy_ += own_busy_ns() - busy_start;
        }
        walls_.push_back(wall);
    }

    void report(const Usage& usage) {
        const double deliveries = static_cast<double>(walls_.size() * options_.connections);
        std::int64_t wall_sum = 0;
        for (const std::int64_t wall : walls_) wall_sum += wall;
        std::sort(walls_.begin(), walls_.end());
        Report("publish")
            .add("receivers", static_cast<std::uint64_t>(options_.connections))
            .add("publishes", static_cast<std::uint64_t>(walls_.size()))
            .add("frame_bytes", static_cast<std::uint64_t>(crowd_.frame_bytes()))
            .add("wall_ms_median", static_cast<double>(walls_[walls_.size() / 2]) / 1e6)
            .add("wall_ms_max", static_cast<double>(walls_.back()) / 1e6)
            .add("ticks_missed", ticks_missed_)
            .add_usage(usage, deliveries)
            .add_busy(static_cast<double>(own_busy_) / static_cast<double>(wall_sum))
            .print();
    }

    const Options& options_;
    Poller poller_;
    Crowd crowd_;
    ProcessClock clock_;
    std::optional<Publisher> publisher_;
    std::vector<std::int64_t> walls_;  // from the publish to the last receiver
    std::int64_t own_busy_ = 0;        // of this tool, while a publish was on its way
    std::uint64_t ticks_missed_ = 0;
};

}  // namespace

void run_publish(const Options& options) {
    Publish publish(options);
    publish.open();
    std::string command;
    int publishes = 0;
    for (double period_ms = 0; std::cin >> command;) {
        if (command != "round" || !(std::cin >> publishes >> period_ms) || publishes <= 0 ||
            period_ms <= 0)
            fail("expected: round <publishes> <period in ms>");
        publish.round(publishes, static_cast<std::int64_t>(period_ms * 1e6));
    }
}

}  // namespace bench
