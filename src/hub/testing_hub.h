// hub/testing_hub.h: for tests only: a hub whose lanes are run by hand, clients with a door that
// takes as many bytes as it is told, and a format that a test can read: one line per frame.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/random.h"
#include "hub/hub.h"
#include "hub/testing_kept.h"

namespace carillon::hub::testing {

// `channel:event:body`, `channel+member:data` and `channel-member`, each with a mark before it and
// a line feed behind.
struct LineFormat final : Encoder {
    explicit LineFormat(std::string mark = {}, bool shows_members = true)
        : mark_(std::move(mark)), shows_members_(shows_members) {}
    bool encode(const Delivery& delivery, base::Buffer& out) const override {
        ++calls;
        const auto& publication = delivery.publication;
        if (publication.kind() != Kind::message && !shows_members_) return false;
        out.append(mark_);
        out.append(delivery.channel);
        switch (publication.kind()) {
            case Kind::message:
            case Kind::announcement:
                out.append(':');
                out.append(publication.event());
                out.append(':');
                break;
            case Kind::joined:
                out.append('+');
                out.append(publication.member());
                out.append(':');
                break;
            case Kind::left:
                out.append('-');
                out.append(publication.member());
                break;
            case Kind::gap:
                out.append('!');
                break;
        }
        if (publication.kind() != Kind::left) out.append(publication.body());
        if (delivery.stamp.position.offset != 0) {
            out.append('@');
            out.append(std::to_string(delivery.stamp.position.offset));
        }
        out.append('\n');
        return true;
    }
    mutable std::atomic<int> calls{0};

 private:
    std::string mark_;
    bool shows_members_;
};

// Takes `room` bytes, then blocks; in one write at most `share`. With `record_bytes` it blocks as TLS
// does: so many of the next bytes are in a record then, and must be the first to be offered again.
struct TestDoor final : Door {
    void write(Outbox& box) override {
        ++writes;
        ASSERT(!box.empty() && !box.blocked());
        if (room != 0) finish_record(box);
        for (auto left = std::min(room, share); left != 0 && box.has_front();) {
            std::array<iovec, 4> pieces{};
            const auto used = box.gather(pieces, left);
            ASSERT(used != 0);  // whoever is not empty has something to send
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < used; ++i) {
                received.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
                bytes += pieces[i].iov_len;
            }
            box.consume(bytes);
            room -= bytes;
            left -= bytes;
        }
        if (room != 0 || box.empty()) return;
        if (record.empty()) record = front_of(box, record_bytes);
        box.block(record.size());
    }
    void finish_record(Outbox& box) {
        if (record.empty()) return;
        ASSERT(front_of(box, record.size()) == record);
        received += record;
        room -= std::min(room, record.size());
        box.consume(std::exchange(record, {}).size());
    }
    static std::string front_of(const Outbox& box, std::size_t bytes) {
        std::string front(bytes, '\0');
        front.resize(box.copy_front(front));
        return front;
    }
    void give_up() override { ++given_up; }
    std::size_t write_now(std::string_view frames) override {
        ++direct_writes;
        const auto taken = std::min({room, share, frames.size()});
        received.append(frames.substr(0, taken));
        room -= taken;
        if (taken == frames.size()) return taken;
        record = frames.substr(taken, record_bytes);
        outbox->block(record.size());
        return taken;
    }
    Outbox* outbox = nullptr;
    std::string received;
    std::size_t record_bytes = 0;
    std::string record;  // of which the socket took nothing yet
    std::size_t room = std::size_t{1} << 40;
    std::size_t share = std::size_t{1} << 40;
    int writes = 0;
    int direct_writes = 0;
    int given_up = 0;
};

struct TestWake final : Wake {
    void wake() override {
        woken.store(true);
        ++times;
    }
    bool take() { return woken.exchange(false); }
    std::atomic<bool> woken{false};
    std::atomic<int> times{0};
};

