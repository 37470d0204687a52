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
#include "hub/countdown.h"
#include "hub/durable.h"
#include "hub/lane.h"
#include "hub/pattern.h"
#include "hub/replay.h"
#include "hub/spread.h"
#include "hub/users.h"

namespace carillon::hub {

struct Ports {
    History* history = nullptr;         // null: nothing is kept
    Cursors* cursors = nullptr;         // null: no named subscriptions
    HostEvents* host_events = nullptr;  // null: nobody listens
};

struct HubConfig {
    unsigned lanes = 1;              // 1 … limits::lanes_max
    std::uint32_t sessions_max = 0;  // of all apps together; 0: no limit
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
    // Else: the newest of what is kept, up to this many; none, if there is no room for them
    // (Recovery::no_room).
    std::uint32_t newest = 0;

    std::string_view member{};  // present as this member; empty: not present
    std::string_view member_data{};
    bool roster = false;  // answer with who is present
    // A name that the protocol reserves and gave itself: the app's bound is on what clients choose.
    bool reserved = false;
    // Hear as a member of this queue group: of each publication one member hears. Empty: hear all.
    // Neither present nor replayed to.
    std::string_view group{};
};

// Whether a publisher waits for subscribers whose policy is OnFull::wait. Only one outside every loop
// may: on a loop it would wait for itself.
enum class Patience : std::uint8_t { none, wait };

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
    // Subscribers on this node at the moment of the stamp; of a verb to a user, his sessions.
    std::uint64_t matched = 0;
};

// One publication among several that are published together.
struct Wish {
    std::span<const std::string_view> channels;
    PublicationRef publication;
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

    // Before anything is published. They outlive every publication.
    void attach(const Bridges& bridges) { bridges_ = &bridges; }
    void attach(const Hooks& hooks) { hooks_ = &hooks; }

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
    // To every channel whose name matches, now and later, but those that a protocol hides. Presence
    // and what is kept belong to channels: of the options only `group` counts. A session that hears
    // a publication by several subscriptions gets it once: as its channel's subscriber, if it is one.
    Joined subscribe(Session& session, const Pattern& pattern, const Encoder& format,
                     const JoinOptions& options, Now now);
    Outcome unsubscribe(Session& session, std::string_view channel, Now now);
    Outcome unsubscribe(Session& session, const Pattern& pattern, Now now) {
        return unsubscribe(session, pattern.key(), now);
    }
    void unsubscribe_all(Session& session, Now now);
    // Who this session is, as its protocol proved: what is sent or done to that user reaches it.
    // Empty: nobody any more. `already`: it was.
    Outcome identify(Session& session, std::string_view user, Now now);

    // ---- on any thread ----

