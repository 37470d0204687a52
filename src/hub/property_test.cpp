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

using testing::named;
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
    for (const auto& [name, count] : named(seen)) {
        std::printf(" %s %llu;", name.c_str(), static_cast<unsigned long long>(count));
        EXPECT_TRUE(count != 0 || seeds < 500) << name << " was never seen";
    }
    std::printf("\n");
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const auto* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Empty: it did.
std::string why_it_failed(std::uint64_t seed, Sightings& sightings, bool aloud) {
    current_seed = static_cast<int>(seed);
    if (aloud) std::fprintf(stderr, "schedule %llu\n", static_cast<unsigned long long>(seed));
    Play play(seed, sightings, aloud);
    return play.run();
}

TEST(HubProperty, random_schedules_agree_with_the_model) {
    std::signal(SIGABRT, name_the_seed);
    Sightings sightings;
    const auto one = number_from("CARILLON_SEED", 0);
    const auto first = one != 0 ? one : 1;
    const auto seeds = one != 0 ? 1 : number_from("CARILLON_SEEDS", 500);
    for (auto seed = first; seed < first + seeds; ++seed) {
        const auto why = why_it_failed(seed, sightings, one != 0);
        if (why.empty()) continue;
        ADD_FAILURE() << "CARILLON_SEED=" << seed << ": " << why;
        if (one == 0) why_it_failed(seed, sightings, true);  // once more, with its log
        break;
    }
    if (!HasFailure()) print(sightings, seeds);
    std::signal(SIGABRT, SIG_DFL);
}

}  // namespace
}  // namespace carillon::hub
