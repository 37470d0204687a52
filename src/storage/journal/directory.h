// storage/journal/directory.h: all channels of a journal by name. Any thread; 64 mutexes, each held for a
// look-up. A channel stays where it is in memory.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/journal/channel.h"

namespace carillon::storage {

class Directory {
 public:
    using ChannelRef = std::shared_ptr<JournalChannel>;

    ChannelRef find(std::string_view app, std::string_view name) const;  // null: there is none
    ChannelRef find_or_make(std::string_view app, std::string_view name);
    std::size_t size() const { return size_.load(std::memory_order_relaxed); }
    std::size_t memory_bytes() const { return bytes_.load(std::memory_order_relaxed); }
    // The channels from this place on, in the order in which they came; at most `count`.
    std::vector<ChannelRef> some(std::size_t from, std::size_t count) const;

 private:
    struct Stripe {
        mutable std::mutex mutex;
        std::unordered_map<std::string_view, ChannelRef> channels;  // keys live in the channels
    };
    const Stripe& stripe_of(std::string_view key) const {
        return stripes_[std::hash<std::string_view>{}(key) % stripes_.size()];
    }

    std::array<Stripe, 64> stripes_;
    mutable std::mutex all_mutex_;
    std::vector<ChannelRef> all_;
    std::atomic<std::size_t> size_{0};
    std::atomic<std::size_t> bytes_{0};
};

}  // namespace carillon::storage
