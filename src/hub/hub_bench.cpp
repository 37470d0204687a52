// What the hub costs by itself, with no socket: figures for tools/bench/run, one JSON line each.
//
//   hub_bench publish N   one hot channel, N publications from each of two loops, both of which hear
//                         it and take, encode and write them to a door that swallows everything; and
//                         the floor: two threads that put as many into two locked queues and take
//                         them out again
//   hub_bench channels N  N channels of one subscriber each, names of 24 bytes: bytes per channel
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "hub/hub.h"

namespace carillon::hub {
namespace {

constexpr Now now{1, 1};

struct SwallowingDoor final : Door {
    void write(Outbox& outbox) override {
        std::array<iovec, 64> pieces;
        const auto used = outbox.gather(pieces, limits::write_bytes_max);
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < used; ++i) bytes += pieces[i].iov_len;
        outbox.consume(bytes);
    }
    void give_up() override {}
    std::size_t write_now(std::string_view frames) override { return frames.size(); }
};

struct BodyFormat final : Encoder {
    bool encode(const Delivery& delivery, base::Buffer& out) const override {
        out.append(delivery.channel);
        out.append(delivery.publication.body());
        return true;
    }
};

struct FlagWake final : Wake {
    void wake() override { woken.store(true, std::memory_order_release); }
    std::atomic<bool> woken{false};
};

struct Client final : Subscriber {
    Client(Hub& hub, const AppRef& app, Lane& lane, const Encoder& format) : outbox(lane, door) {
        session = hub.open(app, lane, outbox, *this, {}, format).session;
    }
    void on_close(CloseReason) override {}
    SwallowingDoor door;
    Outbox outbox;
    Session* session;
};

struct House {
    explicit House(unsigned lanes)
        : wakes(lanes), hub({.lanes = lanes, .lane_limits = {}, .random = [](unsigned lane) {
                                 return std::make_unique<base::SeededRandom>(lane + 1);
                             }}) {
        App one;
        one.id = "app";
        app = std::make_shared<const App>(one);
        for (unsigned i = 0; i < lanes; ++i) hub.lane(i).attach(wakes[i]);
    }
    Client& open(unsigned lane) {
        clients.push_back(std::make_unique<Client>(hub, app, hub.lane(lane), format));
        return *clients.back();
    }
    void iterate(unsigned lane) {
        hub.lane(lane).take();
        hub.lane(lane).flush(1'000'000);
        hub.lane(lane).reap(now);
    }
    void close_all() {
        for (auto& client : clients) hub.close(*client->session, CloseReason::peer);
        for (unsigned i = 0; i < hub.lane_count(); ++i) {
            while (hub.lane(i).has_work()) iterate(i);
        }
    }
    AppRef app;
    BodyFormat format;
    std::vector<FlagWake> wakes;  // outlive the lanes
    Hub hub;
    std::vector<std::unique_ptr<Client>> clients;
};

// As a loop does: some publishing, then an iteration. Whoever finds the inboxes full drains its own.
void publish_and_listen(House& house, unsigned lane, std::uint64_t count,
                        std::atomic<std::uint64_t>& accepted) {
    constexpr int publishes_per_iteration = 64;
    Session& session = *house.clients[lane]->session;
    const std::string body(128, 'b');
    std::uint64_t done = 0;
    while (done < count) {
        for (int i = 0; i < publishes_per_iteration && done < count; ++i) {
            const auto publication = Publication::make({.event = "e", .body = body});
            if (house.hub.publish(session, "hot", publication, now).outcome != Outcome::ok) break;
            ++done;
        }
        house.iterate(lane);
    }
    accepted += done;
    while (accepted < count * house.hub.lane_count() || house.hub.lane(lane).has_work()) {
        house.iterate(lane);
    }
}

// What no hub can do without: a publication made, the channel's lock, a reference for each loop.
struct Floor {
    struct Queue {
        std::mutex mutex;
        std::vector<PublicationRef> waiting;
    };
    void run(unsigned own, std::uint64_t count) {
        const std::string body(128, 'b');
        std::vector<PublicationRef> taken;
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto publication = Publication::make({.event = "e", .body = body});
            {
                const std::lock_guard channel_lock(channel);
                for (auto& queue : queues) {
                    const std::lock_guard lock(queue.mutex);
                    queue.waiting.push_back(publication);
                }
            }
            if (i % 64 != 0) continue;
            taken.clear();
            const std::lock_guard lock(queues[own].mutex);
            taken.swap(queues[own].waiting);
        }
    }
    std::mutex channel;
    std::array<Queue, 2> queues;
};

double seconds_of_floor(std::uint64_t count) {
    Floor floor;
    const auto begin = std::chrono::steady_clock::now();
    {
        const std::jthread one([&] { floor.run(0, count); });
        const std::jthread two([&] { floor.run(1, count); });
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

int measure_publish(std::uint64_t count) {
    constexpr unsigned lanes = 2;
    House house(lanes);
    for (unsigned i = 0; i < lanes; ++i) {
        house.hub.subscribe(*house.open(i).session, "hot", house.format, {}, now);
    }
    std::atomic<std::uint64_t> accepted{0};
    for (unsigned i = 0; i < lanes; ++i) house.hub.lane(i).home().unsettle();
    const auto begin = std::chrono::steady_clock::now();
    {
        std::vector<std::jthread> loops;
        loops.reserve(lanes);
        for (unsigned i = 0; i < lanes; ++i) {
            loops.emplace_back([&, i] {
                house.hub.lane(i).home().settle();
                publish_and_listen(house, i, count, accepted);
                house.hub.lane(i).home().unsettle();
            });
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::uint64_t delivered = 0;
    for (unsigned i = 0; i < lanes; ++i) delivered += house.hub.lane(i).books().delivered.get();
    const auto published = count * lanes;
    const auto per_publish = 1e9 / static_cast<double>(published);
    std::printf("{\"ns_per_publish\":%.1f,\"floor_ns\":%.1f,\"delivered\":%llu}\n",
                took.count() * per_publish, seconds_of_floor(count) * per_publish,
                static_cast<unsigned long long>(delivered));
    house.close_all();
    return delivered == published * lanes ? 0 : 1;
}

std::size_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

int measure_channels(std::uint64_t count) {
    House house(1);
    house.open(0);  // what the first of everything costs is not the channels'
    const auto before = resident_bytes();
    char name[32];
    for (std::uint64_t i = 0; i < count; ++i) {
        if (i % limits::session_channels_max == 0) house.open(0);
        std::snprintf(name, sizeof name, "channel-%016llx", static_cast<unsigned long long>(i));
        const auto joined =
            house.hub.subscribe(*house.clients.back()->session, name, house.format, {}, now);
        if (joined.outcome != Outcome::ok) return 1;
    }
    house.iterate(0);
    const auto bytes = resident_bytes() - before;
    std::printf("{\"channels\":%llu,\"bytes_per_channel\":%.1f}\n",
                static_cast<unsigned long long>(count),
                static_cast<double>(bytes) / static_cast<double>(count));
    house.close_all();
    return house.hub.channel_count() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace carillon::hub

int main(int argc, char** argv) {
    const std::string what = argc == 3 ? argv[1] : "";
    const auto count = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (what == "publish" && count != 0) return carillon::hub::measure_publish(count);
    if (what == "channels" && count != 0) return carillon::hub::measure_channels(count);
    std::fprintf(stderr, "usage: hub_bench publish|channels N\n");
    return 2;
}
