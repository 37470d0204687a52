#include "bench/clock.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "bench/fail.h"

namespace bench {
namespace {

std::int64_t read_ns(clockid_t clock) {
    timespec time{};
    if (clock_gettime(clock, &time) != 0) fail_errno("the measured process has gone");
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// Each thread's schedstat: nanoseconds on a core (only as fresh as the last tick), nanoseconds in its queue, turns.
std::int64_t queued_ns(const std::string& pid) {
    std::int64_t sum = 0;
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + pid + "/task", gone)) {
        std::ifstream file(task.path() / "schedstat");
        std::int64_t running = 0, queued = 0;
        if (file >> running >> queued) sum += queued;  // not there without CONFIG_SCHED_INFO
    }
    return sum;
}

}  // namespace

std::int64_t now_ns() { return read_ns(CLOCK_MONOTONIC); }

std::int64_t own_busy_ns() { return read_ns(CLOCK_PROCESS_CPUTIME_ID) + queued_ns("self"); }

Deadline::Deadline(double seconds, std::string waiting_for)
    : seconds_(seconds),
      waiting_for_(std::move(waiting_for)),
      end_ns_(now_ns() + static_cast<std::int64_t>(seconds * 1e9)) {}

std::int64_t Deadline::left_ns() const {
    const std::int64_t left = end_ns_ - now_ns();
    if (left <= 0) fail("waited " + std::to_string(seconds_) + " s for " + waiting_for_);
    return left;
}

ProcessClock::ProcessClock(pid_t pid) : pid_(pid), clock_() {
    if (clock_getcpuclockid(pid, &clock_) != 0)
        fail("no process " + std::to_string(pid) + " to measure");
}

Usage ProcessClock::now() const {
    Usage usage{read_ns(clock_), 0, 0, static_cast<double>(queued_ns(std::to_string(pid_))) / 1e9};
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::string line;
    std::getline(file, line);
    // The second field, the name in parentheses, may hold blanks; utime and stime are the 12th and 13th after it.
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 11; i++) fields >> skipped;
    if (!(fields >> usage.user_seconds >> usage.system_seconds))
        fail("cannot read " + std::to_string(pid_) + "'s times in /proc");
    const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    usage.user_seconds /= ticks_per_second;
    usage.system_seconds /= ticks_per_second;
    return usage;
}

Usage operator-(const Usage& end, const Usage& start) {
    return {end.cpu_ns - start.cpu_ns, end.user_seconds - start.user_seconds,
            end.system_seconds - start.system_seconds, end.queued_seconds - start.queued_seconds};
}

}  // namespace bench