// Keeps the newest `room` of each channel whose name begins with "kept", and writes down what it is
// told, one line each. A sweep lets go of what came before `forget_before_ns`.
struct TestHistory : History {
    struct OfChannel final : KeptRun {
        OfChannel(TestHistory& h, std::string n) : home(h), name(std::move(n)) {}
        void append(const PublicationRef& publication, const Stamp& stamp, Now now,
                    const CountdownRef& stored) override {
            if (stored != nullptr) stored->done_too(home.fate);
            home.log.push_back(name + "@" + std::to_string(stamp.position.offset) + " " +
                               std::string(publication->body()));
            home.stamps.push_back(name + "@" + std::to_string(stamp.position.offset) + " " +
                                  std::to_string(stamp.unix_ms));
            keep(publication, stamp, now, home.room);
        }
        void trim(Now) override {
            if (home.trims != nullptr) home.trims->push_back(name);
            if (!home.forget_only.empty() && name != home.forget_only) return;
            forget_before(home.forget_before_ns);
        }
        TestHistory& home;
        const std::string name;
    };
    Keeps keeps(const App&, std::string_view channel) const override {
        return channel.starts_with("kept") ? Keeps::here : Keeps::nothing;
    }
    std::unique_ptr<ChannelHistory> open(const App& app, std::string_view channel,
                                         std::uint64_t) override {
        return std::make_unique<OfChannel>(*this, app.id + "/" + std::string(channel));
    }
    void swept(Now) override {
        ++sweeps;
        if (trims != nullptr) trims->emplace_back();
    }

    std::size_t room = 1000;
    Fate fate{.stored = 1};  // of what is appended
    std::int64_t forget_before_ns = 0;
    std::string forget_only;  // app/channel: the others let go of nothing; empty: all do
    int sweeps = 0;
    std::vector<std::string>* trims = nullptr;  // app/channel, as they are swept; empty: a round
    std::vector<std::string> log;               // app/channel@offset body
    std::vector<std::string> stamps;            // app/channel@offset unix_ms
};

struct TestHostEvents final : HostEvents {
    bool wants(HostEvent::Kind kind, const App&) const override {
        return counts || kind != HostEvent::Kind::count_changed;
    }
    void wake() override { ++wakes; }
    void record(const HostEvent& event) override {
        static constexpr std::array<const char*, 7> names = {
            "occupied",      "vacated",     "member_added", "member_removed",
            "count_changed", "user_online", "user_offline"};
        auto line = std::string(names[static_cast<std::size_t>(event.kind)]) + " " + event.app->id +
                    "/" + std::string(event.channel);
        if (!event.member.empty()) line += " " + std::string(event.member);
        log.push_back(std::move(line));
    }
    std::vector<std::string> log;
    int wakes = 0;
    bool counts = false;  // whether it cares how many subscribe
};

inline AppRef make_app(std::string id, AppLimits limits = {}) {
    App app;
    app.id = std::move(id);
    app.limits = limits;
    return std::make_shared<const App>(std::move(app));
}

inline PublicationRef message(std::string_view body, SessionId exclude = {}) {
    return Publication::make({.event = "e", .body = body, .exclude = exclude});
}

struct HubOptions {
    unsigned lanes = 1;
    LaneLimits limits{};
    std::uint64_t seed = 1;
};

class TestHub;

class TestClient final : public Subscriber {
 public:
    TestClient(TestHub& house, AppRef app, unsigned lane, OutboxPolicy policy);
    ~TestClient() { close(); }
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;

    void on_close(CloseReason why) override {
        goodbyes.push_back(why);
        if (on_goodbye) on_goodbye();
    }
    void close(CloseReason why = CloseReason::peer);
    Joined join(std::string_view channel, const JoinOptions& options = {});
    Joined join(std::string_view channel, const Encoder& format, const JoinOptions& options = {});
    Outcome leave(std::string_view channel);
    Receipt publish(std::string_view channel, std::string_view body);
    Receipt publish_to_others(std::string_view channel, std::string_view body);
    void reply(std::string_view bytes) { session->lane().reply(outbox, {bytes}); }
    void unblock(std::size_t room = std::size_t{1} << 40) {
        door.room = room;
        outbox.unblock();
    }
    std::string take() { return std::exchange(door.received, {}); }

