// What a message costs inside one process: the library with a counting hook, and beside it in the same
// run what it is compared with. One JSON line each.
//
//   inproc handlers SUBSCRIBERS N   N publications of 64 bytes on the caller's loop, a thousand and then
//                                   one run, each heard by that many handlers; floor: a vector of such
//                                   structs behind a mutex, handed to as many std::functions
//   inproc threads N                from one thread to another, nothing lost; peers: ZeroMQ over inproc,
//                                   PUB to SUB with as long a queue (and PUSH to PULL)
//   inproc latency N RATE           at that many a second: percentiles from publish() to the handler;
//                                   and of ZeroMQ at the same rate
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "carillon/broker.h"
#include "carillon/describe.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Tick {
    std::uint64_t number = 0;
    std::int64_t sent_ns = 0;
    double price = 0;
    double size = 0;
    std::uint64_t instrument = 0;
    std::uint64_t venue = 0;
    std::uint64_t bid = 0;
    std::uint64_t ask = 0;
};
CARILLON_DESCRIBE(Tick, number, sent_ns, price, size, instrument, venue, bid, ask)
static_assert(sizeof(Tick) == 64);

constexpr std::uint64_t publications_per_run = 1000;
constexpr std::uint32_t queue_max = 65'536;

std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

double seconds_of(const std::function<void()>& work) {
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

carillon::Broker broker_with(unsigned threads) {
    return carillon::Builder()
        .with(carillon::Threads{threads})
        .with(carillon::Metrics())
        .start()
        .value();
}

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "inproc: %s\n", what);
    std::exit(1);
}

// ---- handlers on the caller's loop ----

double library_seconds(std::uint64_t subscribers, std::uint64_t count) {
    auto broker = broker_with(0);
    std::uint64_t heard = 0;
    std::vector<carillon::Subscription> held;
    held.reserve(subscribers);
    for (std::uint64_t i = 0; i < subscribers; ++i) {
        held.push_back(broker.subscribe(
            "ticks/x", [&heard](const Tick& tick) { heard += tick.number != 0 ? 1 : 0; }));
    }
    Tick tick;
    const auto seconds = seconds_of([&] {
        for (std::uint64_t i = 1; i <= count; ++i) {
            tick.number = i;
            (void)broker.publish("ticks/x", tick);
            if (i % publications_per_run == 0) broker.run_ready();
        }
        broker.run_ready();
    });
    if (heard != count * subscribers) fail("the library lost something");
    return seconds;
}

double floor_seconds(std::uint64_t subscribers, std::uint64_t count) {
    std::mutex mutex;
    std::vector<Tick> queue;
    std::vector<Tick> taken;
    std::uint64_t heard = 0;
    std::vector<std::function<void(const Tick&)>> handlers;
    handlers.reserve(subscribers);
    for (std::uint64_t i = 0; i < subscribers; ++i) {
        handlers.emplace_back([&heard](const Tick& tick) { heard += tick.number != 0 ? 1 : 0; });
    }
    const auto run = [&] {
        taken.clear();
        {
            const std::lock_guard lock(mutex);
            taken.swap(queue);
        }
        for (const auto& handler : handlers) {
            for (const auto& one : taken) handler(one);
        }
    };
    Tick tick;
    const auto seconds = seconds_of([&] {
        for (std::uint64_t i = 1; i <= count; ++i) {
            tick.number = i;
            {
                const std::lock_guard lock(mutex);
                queue.push_back(tick);
            }
            if (i % publications_per_run == 0) run();
        }
        run();
    });
    if (heard != count * subscribers) fail("the floor lost something");
    return seconds;
}

void handlers(std::uint64_t subscribers, std::uint64_t count) {
    const auto deliveries = static_cast<double>(subscribers * count);
    const auto floor = floor_seconds(subscribers, count);
    const auto library = library_seconds(subscribers, count);
    std::printf("{\"ns_per_delivery\": %.3f, \"floor_ns\": %.3f}\n", library / deliveries * 1e9,
                floor / deliveries * 1e9);
}

// ---- from one thread to another ----

using Heard = std::function<void(const Tick&)>;

// Sends `count` ticks when `due` says so, and returns when the last one was heard.
using Send = std::function<void(const Tick&)>;
void send_all(std::uint64_t count, double per_second, const Send& send,
              const std::atomic<std::uint64_t>& heard) {
    Tick tick;
    const auto begin = now_ns();
    for (std::uint64_t i = 1; i <= count; ++i) {
        if (per_second > 0) {
            const auto due =
                begin + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / per_second);
            while (now_ns() < due) {
            }
            tick.sent_ns = due;  // what is late for having waited is late
        }
        tick.number = i;
        send(tick);
    }
    while (heard.load(std::memory_order_acquire) < count) std::this_thread::yield();
}

