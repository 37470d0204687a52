// net/test_loop.h: for tests of this room and of those above it: a loop with its thread, and
// waiting that neither hopes nor hangs: every wait has a condition and a generous deadline.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "net/loop.h"

namespace carillon::net {

inline constexpr std::chrono::seconds patience{10};

// True as soon as `condition` holds; false when patience ran out.
inline bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

class LoopThread {
 public:
    explicit LoopThread(const base::Clock& clock, unsigned index = 0)
        : loop_(clock, index), thread_([this] { loop_.run(); }) {}
    ~LoopThread() { stop(); }

    Loop& loop() { return loop_; }

    // After this the caller is at home on the loop.
    void stop() {
        if (!thread_.joinable()) return;
        loop_.stop();
        thread_.join();
    }

    // Runs `work` on the loop and waits for it. A failure of ours, not of what is tested, if that
    // takes 10 s.
    void on_loop(std::function<void()> work) {
        // Shared: if we gave up, the work may still come.
        auto done = std::make_shared<std::promise<void>>();
        auto finished = done->get_future();
        const bool posted = loop_.post([done, work = std::move(work)] {
            work();
            done->set_value();
        });
        if (!posted || finished.wait_for(patience) != std::future_status::ready) {
            ADD_FAILURE() << "the loop did not run what was posted";
        }
    }

    // Every handler that was ready, and what those made ready, has run.
    void settle() {
        for (int i = 0; i < 3; ++i) on_loop([] {});
    }

 private:
    Loop loop_;
    std::thread thread_;
};

// Holds the loop still from construction to open(), so that a test can line up what happens next.
class Gate {
 public:
    explicit Gate(Loop& loop) {
        EXPECT_TRUE(loop.post([closed = opened_.get_future().share(), arrived = arrived_]() {
            arrived->set_value();
            closed.wait_for(patience);
        }));
        EXPECT_EQ(arrived_->get_future().wait_for(patience), std::future_status::ready);
    }
    void open() { opened_.set_value(); }

 private:
    std::promise<void> opened_;
    std::shared_ptr<std::promise<void>> arrived_ = std::make_shared<std::promise<void>>();
};

}  // namespace carillon::net
