// hub/testing_model.h: for tests only: the hub as DESIGN.md describes it, pair by pair. Every
// (publication, subscriber) that was matched is an entry in exactly one list here: an inbox item's,
// a membership's, a client's; and moves to a count when it ends. Nothing is computed as a
// remainder, and nothing is asked of the hub: the model is told what was called and what a client's
// door and outbox show, and says whether that may be. Only an epoch cannot be foreseen: it is
// learnt, and must be another one in each life of a channel.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/hub.h"
#include "hub/testing_frames.h"
#include "hub/testing_sightings.h"

namespace carillon::hub::testing {

struct ModelChannel;
struct ModelClient;

// A channel from its first joiner, or the first publication it keeps, until nobody is there and
// nothing is kept.
struct Life {
    std::optional<std::uint64_t> epoch{};  // once it was told
};

// A publication in one channel, or for one session (no channel).
struct Stamped {
    ModelChannel* channel;
    const Life* life;
    Kind kind;
    std::string name;
    std::string member;
    std::int64_t unix_ms;
    std::uint64_t offset;
    std::size_t body_bytes;
    std::size_t inbox_bytes;
    SessionId exclude;
    std::uint64_t sequence;  // in the channel, over all its lives
    bool numbered = false;   // the offset is its own: it was kept
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
    // Of a channel that keeps: each offset up to here arrived, or need not…
    std::uint64_t complete = 0;
    std::set<std::uint64_t> excused;  // …because it was excluded, not shown or dropped by policy
    bool recovered = false;
    // Whom it takes for present, by what arrived; nothing once a member event was dropped.
    std::optional<std::set<std::string>> present;
};

// What stands in a client's outbox.
struct Owed {
    const Stamped* publication = nullptr;  // null: a reply, or the notice of a gap
    Membership* membership = nullptr;      // null: a reply, or sent to the session
    std::uint64_t reply = 0;               // its number
    std::uint64_t dropped = 0;             // what the notice of a gap says
    std::uint64_t replay = 0;              // which one it is of; 0: it came as it was published
    bool late = false;                     // becomes a frame at the front only…
    bool shown = true;                     // …or nothing
    std::size_t bytes = 0;
    std::size_t sent = 0;

    bool live() const { return publication != nullptr && replay == 0; }
    bool gap() const { return dropped != 0; }
    bool visible() const { return shown && !(gap() && late); }
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
    bool wrote = false;         // in this step: what remains must fit the policy
    std::size_t committed = 0;  // so many of the first unsent bytes are in a record on its way
    CloseReason why = CloseReason::peer;
    int goodbyes = 0;
    bool hit = false;  // by the lane's bound on memory, or said goodbye to, in this reap
    std::vector<Membership*> memberships;
    Membership self{};  // what is sent to the session alone
    std::deque<Owed> owed;
    std::string stream;  // the first bytes of a frame that is not complete
    std::uint64_t replies_made = 0;
    std::uint64_t replies_heard = 0;
    std::map<const ModelChannel*, Position> saw;  // of the last frame that arrived
};

struct ModelMember {
    std::uint32_t connections;
    std::string data;
};

struct ModelKept {
    const Stamped* publication;
    std::int64_t steady_ns;
};

struct ModelChannel {
    int app;
    std::string name;
    bool keeps;
    Life* life = nullptr;  // null: it is gone
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
    std::deque<ModelKept> kept;
    bool to_be_swept = false;  // something was kept in this life…
    int sweeps = 0;            // …and how often it was swept in this round of the table
    bool whole_round = false;
    std::vector<Membership*> members;  // matched; until their departure is settled
    std::map<std::string, ModelMember> roster;
    std::vector<Position> positions;  // that clients were told or saw, the oldest first

