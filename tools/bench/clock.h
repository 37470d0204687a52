// bench/clock.h: wall time, deadlines, and the CPU time of this and of the measured process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace bench {

std::int64_t now_ns();

// What this process took of its core, running or waiting for others to leave it: a starved load tool is as slow as a busy one.
std::int64_t own_busy_ns();

// Every wait has one. Running out of time ends the tool and says what it was waiting for.
class Deadline {
 public:
    Deadline(double seconds, std::string waiting_for);
    std::int64_t left_ns() const;

 private:
    double seconds_;
    std::string waiting_for_;
    std::int64_t end_ns_;
};

// What the measured process has used. The first is the measurement: its CPU clock, user and system together, kept by the
// scheduler. The others are hints for a reader of strange figures: user and system as the tick samples them, and how long
// the process stood in its core's queue because others ran there.
struct Usage {
    std::int64_t cpu_ns;
    double user_seconds, system_seconds, queued_seconds;
};
Usage operator-(const Usage& end, const Usage& start);

class ProcessClock {
 public:
    explicit ProcessClock(pid_t pid);
    Usage now() const;

 private:
    pid_t pid_;
    clockid_t clock_;
};

}  // namespace bench
