// hub/testing_model.h: for tests only: the hub as DESIGN.md describes it, pair by pair. Every
// (publication, subscriber) that was matched is an entry in exactly one list here: an inbox item's,
// a membership's, a client's; and moves to a count when it ends. Nothing is computed as a
// remainder, and nothing is asked of the hub: the model is told what was called and what a client's
// door and outbox show, and says whether that may be.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/hub.h"
#include "hub/testing_frames.h"

namespace carillon::hub::testing {

struct ModelChannel;
struct ModelClient;

// A publication in one channel, or for one session (no channel).
struct Stamped {
    ModelChannel* channel;
    Kind kind;
    std::string name;
    std::string member;
    std::int64_t unix_ms;
    std::uint64_t offset;
    std::size_t body_bytes;
    std::size_t inbox_bytes;
    SessionId exclude;
    std::uint64_t sequence;  // in the channel
};

// From a join to its leave. A rejoin is another one.
struct Membership {
    ModelClient* client;
    ModelChannel* channel;
    const FrameFormat* format;
    std::string member;
    bool left = false;
    std::deque<const Stamped*> batch;  // encoded, not yet seen in the outbox
    std::uint64_t heard = 0;           // sequence of the last one that arrived
};

// A frame in a client's outbox.
struct Owed {
    const Stamped* publication;  // null: a reply
    Membership* membership;      // null: a reply, or sent to the session
    std::uint64_t reply;
    std::size_t bytes;
    std::size_t sent;
};

struct ModelClient {
    int index;
    unsigned lane;
    int app;
    SessionId id;
    OutboxPolicy policy;
    const FrameFormat* format;
    bool open = true;
    bool gone = false;
    bool blocked = false;
    bool wrote = false;  // in this step: what remains must fit the policy
    CloseReason why = CloseReason::peer;
    int goodbyes = 0;
    std::vector<Membership*> memberships;
    Membership self{};  // what is sent to the session alone
    std::deque<Owed> owed;
    std::string stream;  // the first bytes of a frame that is not complete
    std::uint64_t replies_made = 0;
    std::uint64_t replies_heard = 0;
};

struct ModelMember {
    std::uint32_t connections;
    std::string data;
};

struct ModelChannel {
    int app;
    std::string name;
    bool kept;
    bool retained = false;
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
    std::vector<Membership*> members;  // matched; until their departure is settled
    std::map<std::string, ModelMember> roster;
    bool exists() const { return retained || !members.empty(); }
};

struct ModelItem {
    const Stamped* publication;
    std::vector<Membership*> matched;
    ModelClient* to = nullptr;
};

struct ModelLane {
    std::deque<ModelItem> inbox;
    std::size_t reserved = 0;
    std::uint64_t matched = 0;
    std::uint64_t delivered = 0;
    std::uint64_t filtered = 0;
    std::uint64_t left = 0;
    std::array<std::uint64_t, drop_reasons> dropped{};
    std::deque<Membership*> unsettled;
    std::int64_t retry_ns = base::never_ns;
    std::deque<ModelClient*> doomed;
    std::map<std::pair<ModelChannel*, int>, std::size_t> batch_bytes;  // since the last flush
};

// How often the schedules met what they are meant to meet.
struct Sightings {
    std::uint64_t overloaded = 0;
    std::uint64_t dropped_newest = 0;
    std::uint64_t closed_by_policy = 0;
    std::uint64_t closed_for_memory = 0;
    std::uint64_t stepped_over = 0;
    std::uint64_t sealed_at_64_kib = 0;
    std::uint64_t committed = 0;
    std::uint64_t walks_cut_short = 0;
    std::uint64_t rejoined_at_once = 0;
    std::uint64_t unsettled_leaves = 0;
    std::uint64_t direct_writes = 0;
    std::uint64_t read_on_in_a_write = 0;
    std::uint64_t delivered = 0;
};

using SeenFrames = std::vector<std::pair<SeenFrame, bool>>;  // and whether it is a reply

class Model {
 public:
    Model(unsigned lanes, std::size_t inbox_bytes_max, std::uint32_t presence_members_max,
          Sightings& sightings);

    // The first thing that may not be; nothing after it means anything.
    bool failed() const { return !failure_.empty(); }
    const std::string& failure() const { return failure_; }
    void fail(std::string why);
    void expect(bool holds, const char* what, const ModelClient* client = nullptr);