    bool exists() const { return life != nullptr; }
    std::string path() const { return "app" + std::to_string(app) + "/" + name; }
};

// How a joiner asks for what it missed, and what it must be answered.
struct Wish {
    std::optional<Position> recover{};
    std::uint32_t newest = 0;
};
struct Recall {
    Recovery recovery = Recovery::not_asked;
    std::vector<const Stamped*> missed{};
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

// What a test can see of an outbox.
struct SeenOutbox {
    std::vector<std::pair<SeenFrame, bool>> frames;  // and whether it is a reply
    bool empty = true;
    std::size_t messages = 0;
    std::size_t bytes = 0;
    std::size_t reply_bytes = 0;
};

struct ModelLimits {
    std::size_t inbox_bytes_max;
    AppLimits app{};
    std::size_t history_room;  // publications of one channel
    std::size_t replay_bytes_max;
};

class Model {
 public:
    Model(unsigned lanes, const ModelLimits& limits, Sightings& sightings);

    // The first thing that may not be; nothing after it means anything.
    bool failed() const { return !failure_.empty(); }
    const std::string& failure() const { return failure_; }
    void fail(std::string why);
    void expect(bool holds, const char* what, const ModelClient* client = nullptr);
    void expect(bool holds, const std::string& what, const ModelClient& client);

    // ---- verbs: what the hub must answer (property_model_verbs_test) ----

    Outcome may_open(int app);
    ModelClient& open(unsigned lane, int app, SessionId id, OutboxPolicy policy,
                      const FrameFormat& format);
    Outcome join(ModelClient& client, const std::string& name, const FrameFormat& format,
                 const std::string& member, const std::string& data, Now now);
    Outcome unsubscribe(ModelClient& client, const std::string& name, Now now);
    void leave_all(ModelClient& client);
    void close(ModelClient& client, CloseReason why);
    void end(ModelClient& client, CloseReason why);
    void silence(ModelClient& client, CloseReason why);
    Receipt publish(int app, const std::vector<std::string>& names, const Publication& publication,
                    Now now);
    Outcome send(ModelClient& to, std::size_t body_bytes, Now now);
    std::uint64_t reply(ModelClient& client, std::size_t bytes);  // its number
    void drain() { draining_ = true; }
    ModelChannel& channel(int app, const std::string& name);
    std::size_t channels_alive() const;
    std::uint32_t connections(int app) const;

    // ---- what channels keep (property_model_history_test) ----

    // A position that someone was told of the channel's present life.
    void told(ModelChannel& channel, const Position& position);
    // Of who has just joined. Its channel's epoch was told.
    Recall look_back(const ModelClient& client, const ModelChannel& channel, const Wish& wish);
    void compare(const Recall& expected, Recovery recovery, const Replay* missed,
                 const ModelClient& client);
    void replay(ModelClient& client, const std::string& name, const Recall& recall);
    void swept(const std::vector<std::string>& trims, std::int64_t forget_before_ns,
               const std::string& forget_only);

    // ---- what was seen (property_model_delivery_test) ----

    void took(unsigned lane, std::uint64_t items, const std::vector<EncoderCall>& calls);
    void flushing(unsigned lane) { lanes_[lane].batch_bytes.clear(); }
    // It was visited, and what was late at its front became frames, or nothing.
    void open_front(ModelClient& client);
    // Before a door writes: its outbox holds what it held, and what was offered since.
    void at_door(ModelClient& client, const SeenOutbox& outbox);
    void written_at_once(ModelClient& client, std::string_view frames);
    void sent(ModelClient& client, std::string_view bytes);
    // Its socket takes no more, and a record of so many bytes is half on its way.
    void committed(ModelClient& client, std::size_t bytes);
    // `exactly`: nothing can have been offered after the door wrote.
    void after_step(ModelClient& client, const SeenOutbox& outbox, bool closing, bool exactly);
    void said_goodbye(ModelClient& client, CloseReason why);
    // `ended`: who was being closed by then.
    void gave_up(ModelClient& client, std::vector<ModelClient*> ended);
    void reaped(unsigned lane, Now now);
    void ticked(unsigned lane, Now now);

    // ---- the sums (property_model_books_test) ----

