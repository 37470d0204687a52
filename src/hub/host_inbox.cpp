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
    bool overflowed = false;
    woken_ = false;
    {
        const std::lock_guard lock(mutex_);
        taken_.swap(waiting_);
        overflowed = std::exchange(overflowed_, false);
    }
    for (const auto& news : taken_) {
        for (auto* listener : listeners_) {
            if (listener->wants(news.kind, *news.app)) listener->on_event(news, now);
        }
    }
    taken_.clear();
    if (overflowed) resyncs_.add();
    for (auto* listener : listeners_) {
        if (overflowed) listener->resync(now);
        listener->drained(now);
    }
}

}  // namespace carillon::hub