    // ---- verbs: what the hub must answer ----

    ModelClient& open(unsigned lane, int app, SessionId id, OutboxPolicy policy,
                      const FrameFormat& format);
    Outcome join(ModelClient& client, const std::string& name, const FrameFormat& format,
                 const std::string& member, const std::string& data, Now now);
    Outcome unsubscribe(ModelClient& client, const std::string& name, Now now);
    void leave_all(ModelClient& client);
    void close(ModelClient& client, CloseReason why);
    void end(ModelClient& client, CloseReason why);
    Receipt publish(int app, const std::vector<std::string>& names, std::size_t body_bytes,
                    SessionId exclude, Now now);
    Outcome send(ModelClient& to, std::size_t body_bytes, Now now);
    std::uint64_t reply(ModelClient& client, std::size_t bytes);  // its number
    void drain() { draining_ = true; }
    ModelChannel& channel(int app, const std::string& name);
    std::size_t channels_alive() const;

    // ---- what was seen ----

    void took(unsigned lane, std::uint64_t items, const std::vector<EncoderCall>& calls);
    void flushing(unsigned lane) { lanes_[lane].batch_bytes.clear(); }
    // Before a door writes: its outbox holds what it held, and what was offered since.
    void at_door(ModelClient& client, const SeenFrames& outbox);
    void written_at_once(ModelClient& client, std::string_view frames);
    void sent(ModelClient& client, std::string_view bytes);
    // `exactly`: nothing can have been offered after the door wrote.
    void after_step(ModelClient& client, const SeenFrames& outbox, bool closing, bool exactly);
    void said_goodbye(ModelClient& client, CloseReason why);
    void reaped(unsigned lane, Now now);
    void ticked(unsigned lane, Now now);

    void check_books(unsigned lane, const BooksSnapshot& books);
    void check_rest();  // no lane has anything to do
    std::size_t debt(const ModelClient& client) const;
    bool over(const ModelClient& client) const;

    const std::vector<std::string>& host_log() const { return host_log_; }
    const std::vector<std::string>& history_log() const { return history_log_; }
    std::deque<ModelClient>& clients() { return clients_; }
    ModelLane& lane(unsigned index) { return lanes_[index]; }

 private:
    bool room(std::size_t bytes) const;
    const Stamped& stamp(ModelChannel& channel, Kind kind, const std::string& member,
                         std::size_t event_bytes, std::size_t body_bytes, SessionId exclude,
                         Now now);
    std::uint64_t enqueue(ModelChannel& channel, const Stamped& publication);
    void leave(Membership& membership);
    bool settle(Membership& membership, Now now);
    void doom(ModelClient& client, CloseReason why);
    void apply_policy(ModelClient& client);
    void drop_uncommitted(ModelClient& client, DropReason reason, std::size_t at_most);
    void took_for_channel(unsigned lane, const ModelItem& item,
                          std::vector<std::string>& expected_calls);
    using TakenChannels = std::map<std::pair<std::int64_t, std::string>, ModelChannel*>;
    void note_batches(unsigned lane, const TakenChannels& channels,
                      const std::vector<EncoderCall>& calls);
    bool starts_with_owed(const ModelClient& client, const SeenFrames& outbox) const;
    void absorb(ModelClient& client, const SeenFrames& outbox);
    void deliver(ModelClient& client, std::string_view frame);
    bool same(const ModelClient& client, const Owed& owed, const SeenFrame& seen,
              bool is_reply) const;
    void host(const char* what, const ModelChannel& channel, const std::string& member);

    std::size_t inbox_bytes_max_;
    std::uint32_t presence_members_max_;
    Sightings& sightings_;
    bool draining_ = false;
    std::size_t worst_debt_left_ = SIZE_MAX;  // of those closed for memory in this reap
    std::deque<ModelLane> lanes_;
    std::map<std::pair<int, std::string>, ModelChannel> channels_;
    std::deque<ModelClient> clients_;
    std::deque<Membership> memberships_;
    std::deque<Stamped> publications_;
    std::vector<std::string> host_log_;
    std::vector<std::string> history_log_;
    std::string failure_;
};

}  // namespace carillon::hub::testing
