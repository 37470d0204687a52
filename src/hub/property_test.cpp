// Random schedules of a whole hub against a model of it (testing_play.h, testing_model.h).
//
//   CARILLON_SEEDS=10000   how many schedules (500)
//   CARILLON_SEED=7        this one alone, with its log
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "hub/testing_play.h"

namespace carillon::hub {
namespace {

using testing::Play;
using testing::Sightings;

volatile std::sig_atomic_t current_seed = 0;

extern "C" void name_the_seed(int) {
    char text[64];
    const auto n = std::snprintf(text, sizeof text, "in schedule CARILLON_SEED=%d\n",
                                 static_cast<int>(current_seed));
    if (n > 0) (void)!write(STDERR_FILENO, text, static_cast<std::size_t>(n));
    std::signal(SIGABRT, SIG_DFL);
}

void print(const Sightings& seen, std::uint64_t seeds) {
    std::printf("%llu schedules:", static_cast<unsigned long long>(seeds));
    const std::pair<const char*, std::uint64_t> all[] = {
        {"overloaded", seen.overloaded},
        {"dropped newest", seen.dropped_newest},
        {"closed by policy", seen.closed_by_policy},
        {"closed for memory", seen.closed_for_memory},
        {"stepped over", seen.stepped_over},
        {"sealed at 64 KiB", seen.sealed_at_64_kib},
        {"committed remainders", seen.committed},
        {"walks cut short", seen.walks_cut_short},
        {"rejoined at once", seen.rejoined_at_once},
        {"unsettled leaves", seen.unsettled_leaves},
        {"direct writes", seen.direct_writes},
        {"read on in a write", seen.read_on_in_a_write},
        {"delivered", seen.delivered},
    };
    for (const auto& [name, count] : all) {
        std::printf(" %s %llu;", name, static_cast<unsigned long long>(count));
        EXPECT_TRUE(count != 0 || seeds < 500) << name << " was never seen";
    }
    std::printf("\n");
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const auto* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

bool survives(std::uint64_t seed, Sightings& sightings, bool aloud) {
    current_seed = static_cast<int>(seed);
    if (aloud) std::fprintf(stderr, "schedule %llu\n", static_cast<unsigned long long>(seed));
    Play play(seed, sightings, aloud);
    const auto why = play.run();
    if (why.empty()) return true;
    if (aloud) ADD_FAILURE() << "CARILLON_SEED=" << seed << ": " << why;
    return false;
}

TEST(HubProperty, random_schedules_agree_with_the_model) {
    std::signal(SIGABRT, name_the_seed);
    Sightings sightings;
    const auto one = number_from("CARILLON_SEED", 0);
    const auto first = one != 0 ? one : 1;
    const auto seeds = one != 0 ? 1 : number_from("CARILLON_SEEDS", 500);
    for (auto seed = first; seed < first + seeds; ++seed) {
        if (survives(seed, sightings, one != 0)) continue;
        if (one == 0) survives(seed, sightings, true);  // once more, with its log
        break;
    }
    if (!HasFailure()) print(sightings, seeds);
    std::signal(SIGABRT, SIG_DFL);
}

}  // namespace
}  // namespace carillon::hub
