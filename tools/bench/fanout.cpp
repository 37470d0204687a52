// bench/fanout.cpp: the server's own CPU per delivery. One client sends k client events in one write, everyone else would hear
// them, but the stub in the server swallows what it sends; the next write waits until the stub has seen all of the last.
// A client event has no reply and the sender does not hear its own, so the fan-out is all that is sent.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/fail.h"
#include "bench/report.h"
#include "bench/scenarios.h"
#include "bench/stub_memory.h"

namespace bench {
namespace {

constexpr std::uint64_t kWarmUpFlushes = 20;

class Stub {
 public:
    explicit Stub(const std::string& path) {
        const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
        if (fd < 0) fail_errno("--stub " + path);
        void* page =
            mmap(nullptr, CARILLON_BENCH_STUB_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED) fail_errno("mmap of --stub " + path);
        close(fd);
        memory_ = static_cast<StubMemory*>(page);
    }

    // Called while the server sleeps: nothing else writes these.
    void arm() {
        store(memory_->calls, 0);
        store(memory_->bytes, 0);
        store(memory_->armed, 1);
    }
    void disarm() { store(memory_->armed, 0); }
    std::uint64_t calls() const { return load(memory_->calls); }
    std::uint64_t bytes() const { return load(memory_->bytes); }

    // Each look costs the server a cache miss, hence one per 20 µs: about two per flush of 10,000 deliveries.
    // Returns how long that took: the time in which this tool had nothing to do.
    std::int64_t wait_for(std::uint64_t bytes_expected) const {
        const std::int64_t start = now_ns();
        while (bytes() < bytes_expected) {
            if (now_ns() - start > 5'000'000'000) give_up(bytes_expected);
            rest(20'000);
        }
        return now_ns() - start;
    }

    // Spins: a sleep would last longer than the whole flush.
    static void rest(std::int64_t ns) {
        for (const std::int64_t start = now_ns(); now_ns() - start < ns;) std::this_thread::yield();
    }

 private:
    static void store(std::uint64_t& field, std::uint64_t value) {
        std::atomic_ref(field).store(value);
    }
    static std::uint64_t load(std::uint64_t& field) {
        return std::atomic_ref(field).load(std::memory_order_relaxed);
    }
    [[noreturn]] void give_up(std::uint64_t bytes_expected) const {
        fail("5 s after a flush the stub had seen " + std::to_string(calls()) + " calls and " +
             std::to_string(bytes()) + " of " + std::to_string(bytes_expected) +
             " bytes (is it preloaded, and all of the server on one thread?)");
    }

    StubMemory* memory_ = nullptr;
};

class Fanout {
 public:
    explicit Fanout(const Options& options)
        : options_(options),
          crowd_(options.target, poller_, 1, options.connections, 0),
          clock_(options.pid),
          stub_(options.stub),
          event_(masked_frame(kText,
                              client_event(options.target.event, options.target.channels.front(),
                                           options.data_bytes))) {}

    void open() {
        const double seconds = crowd_.open();
        learn_frame();
        Report("fanout")
            .add("connections", static_cast<std::uint64_t>(options_.connections + 1))
            .add("open_seconds", seconds)
            .add("frame_bytes", static_cast<std::uint64_t>(crowd_.frame_bytes()))
            .print();
    }

    void round(std::uint64_t frames, std::uint64_t flushes) {
        std::string write;
        for (std::uint64_t i = 0; i < frames; i++) write += event_;
        flush(write, kWarmUpFlushes, frames);

        const std::int64_t start = now_ns();
        const Usage usage_start = clock_.now();
        const std::int64_t waited = flush(write, flushes, frames);
        const Usage usage = clock_.now() - usage_start;
        const auto wall = static_cast<double>(now_ns() - start);
        report(frames, flushes, usage, wall, static_cast<double>(waited) / wall);
    }

 private:
    // One event for real: proves that everyone hears it, that the sender does not, and how large a delivery is.
    void learn_frame() {
        const Deadline deadline(10,
                                "the first client event to reach everyone (are client events on?)");
        crowd_.expect(1);
        sender().send(event_);
        while (crowd_.complete() < options_.connections) poller_.wait(deadline.left_ns());
        if (sender().heard() != 0) fail("the sender heard its own client event");
    }

    // Counts from zero; what the stub has seen afterwards is for the caller to judge. Returns the time spent waiting.
    std::int64_t flush(const std::string& write, std::uint64_t flushes, std::uint64_t frames) {
        const std::uint64_t bytes_per_flush = frames * crowd_.delivery_bytes();
        stub_.arm();
        std::int64_t waited = 0;
        for (std::uint64_t i = 1; i <= flushes; i++) {
            sender().send(write);
            waited += stub_.wait_for(i * bytes_per_flush);
        }
        Stub::rest(
            2'000'000);  // the server's last steps belong to it, and a call too many would show now
        stub_.disarm();
        return waited + 2'000'000;
    }

    void report(std::uint64_t frames, std::uint64_t flushes, const Usage& usage, double wall,
                double idle) const {
        const std::uint64_t calls = flushes * options_.connections;
        const std::uint64_t bytes = flushes * frames * crowd_.delivery_bytes();
        const auto deliveries = static_cast<double>(calls * frames);
        Report("fanout")
            .add("receivers", static_cast<std::uint64_t>(options_.connections))
            .add("frames_per_flush", frames)
            .add("flushes", flushes)
            .add("frame_bytes", static_cast<std::uint64_t>(crowd_.frame_bytes()))
            .add("calls", stub_.calls())
            .add("calls_expected", calls)
            .add("bytes", stub_.bytes())
            .add("bytes_expected", bytes)
            .add_flag("exact", stub_.calls() == calls && stub_.bytes() == bytes)
            .add("wall_ns_per_delivery", wall / deliveries)
            .add_usage(usage, deliveries)
            .add_busy(1 - idle)
            .print();
    }

    Client& sender() { return crowd_[0]; }

    const Options& options_;
    Poller poller_;
    Crowd crowd_;
    ProcessClock clock_;
    Stub stub_;
    std::string event_;
};

}  // namespace

void run_fanout(const Options& options) {
    Fanout fanout(options);
    fanout.open();
    std::string command;
    for (std::uint64_t frames = 0, flushes = 0; std::cin >> command;) {
        if (command != "round" || !(std::cin >> frames >> flushes) || frames == 0 || flushes == 0)
            fail("expected: round <frames per flush> <flushes>");
        fanout.round(frames, flushes);
    }
}

}  // namespace bench
