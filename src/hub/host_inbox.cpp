#include "hub/host_inbox.h"

#include <algorithm>
#include <utility>

namespace carillon::hub {

bool HostInbox::wants(HostEvent::Kind kind, const App& app) const {
    return std::ranges::any_of(listeners_,
                               [&](const auto* listener) { return listener->wants(kind, app); });
}

void HostInbox::record(const HostEvent& event) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= items_max_) {
        overflowed_ = true;
        return lost_.add();
    }
    recorded_.add();
    waiting_.push_back({event.kind, event.app, std::string(event.channel),
                        std::string(event.member), event.unix_ms});
}

void HostInbox::drain(Now now) {
    woken_ = false;
    if (next_ == taken_.size()) take();
    const auto end = std::min(taken_.size(), next_ + limits::host_events_per_drain_max);
    for (; next_ < end; ++next_) {
        const auto& news = taken_[next_];
        for (auto* listener : listeners_) {
            if (listener->wants(news.kind, *news.app)) listener->on_event(news, now);
        }
    }
    const bool all = next_ == taken_.size();
    const bool lost = all && std::exchange(resync_due_, false);
    if (lost) resyncs_.add();
    for (auto* listener : listeners_) {
        if (lost) listener->resync(now);
        listener->drained(now);
    }
    if (!all) wake();
}

void HostInbox::take() {
    taken_.clear();
    next_ = 0;
    const std::lock_guard lock(mutex_);
    taken_.swap(waiting_);
    resync_due_ = std::exchange(overflowed_, false);
}

}  // namespace carillon::hub
