// Properties of a hub on real threads (testing_threads.h) that hold whatever the schedule: rounds
// of a few tenths of a second, each with a seed of its own, as many as fit.
//
//   CARILLON_THREADS_SECONDS=60   for how long, all tests together (2)
//   CARILLON_THREADS_SEED=7       this round, again and again; the schedule is another each time
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "hub/testing_threads.h"

// Where there is a sanitizer: called before its verdict ends the process.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace carillon::hub {
namespace {

using threads::Round;
using threads::Sightings;
using threads::Theme;

constexpr double tests = 5;
volatile std::sig_atomic_t current_seed = 0;

extern "C" void name_the_round() {
    char text[64];
    const auto n = std::snprintf(text, sizeof text, "in round CARILLON_THREADS_SEED=%d\n",
                                 static_cast<int>(current_seed));
    if (n > 0) (void)!write(STDERR_FILENO, text, static_cast<std::size_t>(n));
}
extern "C" void name_the_round_and_die(int signal) {
    name_the_round();
    std::signal(signal, SIG_DFL);
}

// Whatever ends the process, in a test of ours, says in which round.
void name_rounds(void (*handler)(int)) {
    std::signal(SIGABRT, handler);
    if (__sanitizer_set_death_callback == nullptr) std::signal(SIGSEGV, handler);
    if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(name_the_round);
}

std::uint64_t first_seed() {
    const auto* text = std::getenv("CARILLON_THREADS_SEED");
    if (text != nullptr) return std::strtoull(text, nullptr, 10);
    return 1 + base::SystemRandom().next() % 1'000'000'000;
}

double seconds() {
    const auto* text = std::getenv("CARILLON_THREADS_SECONDS");
    return (text == nullptr ? 2 : std::strtod(text, nullptr)) / tests;
}

// False: a property did not hold.
bool holds(Theme theme, std::uint64_t seed, Sightings& sightings) {
    current_seed = static_cast<int>(seed);
    Round round(theme, seed);
    const auto wrongs = round.play(sightings);
    ++sightings.rounds;
    if (wrongs.empty()) return true;
    std::map<std::string, std::string> first_of;  // each property once: they begin with its name
    for (const auto& what : wrongs) {
        first_of.emplace(what.substr(0, what.find_first_of(":(")), what);
    }
    std::string all;
    for (const auto& [property, what] : first_of) all += "\n  " + what;
    ADD_FAILURE() << "CARILLON_THREADS_SEED=" << seed << ": " << wrongs.size()
                  << " things are wrong" << all;
    return false;
}

Sightings play(Theme theme) {
    using Clock = std::chrono::steady_clock;
    name_rounds(name_the_round_and_die);
    const bool repeats = std::getenv("CARILLON_THREADS_SEED") != nullptr;
    const auto first = first_seed();
    auto seed = first;
    Sightings sightings;
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration<double>(seconds());
    while (holds(theme, seed, sightings) && Clock::now() < end) {
        if (!repeats) ++seed;
    }
    std::printf("seeds %llu to %llu, %.1f s: %s\n", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(seed),
                std::chrono::duration<double>(Clock::now() - begin).count(),
                sightings.text().c_str());
    name_rounds(SIG_DFL);
    return sightings;
}

// After this many rounds what a test is about was seen.
constexpr std::uint64_t enough = 30;

TEST(HubThreads, every_lane_hears_one_order_without_gap_or_duplicate) {
    const auto seen = play(Theme::order);
    EXPECT_NE(seen.heard, 0U);
}

TEST(HubThreads, recovered_is_never_wrong_under_publishing_and_trimming) {
    const auto seen = play(Theme::recovery);
    if (seen.rounds < enough) return;
    EXPECT_NE(seen.replayed, 0U);
    for (std::size_t i = 0; i < recoveries; ++i) {
        EXPECT_NE(seen.recovered[i], 0U) << name_of(static_cast<Recovery>(i));
    }
}

TEST(HubThreads, the_books_balance_and_agree_with_what_arrived) {
    const auto seen = play(Theme::books);
    if (seen.rounds < enough) return;
    EXPECT_NE(seen.holes, 0U);
    EXPECT_NE(seen.gaps, 0U);
    EXPECT_NE(seen.refused, 0U);
    for (const auto why : {CloseReason::slow, CloseReason::memory, CloseReason::kicked}) {
        EXPECT_NE(seen.goodbyes[static_cast<std::size_t>(why)], 0U) << name_of(why);
    }
}

TEST(HubThreads, one_user_on_many_lanes_joins_once_and_leaves_once) {
    const auto seen = play(Theme::presence);
    EXPECT_NE(seen.member_events, 0U);
}

TEST(HubThreads, an_apps_limits_hold_when_all_lanes_reach_for_them_at_once) {
    const auto seen = play(Theme::limits);
    EXPECT_NE(seen.refused_at_a_limit, 0U);
}

}  // namespace
}  // namespace carillon::hub
