// soak/soak.cpp: `soak --port N --metrics-port N --pid N [--seconds N] [--interval N] [--clients N]
// [--acts N] [--warm-up N] [--seed N]`; see README.md.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <numeric>
#include <random>

#include "bench/clock.h"
#include "bench/fail.h"
#include "soak/difference.h"
#include "soak/reckoning.h"

namespace soak {
namespace {

constexpr std::uint64_t kClientsMost = 4'000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kTurnNs = 2'000'000;

struct Options {
    std::uint64_t port = 0;
    std::uint64_t metrics_port = 0;
    std::uint64_t pid = 0;
    std::uint64_t seconds = 600;
    std::uint64_t interval = 10;
    std::uint64_t clients = 1'000;
    std::uint64_t acts = 500;
    std::uint64_t warm_up = 120;
    std::uint64_t seed = std::random_device{}();
};

Options parse_options(int argc, char** argv) {
    Options options;
    const std::map<std::string_view, std::uint64_t*> places = {
        {"--port", &options.port},         {"--metrics-port", &options.metrics_port},
        {"--pid", &options.pid},           {"--seconds", &options.seconds},
        {"--interval", &options.interval}, {"--clients", &options.clients},
        {"--acts", &options.acts},         {"--warm-up", &options.warm_up},
        {"--seed", &options.seed},
    };
    for (int i = 1; i < argc; i += 2) {
        const auto place = places.find(argv[i]);
        const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
        const auto* const end = value.data() + value.size();
        if (place == places.end() || value.empty() ||
            std::from_chars(value.data(), value.data() + value.size(), *place->second).ptr != end)
            bench::fail("what is " + std::string(argv[i]) + ' ' + std::string(value) + '?');
    }
    if (options.port * options.metrics_port * options.pid == 0)
        bench::fail("--port, --metrics-port and --pid are needed");
    if (options.acts == 0 || options.acts > 100'000)
        bench::fail("--acts wants 1 to 100000 a second");
    if (options.clients == 0 || options.clients > kClientsMost)
        bench::fail("--clients wants 1 to " + std::to_string(kClientsMost));
    return options;
}

// How much of the machine's memory the server holds, at each reckoning.
class Memory {
 public:
    // `is_warm`: the allocator's heaps have grown to what the backlogs of slow clients ask for.
    void note(std::int64_t resident_kb, bool is_warm) {
        if (first_kb_ == 0) first_kb_ = resident_kb;
        // Before that, for the moods of an allocator; a leak of a few bytes per delivery is found.
        if (resident_kb > 2 * first_kb_ + 64 * 1024)
            differ("RSS was ", first_kb_, " KB at the first reckoning and is ", resident_kb);
        if (!is_warm) return;
        if (warm_kb_ == 0) warm_kb_ = resident_kb;
        last_kb_ = resident_kb;
        largest_kb_ = std::max(largest_kb_, resident_kb);
        if (resident_kb * 100 > warm_kb_ * (100 + kGrowthPercentMost))
            differ("RSS was ", warm_kb_, " KB when the server was warm and is ", resident_kb,
                   ", more than ", kGrowthPercentMost, " % above it");
    }
    std::string describe() const {
        if (warm_kb_ == 0) return "RSS was not judged: the run ended before the server was warm";
        const auto per_mille = (largest_kb_ - warm_kb_) * 1000 / warm_kb_;
        return text("RSS ", warm_kb_, " KB when warm, ", last_kb_, " KB at the last reckoning, ",
                    largest_kb_, " KB at most, ", per_mille / 10, '.', per_mille % 10,
                    " % above it");
    }

 private:
    static constexpr std::int64_t kGrowthPercentMost = 5;
    std::int64_t first_kb_ = 0;
    std::int64_t warm_kb_ = 0;  // 0: not warm yet
    std::int64_t last_kb_ = 0;
    std::int64_t largest_kb_ = 0;
};

class Soak {
 public:
    explicit Soak(const Options& options)
        : options_(options),
          server_{static_cast<std::uint16_t>(options.port),
                  static_cast<std::uint16_t>(options.metrics_port),
                  static_cast<pid_t>(options.pid)},
          crowd_(poller_, server_.port, ledger_, {options.clients, options.acts}, options.seed),
          reckoning_(poller_, crowd_, ledger_, server_) {}

    void run() {
        const auto end = began_ns_ + static_cast<std::int64_t>(options_.seconds) * kNsPerSecond;
        const auto interval = static_cast<std::int64_t>(options_.interval) * kNsPerSecond;
        while (bench::now_ns() < end) {
            load_until(std::min(bench::now_ns() + interval, end));
            reckoning_.reckon();
            tell();
        }
        crowd_.leave_all();
        reckoning_.reckon();
        tell_summary();
    }

 private:
    void load_until(std::int64_t end) {
        crowd_.start_acting();
        auto glance_ns = bench::now_ns() + kNsPerSecond;
        for (auto now = bench::now_ns(); now < end; now = bench::now_ns()) {
            crowd_.act();
            poller_.wait(kTurnNs);
            if (now < glance_ns) continue;
            reckoning_.glance();
            glance_ns = now + kNsPerSecond;
        }
    }

    void tell() {
        const auto resident_kb = soak::resident_kb(server_.pid);
        std::puts(text("soak: ", seconds(), " s, ", crowd_.sockets() - kBackends, " clients (",
                       ledger_.lives, " lives), ", ledger_.published(), " publications, ",
                       received(), " deliveries received, ", ledger_.closed_slow,
                       " closed as slow, ", reckoning_.books().sum("carillon_dropped_total"),
                       " dropped, RSS ", resident_kb, " KB")
                      .c_str());
        memory_.note(resident_kb, seconds() >= static_cast<std::int64_t>(options_.warm_up));
    }

    // Everyone has left. Had the books differed at any reckoning, this line was never reached.
    void tell_summary() {
        std::puts(text("soak: ", memory_.describe(), ", ", resident_kb(server_.pid),
                       " KB with nobody left\nsoak: ", seconds(), " s, ", ledger_.published(),
                       " publications, ", received(), " deliveries received = ",
                       reckoning_.books().sum("carillon_delivered_total"),
                       " delivered, 0 differences")
                      .c_str());
    }

    std::int64_t seconds() const { return (bench::now_ns() - began_ns_) / kNsPerSecond; }
    std::uint64_t received() const {
        return std::accumulate(ledger_.received.begin(), ledger_.received.end(), std::uint64_t{0});
    }

    Options options_;
    Server server_;
    std::int64_t began_ns_ = bench::now_ns();
    Memory memory_;
    bench::Poller poller_;
    Ledger ledger_;
    Crowd crowd_;
    Reckoning reckoning_;
};

}  // namespace
}  // namespace soak

int main(int argc, char** argv) {
    // Whoever reads through a pipe wants the lines as they come.
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const auto options = soak::parse_options(argc, argv);
    std::puts(soak::text("soak: --seed ", options.seed, ", ", options.clients, " clients, ",
                         options.seconds, " s, http://127.0.0.1:", options.metrics_port, "/metrics")
                  .c_str());
    soak::Soak(options).run();
}
