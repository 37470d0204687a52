// hub/testing_play.h: for tests only: one random schedule of a whole hub, played against the model.
// Three lanes whose steps are taken one by one, clients that read slowly, a byte at a time or not
// at all, that leave and want to hear on from where they were; publishers that overflow inboxes;
// sweeps. A lane runs only when it was woken or said after an iteration that there is more, so a
// wake that is forgotten leaves something undone at the end.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hub/testing_hub.h"
#include "hub/testing_model.h"

namespace carillon::hub::testing {

inline constexpr unsigned lanes = 3;
inline constexpr std::size_t unlimited = std::size_t{1} << 40;

class Play;

// A client and its connection.
struct Client final : Subscriber, Door {
    Client(Play& home, Lane& lane) : play(home), outbox(lane, *this) {}
    void write(Outbox& box) override;
    void give_up() override;
    std::size_t write_now(std::string_view frames) override;
    void on_close(CloseReason why) override;
    // One `send` of the loop in write(). False: the socket takes no more, or the share is used up.
    bool send_front(std::size_t& budget);
    // As TLS: the first bytes that are offered go into a record of which the socket takes nothing
    // yet. They are offered again first; then it is taken whole, or again not at all (false).
    void begin_record(std::string_view offered);
    bool finish_record();

    Play& play;
    ModelClient* model = nullptr;
    Session* session = nullptr;
    std::size_t room = unlimited;   // bytes until the socket takes no more
    std::size_t share = unlimited;  // bytes in one write
    bool encrypts = false;
    std::string record;               // half on its way
    const void* record_at = nullptr;  // where it was offered from
    bool given_up = false;            // to be closed when its lane has reaped
    std::string last_left;            // the channel it left, until its lane runs
    Outbox outbox;
};

// What differs between schedules, drawn from the seed.
struct Scene {
    explicit Scene(base::SeededRandom& random) {
        bulk = random.below(4) == 0;
        big = random.below(4) == 0;
        clients = 4 + random.below(8);
        steps = big ? 250 : 350;
        const std::size_t inboxes[] = {400, 1500, 6000, limits::mib};
        limits.inbox_bytes_max = big ? 200'000 : inboxes[random.below(4)];
        if (!bulk && random.below(5) == 0) limits.batch_bytes_max = big ? 150'000 : 3000;
        if (random.below(4) == 0) limits.replay_bytes_max = big ? 80'000 : 600;
        crowded = random.below(4) == 0;
        if (crowded) clients += 8;
        leaves_things_undone = random.below(8) == 0;
        recalling = random.below(big ? 2 : 3) == 0;
        churning = !recalling && random.below(5) == 0;
        bytewise = !bulk && random.below(4) == 0;
        const std::size_t rooms[] = {6, 6, 3, 1000, 0};
        talkative = limits.batch_bytes_max != limits::lane_batch_bytes_max;
        history_room = patient() ? 6 : rooms[random.below(5)];
        app_limits.recover_max = random.below(4) == 0 ? 2 : 8;
        app_limits.presence_members_max = 1 + static_cast<std::uint32_t>(random.below(3));
        if (random.below(5) == 0) {
            app_limits.connections_max = 3 + static_cast<std::uint32_t>(random.below(4));
        }
    }
    // Replays of several pages, to sockets that take them in pieces.
    bool patient() const { return big && recalling; }

    bool bulk;  // flush(n) with a greater n; then nobody is over a policy
    bool big;   // bodies of tens of kilobytes
    std::size_t clients;
    std::size_t steps;
    LaneLimits limits;
    bool crowded;               // most are on one lane, in one channel; a flush is seldom finished
    bool leaves_things_undone;  // the hub is taken apart in the middle
    bool recalling;             // most are in channels that keep, and ask for what they missed
    bool churning;              // a handful of users come and go in one room, from all lanes
    bool talkative;             // some replies are long
    bool bytewise;              // who is slow takes one byte at a time
    std::size_t history_room;
    AppLimits app_limits;
};

class Play {
 public:
    Play(std::uint64_t seed, Sightings& sightings, bool aloud);
    ~Play();

