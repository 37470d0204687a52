// bench/inbound.cpp: what a client event costs that comes in. Each client is alone in a private channel of its own and says so
// many events in one go, then a ping: its pong says that the server is through with them. Nobody hears an event, so nothing is
// sent but one pong per block. Against the floor (raw) the same bytes, which it only takes from the kernel and answers once.
#include <algorithm>
#include <deque>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/fail.h"
#include "bench/pace.h"
#include "bench/report.h"
#include "bench/scenarios.h"

namespace bench {
namespace {

class Inbound {
 public:
    explicit Inbound(const Options& options)
        : options_(options),
          crowd_(options.target, poller_, 0, options.connections, options.frame_bytes),
          clock_(options.pid) {}

    void open() {
        const double seconds = crowd_.open();
        for (std::size_t i = 0; i < crowd_.size(); i++) blocks_.push_back(block_of(crowd_[i]));
        say_once();
        Report("inbound")
            .add("connections", static_cast<std::uint64_t>(options_.connections))
            .add("open_seconds", seconds)
            .add("block_bytes", static_cast<std::uint64_t>(blocks_.front().bytes.size()))
            .add("event_bytes", static_cast<std::uint64_t>(event_of(crowd_[0]).size()))
            .print();
    }

    void round(int laps) {
        for (int i = 0; i < Pace::kWarmUps; i++) say_once();
        const Usage start = clock_.now();
        const std::int64_t wall_start = now_ns();
        for (int i = 0; i < laps; i++) say_once();
        const Usage usage = clock_.now() - start;
        const auto all = static_cast<std::uint64_t>(laps) * options_.connections * options_.frames;
        Report("inbound")
            .add("events", all)
            // The driver looks at the server's own count, warm-ups included.
            .add("events_in_all", all / static_cast<std::uint64_t>(laps) *
                                      static_cast<std::uint64_t>(laps + Pace::kWarmUps))
            .add("wall_ns_per_event",
                 static_cast<double>(now_ns() - wall_start) / static_cast<double>(all))
            .add_usage(usage, static_cast<double>(all))
            .print();
    }

 private:
    struct Block {
        std::string bytes;
        std::size_t left = 0;
    };

    // Padded to --data-bytes of JSON, so that all are of one size whatever the channel's name.
    std::string event_of(const Client& client) const {
        const std::string& event = options_.target.event;
        const std::string channel = client.channel(0);
        const std::size_t bare = client_event(event, channel, 0).size();
        if (options_.data_bytes < bare) fail("--data-bytes wants at least " + std::to_string(bare));
        return masked_frame(kText, client_event(event, channel, options_.data_bytes - bare));
    }

    Block block_of(const Client& client) const {
        Block block;
        for (std::size_t i = 0; i < options_.frames; i++) block.bytes += event_of(client);
        block.bytes += ping_frame();
        return block;
    }

    // A block of everyone's, in writes as large as the sockets take.
    void say_once() {
        const Deadline deadline(10, "client events to be taken in (are client events on?)");
        crowd_.expect(1);
        crowd_.expect_pongs();
        for (Block& block : blocks_) block.left = block.bytes.size();
        while (answered() < crowd_.size()) {
            const bool is_all_said = say_more();
            const std::int64_t left = deadline.left_ns();
            poller_.wait(is_all_said ? left : std::min<std::int64_t>(left, 100'000));
        }
    }

    bool say_more() {
        bool is_all_said = true;
        for (std::size_t i = 0; i < blocks_.size(); i++) {
            Block& block = blocks_[i];
            if (block.left == 0) continue;
            const auto from = block.bytes.size() - block.left;
            block.left -= crowd_[i].send_some(std::string_view(block.bytes).substr(from));
            is_all_said = is_all_said && block.left == 0;
        }
        return is_all_said;
    }

    // The floor's answer looks like a delivery.
    std::size_t answered() const {
        return options_.target.raw ? crowd_.complete() : crowd_.pongs();
    }

    const Options& options_;
    Poller poller_;
    Crowd crowd_;
    ProcessClock clock_;
    std::deque<Block> blocks_;
};

}  // namespace

void run_inbound(const Options& options) {
    Inbound inbound(options);
    inbound.open();
    obey("round <laps>", [&](int laps, std::int64_t) { inbound.round(laps); });
}

}  // namespace bench
