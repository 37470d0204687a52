// bench/requests.cpp: how many signed HTTP publishes a second are taken, each heard by one subscriber, over many keep-alive
// connections of which each sends its next request when the last is answered. Signed before the round begins.
#include <deque>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/fail.h"
#include "bench/pace.h"
#include "bench/publisher.h"
#include "bench/report.h"
#include "bench/scenarios.h"

namespace bench {
namespace {

class Requests {
 public:
    explicit Requests(const Options& options)
        : options_(options),
          crowd_(options.target, poller_, 0, 1, options.frame_bytes),
          clock_(options.pid) {}

    void open() {
        const double seconds = crowd_.open();
        for (std::size_t i = 0; i < options_.connections; i++)
            publishers_.emplace_back(options_.target, poller_);
        sign();
        publish(options_.connections);
        Report("requests")
            .add("connections", static_cast<std::uint64_t>(options_.connections))
            .add("open_seconds", seconds)
            .add("frame_bytes", static_cast<std::uint64_t>(crowd_.frame_bytes()))
            .print();
    }

    void round(std::size_t publishes) {
        crowd_.keep_alive();
        sign();
        publish(10 * publishers_.size());  // warm
        const std::int64_t own_start = own_busy_ns(), start = now_ns();
        const Usage usage_start = clock_.now();
        publish(publishes);
        const Usage usage = clock_.now() - usage_start;
        const auto wall = static_cast<double>(now_ns() - start);
        const auto own = static_cast<double>(own_busy_ns() - own_start);
        Report("requests")
            .add("publishes", static_cast<std::uint64_t>(publishes))
            .add("per_second", 1e9 * static_cast<double>(publishes) / wall)
            .add_usage(usage, static_cast<double>(publishes))
            .add_busy(own / wall)
            .print();
    }

 private:
    void sign() {
        for (Publisher& publisher : publishers_)
            publisher.sign(std::string(options_.data_bytes, 'x'));
    }

    // So many by all together; every one is answered and heard once.
    void publish(std::size_t publishes) {
        const Deadline deadline(20, "publishes to be answered and heard");
        crowd_.expect(publishes);
        for (std::size_t left = publishes; left != 0 || !is_over();) {
            for (Publisher& publisher : publishers_) {
                if (left == 0) break;
                if (!publisher.is_answered()) continue;
                publisher.publish();
                left--;
            }
            poller_.wait(deadline.left_ns());
        }
    }

    bool is_over() const {
        for (const Publisher& publisher : publishers_)
            if (!publisher.is_answered()) return false;
        return crowd_.complete() == 1;
    }

    const Options& options_;
    Poller poller_;
    Crowd crowd_;
    ProcessClock clock_;
    std::deque<Publisher> publishers_;
};

}  // namespace

void run_requests(const Options& options) {
    Requests requests(options);
    requests.open();
    obey("round <publishes>",
         [&](int publishes, std::int64_t) { requests.round(static_cast<std::size_t>(publishes)); });
}

}  // namespace bench
