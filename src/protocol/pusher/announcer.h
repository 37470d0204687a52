// protocol/pusher/announcer.h: what follows for clients from what the hub decided: watchers hear
// that a user came online or went, subscribers hear how many they are. It listens to the host
// events and publishes; who hears is the hub's affair. On the loop that drains the host events.
//
//   watchlist  every watched user has a channel of our own (names.h); watching is subscribing to it
//   counts     at once for up to 100 subscribers, whatever came since the last drain said in one;
//              beyond, every 5 s at most: such channels wait in `large_`
//   lost       when host events were lost, every channel concerned is told its live state, a part
//              of the table at each drain
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hub/host_inbox.h"
#include "hub/hub.h"
#include "protocol/pusher/names.h"

namespace carillon::pusher {

// {"events":[{"name":"online","user_ids":[…]},{"name":"offline",…}]}; a list that is empty is left
// out.
std::string watchlist_events(const std::vector<std::string_view>& online,
                             const std::vector<std::string_view>& offline);

class Announcer final : public hub::HostListener {
 public:
    explicit Announcer(hub::Hub& hub) : hub_(hub) {}

    bool wants(hub::HostEvent::Kind kind, const hub::App& app) const override;
    void on_event(const hub::HostNews& news, Now now) override;
    void resync(Now) override { resync_at_ = 0; }
    void drained(Now now) override;

 private:
    struct Channel {
        hub::AppRef app;
        std::string name;
        friend bool operator==(const Channel& a, const Channel& b) {
            return a.app->id == b.app->id && a.name == b.name;
        }
    };
    struct Hash {
        std::size_t operator()(const Channel& channel) const {
            return std::hash<std::string>{}(channel.name) ^
                   std::hash<std::string>{}(channel.app->id);
        }
    };
    // Told lately; to be told again if something changed by then.
    struct Large {
        const Channel* channel;
        std::int64_t until_ns;
    };

    void tell_presence(const hub::AppRef& app, std::string_view user, bool online, Now now);
    void tell_count(const Channel& channel, Now now);
    void tell_large(Now now);
    void tell_live_state(Now now);
    void publish(const hub::AppRef& app, std::string_view channel, std::string_view event,
                 std::string_view body, Now now);

    hub::Hub& hub_;
    std::unordered_set<Channel, Hash> changed_;      // since the last drain
    std::unordered_map<Channel, bool, Hash> large_;  // and whether it changed since it was told
    std::deque<Large> large_order_;                  // the earliest first
    std::size_t resync_at_ = hub::ChannelTable::stripe_count;  // the next stripe; all: none is lost
};

}  // namespace carillon::pusher
