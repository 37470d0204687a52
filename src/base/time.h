// base/time.h: time as an argument. Nothing below `server` reads a clock of its own: it is handed a
// Now, or the Clock whose real implementation main owns, so that a test moves an hour in a
// microsecond.
#pragma once

#include <atomic>
#include <cstdint>

namespace carillon::base {

struct Now {
    std::int64_t steady_ns = 0;  // monotonic; for deadlines and intervals
    std::int64_t unix_ms = 0;    // wall clock; for what other machines see
};

inline constexpr std::int64_t ns_per_ms = 1'000'000;
inline constexpr std::int64_t ns_per_s = 1'000'000'000;
inline constexpr std::int64_t never_ns = INT64_MAX;  // a deadline that does not come

struct Clock {
    virtual ~Clock() = default;
    virtual Now now() const = 0;  // any thread
};

// CLOCK_MONOTONIC and CLOCK_REALTIME.
struct SystemClock final : Clock {
    Now now() const override;
};

// Stands still until a test moves it. Any thread.
class ManualClock final : public Clock {
 public:
    Now now() const override {
        const auto elapsed = elapsed_ns_.load();
        return {ns_per_s + elapsed, 1'700'000'000'000 + elapsed / ns_per_ms};
    }
    void advance_ms(std::int64_t ms) { elapsed_ns_ += ms * ns_per_ms; }

 private:
    std::atomic<std::int64_t> elapsed_ns_{0};
};

}  // namespace carillon::base

namespace carillon {
using base::Now;
}
