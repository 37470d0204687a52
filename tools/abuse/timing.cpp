// abuse/timing.cpp: whether the time to compare a signature tells how much of it is right. A signature that is wrong in its
// first byte and one that is wrong in its last are compared in random turns, and their mean times by Welch's t-test; beside
// them memcmp, which does tell and shows that a difference would be seen.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "auth/equal.h"
#include "bench/clock.h"

namespace {

constexpr int kSamples = 200'000;
constexpr int kCallsPerSample = 32;
constexpr std::size_t kBytes = 64 + 9;  // "demo-key:" and 64 hexadecimal digits

using Compare = bool (*)(std::string_view, std::string_view);

bool plainly(std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < a.size(); i++)
        if (a[i] != b[i]) return false;
    return true;
}

struct Moments {
    double mean, variance_of_mean;
};

// Without the slowest twentieth: interrupts.
Moments moments(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    values.resize(values.size() - values.size() / 20);
    double sum = 0, squares = 0;
    for (const double value : values) sum += value;
    const auto count = static_cast<double>(values.size());
    for (const double value : values) squares += (value - sum / count) * (value - sum / count);
    return {sum / count, squares / (count - 1) / count};
}

// |t|: above 4.5 the two can be told apart.
double t_of(Compare compare, double& difference_ns) {
    const std::string right(kBytes, 'a');
    std::string early = right, late = right, shown = right;
    early.front() = late.back() = 'b';
    std::vector<double> times[2];
    std::srand(7);
    volatile bool sink = false;
    for (int i = 0; i < kSamples; i++) {
        const int which = std::rand() & 1;        // NOLINT(concurrency-mt-unsafe): one thread
        shown.assign(which == 0 ? early : late);  // at one address: another would be another time
        const auto start = bench::now_ns();
        for (int call = 0; call < kCallsPerSample; call++) sink = compare(shown, right);
        times[which].push_back(static_cast<double>(bench::now_ns() - start) / kCallsPerSample);
    }
    static_cast<void>(sink);
    const auto first = moments(std::move(times[0])), last = moments(std::move(times[1]));
    difference_ns = last.mean - first.mean;
    return std::abs(difference_ns) / std::sqrt(first.variance_of_mean + last.variance_of_mean);
}

}  // namespace

int main() {
    double ours_ns = 0, plain_ns = 0;
    const double ours = t_of(carillon::auth::equal_constant_time, ours_ns);
    const double plain = t_of(plainly, plain_ns);
    std::printf(
        R"({"t": %.2f, "difference_ns": %.3f, "plain_t": %.2f, "plain_difference_ns": %.3f})"
        "\n",
        ours, ours_ns, plain, plain_ns);
}