    // To each channel in turn; no atomicity across them. Refused whole (`overloaded`) if any lane
    // has no room. Over bridges it goes afterwards, as far as there is room: what is answered here
    // speaks of this app alone (bridging.cpp).
    Receipt publish(const AppRef& app, std::span<const std::string_view> channels,
                    const PublicationRef& publication, Now now);
    // The same, and on_done is told how it fared; not if it was refused.
    Receipt publish(const AppRef& app, std::span<const std::string_view> channels,
                    const PublicationRef& publication, Now now, OnDone on_done);
    Receipt publish(const Session& from, std::string_view channel,
                    const PublicationRef& publication, Now now);
    // To one channel, for who does so again and again: app_state is what `know` answers. `on_done`
    // may be null. `already`: it is a duplicate (Once), and nobody hears it again.
    Receipt publish(AppState& app_state, std::string_view channel, PublicationRef publication,
                    Now now, Patience patience, OnDone on_done);
    // Several at once, in their order: if there is no room for all of them, none is published.
    Receipt publish(const AppRef& app, std::span<const Wish> wishes, Now now);
    // ok says only that it is on its way; a session that is gone by then counts as left.
    Outcome send(SessionId to, const PublicationRef& publication, Now now);
    // To every session that is identified as this user.
    Receipt send(const AppRef& app, std::string_view user, const PublicationRef& publication,
                 Now now);
    // Ends every session that is identified as this user, or present in a channel as a member of
    // that id.
    Receipt disconnect_user(const AppRef& app, std::string_view user, CloseReason why);
    bool online(const AppRef& app, std::string_view user);
    std::vector<MemberView> members(const AppRef& app, std::string_view channel);
    std::optional<Description> describe(const AppRef& app, std::string_view channel);
    // The newest of what the channel keeps in memory, up to `count`, oldest first.
    std::vector<Kept> newest(const AppRef& app, std::string_view channel, std::size_t count);
    // What is kept for good of a channel, without a subscription; the channel need not be there.
    History::Opened read(const AppState& app_state, std::string_view channel, ReadOptions options);
    // The named subscriptions; null: what they remember has no place (Ports::cursors).
    Durables* durables() { return durables_.get(); }
    // The channels that have subscribers, in `stripes` of the table's 1,024 from the stripe `first`:
    // who wants all of them asks a part at a time. `visit` runs under a lock: it copies what it
    // needs and returns.
    using AnyVisit = std::function<void(const AppRef& app, std::string_view channel,
                                        const Description& description)>;
    void each_channel(std::size_t first, std::size_t stripes, const AnyVisit& visit);
    // Of one app.
    using Visit = std::function<void(std::string_view channel, const Description& description)>;
    void each_channel(const AppRef& app, std::size_t first, std::size_t stripes,
                      const Visit& visit);
    std::uint32_t connections(const AppRef& app) { return state_of(app).connections.load(); }
    // Counts for this app from now on: a number that appears only with its first client cannot be
    // watched for it.
    AppState& know(const AppRef& app) { return state_of(app); }
    // What is counted for each app that is known, by lane.
    using AppVisit = std::function<void(const AppRef& app, std::span<const AppBooks> by_lane)>;
    void each_app(const AppVisit& visit);
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
    // Whom to wake once the lock is free again.
    struct Wakes {
        std::uint64_t lanes = 0;  // a bit for each
        bool host = false;        // who listens to host events
    };

    // Who else hears a publication but its channel's audiences. (Its parts: hub_spread.cpp.)
    struct Crowd {
        std::shared_lock<std::shared_mutex> patterns_lock{};
        boost::container::small_vector<Channel*, 8> patterns{};
        boost::container::small_vector<Offer, 1> turns{};
        bool is_more_than_channel() const { return !patterns.empty() || !turns.empty(); }
    };
    // Who has no room: a subscriber, or all the members of a group; nobody, if both are null.
    struct Crush {
        GateRef gate{};
        BellRef bell{};
        std::uint64_t rung = 0;  // before the members were asked
        explicit operator bool() const { return gate != nullptr || bell != nullptr; }
        void wait() const { gate != nullptr ? gate->wait() : bell->wait_beyond(rung); }
    };
    // Of one publish: what is done on the way.
    struct Errand {
        Now now;
        Reservation& reservation;
        Wakes& wakes;
        CountdownRef countdown{};  // null: nobody wants to know
        Patience patience = Patience::none;
        std::size_t duplicates = 0;  // channels that had it already
        Crush crush{};  // whom a patient publisher has to wait for; nothing was published
    };

