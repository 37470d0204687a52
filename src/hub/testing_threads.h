// hub/testing_threads.h: for tests only: one round of a hub on real threads. A thread per lane runs
// iterations as edge::Worker does, only when woken or with work left, and between them plays the
// clients of that lane; publishers and a sweeper have threads of their own; the test's thread
// conducts. Everybody has a seeded source of randomness; the schedule is the kernel's.
//
// A round is a few acts. After each, publishers go on alone for a little while; then all lanes run
// until they sleep. Nobody rings a lane to get it there but the hub: a wake that is forgotten leaves
// something undone. Then the clients read everything, and when all sleep again, what is now known
// exactly (books, counts, inboxes) is checked.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "hub/hub.h"
#include "hub/testing_threads_record.h"

namespace carillon::hub::threads {

inline constexpr std::size_t unlimited = std::size_t{1} << 40;

enum class Theme { order, recovery, books, presence, limits };

// What differs between rounds, drawn from the seed.
struct Scene {
    Scene(Theme theme, std::uint64_t seed);
    Theme theme;
    std::uint64_t seed;
    unsigned acts;
    unsigned publications;  // by each publisher, in an act
    unsigned moves_max;     // of each lane's clients, in an act
    unsigned guests;        // places for clients on each lane, those that watch aside
    bool presence;
    unsigned members;
    std::size_t fill_max;  // of a body
    std::size_t kept_max;  // publications in one channel
    std::int64_t keep_ns;  // 0: however old
    LaneLimits lane_limits{};
    AppLimits app{};
};

// Where the clients of all lanes leave what others may pick up.
struct Board {
    std::array<std::atomic<std::uint64_t>, 32> sessions{};  // open, or were a moment ago
    std::mutex mutex;
    std::array<std::vector<Position>, channels> positions;  // where someone left
};

// Which properties do not hold of what was written down, and where. Empty: all hold.
std::vector<std::string> judge(const Record& record, const Scene& scene, Sightings& sightings);

class Round;

// What one thread publishes, each attempt written down.
class Pen {
 public:
    Pen(Round& round, unsigned publisher) : round_(round), publisher_(publisher) {}
    // From a session, or from outside.
    Outcome publish(std::uint8_t to_channels, std::size_t fill_bytes, SessionId exclude,
                    const Session* from);
    Outcome send(SessionId to, std::size_t fill_bytes);

    // Accepted, and the pairs they were matched for. Read when all rest.
    std::uint64_t matched = 0;

 private:
    Round& round_;
    const unsigned publisher_;
};

// How a lane's thread is woken: by the hub, or by the conductor, who wants something else.
struct Bell final : Wake {
    static constexpr unsigned by_hub = 1;
    static constexpr unsigned by_conductor = 2;
    void wake() override { ring(by_hub); }
    void ring(unsigned who) {
        if ((bits.fetch_or(who) & who) == 0) bits.notify_one();
    }
    std::atomic<unsigned> bits{0};
};

class LaneThread;

// A client and its connection.
class Guest final : public Subscriber, public Door {
 public:
    Guest(LaneThread& lane_thread, Stream& own, Lane& lane)
        : home(lane_thread), stream(own), outbox(lane, *this) {}
    void write(Outbox& box) override;
    void give_up() override { given_up = true; }
    std::size_t write_now(std::string_view frames) override;
    void on_close(CloseReason why) override;
    void feed(std::size_t bytes, std::size_t at_once) {
        room = bytes;
        share = at_once;
        outbox.unblock();
    }
    // Nothing is published to it any more.
    void is_told_bye() {
        said_bye = true;
        in = 0;
    }
    Position last_seen(std::uint8_t channel) const;

    LaneThread& home;
    Stream& stream;
    Session* session = nullptr;
    std::size_t room = unlimited;   // bytes until the socket takes no more
    std::size_t share = unlimited;  // bytes in one write
    bool said_bye = false;
    bool given_up = false;                         // to be closed after the iteration
    std::uint8_t in = 0;                           // a bit for each channel it has joined,
    std::array<std::uint64_t, channels> member{};  // and the bit of the member it is there
    Outbox outbox;
};

// What the conductor tells everybody to do.
enum class Stage {
    start,
    open,       // those who watch come
    act,        // clients move, publishers publish, the sweeper sweeps
    trickle,    // publishers publish a little more, and nobody else does anything
    look,       // all lanes sleep: what is undone?
    read_on,    // every client reads again
    count,      // all lanes sleep, nothing waits: do the counts agree?
    guests_go,  // but for those who watch
    all_go,
    race,  // instead of an act: property_threads_limits_test.cpp
    quit,
};

class LaneThread {
 public:
    LaneThread(Round& round, unsigned index);
    void run();

