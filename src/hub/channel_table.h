// hub/channel_table.h: all channels of the process, in 1,024 stripes with a mutex each: the one
// thing that loops share by a lock. It is held for a stamp, a ring push and one enqueue per lane;
// nothing foreign runs under it.
#pragma once

#include <array>
#include <atomic>
#include <boost/intrusive/list.hpp>
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
        boost::intrusive::list<Keeping, boost::intrusive::constant_time_size<false>> keeping;
    };

 public:
    static constexpr std::size_t stripe_count = 1024;

    // `epoch`: of the first channel; each channel has its own.
    explicit ChannelTable(std::uint64_t epoch) : next_epoch_(epoch) {}

    // A channel's name in an app, with its stripe locked for as long as this lives. Never hold two.
    class Locked {
     public:
        Channel* find() const;
        Channel& find_or_create();
        // A channel with a past goes on where it was.
        void keep(Channel& channel, std::unique_ptr<ChannelHistory> history);
        void erase_if_gone(Channel& channel);

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
    // Trims what the channels of one stripe keep; those of which nothing is left are gone, and those
    // that nobody is in and that are found again anyway.
    void trim(std::size_t stripe, Now now);
    // Each channel of one stripe, under its lock: `visit` copies what it needs and returns.
    template <class Visit>
    void each(std::size_t stripe, const Visit& visit) {
        const std::lock_guard lock(stripes_[stripe].mutex);
        for (const auto& channel : stripes_[stripe].channels) visit(*channel);
    }
    // May be stale when it is read: a bound, not an account.
    std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
    void erase(Stripe& stripe, Channel& channel);

    // Two lives of one name must not share an epoch, or a client of the first would be told that it
    // recovered in the second.
    std::atomic<std::uint64_t> next_epoch_;
    std::atomic<std::size_t> size_{0};
    std::array<Stripe, stripe_count> stripes_;
};

}  // namespace carillon::hub
