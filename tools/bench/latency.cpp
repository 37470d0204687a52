// bench/latency.cpp: from publish to receive, open loop: requests go out at a fixed rate whatever the answers do, and what each
// publication carries is the time at which its request was due. So whoever is late, the server, the kernel or this tool, is
// late in the figure (no coordinated omission).
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <deque>
#include <iostream>
#include <vector>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/fail.h"
#include "bench/publisher.h"
#include "bench/report.h"
#include "bench/scenarios.h"

namespace bench {
namespace {

constexpr std::size_t kPublishers = 32;  // in turn: a late answer holds nobody up
constexpr std::size_t kStampDigits = 20;
// A rate is held while everything arrives this soon. Later than that, no more is sent: it was too high.
constexpr std::int64_t kHeldNs = 100'000'000;
// In a round much is waited for, so that the machine's own pauses are in the figure.
constexpr std::int64_t kRoundNs = 4'000'000'000;

// Upper bounds in µs; the last bucket has none.
constexpr std::array<std::uint64_t, 17> kBucketsUs{
    10,     20,     50,     100,     200,     500,     1'000,     2'000,    5'000,
    10'000, 20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000, 2'000'000};

class Latency final : Ear {
 public:
    explicit Latency(const Options& options)
        : options_(options), crowd_(options.target, poller_, 0, options.connections, 0) {}

    void open() {
        const double seconds = crowd_.open();
        for (std::size_t i = 0; i < kPublishers; i++)
            publishers_.emplace_back(options_.target, poller_);
        crowd_.listen(*this);
        run(100, 0.5, kRoundNs);
        Report("latency")
            .add("connections", static_cast<std::uint64_t>(options_.connections))
            .add("open_seconds", seconds)
            .add("frame_bytes", static_cast<std::uint64_t>(crowd_.frame_bytes()))
            .print();
    }

    void round(double rate, double seconds) {
        crowd_.keep_alive();
        const std::int64_t own_start = own_busy_ns(), start = now_ns();
        const bool is_whole = run(rate, seconds, kRoundNs);
        const auto busy =
            static_cast<double>(own_busy_ns() - own_start) / static_cast<double>(now_ns() - start);
        std::array<std::uint64_t, kBucketsUs.size() + 1> counts{};
        for (const std::uint32_t ns : samples_) counts[bucket_of(ns)]++;
        Report report("latency");
        report.add("rate", rate)
            .add_flag("whole", is_whole)
            .add("deliveries", static_cast<std::uint64_t>(samples_.size()))
            .add("sent_late_us_max", static_cast<double>(late_ns_max_) / 1e3)
            .add("buckets_us", kBucketsUs)
            .add("counts", counts)
            .add_busy(busy);
        for (const auto& [name, share] : {std::pair("p50_us", 0.5), std::pair("p99_us", 0.99),
                                          std::pair("p999_us", 0.999), std::pair("max_us", 1.0)})
            report.add(name, quantile(share) / 1e3);
        report.print();
    }

    // The highest rate that is held for so long: doubled until it is not, then halved five times between.
    void search(double rate, double seconds) {
        crowd_.keep_alive();
        const auto is_held = [&](double at) { return run(at, seconds, kHeldNs); };
        for (; !is_held(rate); rate /= 2)
            if (rate < 1) fail("not even one publish a second is held");
        while (is_held(2 * rate)) rate *= 2;
        double too_high = 2 * rate;
        for (int i = 0; i < 5; i++) {
            const double between = std::sqrt(rate * too_high);
            (is_held(between) ? rate : too_high) = between;
        }
        Report("latency").add("highest_rate", rate).print();
    }

 private:
    // Whether everything arrived in time. All that was sent has arrived when this returns, held or not.
    bool run(double rate, double seconds, std::int64_t late_ns) {
        late_ns_ = late_ns;
        samples_.clear();
        late_ns_max_ = 0;
        is_late_ = false;
        const auto all = static_cast<std::size_t>(rate * seconds);
        const Deadline deadline(seconds + 20, "publications to reach everyone, each once");
        const std::int64_t start = now_ns() + 5'000'000;
        std::size_t sent = 0;
        sign(sent, start);
        while ((sent < all && !is_late_) || sent == 0 || !is_over()) {
            const std::int64_t due =
                start + static_cast<std::int64_t>(static_cast<double>(sent) * 1e9 / rate);
            const std::int64_t left = due - now_ns();
            if (sent >= all || is_late_) {
                poller_.wait(deadline.left_ns());
            } else if (left > 0) {
                poller_.wait(left);
            } else {
                late_ns_max_ = std::max(late_ns_max_, -left);
                crowd_.expect(1);
                publishers_[sent++ % kPublishers].publish();
                sign(sent,
                     start + static_cast<std::int64_t>(static_cast<double>(sent) * 1e9 / rate));
                poller_.wait(0);
            }
            if (now_ns() - due > late_ns_) is_late_ = is_late_ || sent < all;
        }
        return !is_late_;
    }

    void sign(std::size_t index, std::int64_t due_ns) {
        const std::string number = std::to_string(due_ns);
        std::string data(options_.data_bytes, 'x');
        data.replace(0, kStampDigits, std::string(kStampDigits - number.size(), '0') + number);
        publishers_[index % kPublishers].sign(data);
    }

    bool is_over() const {
        for (const Publisher& publisher : publishers_)
            if (!publisher.is_answered()) return false;
        return crowd_.complete() == options_.connections;
    }

    void on_delivery(std::string_view payload) override {
        if (stamp_at_ == 0) stamp_at_ = payload.find(R"("data":")") + 8;
        std::int64_t due = 0;
        const char* const stamp = payload.data() + stamp_at_;
        if (std::from_chars(stamp, stamp + kStampDigits, due).ptr != stamp + kStampDigits)
            fail("a delivery without the time of its request: " + std::string(payload));
        const std::int64_t ns = now_ns() - due;
        if (ns > late_ns_) is_late_ = true;
        samples_.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(ns, 0xffffffff)));
    }

    static std::size_t bucket_of(std::uint32_t ns) {
        const auto* const above = std::lower_bound(kBucketsUs.begin(), kBucketsUs.end(),
                                                   (std::uint64_t{ns} + 999) / 1000);
        return static_cast<std::size_t>(above - kBucketsUs.begin());
    }

    double quantile(double share) {
        if (samples_.empty()) return 0;
        const auto last = static_cast<double>(samples_.size() - 1);
        const auto nth = samples_.begin() + static_cast<std::ptrdiff_t>(share * last);
        std::nth_element(samples_.begin(), nth, samples_.end());
        return *nth;
    }

    const Options& options_;
    Poller poller_;
    Crowd crowd_;
    std::deque<Publisher> publishers_;
    std::vector<std::uint32_t> samples_;  // ns
    std::size_t stamp_at_ = 0;            // in a delivery
    std::int64_t late_ns_ = kHeldNs;      // later than that: no more is sent
    std::int64_t late_ns_max_ = 0;        // how long after its time a request was sent
    bool is_late_ = false;
};

}  // namespace

void run_latency(const Options& options) {
    Latency latency(options);
    latency.open();
    std::string command;
    for (double rate = 0, seconds = 0; std::cin >> command;) {
        if (!(std::cin >> rate >> seconds) || rate <= 0 || seconds <= 0)
            fail("expected: round|search <rate> <seconds>");
        if (command == "search")
            latency.search(rate, seconds);
        else
            latency.round(rate, seconds);
    }
}

}  // namespace bench
