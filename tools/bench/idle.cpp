// bench/idle.cpp: many connections that had something to do and then rest: the driver looks at the server's memory. Everyone
// pings and is answered; in one shared channel someone says 32 things that everyone hears, in channels of their own (`--alone`)
// everyone says them to nobody. Raw, against the floor: everyone says a block, and is answered.
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/fail.h"
#include "bench/report.h"
#include "bench/scenarios.h"

namespace bench {
namespace {

// The driver closes it when it has seen enough. Meanwhile the server's pings are answered.
class Input final : public Source {
 public:
    explicit Input(Poller& poller) { poller.add(STDIN_FILENO, *this, EPOLLIN); }
    void on_ready(std::uint32_t) override {
        char byte = 0;
        is_over_ = read(STDIN_FILENO, &byte, 1) <= 0;
    }
    bool is_over() const { return is_over_; }

 private:
    bool is_over_ = false;
};

class Idle {
 public:
    explicit Idle(const Options& options)
        : options_(options),
          // Raw: the floor answers each block, whoever it is from.
          crowd_(options.target, poller_, options.target.raw ? 0 : 1, options.connections,
                 options.frame_bytes) {}

    void run() {
        const double seconds = crowd_.open();
        if (options_.target.raw) {
            say_blocks();
        } else {
            say_events();
            crowd_.ping();
        }
        Report("idle")
            .add("connections", static_cast<std::uint64_t>(crowd_.size()))
            .add("open_seconds", seconds)
            .add("bytes_read", crowd_.bytes_read())
            .print();
        Input input(poller_);
        while (!input.is_over()) poller_.wait(1'000'000'000);
    }

 private:
    void say_events() {
        const Deadline deadline(20, "client events to reach everyone, each once");
        if (options_.target.alone) {
            for (std::size_t i = 0; i < crowd_.size(); i++) say(crowd_[i]);
            return;
        }
        crowd_.expect(options_.frames);
        say(crowd_[0]);
        while (crowd_.complete() < options_.connections) poller_.wait(deadline.left_ns());
    }

    void say(Client& client) const {
        std::string write;
        for (std::size_t i = 0; i < options_.frames; i++)
            write += masked_frame(
                kText, client_event(options_.target.event, client.channel(0), options_.data_bytes));
        client.send(write);
    }

    void say_blocks() {
        const Deadline deadline(20, "the floor to answer everyone");
        const std::string block(options_.data_bytes, 'x');
        crowd_.expect(1);
        for (std::size_t i = 0; i < crowd_.size(); i++) crowd_[i].send(block);
        while (crowd_.complete() < options_.connections) poller_.wait(deadline.left_ns());
    }

    const Options& options_;
    Poller poller_;
    Crowd crowd_;
};

}  // namespace

void run_idle(const Options& options) { Idle(options).run(); }

}  // namespace bench
