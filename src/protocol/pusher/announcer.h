// protocol/pusher/announcer.h: what follows for clients from what the hub decided: watchers hear
// that a user came online or went, subscribers hear how many they are. It listens to the host
// events and publishes; who hears is the hub's affair. On the loop that drains the host events.
//
//   watchlist  every watched user has a channel of our own (names.h); watching is subscribing to it
//   counts     at once, and then for 250 ms no more (5 s beyond 100 subscribers): whatever changes
//              meanwhile is said in one, so that nobody floods a channel by coming and going
//   lost       when host events were lost, every channel concerned is told its live state, a part
//              of the table every 250 ms
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
    void resync(Now) override { lose(); }
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
    struct Told {
        const Channel* channel;
        std::int64_t until_ns;
    };
    using Waiting = std::deque<Told>;  // the earliest first

    bool tell_presence(const hub::AppRef& app, std::string_view user, bool online, Now now);
    void tell_count(const Channel& channel, Now now);
    void tell_due(Waiting& waiting, Now now);
    void tell_live_state(Now now);
    void lose();
    bool publish(const hub::AppRef& app, std::string_view channel, std::string_view event,
                 std::string_view body, Now now);

    hub::Hub& hub_;
    std::unordered_set<Channel, Hash> changed_;     // since the last drain
    std::unordered_map<Channel, bool, Hash> told_;  // lately; and whether it changed since then
    Waiting small_;                                 // of told_
    Waiting large_;                                 // likewise
    // After a loss: the next stripe of the channel table; all of them: there was none.
    std::size_t resync_at_ = hub::ChannelTable::stripe_count;
    std::int64_t resync_ns_ = 0;  // when the next part is due
    bool lost_again_ = false;     // meanwhile
};

}  // namespace carillon::pusher
