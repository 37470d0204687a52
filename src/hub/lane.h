// hub/lane.h: what the hub knows of a core: an inbox whose items are numbered, the audiences of its
// channels, and the list of outboxes to write. Everything but the inbox belongs to one loop and is
// never locked. Knows no clock: edge calls take, tick, flush and reap in that order, once per
// iteration.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "base/thread_home.h"
#include "base/time.h"
#include "hub/awaited.h"
#include "hub/books.h"
#include "hub/inbox.h"
#include "hub/lane_channel.h"
#include "hub/outbox.h"
#include "hub/session.h"

namespace carillon::hub {

class Hub;
struct Offer;

struct LaneLimits {
    std::size_t inbox_bytes_max = limits::inbox_bytes_max;
    std::size_t batch_bytes_max = limits::lane_batch_bytes_max;
    std::size_t replay_bytes_max = limits::lane_replay_bytes_max;
};

class Lane {
 public:
    Lane(Hub& hub, unsigned index, std::unique_ptr<base::Random> random, LaneLimits limits);
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;
    ~Lane();

    unsigned index() const { return index_; }
    base::ThreadHome& home() { return home_; }
    void attach(Wake& wake) { wake_ = &wake; }  // before its loop starts

    // ---- one iteration, on the loop ----

    // Takes up to `items_max` items from the inbox and encodes each once per audience. Stops early
    // at 256 KB of frames that the flush has not offered yet.
    void take(std::size_t items_max = limits::take_items_max);
    void tick(Now now);
    std::int64_t next_deadline_ns() const;
    // At most `visits` visits of an entry (offer, or direct write) or of a listed outbox (write),
    // from where the last call stopped. True: there is more.
    bool flush(std::size_t visits);
    // Destroys what closed, says goodbye to whom the hub closes, settles departures.
    void reap(Now now);
    // Whether another iteration is due without anybody waking it.
    bool has_work() const;

    // ---- sessions and replies, on the loop ----

    // Queues a frame for one client, in order with everything else it is sent. Never dropped.
    void reply(Outbox& outbox, std::initializer_list<std::string_view> parts);
    // Queues what a joiner missed (Joined::missed), behind the reply that told it so and before
    // anything newer. Never dropped while the session lives.
    void replay(Outbox& outbox, std::unique_ptr<Replay> missed);
    // The client is being said goodbye to: nothing more is published to it. What is queued stays,
    // in order.
    void silence(Outbox& outbox, CloseReason why);
    Session* find(SessionId id) const;
    std::size_t session_count() const { return session_count_.get(); }  // any thread
    BooksSnapshot snapshot() const;

    Inbox& inbox() { return inbox_; }  // any thread
    void wake() { wake_->wake(); }     // any thread
    Books& books() { return books_; }  // read by any thread
    const BatchPool& batch_pool() const { return batches_; }
    const SlicePool& slice_pool() const { return slices_; }
    std::uint64_t taken_number() const { return taken_number_; }
    std::size_t channel_slots() const { return slots_.size(); }  // most channels at once

 private:
    friend class Audience;
    friend class Hub;
    friend class Outbox;
    using OutboxList = boost::intrusive::list<Outbox, boost::intrusive::constant_time_size<false>>;
    struct Slot {
        std::unique_ptr<LaneChannel> channel;
        std::uint32_t generation = 0;
    };
    struct Departure {
        Audience* audience;
        std::uint32_t entry;
    };

    // What the hub's verbs do here (hub.cpp).
    LaneChannel& add_channel(Channel& channel);
    LaneChannel& channel_at(SlotRef slot);
    SessionId new_session_id();
    void close(Session& session, CloseReason why);  // its connection is gone
    void doom(Session& session, CloseReason why);   // the hub ends it
    void leave_all(Session& session);
    void leave(Session& session, Subscription& subscription);
    void leave_group(Session& session, Subscription& subscription);
    void postpone(Subscription& subscription);  // to be settled when there is room and time
    void retire(SlotRef slot) { retiring_.push_back(slot); }  // to be reaped when it is finished

