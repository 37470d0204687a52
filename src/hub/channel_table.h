// hub/channel_table.h: all channels of the process, in 1,024 stripes with a mutex each: the one
// thing that loops share by a lock. It is held for a stamp, a ring push and one enqueue per lane;
// nothing foreign runs under it.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_set.hpp>
#include <memory>
#include <mutex>
#include <string_view>

#include "hub/channel.h"

namespace carillon::hub {

class ChannelTable {
    struct Key {
        const AppState* app_state;
        std::string_view name;
        std::size_t hash;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const std::unique_ptr<Channel>& c) const { return c->hash(); }
        std::size_t operator()(const Key& key) const { return key.hash; }
    };
    struct Equal {
        using is_transparent = void;
        using Owned = std::unique_ptr<Channel>;
        bool operator()(const Owned& a, const Owned& b) const { return a == b; }
        bool operator()(const Key& key, const Owned& c) const {
            return c->hash() == key.hash && &c->app_state() == key.app_state &&
                   c->name() == key.name;
        }
        bool operator()(const Owned& c, const Key& key) const { return (*this)(key, c); }
    };
    struct alignas(64) Stripe {
        std::mutex mutex;
        boost::unordered_flat_set<std::unique_ptr<Channel>, Hash, Equal> channels;
    };

 public:
    explicit ChannelTable(std::uint64_t epoch) : epoch_(epoch) {}

    // A channel's name in an app, with its stripe locked for as long as this lives. Never hold two.
    class Locked {
     public:
        Channel* find() const;
        Channel& find_or_create();
        void erase(Channel& channel);

     private:
        friend class ChannelTable;
        Locked(ChannelTable& table, const Key& key, AppState& app_state);

        ChannelTable& table_;
        const Key key_;
        AppState& app_state_;
        Stripe& stripe_;
        std::unique_lock<std::mutex> lock_;
    };

    Locked lock(AppState& app_state, std::string_view name);
    // May be stale when it is read: a bound, not an account.
    std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
    const std::uint64_t epoch_;  // of every position handed out by this process
    std::atomic<std::size_t> size_{0};
    std::array<Stripe, 1024> stripes_;
};

}  // namespace carillon::hub