    AppState& state_of(const AppRef& app);
    Outcome refuse(Outcome outcome);
    // `countdown`: of who wants to know how it fared; null: nobody.
    Receipt publish_to(AppState& state, std::span<const Wish> wishes, Now now,
                       const CountdownRef& countdown = {}, Patience patience = Patience::none);
    Receipt publish_hooked(AppState& state, std::span<const Wish> wishes, Now now,
                           const CountdownRef& countdown, Patience patience);
    Receipt publish_unhooked(AppState& state, std::span<const Wish> wishes, Now now,
                             const CountdownRef& countdown, Patience patience);
    void carry_over(const AppState& state, const Wish& wish, Now now);
    Bridges::End publish_over(const Bridges::Crossing& crossing, Now now);
    std::uint64_t publish_in(AppState& state, std::string_view channel,
                             const PublicationRef& publication, Errand& errand);
    std::uint64_t enqueue(Channel& channel, const PublicationRef& publication, Errand& errand);
    void push(unsigned lane, Item item, Wakes& wakes);
    // hub_spread.cpp
    bool gather(AppState& state, std::string_view name, Channel* channel, Errand& errand,
                Crowd& crowd);
    std::uint64_t enqueue(std::string_view name, Channel* channel,
                          const PublicationRef& publication, Errand& errand, Crowd& crowd);
    bool pass_on(const Offer& offer, bool leaves, const Item& item, std::string_view channel);
    void enqueue(SessionId to, const PublicationRef& publication, Now now, Wakes& wakes);
    void sign_out(Session& session, Now now);
    Outcome may_join(const Session& session, std::string_view name, const JoinOptions& options);
    Outcome join(Channel& channel, Session& session, const Encoder& format,
                 const JoinOptions& options, Now now, Wakes& wakes);
    void join_audience(Channel& channel, Session& session, const Encoder& format,
                       Subscription& subscription);
    static void join_group(Channel& channel, const Session& session, std::string_view name,
                           Subscription& subscription);
    static void leave_group(Channel& channel, const Subscription& subscription);
    struct Missed {
        std::unique_ptr<Reader> reader{};  // null: nothing
        std::uint64_t count = 0;
        std::size_t bytes = 0;
    };
    static Recovery look_back(const Channel& channel, const App& app, const JoinOptions& options,
                              Missed& missed);
    static Recovery count_missed(const Channel& channel, const App& app, const Position& from,
                                 std::uint64_t& missed);
    static void promise(const Session& session, std::unique_ptr<Replay> missed, Joined& joined);
    History::Keeps keeps(const AppState& state, std::string_view channel) const;
    bool is_kept(const AppState& state, std::string_view name, Channel* channel) const;
    void keep(ChannelTable::Locked& locked, Channel& channel);
    Outcome storage_refuses(const AppState& state, std::span<const Wish> wishes) const;
    Outcome enter_roster(Channel& channel, Session& session, const JoinOptions& options, Now now,
                         Wakes& wakes);
    bool leave_roster(Channel& channel, Member& member, Now now, Wakes& wakes,
                      std::unique_ptr<Member>& gone);
    // A departed subscription: the channel takes note. False: no room for the member event; try
    // again later.
    bool settle(Lane& lane, Subscription& subscription, Now now);
    void settle_in(Channel& channel, Lane& lane, const Subscription& subscription);
    void settle_pattern(Lane& lane, const Subscription& subscription);
    static Description describe(const Channel& channel);
    void record(HostEvent::Kind kind, const Channel& channel, std::string_view member, Now now,
                Wakes& wakes);
    void record(HostEvent::Kind kind, const AppState& state, std::string_view user, Now now,
                Wakes& wakes);
    void wake(const Wakes& wakes);

    const Ports ports_;
    const Bridges* bridges_ = nullptr;  // null: what is published in an app stays there
    const Hooks* hooks_ = nullptr;      // null: nobody looks at what is published
    const std::uint32_t sessions_max_;
    std::atomic<bool> draining_{false};
    ChannelTable channels_;
    Users users_;
    std::atomic<std::uint32_t> sessions_{0};
    std::shared_mutex
        apps_mutex_;  // app id to its counts: read at open and publish, written once per app
    std::unordered_map<std::string, std::unique_ptr<AppState>> apps_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::unique_ptr<Durables> durables_;
    std::size_t sweep_at_ = 0;  // the next stripe
    std::array<base::SharedCount, outcomes> refused_;
    std::array<base::SharedCount, recoveries> recovered_;
    base::SharedCount published_;
};

}  // namespace carillon::hub
