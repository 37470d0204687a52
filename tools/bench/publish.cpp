// bench/publish.cpp: what one HTTP publish to N subscribers costs the server, everything included, and how long the last
// subscriber waits for it. Each publish is heard by all before the next is sent, so no socket ever fills.
#include <optional>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/pace.h"
#include "bench/publisher.h"
#include "bench/report.h"
#include "bench/scenarios.h"

namespace bench {
namespace {

class Publish {
 public:
    explicit Publish(const Options& options)
        : options_(options),
          crowd_(options.target, poller_, 0, options.connections, options.frame_bytes),
          pace_(options.pid),
          data_(options.data_bytes, 'x') {}

    void open() {
        const double seconds = crowd_.open();
        publisher_.emplace(options_.target, poller_);
        publish_once();
        Report("publish")
            .add("connections", static_cast<std::uint64_t>(options_.connections))
            .add("open_seconds", seconds)
            .add("frame_bytes", static_cast<std::uint64_t>(crowd_.frame_bytes()))
            .print();
    }

    void round(int publishes, std::int64_t period_ns) {
        crowd_.keep_alive();
        pace_.run(publishes, period_ns, [this] { return publish_once(); });
        Report report("publish");
        report.add("receivers", static_cast<std::uint64_t>(options_.connections))
            .add("publishes", static_cast<std::uint64_t>(publishes))
            .add("frame_bytes", static_cast<std::uint64_t>(crowd_.frame_bytes()));
        pace_.add_to(report, options_.connections);
        report.print();
    }

 private:
    // The lap ends when the last subscriber has heard it; the answer may come later.
    Lap publish_once() {
        const Deadline deadline(10, "a publish to reach everyone");
        crowd_.expect(1);
        publisher_->sign(data_);
        const std::int64_t own_start = own_busy_ns(), start = now_ns();
        Lap lap{};
        publisher_->publish();
        while (lap.wall_ns == 0 || !publisher_->is_answered()) {
            poller_.wait(deadline.left_ns());
            if (lap.wall_ns != 0 || crowd_.complete() < options_.connections) continue;
            lap = {now_ns() - start, own_busy_ns() - own_start};
        }
        return lap;
    }

    const Options& options_;
    Poller poller_;
    Crowd crowd_;
    Pace pace_;
    const std::string data_;
    std::optional<Publisher> publisher_;
};

}  // namespace

void run_publish(const Options& options) {
    Publish publish(options);
    publish.open();
    obey("round <publishes> <period in ms>",
         [&](int publishes, std::int64_t period_ns) { publish.round(publishes, period_ns); });
}

}  // namespace bench
