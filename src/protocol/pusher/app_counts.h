// protocol/pusher/app_counts.h: what each app did, for the metrics: what the hub does not count,
// because only this protocol knows it. Over HTTP, calls that were signed, accepted or refused: a
// stranger's are not the app's. Any thread.
//
// Of `apps_max` apps more are counted together under the name "", which no app has: a count must
// not vanish, or who reads it sees it fall.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/count.h"
#include "base/limits.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/names.h"

namespace carillon::pusher {

struct AppCounts {
    using ByType = std::array<base::SharedCount, channel_types>;
    ByType subscriptions;    // joins
    ByType unsubscriptions;  // and leaves, also by going away
    Refusals refusals;       // of its clients

    base::SharedCount http_calls;
    base::SharedCount http_received_bytes;     // of bodies
    base::SharedCount http_transmitted_bytes;  // of bodies
    base::SharedCount idempotency_publish;     // publishes that named a key
    base::SharedCount idempotency_duplicates;  // of these, those that were answered as before
};

class AppCountsTable {
 public:
    explicit AppCountsTable(std::size_t apps_max = limits::counted_apps_max)
        : apps_max_(apps_max) {}

    // Valid as long as this.
    AppCounts& of(std::string_view app_id) {
        {
            const std::shared_lock lock(mutex_);
            const auto known = apps_.find(app_id);
            if (known != apps_.end()) return known->second;
        }
        const std::unique_lock lock(mutex_);
        if (apps_.size() >= apps_max_ && !apps_.contains(app_id)) app_id = {};
        return apps_[std::string(app_id)];
    }

    // visit(std::string_view app_id, const AppCounts&), under a lock: it copies and returns.
    template <class Visitor>
    void each(const Visitor& visit) const {
        const std::shared_lock lock(mutex_);
        for (const auto& [app_id, counts] : apps_) visit(std::string_view(app_id), counts);
    }

 private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view id) const {
            return std::hash<std::string_view>{}(id);
        }
    };

    const std::size_t apps_max_;
    mutable std::shared_mutex mutex_;  // read in each call, written once per app
    std::unordered_map<std::string, AppCounts, Hash, std::equal_to<>> apps_;
};

}  // namespace carillon::pusher
