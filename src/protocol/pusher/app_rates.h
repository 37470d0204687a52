// protocol/pusher/app_rates.h: how much each app does over HTTP in a second: events that it
// publishes (one for each channel named), and questions that it asks. A window of one second begins
// with the first of them after the last window ended.
//
// Any thread. The mutex is news but cheap: it is taken once in a call of an app that has limits, for
// a look-up. Of `windows_max` windows the oldest is forgotten for a new one; unless that many apps
// are busy within one second, it was over.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/limits.h"
#include "base/time.h"

namespace carillon::pusher {

class AppRates {
 public:
    enum class Of : std::uint8_t { events, questions };
    struct Verdict {
        bool allowed = true;
        std::uint32_t limit = 0;
        std::uint32_t remaining = 0;
    };
    static constexpr std::int64_t window_s = 1;

    explicit AppRates(std::size_t windows_max = limits::http_rate_windows_max)
        : windows_max_(windows_max) {}

    // Takes so many, or none: more than are left are refused. 0 asks whether there are any left.
    // `limit` 0: there is none.
    Verdict take(std::string_view app_id, Of what, std::uint32_t limit, std::uint64_t count,
                 Now now);

 private:
    struct Window {
        std::string key;
        std::int64_t began_ns;
        std::uint64_t used;
    };
    Window& window_of(std::string_view app_id, Of what, Now now);

    const std::size_t windows_max_;
    std::mutex mutex_;
    std::list<Window> windows_;  // the oldest first
    std::unordered_map<std::string_view, std::list<Window>::iterator> by_key_;
};

}  // namespace carillon::pusher
