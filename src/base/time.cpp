#include "base/time.h"

#include <ctime>

namespace carillon::base {

Now SystemClock::now() const {
    timespec steady{};
    timespec wall{};
    clock_gettime(CLOCK_MONOTONIC, &steady);
    clock_gettime(CLOCK_REALTIME, &wall);
    return {steady.tv_sec * ns_per_s + steady.tv_nsec,
            static_cast<std::int64_t>(wall.tv_sec) * 1000 + wall.tv_nsec / ns_per_ms};
}

}  // namespace carillon::base