double through_library(std::uint64_t count, double per_second, const Heard& on_heard) {
    auto broker = broker_with(1);
    std::atomic<std::uint64_t> heard{0};
    std::uint64_t mine = 0;
    const auto held = broker.subscribe("ticks/x",
                                       [&](const Tick& tick) {
                                           on_heard(tick);
                                           heard.store(++mine, std::memory_order_release);
                                       },
                                       {.queue = queue_max, .overflow = carillon::Overflow::wait});
    return seconds_of([&] {
        send_all(
            count, per_second,
            [&](const Tick& tick) {
                if (!broker.publish("ticks/x", tick)) fail("refused");
            },
            heard);
    });
}

double through_zeromq(std::uint64_t count, double per_second, bool publish, const Heard& on_heard) {
    void* context = zmq_ctx_new();
    void* out = zmq_socket(context, publish ? ZMQ_XPUB : ZMQ_PUSH);
    const int high_water = static_cast<int>(queue_max / 2);  // at each end
    zmq_setsockopt(out, ZMQ_SNDHWM, &high_water, sizeof high_water);
    const int yes = 1;
    if (publish) zmq_setsockopt(out, ZMQ_XPUB_NODROP, &yes, sizeof yes);
    if (zmq_bind(out, "inproc://ticks") != 0) fail("zmq_bind");
    std::atomic<std::uint64_t> heard{0};
    std::thread reader([&] {
        void* in = zmq_socket(context, publish ? ZMQ_SUB : ZMQ_PULL);
        zmq_setsockopt(in, ZMQ_RCVHWM, &high_water, sizeof high_water);
        if (publish) zmq_setsockopt(in, ZMQ_SUBSCRIBE, "", 0);
        if (zmq_connect(in, "inproc://ticks") != 0) fail("zmq_connect");
        Tick tick;
        for (std::uint64_t i = 1; i <= count; ++i) {
            if (zmq_recv(in, &tick, sizeof tick, 0) != sizeof tick) fail("zmq_recv");
            on_heard(tick);
            heard.store(i, std::memory_order_release);
        }
        zmq_close(in);
    });
    if (publish) {  // the subscription has arrived
        char subscribed[8];
        if (zmq_recv(out, subscribed, sizeof subscribed, 0) < 1) fail("no subscription");
    }
    const auto seconds = seconds_of([&] {
        send_all(
            count, per_second,
            [&](const Tick& tick) {
                if (zmq_send(out, &tick, sizeof tick, 0) != sizeof tick) fail("zmq_send");
            },
            heard);
    });
    reader.join();
    zmq_close(out);
    zmq_ctx_term(context);
    return seconds;
}

void threads(std::uint64_t count) {
    const auto ignore = [](const Tick&) {};
    const auto n = static_cast<double>(count);
    const auto zeromq = n / through_zeromq(count, 0, true, ignore);
    const auto library = n / through_library(count, 0, ignore);
    const auto pipeline = n / through_zeromq(count, 0, false, ignore);
    std::printf("{\"per_second\": %.0f, \"zeromq_pub_sub\": %.0f, \"zeromq_push_pull\": %.0f}\n",
                library, zeromq, pipeline);
}

struct Percentiles {
    double p50, p99, p999;
};
Percentiles percentiles_of(std::vector<std::int64_t>& times) {
    std::sort(times.begin(), times.end());
    const auto at = [&](double part) {
        return static_cast<double>(
                   times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))]) /
               1000;
    };
    return {at(0.5), at(0.99), at(0.999)};
}

void latency(std::uint64_t count, double per_second) {
    const auto measured = [&](const std::function<void(const Heard&)>& run) {
        std::vector<std::int64_t> times;
        times.reserve(count);
        run([&](const Tick& tick) { times.push_back(now_ns() - tick.sent_ns); });
        return percentiles_of(times);
    };
    const auto library =
        measured([&](const Heard& heard) { through_library(count, per_second, heard); });
    const auto zeromq =
        measured([&](const Heard& heard) { through_zeromq(count, per_second, true, heard); });
    std::printf(
        "{\"p50_us\": %.2f, \"p99_us\": %.2f, \"p999_us\": %.2f, \"zeromq_p50_us\": %.2f, "
        "\"zeromq_p99_us\": %.2f, \"zeromq_p999_us\": %.2f}\n",
        library.p50, library.p99, library.p999, zeromq.p50, zeromq.p99, zeromq.p999);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
    if (what == "handlers" && argc == 4) {
        handlers(number(2), number(3));
    } else if (what == "threads" && argc == 3) {
        threads(number(2));
    } else if (what == "latency" && argc == 4) {
        latency(number(2), static_cast<double>(number(3)));
    } else {
        std::fprintf(stderr, "usage: inproc handlers SUBSCRIBERS N | threads N | latency N RATE\n");
        return 2;
    }
    return 0;
}
