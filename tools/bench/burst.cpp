// bench/burst.cpp: what it costs to bring several frames to each of N subscribers at once. One client
// sends k client events in one write, in turn to each of its channels; everyone else really receives
// all of them before the next burst is sent. Against the floor (raw) it sends the same bytes.

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/fail.h"
#include "bench/pace.h"
#include "bench/report.h"
#include "bench/scenarios.h"

namespace bench {
namespace {

class Burst {
 public:
    explicit Burst(const Options& options)
        : options_(options),
          crowd_(options.target, poller_, 1, options.connections, options.frame_bytes),
          pace_(options.pid) {
        for (std::size_t i = 0; i < options.frames; i++) write_ += event(i);
    }

    void open() {
        const double seconds = crowd_.open();
        // The floor knows no single event: it answers a whole burst.
        for (std::size_t i = 0; !options_.target.raw && i < options_.target.channels.size(); i++)
            send_to_everyone(event(i), 1);
        send_burst();
        if (crowd_[0].heard() != 0) fail("the sender heard its own client event");
        Report("burst")
            .add("connections", static_cast<std::uint64_t>(options_.connections + 1))
            .add("open_seconds", seconds)
            .add("frame_bytes", static_cast<std::uint64_t>(crowd_.frame_bytes()))
            .add("burst_bytes", static_cast<std::uint64_t>(write_.size()))
            .print();
    }

    // No keep_alive: its answers would be writes too. Should the rounds last so long that the server
    // pings, the bytes of one round do not come out, and the driver does not count it.
    void round(int bursts, std::int64_t period_ns) {
        const std::uint64_t bytes_start = crowd_.bytes_read();
        pace_.run(bursts, period_ns, [this] { return send_burst(); });
        poller_.wait(0);  // what came after the last one, if anything did
        const auto all = static_cast<std::uint64_t>(bursts + Pace::kWarmUps) * options_.connections;
        const std::uint64_t bytes = crowd_.bytes_read() - bytes_start;
        const std::uint64_t bytes_expected =
            all / options_.connections * options_.frames * crowd_.delivery_bytes();
        Report report("burst");
        report.add("receivers", static_cast<std::uint64_t>(options_.connections))
            .add("frames_per_burst", static_cast<std::uint64_t>(options_.frames))
            .add("bursts", static_cast<std::uint64_t>(bursts))
            .add("sends_expected", all)
            .add("bytes", bytes)
            .add("bytes_expected", bytes_expected)
            .add_flag("exact", bytes == bytes_expected);
        pace_.add_to(report, options_.connections * options_.frames);
        report.print();
    }

 private:
    std::string event(std::size_t index) const {
        const Target& target = options_.target;
        const std::string& channel = target.channels[index % target.channels.size()];
        return masked_frame(kText, client_event(target.event, channel, options_.data_bytes));
    }

    Lap send_burst() { return send_to_everyone(write_, options_.frames); }

    Lap send_to_everyone(std::string_view write, std::uint64_t frames) {
        const Deadline deadline(
            10, "client events to reach everyone, each once (are client events on?)");
        crowd_.expect(frames);
        const std::int64_t own_start = own_busy_ns(), start = now_ns();
        crowd_[0].send(write);
        while (crowd_.complete() < options_.connections) poller_.wait(deadline.left_ns());
        return {now_ns() - start, own_busy_ns() - own_start};
    }

    const Options& options_;
    Poller poller_;
    Crowd crowd_;  // the first of them sends
    Pace pace_;
    std::string write_;  // a burst
};

}  // namespace

void run_burst(const Options& options) {
    Burst burst(options);
    burst.open();
    obey("round <bursts> <period in ms>",
         [&](int bursts, std::int64_t period_ns) { burst.round(bursts, period_ns); });
}

}  // namespace bench
