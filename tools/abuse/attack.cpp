// abuse/attack.cpp: `attack NAME PORT`. Reads commands from stdin and answers each with a line of JSON:
//   run <rate> <seconds> <patience> <most>   so many things said a second, at most so many in all; then waits so many
//                                            seconds at most until each is answered
//   drop                                     all connections at once
#include <sys/resource.h>

#include <charconv>
#include <cstdio>
#include <iostream>
#include <memory>
#include <vector>

#include "abuse/attacks.h"
#include "bench/clock.h"
#include "bench/fail.h"

namespace abuse {
namespace {

constexpr std::uint64_t kAtOnce = 256;  // said in one turn, so that what comes back is read too
constexpr std::size_t kStandingMax = 16'000;  // of new connections: descriptors are finite
constexpr std::uint64_t kNoEnd = ~0ULL;
constexpr std::int64_t kTurnNs = 1'000'000;

class Attacker {
 public:
    Attacker(std::string_view name, const bench::Target& target)
        : target_(target), attack_(attack_named(name, target.credentials.app)) {}

    void run(double rate, double seconds, double patience, std::uint64_t most) {
        outcomes_.clear();
        const auto start = bench::now_ns(), busy_start = bench::own_busy_ns();
        const auto end = start + static_cast<std::int64_t>(seconds * 1e9);
        std::uint64_t tried = 0, said = 0;
        while (bench::now_ns() < end && tried < most) {
            const auto due =
                std::min(most, static_cast<std::uint64_t>(
                                   static_cast<double>(bench::now_ns() - start) / 1e9 * rate));
            tried = say_some(tried, due, said, most);
            poller_.wait(tried < due ? 0 : kTurnNs);
            bury();
        }
        const auto seconds_taken = static_cast<double>(bench::now_ns() - start) / 1e9;
        const auto busy =
            static_cast<double>(bench::own_busy_ns() - busy_start) / 1e9 / seconds_taken;
        wait(patience, said);
        report(said, seconds_taken, static_cast<double>(bench::now_ns() - start) / 1e9, busy);
    }

    void drop() {
        visitors_.clear();
        outcomes_.clear();
        report(0, 0, 0, 0);
    }

 private:
    // What could not be said is not made up for, unless it is a number of things that is wanted.
    std::uint64_t say_some(std::uint64_t tried, std::uint64_t due, std::uint64_t& said,
                           std::uint64_t most) {
        const bool counted = most != kNoEnd;
        for (auto i = kAtOnce; i != 0 && tried < due; i--) {
            const bool done = say_one();
            if (done) said++;
            if (done || !counted) tried++;
        }
        return counted || due < tried + kAtOnce ? tried : due;
    }

    bool say_one() {
        if (attack_.connections == 0) return come();
        if (visitors_.size() < attack_.connections) {
            add();
        }
        auto& slot = visitors_[next_++ % visitors_.size()];
        if (slot->gone()) slot = made();
        if (slot->congested()) return false;
        const auto most = attack_.unanswered_max;
        if (most != 0 && slot->said() >= slot->noted() + most) return false;
        slot->say(attack_.words(slot->said(), number_++));
        return true;
    }

    bool come() {
        if (visitors_.size() >= kStandingMax) return false;
        add();
        if (attack_.words) visitors_.back()->say(attack_.words(0, number_++));
        return true;
    }

    std::unique_ptr<Visitor> made() {
        return std::make_unique<Visitor>(target_, attack_.manner, poller_, outcomes_,
                                         visitor_number_++);
    }
    void add() { visitors_.push_back(made()); }

    // Those that stand are replaced instead.
    void bury() {
        if (attack_.connections == 0)
            std::erase_if(visitors_, [](const auto& one) { return one->gone(); });
    }

    void wait(double patience, std::uint64_t said) {
        const auto end = bench::now_ns() + static_cast<std::int64_t>(patience * 1e9);
        while (bench::now_ns() < end && noted() < said) {
            poller_.wait(kTurnNs);
            bury();
        }
    }

    std::uint64_t noted() const {
        std::uint64_t sum = 0;
        for (const auto& [outcome, count] : outcomes_) sum += count;
        return sum;
    }

    void report(std::uint64_t said, double said_seconds, double seconds, double busy) const {
        std::string list;
        for (const auto& [outcome, count] : outcomes_)
            list += (list.empty() ? "\"" : ", \"") + outcome + "\": " + std::to_string(count);
        std::printf(
            R"({"said": %llu, "said_seconds": %.3f, "seconds": %.3f, "busy": %.3f, "open": %zu, "outcomes": {%s}})"
            "\n",
            static_cast<unsigned long long>(said), said_seconds, seconds, busy, visitors_.size(),
            list.c_str());
        std::fflush(stdout);
    }

    const bench::Target& target_;
    const Attack attack_;
    bench::Poller poller_;
    Outcomes outcomes_;
    std::vector<std::unique_ptr<Visitor>> visitors_;
    std::uint64_t next_ = 0, number_ = 0;
    std::size_t visitor_number_ = 0;
};

void obey(Attacker& attacker) {
    std::string command;
    while (std::cin >> command) {
        double rate = 0, seconds = 0, patience = 0;
        long long most = 0;
        if (command == "drop") {
            attacker.drop();
        } else if (command == "run" && std::cin >> rate >> seconds >> patience >> most) {
            attacker.run(rate, seconds, patience,
                         most <= 0 ? kNoEnd : static_cast<std::uint64_t>(most));
        } else {
            bench::fail("expected: run <rate> <seconds> <patience> <most>, or drop");
        }
    }
}

}  // namespace
}  // namespace abuse

int main(int argc, char** argv) {
    if (argc != 3) bench::fail("expected: attack NAME PORT");
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    bench::Target target;
    const std::string_view port = argv[2];
    std::from_chars(port.data(), port.data() + port.size(), target.port);
    abuse::Attacker attacker(argv[1], target);
    abuse::obey(attacker);
}
