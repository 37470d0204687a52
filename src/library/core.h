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
#include "library/named.h"

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

    // Hooks, for one who does not subscribe (yet) where they are asked. Errors: forbidden.
    Result<void> ask_hooks(std::string_view topic) const;
    const library::HookChain& hooks() const { return hooks_; }
    // Errors: unsupported (no journal keeps it), not_found, invalid. `ring` may be null.
    Result<std::unique_ptr<hub::Reader>> read(std::string_view topic, const From& from,
                                              const std::shared_ptr<Ring>& ring);
    // Whether a journal keeps this topic.
    bool is_kept(std::string_view topic) const;
    Result<hub::DurableRef> open_named(std::string_view topic, const Terms& terms);
    Result<hub::DurableRef> find_named(std::string_view topic, std::string_view name);
    Result<std::vector<std::string>> names(std::string_view topic);
    Result<void> forget(std::string_view topic, std::string_view name);

    hub::Receipt publish(std::string_view topic, hub::PublicationRef publication,
                         hub::OnDone on_done);
    Error error_of(hub::Outcome outcome, std::string_view topic) const;
    void report(const Error& error);
    void count_failure() { failed_.add(); }
    void count_refusal() { refused_.add(); }
    void count_duplicate() { duplicates_.add(); }

    bool is_on_a_loop() const;
    library::Loop& loop_for_waiting();  // where something goes on that begins on this thread
    library::Loop& loop() { return *loops_.front(); }
    void wake_caller() {
        if (caller_driven_) loops_.front()->wake();
    }
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

    // Coroutines of handlers that have begun and not finished, and handlers that hear the past.
    std::atomic<std::int64_t> in_flight{0};
    // Subscriptions that the hub does not count: named ones, and those that hear the past.
    std::atomic<std::int64_t> beside{0};
    // For a storage's thread, which must not hold the broker: as the last to do so it would take it
    // apart, and itself with it.
    class Loops {
     public:
        explicit Loops(Core& core) : core_(&core) {}
        // Resumes `waiting` (or nobody) on this loop, or here, if the loops are gone.
        void resume(std::coroutine_handle<> waiting, library::Loop* on);
        void end();

     private:
        std::mutex mutex_;
        Core* core_;
    };
    const std::shared_ptr<Loops>& shared_loops() const { return shared_loops_; }

 private:
    Result<void> begin(library::Loop& loop, std::size_t index,
                       const std::shared_ptr<Control>& control, const Where& where,
                       const hub::Pattern* pattern, const Terms& terms,
                       std::unique_ptr<Receiver> receiver);
    bool settle_storage(std::int64_t until_ns);
    bool is_behind(std::size_t index);
    bool run_on(library::Loop& loop, const std::function<void()>& job);
    bool is_idle(std::size_t index, std::int64_t until_ns);
    void end_lines(std::size_t index);
    void join_threads();

    const library::Clock clock_{};
    const hub::InProcessFormat format_{};
    const std::unique_ptr<library::House> house_;
    hub::AppState* app_state_ = nullptr;  // since start()
    library::Named named_;
    const ErrorSink sink_;
    library::HookChain hooks_;
    const bool caller_driven_;
    std::vector<std::unique_ptr<library::Loop>> loops_;
    std::vector<std::thread> threads_;
    std::vector<std::unordered_map<Line*, std::unique_ptr<Line>>> lines_;  // by loop, on the loop
    const std::shared_ptr<Loops> shared_loops_ = std::make_shared<Loops>(*this);
    std::atomic<unsigned> next_loop_{0};
    std::atomic<bool> stopped_{false};
    std::mutex joining_;
    bool started_ = false;
    base::SharedCount failed_;
    base::SharedCount refused_;
    base::SharedCount duplicates_;
    std::atomic<unsigned> printed_{0};
};

}  // namespace carillon::detail