    // ---- for its guests ----
    base::SeededRandom& random() { return random_; }
    bool playing() const { return moves_left_ != 0; }
    void move_as(Guest& guest);
    void reply(Guest& guest, const Head& head);

    // ---- for the conductor ----
    Bell bell;
    std::atomic<bool> asleep{false};
    std::atomic<std::uint64_t> naps{0};
    // Written by `count`, read when all rest.
    BooksSnapshot books;
    std::array<std::uint32_t, channels> subscribers{};
    std::array<std::uint64_t, channels> members{};  // a bit for each
    std::uint64_t open_sessions = 0;
    std::uint64_t replayed = 0;  // publications promised by a join
    Pen pen;

 private:
    void begin(Stage stage);
    void iterate();
    bool due() const;
    void sleep();

    void move();
    void move_seldom(Guest& guest);
    Guest* open(bool observer);
    void join(Guest& guest, std::uint8_t channel);
    void join_from(Guest& guest, std::uint8_t channel, const JoinOptions& options,
                   const Format& format);
    JoinOptions look_back(Guest& guest, std::uint8_t channel);
    void come_back();
    void leave(Guest& guest, std::uint8_t channel);
    void leave_all(Guest& guest);
    void publish(Guest& guest);
    void slow_down(Guest& guest);
    void close(Guest& guest);
    void close_given_up();
    void close_all(bool observers_too);
    void look();
    void count();
    void count_guest(const Guest& guest);
    // property_threads_limits_test.cpp: all lanes at the same moment.
    void race();
    void race_to_open(unsigned turn);
    void race_to_join(unsigned turn, bool as_one);
    std::vector<Guest*> line_up(unsigned tries);
    unsigned open_all(const AppRef& app, const std::vector<Guest*>& all);
    void close_all(const std::vector<Guest*>& all);
    void meet();
    OutboxPolicy policy();
    const Format& format();
    std::uint8_t channel();

    Round& round_;
    const unsigned index_;
    Lane& lane_;
    base::SeededRandom random_;
    std::vector<std::unique_ptr<Guest>> guests_;
    std::vector<std::unique_ptr<Guest>> observers_;
    std::vector<std::unique_ptr<Guest>> gone_;  // until the lane has reaped
    unsigned moves_left_ = 0;
    bool more_ = false;
};

class Round {
 public:
    Round(Theme theme, std::uint64_t seed);
    ~Round();
    Round(const Round&) = delete;
    Round& operator=(const Round&) = delete;

    // Plays it. Each line names a property that does not hold.
    std::vector<std::string> play(Sightings& sightings);

    // ---- for the threads ----
    static Now now(std::int64_t unix_ms = 1);
    void wrong(std::string what);  // any thread
    void finished() { finished_.fetch_add(1); }
    // The next thing to do, once there is one; for who has nothing else to wait for.
    Stage await(unsigned& turn);
    unsigned turn() const { return turn_.load(); }
    Stage stage() const { return stage_; }

    const Scene scene;
    Record record;
    const AppRef app;
    const Format loud{true, 1};
    const Format quiet{false, 1};
    const Format fat{true, 3};
    Board board;
    std::atomic<int> open_connections{0};  // as far as clients know: never more than the hub knows
    std::atomic<unsigned> publishing{0};   // publishers that have not finished this act
    std::atomic<unsigned> gate{0};         // of a race: how many lanes have come to it
    std::atomic<unsigned> admitted{0};
    unsigned rests = 0;        // how often all rested; written by the conductor while they do
    std::unique_ptr<Hub> hub;  // before the lanes' threads, which name it; after all it calls
    std::vector<std::unique_ptr<LaneThread>> lane_threads;

 private:
    void conduct(Stage stage);
    void await_rest();
    bool all_rest() const;
    void rest_and_count();
    void check_sums();
    void nothing_remains();
    void publish_outside(unsigned publisher);
    void publish_one(Pen& pen, base::SeededRandom& random, bool slowly);
    void sweep();
    [[noreturn]] void give_up(const char* waiting_for);
    std::string state_of_lanes() const;

    std::vector<std::unique_ptr<Pen>> pens_;
    std::vector<std::jthread> threads_;
    std::atomic<unsigned> turn_{0};
    std::atomic<unsigned> finished_{0};
    Stage stage_ = Stage::start;  // written before turn_
    std::mutex wrongs_mutex_;
    std::vector<std::string> wrongs_;
};

}  // namespace carillon::hub::threads
