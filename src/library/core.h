// library/core.h: a broker: its house, its loops, its lines and its hooks.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/count.h"
#include "carillon/broker.h"
#include "hub/in_process.h"
#include "library/clock.h"
#include "library/hook_chain.h"
#include "library/house.h"
#include "library/line.h"
#include "library/loop.h"

namespace carillon::detail {

class Core : public std::enable_shared_from_this<Core> {
 public:
    Core(std::unique_ptr<library::House> house, unsigned threads, ErrorSink sink,
         std::vector<library::HookChain::Link> hooks);
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;
    ~Core();

    // The last handle may be dropped inside a handler: then a thread of its own takes the broker apart.
    static std::shared_ptr<Core> make(std::unique_ptr<library::House> house, unsigned threads,
                                      ErrorSink sink, std::vector<library::HookChain::Link> hooks);
    Result<void> start();
    void start_hooks();
    void stop();
    bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

    // `receiver` null: a stream.
    std::shared_ptr<Control> subscribe(const Where& where, const Terms& terms,
                                       std::unique_ptr<Receiver> receiver);
    // On its loop.
    void close(Line& line, hub::CloseReason why);

    hub::Receipt publish(std::string_view topic, hub::PublicationRef publication,
                         hub::OnDone on_done);
    Error error_of(hub::Outcome outcome, std::string_view topic) const;
    void report(const Error& error);
    void count_failure() { failed_.add(); }
    void count_refusal() { refused_.add(); }

    bool is_on_a_loop() const;
    library::Loop& loop_for_waiting();  // where something goes on that begins on this thread
    library::Loop& loop() { return *loops_.front(); }
    // Outside an iteration of it.
    bool is_on_callers_loop() const {
        return caller_driven_ && loops_.front()->is_here() && !loops_.front()->in_iteration();
    }
    const hub::InProcessFormat& format() const { return format_; }
    library::House& house() { return *house_; }
    base::Now now() const { return clock_.now(); }

    bool run_ready();
    // Runs the caller's loop, once at least, until then or until this is so.
    void run_until(std::int64_t until_ns, const std::function<bool()>& enough);
    bool drain(std::int64_t until_ns);
    Stats stats() const;

    // Handlers and coroutines of handlers that have begun and not finished.
    std::atomic<std::int64_t> in_flight{0};

 private:
    bool run_on(library::Loop& loop, const std::function<void()>& job);
    bool is_idle(library::Loop& loop, std::int64_t until_ns);
    void end_lines(std::size_t index);
    void join_threads();

    const library::Clock clock_{};
    const hub::InProcessFormat format_{};
    const std::unique_ptr<library::House> house_;
    hub::AppState* app_state_ = nullptr;  // since start()
    const ErrorSink sink_;
    library::HookChain hooks_;
    const bool caller_driven_;
    std::vector<std::unique_ptr<library::Loop>> loops_;
    std::vector<std::thread> threads_;
    std::vector<std::unordered_map<Line*, std::unique_ptr<Line>>> lines_;  // by loop, on the loop
    std::atomic<unsigned> next_loop_{0};
    std::atomic<bool> stopped_{false};
    std::mutex joining_;
    bool started_ = false;
    base::SharedCount failed_;
    base::SharedCount refused_;
    std::atomic<unsigned> printed_{0};
};

}  // namespace carillon::detail
