// hub/hub.h: the heart. Apps, channels, subscribers, publications, presence. No sockets, no threads
// of its own, no clock, no JSON, no protocol's name. publish, send, members and describe answer on
// any thread; what concerns a session runs on the session's loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/count.h"
#include "hub/channel_table.h"
#include "hub/lane.h"
#include "hub/replay.h"

namespace carillon::hub {

struct Ports {
    History* history = nullptr;         // null: nothing is kept
    HostEvents* host_events = nullptr;  // null: nobody listens
};

struct HubConfig {
    unsigned lanes = 1;  // 1 … limits::lanes_max
    LaneLimits lane_limits{};
    // A source of randomness per lane: session ids and the epoch must not be guessable or repeat.
    std::function<std::unique_ptr<base::Random>(unsigned lane)> random;
};

struct Opened {
    Outcome outcome;
    Session* session = nullptr;  // belongs to the lane; valid until Hub::close
};

struct JoinOptions {
    // Hear on from here, without a gap and without a duplicate, or be told why not.
    std::optional<Position> recover{};
    // Else: the newest of what is kept, up to this many; none, if there is no room for them.
    std::uint32_t newest = 0;

    std::string_view member{};  // present as this member; empty: not present
    std::string_view member_data{};
    bool roster = false;  // answer with who is present
};

struct Joined {
    Outcome outcome;
    Position position{};  // of the last publication that the joiner does not hear
    std::vector<MemberView> roster{};
    Recovery recovery = Recovery::not_asked;
    // To be queued by Lane::replay, behind the reply and before the loop goes on; null: nothing.
    std::unique_ptr<Replay> missed{};
};

struct Receipt {
    Outcome outcome;
    std::uint64_t matched = 0;  // subscribers on this node at the moment of the stamp
};

struct Description {
    std::uint32_t subscribers = 0;
    std::uint32_t members = 0;
    Position position;
};

class Reservation;

class Hub {
 public:
    explicit Hub(const HubConfig& config, Ports ports = {});
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;
    ~Hub();

    Lane& lane(unsigned index) { return *lanes_[index]; }
    unsigned lane_count() const { return static_cast<unsigned>(lanes_.size()); }

    // ---- on the session's loop ----

    // `format` encodes what is sent to this session alone. `outbox` and `subscriber` outlive the
    // session.
    Opened open(AppRef app, Lane& lane, Outbox& outbox, Subscriber& subscriber, OutboxPolicy policy,
                const Encoder& format);
    // The connection is gone, or about to be: leaves everything. The session is destroyed when its
    // lane reaps.
    void close(Session& session, CloseReason why);
    // Asks the subscriber to say goodbye (on_close) at the lane's next reap.
    void end(Session& session, CloseReason why);
    // Who has joined already changes nothing: it recovers by leaving first.
    Joined subscribe(Session& session, std::string_view channel, const Encoder& format,
                     const JoinOptions& options, Now now);
    Outcome unsubscribe(Session& session, std::string_view channel, Now now);
    void unsubscribe_all(Session& session, Now now);

    // ---- on any thread ----

    // To each channel in turn; no atomicity across them. Refused whole (`overloaded`) if any lane
    // has no room.
    Receipt publish(const AppRef& app, std::span<const std::string_view> channels,
                    const PublicationRef& publication, Now now);
    Receipt publish(const Session& from, std::string_view channel,
                    const PublicationRef& publication, Now now);
    // ok says only that it is on its way; a session that is gone by then counts as left.
    Outcome send(SessionId to, const PublicationRef& publication, Now now);
    std::vector<MemberView> members(const AppRef& app, std::string_view channel);
    std::optional<Description> describe(const AppRef& app, std::string_view channel);
    std::uint32_t connections(const AppRef& app) { return state_of(app).connections.load(); }
    std::size_t channel_count() const { return channels_.size(); }

    // Lets go of what is too old or too much in the next `stripes` of the table's 1,024; its owner
    // calls it a little at a time, all the time. One thread at a time.
    void sweep(std::size_t stripes, Now now);

    // A draining server tells nobody who leaves: everybody does. Any thread, for good.
    void drain() { draining_.store(true, std::memory_order_relaxed); }

    const base::SharedCount& refused(Outcome outcome) const {
        return refused_[static_cast<std::size_t>(outcome)];
    }
    const base::SharedCount& recovered(Recovery recovery) const {
        return recovered_[static_cast<std::size_t>(recovery)];
    }
    const base::SharedCount& published() const { return published_; }

 private:
    friend class Lane;
    using WakeMask = std::uint64_t;

    AppState& state_of(const AppRef& app);
    Outcome refuse(Outcome outcome);
    Receipt publish_to(AppState& state, std::span<const std::string_view> channels,
                       const PublicationRef& publication, Now now);
    std::uint64_t enqueue(Channel& channel, const PublicationRef& publication, Now now,
                          Reservation& reservation, WakeMask& wake_mask);
    static Outcome may_join(const Session& session, std::string_view name,
                            const JoinOptions& options);
    Outcome join(Channel& channel, Session& session, const Encoder& format,
                 const JoinOptions& options, Now now, WakeMask& wake_mask);
    static Recovery look_back(const Channel& channel, const App& app, const JoinOptions& options,
                              std::vector<Kept>& missed);
    static Recovery count_missed(const Channel& channel, const App& app, const Position& from,
                                 std::uint64_t& missed);
    static void promise(const Session& session, std::unique_ptr<Replay> missed, Joined& joined);
    bool keeps(const AppState& state, std::string_view channel) const;
    Outcome enter_roster(Channel& channel, Session& session, const JoinOptions& options, Now now,
                         WakeMask& wake_mask);
    bool leave_roster(Channel& channel, Member& member, Now now, WakeMask& wake_mask,
                      std::unique_ptr<Member>& gone);
    // A departed subscription: the channel takes note. False: no room for the member event; try
    // again later.
    bool settle(Lane& lane, Subscription& subscription, Now now);
    void record(HostEvent::Kind kind, const Channel& channel, std::string_view member, Now now);
    void wake(WakeMask mask);

    const Ports ports_;
    std::atomic<bool> draining_{false};
    ChannelTable channels_;
    std::shared_mutex
        apps_mutex_;  // app id to its counts: read at open and publish, written once per app
    std::unordered_map<std::string, std::unique_ptr<AppState>> apps_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::size_t sweep_at_ = 0;  // the next stripe
    std::array<base::SharedCount, outcomes> refused_;
    std::array<base::SharedCount, recoveries> recovered_;
    base::SharedCount published_;
};

}  // namespace carillon::hub
