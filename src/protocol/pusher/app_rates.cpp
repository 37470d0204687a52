#include "protocol/pusher/app_rates.h"

namespace carillon::pusher {

AppRates::Verdict AppRates::take(std::string_view app_id, Of what, std::uint32_t limit,
                                 std::uint64_t count, Now now) {
    if (limit == 0) return {};
    const std::lock_guard lock(mutex_);
    auto& used = window_of(app_id, what, now).used;
    const bool allowed = count == 0 ? used < limit : used + count <= limit;
    if (allowed) used += count;
    // A limit may have been lowered within the window.
    const auto remaining = used < limit ? limit - static_cast<std::uint32_t>(used) : 0;
    return {allowed, limit, remaining};
}

AppRates::Window& AppRates::window_of(std::string_view app_id, Of what, Now now) {
    auto key = (what == Of::events ? 'e' : 'q') + std::string(app_id);
    const auto known = by_key_.find(key);
    if (known != by_key_.end()) {
        auto& window = *known->second;
        if (now.steady_ns - window.began_ns >= window_s * base::ns_per_s) {
            window.began_ns = now.steady_ns;
            window.used = 0;
            windows_.splice(windows_.end(), windows_, known->second);
        }
        return window;
    }
    if (windows_.size() >= windows_max_) {
        by_key_.erase(windows_.front().key);
        windows_.pop_front();
    }
    const auto added = windows_.insert(windows_.end(), Window{std::move(key), now.steady_ns, 0});
    by_key_.emplace(added->key, added);
    return *added;
}

}  // namespace carillon::pusher
