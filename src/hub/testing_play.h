// hub/testing_play.h: for tests only: one random schedule of a whole hub, played against the model.
// Three lanes whose steps are taken one by one, clients that read slowly or not at all, publishers
// that overflow inboxes. A lane runs only when it was woken or said after an iteration that there
// is more, so a wake that is forgotten leaves something undone at the end.
#pragma once

#include <array>
#include <memory>
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
    std::size_t write_now(std::string_view frames) override;
    void on_close(CloseReason why) override;

    Play& play;
    ModelClient* model = nullptr;
    Session* session = nullptr;
    std::size_t room = unlimited;   // bytes until the socket takes no more
    std::size_t share = unlimited;  // bytes in one write
    std::string last_left;          // the channel it left, until its lane runs
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
        crowded = random.below(4) == 0;
        if (crowded) clients += 8;
        leaves_things_undone = random.below(8) == 0;
    }
    bool bulk;  // flush(n) with a greater n; then nobody is over a policy
    bool big;   // bodies of tens of kilobytes
    std::size_t clients;
    std::size_t steps;
    LaneLimits limits;
    bool crowded;  // most are on one lane, in one channel, and a flush seldom gets round
    bool leaves_things_undone;  // the hub is taken apart in the middle
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
    Hub& hub() { return *hub_; }
    void reply(Client& client);
    // A connection that was not read because it owed too much is read on inside the write that
    // freed it, and calls the hub from there.
    void read_on(Client& client);
    void close(Client& client, CloseReason why);

 private:
    static constexpr std::uint32_t presence_members_max = 3;
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
    static std::string name_of(const Client& client);

    // ---- operations ----

    void operate();
    void operate_as(Client& client, std::uint64_t choice);
    OutboxPolicy policy();
    void open_client();
    void join(Client& client, const std::string& name);
    void unsubscribe(Client& client, const std::string& name, bool with_reply);
    void rejoin(Client& client);
    SessionId someone_to_exclude(const Client& client);
    void publish_from(Client& client);
    void publish_from_outside();
    void send_to(Client& client);
    void set_room(Client& client);
    void unblock(Client& client, std::size_t room = 0);
    void end_or_close(Client& client);
    void rare(Client& client);
    void ask();
    void compare(const Receipt& receipt, const Receipt& expected);
    void compare_roster(const std::vector<MemberView>& seen, const ModelChannel& channel);

    // ---- lanes ----

    bool runnable(unsigned index);
    void run_a_lane();
    // One step of an iteration. Observed after it: nothing but this lane's clients changed.
    void step(unsigned index);
    void take(unsigned index, std::size_t items);
    void tick(unsigned index);
    void flush(unsigned index, std::size_t visits);
    void reap(unsigned index);
    void observe(unsigned index, bool exactly);
    void check();
    // Runs every lane until none is woken or due.
    void come_to_rest();
    // Everybody reads again; then everybody goes, and the hub must be as at first.
    void finish();

    base::SeededRandom random_;
    const Scene scene_;
    const bool aloud_;
    Sightings& sightings_;
    Model model_;
    std::vector<EncoderCall> calls_;
    FrameFormat loud_;
    FrameFormat quiet_;
    FrameFormat fat_;
    TestHistory history_;
    TestHostEvents host_events_;
    std::vector<AppRef> apps_;
    std::array<Run, lanes> runs_;
    std::unique_ptr<Hub> hub_;
    std::vector<std::unique_ptr<Client>> clients_;
    bool resting_ = false;  // nobody calls anything
    std::int64_t unix_ms_ = 1000;
    std::int64_t steady_ns_ = 0;
};

}  // namespace carillon::hub::testing
