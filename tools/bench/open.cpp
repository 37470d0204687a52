#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/report.h"
#include "bench/scenarios.h"

namespace bench {

void run_open(const Options& options) {
    Poller poller;
    Crowd crowd(options.target, poller, 0, options.connections, 0);
    const std::int64_t busy_start = own_busy_ns();
    const double seconds = crowd.open();
    const double busy = static_cast<double>(own_busy_ns() - busy_start) / 1e9 / seconds;
    Report("open")
        .add("connections", static_cast<std::uint64_t>(options.connections))
        .add("open_seconds", seconds)
        .add_busy(busy)
        .print();
}

}  // namespace bench