    // Empty: everything was as the model says.
    const std::string& run();

    // ---- what clients call ----

    std::uint64_t pick(std::uint64_t bound) { return random_.below(bound); }
    void say(const std::string& line);
    Model& model() { return model_; }
    Sightings& sightings() { return sightings_; }
    bool resting() const { return resting_; }
    SeenOutbox seen_in(const Client& client);
    void reply(Client& client);
    // A connection that was not read because it owed too much is read on inside the write that
    // freed it, and calls the hub from there.
    void read_on(Client& client);
    void close(Client& client, CloseReason why);
    void give_up(Client& client);

 private:
    enum class Phase : std::uint8_t { idle, taking, flushing, reaping };
    struct Run {
        TestWake wake;
        bool due = false;
        Phase phase = Phase::idle;
        std::uint64_t left = 0;  // steps of this phase
        bool more = false;       // the last flush was cut short
    };

    Now now();
    std::string channel_name();
    std::size_t body_bytes();
    const FrameFormat& format();
    Client* someone();
    Client* someone_half_replayed();
    static std::string name_of(const Client& client);

    // ---- operations (property_operations_test) ----

    void operate();
    void operate_as(Client& client, std::uint64_t choice);
    OutboxPolicy policy();
    Client* open_client();  // null: refused
    void send_to(Client& client);
    void set_room(Client& client);
    void unblock(Client& client, std::size_t room = 0);
    void end_or_close(Client& client);
    void rare(Client& client);
    void ask();

    // ---- operations on channels (property_channels_test) ----

    void join(Client& client, const std::string& name, const Wish& wish = {});
    Wish some_wish(const Client& client, const std::string& name);
    Position some_position(const Client& client, const ModelChannel& channel);
    void pass_on(Client& client, const std::string& name, Joined& joined, const Recall& recall);
    void unsubscribe(Client& client, const std::string& name, bool with_reply);
    void rejoin(Client& client);
    void come_back();
    void churn(Client& client);
    SessionId someone_to_exclude(const Client& client);
    PublicationRef some_message(char letter, SessionId exclude);
    std::string channel_of(const Client& client);  // that it is in, if it is in any
    void publish_from(Client& client, const std::string& name, SessionId exclude);
    void publish_two(Client& client);
    void publish_from_outside();
    void sweep();
    void sweep_until_only_one_forgot();
    void compare(const Receipt& receipt, const Receipt& expected);
    void compare_roster(const std::vector<MemberView>& seen, const ModelChannel& channel);
    Outcome refused(Outcome expected);  // counts it, as the hub does

    // ---- lanes (property_lanes_test) ----

    bool runnable(unsigned index);
    void run_a_lane();
    // One step of an iteration. Observed after it: nothing but this lane's clients changed.
    void step(unsigned index);
    void take(unsigned index, std::size_t items);
    void tick(unsigned index);
    void flush(unsigned index, std::size_t visits);
    void reap(unsigned index);
    void observe(unsigned index, bool exactly);
    void check(unsigned observed = lanes);  // the lane whose step was; else all are looked at
    void check_counts();
    // Runs every lane until none is woken or due.
    void come_to_rest();
    // Everybody reads again; then everybody goes, and the hub must be as at first.
    void finish();
    void check_nothing_remains();

    base::SeededRandom random_;
    const Scene scene_;
    const bool aloud_;
    Sightings& sightings_;
    Model model_;
    EncoderCalls calls_;
    FrameFormat loud_;
    FrameFormat quiet_;
    FrameFormat fat_;
    FrameFormat rare_;
    std::vector<std::string> trims_;
    TestHistory history_;
    TestHostEvents host_events_;
    std::vector<AppRef> apps_;
    std::array<Run, lanes> runs_;
    std::unique_ptr<Hub> hub_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::uint64_t looks_ = 0;
    bool resting_ = false;  // nobody calls anything
    std::array<std::uint64_t, outcomes> refused_{};
    std::array<std::uint64_t, recoveries> recovered_{};
    std::int64_t unix_ms_ = 1000;
    std::int64_t steady_ns_ = 0;
};

}  // namespace carillon::hub::testing
