// hub/host_inbox.h: the host events' inbox: what the hub decided, in that order, from the locks
// under which it was decided to the one loop that acts on it. Bounded: when it is full, events are
// counted and not kept, and its listeners are told to look at the live state instead.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/count.h"
#include "base/limits.h"
#include "hub/ports.h"

namespace carillon::hub {

// A host event that outlives its moment.
struct HostNews {
    HostEvent::Kind kind;
    AppRef app;
    std::string channel;
    std::string member;
    std::int64_t unix_ms;
};

// Who acts on the decisions: webhooks, plugins, a protocol that tells its clients. All on the loop
// that drains, but for wants().
struct HostListener {
    virtual ~HostListener() = default;
    // Whether it cares. Any thread, under the hub's locks: a look at the app, no more.
    virtual bool wants(HostEvent::Kind kind, const App& app) const = 0;
    virtual void on_event(const HostNews& news, Now now) = 0;
    // Some events were lost: what follows from them must be taken from the live state.
    virtual void resync(Now now) = 0;
    // Everything that waited was told.
    virtual void drained(Now) {}
};

class HostInbox final : public HostEvents {
 public:
    // `wake` asks for drain(), from any thread, outside the hub's locks.
    explicit HostInbox(std::function<void()> wake, std::size_t items_max = limits::host_events_max)
        : wake_(std::move(wake)), items_max_(items_max) {}

    void listen(HostListener& listener) { listeners_.push_back(&listener); }  // before it starts

    bool wants(HostEvent::Kind kind, const App& app) const override;
    void record(const HostEvent& event) override;
    void wake() override {
        if (!woken_.exchange(true)) wake_();  // once, until the next drain
    }

    // A part of what waits; asks to be called again if there is more. One thread at a time.
    void drain(Now now);

    std::uint64_t recorded() const { return recorded_.get(); }
    std::uint64_t lost() const { return lost_.get(); }  // found it full
    std::uint64_t resyncs() const { return resyncs_.get(); }

 private:
    void take();

    const std::function<void()> wake_;
    const std::size_t items_max_;
    std::vector<HostListener*> listeners_;
    std::atomic<bool> woken_{false};
    std::mutex mutex_;  // the innermost: taken under the hub's
    std::vector<HostNews> waiting_;
    bool overflowed_ = false;
    std::vector<HostNews> taken_;  // from waiting_
    std::size_t next_ = 0;         // of these
    bool resync_due_ = false;      // when these are told
    base::SharedCount recorded_;
    base::SharedCount lost_;
    base::SharedCount resyncs_;
};

}  // namespace carillon::hub