    // What audiences and outboxes tell (audience.cpp, outbox.cpp).
    BatchPool& batches() { return batches_; }
    SlicePool& slices() { return slices_; }
    Awaited& awaited() { return awaited_; }
    Subscription* find_subscription(SessionId id, const Audience& audience) const;
    void note_dirty(Audience& audience);
    void note_encoded(Batch& batch, std::size_t bytes);
    void note_departure(Audience& audience, std::uint32_t entry) {
        departures_.push_back({&audience, entry});
        need_iteration();
    }
    void list(Outbox& outbox);
    void forget(Outbox& outbox);
    void need_iteration();

    // take
    void deliver(const Item& item);
    void deliver_spread(const Item& item);
    void deliver_offer(const Item& item, const Offer& offer, std::string_view channel);
    void deliver_to_session(const Item& item);
    bool push_frame(Session& session, const Item& item, std::string_view channel,
                    const GroupRef& group);
    // flush (lane_flush.cpp)
    void start_round();
    std::size_t walk(std::size_t visits);
    std::size_t walk_directly(Audience& audience, std::size_t visits);
    std::size_t walk_offering(Audience& audience, std::size_t visits);
    void write_directly(Outbox& outbox, Batch& batch);
    void finish_walk(Audience& audience);
    void visit(Outbox& outbox);
    void after_write(Outbox& outbox);
    static void park(Outbox& outbox, OutboxList& list);
    void apply_policy(Session& session);
    // reap
    void bound_memory();
    void foreclose(Outbox& outbox);
    void give_up(Outbox& outbox);
    void say_goodbyes(Now now);
    void settle_departed(Now now);
    void reap_entries();
    void reap_channels();

    Hub& hub_;
    const unsigned index_;
    const LaneLimits limits_;
    base::ThreadHome home_;
    Wake* wake_ = nullptr;
    bool requested_ = false;  // an iteration is on its way
    const std::unique_ptr<base::Random> random_;

    Inbox inbox_;
    std::vector<Item> items_;  // taken from the inbox, not all delivered yet
    std::size_t next_item_ = 0;
    std::uint64_t items_waiting_ = 0;  // matched pairs among them
    std::uint64_t taken_number_ = 0;

    Awaited awaited_;
    Books books_;
    base::Count session_count_;
    BatchPool batches_;
    SlicePool slices_;

    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_slots_;
    boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Session>> sessions_;

    // the flush: one round at a time
    std::uint64_t round_ = 0;         // how many have begun
    std::vector<Audience*> dirty_;    // have fresh frames
    std::vector<Audience*> walking_;  // of this round; walking_[walk_at_] holds the cursor
    std::size_t walk_at_ = 0;
    bool direct_ = false;           // one batch in all: the walk writes it where nothing waits
    OutboxList ready_;              // to be written in the next round
    OutboxList replaying_;          // likewise, but a few of them in each round
    std::size_t replay_bytes_ = 0;  // that wait in outboxes, not encoded yet
    OutboxList visiting_;           // to be written in this one
    OutboxList blocked_;            // their sockets take no more, and nothing came since
    OutboxList fetching_;           // what they are to hear next is on its way from a disk
    bool offering_ = false;         // list() means this round
    std::size_t unoffered_bytes_ = 0;

    // for the reaper
    std::vector<Session*> doomed_;
    std::vector<std::unique_ptr<Session>> closed_;
    std::vector<Departure> departures_;
    std::vector<SlotRef> retiring_;
    Subscription* unsettled_first_ = nullptr;
    Subscription* unsettled_last_ = nullptr;
    std::int64_t retry_settling_ns_ = base::never_ns;
    std::int64_t retry_fetching_ns_ = base::never_ns;
};

}  // namespace carillon::hub