    void check_books(unsigned lane, const BooksSnapshot& books);
    void check_rest();                                  // no lane has anything to do
    void check_complete();                              // and everything was sent
    std::size_t debt(const ModelClient& client) const;  // of publications
    std::size_t live_debt(const ModelClient& client) const;
    std::size_t reply_debt(const ModelClient& client) const;
    // And what was sent of its first frame: that is held until it is complete.
    std::size_t whole_debt(const ModelClient& client) const {
        return debt(client) + reply_debt(client) + client.stream.size();
    }
    std::size_t messages(const ModelClient& client) const;
    bool over(const ModelClient& client) const;
    bool half_encoded(const ModelClient& client) const;  // a replay at its front

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
    void note_presence(const Membership& joined);
    void leave(Membership& membership);
    bool settle(Membership& membership, Now now);
    void doom(ModelClient& client, CloseReason why);
    void host(const char* what, const ModelChannel& channel, const std::string& member);

    void begin_life(ModelChannel& channel);
    void end_life_if_gone(ModelChannel& channel);
    void keep(ModelChannel& channel, Stamped& publication, Now now);
    Recovery judge(const ModelChannel& channel, const Position& from) const;
    bool room_for(const ModelClient& client, const std::vector<const Stamped*>& missed);

    void took_for_channel(unsigned lane, const ModelItem& item,
                          std::vector<std::string>& expected_calls);
    using TakenChannels = std::map<std::pair<std::int64_t, std::string>, ModelChannel*>;
    void note_batches(unsigned lane, const TakenChannels& channels,
                      const std::vector<EncoderCall>& calls);
    // How many of the frames are the owed ones; on a difference the first lacking one.
    std::size_t matching(const ModelClient& client, const SeenOutbox& outbox,
                         const Owed*& lacking) const;
    void absorb(ModelClient& client, const SeenOutbox& outbox);
    bool absorb_one(ModelClient& client, const SeenFrame& seen, bool is_reply);
    std::string difference(const ModelClient& client, const Owed* lacking,
                           const SeenFrame* seen) const;
    void deliver(ModelClient& client, std::string_view frame);
    void arrived(Membership& membership, const Stamped& publication);
    bool same(const ModelClient& client, const Owed& owed, const SeenFrame& seen,
              bool is_reply) const;

    // The queue (property_model_outbox_test).
    void encode_page(ModelClient& client);
    void apply_policy(ModelClient& client);
    std::size_t drop_newest(ModelClient& client);
    std::size_t drop_oldest(ModelClient& client, std::size_t& hole);
    void drop_everything(ModelClient& client, DropReason reason);
    void drop(ModelClient& client, std::size_t index, DropReason reason);
    void note_gap(ModelClient& client, std::size_t at, std::size_t dropped);
    void excuse(const Owed& owed);
    // How many of the first are on their way, if only in part.
    static std::size_t on_their_way(const ModelClient& client);
    void foreclosed(const ModelClient& client);
    void let_go_of_those_before(const ModelClient* client);
    void let_go(ModelClient& client);
    void check_sizes(const ModelClient& client, const SeenOutbox& outbox);

    ModelLimits limits_;
    Sightings& sightings_;
    bool draining_ = false;
    // Of those closed for memory in this reap: the least that one of them owed, and whom the lane
    // gave up, to be told of in their order among those who were said goodbye to.
    struct GivenUp {
        ModelClient* client;
        std::vector<ModelClient*> ended_before;
    };
    std::size_t least_debt_ = SIZE_MAX;
    std::deque<GivenUp> given_up_;
    std::uint64_t replays_ = 0;
    std::deque<ModelLane> lanes_;
    std::map<std::pair<int, std::string>, ModelChannel> channels_;
    std::deque<ModelClient> clients_;
    std::deque<Membership> memberships_;
    std::deque<Stamped> publications_;
    std::deque<Life> lives_;
    std::set<std::uint64_t> epochs_;
    std::vector<std::string> host_log_;
    std::vector<std::string> history_log_;
    std::string failure_;
};

}  // namespace carillon::hub::testing