    TestHub& house;
    TestDoor door;
    Outbox outbox;
    Session* session = nullptr;
    std::vector<CloseReason> goodbyes;
    std::function<void()> on_goodbye;
};

class TestHub {
 public:
    explicit TestHub(HubOptions options = {}, Ports ports = {})
        : hub({.lanes = options.lanes,
               .lane_limits = options.limits,
               .random =
                   [seed = options.seed](unsigned lane) {
                       return std::make_unique<base::SeededRandom>(seed * 1000 + lane);
                   }},
              ports) {
        for (unsigned i = 0; i < options.lanes; ++i) {
            wakes.push_back(std::make_unique<TestWake>());
            hub.lane(i).attach(*wakes[i]);
        }
        due.resize(options.lanes);
    }

    Now now() {
        ++ms;
        return {ms * base::ns_per_ms, 1'700'000'000'000 + ms};
    }
    Lane& lane(unsigned index = 0) { return hub.lane(index); }
    std::unique_ptr<TestClient> open(unsigned on_lane = 0, OutboxPolicy policy = {}) {
        return std::make_unique<TestClient>(*this, app, on_lane, policy);
    }
    Receipt publish(std::string_view channel, std::string_view body) {
        return hub.publish(app, {&channel, 1}, message(body), now());
    }

    // One iteration, as a loop does it.
    void iterate(unsigned index = 0, std::size_t visits = 1'000'000) {
        Lane& it = hub.lane(index);
        it.take();
        it.tick(now());
        it.flush(visits);
        it.reap(now());
        due[index] = it.has_work() ? 1 : 0;
    }
    // Runs lanes that were woken, or said after an iteration that there is more, until none is.
    void run(std::size_t visits = 1'000'000) {
        for (bool ran = true; ran;) {
            ran = false;
            for (unsigned i = 0; i < hub.lane_count(); ++i) {
                if (!wakes[i]->take() && due[i] == 0 &&
                    hub.lane(i).next_deadline_ns() > ms * base::ns_per_ms)
                    continue;
                iterate(i, visits);
                ran = true;
            }
        }
    }
    BooksSnapshot books(unsigned index = 0) { return hub.lane(index).snapshot(); }
    bool balanced() {
        for (unsigned i = 0; i < hub.lane_count(); ++i) {
            if (books(i).accounted() != books(i).matched) return false;
        }
        return true;
    }

    std::int64_t ms = 1000;
    AppRef app = make_app("app");
    LineFormat lines;
    std::vector<std::unique_ptr<TestWake>> wakes;  // outlive the lanes
    std::vector<char> due;
    Hub hub;
};

inline TestClient::TestClient(TestHub& home, AppRef app, unsigned lane, OutboxPolicy policy)
    : house(home), outbox(home.lane(lane), door) {
    door.outbox = &outbox;
    session =
        home.hub.open(std::move(app), home.lane(lane), outbox, *this, policy, home.lines).session;
}
inline void TestClient::close(CloseReason why) {
    if (session != nullptr) house.hub.close(*std::exchange(session, nullptr), why);
}
inline Joined TestClient::join(std::string_view channel, const JoinOptions& options) {
    return join(channel, house.lines, options);
}
inline Joined TestClient::join(std::string_view channel, const Encoder& format,
                               const JoinOptions& options) {
    return house.hub.subscribe(*session, channel, format, options, house.now());
}
inline Outcome TestClient::leave(std::string_view channel) {
    return house.hub.unsubscribe(*session, channel, house.now());
}
inline Receipt TestClient::publish(std::string_view channel, std::string_view body) {
    return house.hub.publish(*session, channel, message(body), house.now());
}
inline Receipt TestClient::publish_to_others(std::string_view channel, std::string_view body) {
    return house.hub.publish(*session, channel, message(body, session->id()), house.now());
}

}  // namespace carillon::hub::testing
