// hub/session.h: one client as the hub knows it: on one lane, with an outbox, in some channels.
// Belongs to its lane's loop; other loops name it by its id. Created by Hub::open, marked by
// Hub::close, destroyed when its lane reaps.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/app.h"
#include "hub/encoder.h"
#include "hub/gate.h"
#include "hub/outbox.h"
#include "hub/outcome.h"
#include "hub/publication.h"

namespace carillon::hub {

struct AppBooks;
struct AppState;
class Audience;
class Channel;
class Group;
class LaneChannel;
class Lane;
class Session;
struct Member;

// The hub's one call back to a client's conversation, on its loop: the hub decided to end it. The
// protocol says its goodbye here; nothing is called per delivery.
struct Subscriber {
    virtual void on_close(CloseReason why) = 0;

 protected:
    ~Subscriber() = default;
};

// One session's place in one channel. Outlives the session until the channel took note of the
// departure.
struct Subscription {
    Session* session;  // null once the session is gone
    Channel* channel;
    LaneChannel* local;  // the channel on this lane
    union {
        Audience* audience;  // unless…
        Group* group;        // …it is in_group
    };
    std::uint32_t entry;  // its place in the audience
    bool reserved;        // its channel is the protocol's own: nobody is told how many are there
    bool in_group;        // it hears when it is its turn
    bool is_pattern;      // its channel is one
    Member* member;       // its member in the channel's roster; null: not present
    Subscription* next;   // among those that wait to be settled
};

// A session's subscriptions by channel name: a short list is searched, a long one gets an index.
class Subscriptions {
 public:
    Subscription* find(std::string_view channel) const;
    Subscription* find(const LaneChannel& local) const;
    void add(Subscription& subscription);
    void remove(Subscription& subscription);
    std::size_t size() const { return list_.size(); }
    std::size_t patterns() const { return patterns_; }
    Subscription* any() const { return list_.empty() ? nullptr : list_.back(); }
    auto begin() const { return list_.begin(); }
    auto end() const { return list_.end(); }

 private:
    static constexpr std::size_t index_above = 16;
    using Index =
        boost::unordered_flat_map<std::string_view, Subscription*>;  // names live in the channels
    std::vector<Subscription*> list_;
    std::unique_ptr<Index> index_;
    std::uint32_t patterns_ = 0;
};

class Session {
 public:
    SessionId id() const { return id_; }
    Lane& lane() const { return lane_; }
    const App& app() const { return *app_; }
    const AppRef& app_ref() const { return app_; }
    const Encoder& format() const { return format_; }  // of what is sent to it alone
    const GateRef& gate() const { return gate_; }      // its policy is `wait`; null: it is not
    bool subscribed(std::string_view channel) const {
        return subscriptions_.find(channel) != nullptr;
    }
    std::size_t subscription_count() const { return subscriptions_.size(); }
    // Its place in that channel's audiences on its lane; null: it has none.
    const Subscription* subscription_to(const LaneChannel& local) const {
        return subscriptions_.find(local);
    }
    // As whom it is present in that channel; empty: not present. Lives as long as the subscription.
    std::string_view member_in(std::string_view channel) const;
    bool closing() const { return state_ != State::open; }
    // Who Hub::identify said it is; empty: nobody in particular.
    std::string_view user() const {
        return user_ != nullptr ? std::string_view(*user_) : std::string_view();
    }
    // What this lane counts for its app.
    AppBooks& app_books() const { return app_books_; }
    void each_channel(const std::function<void(std::string_view)>& visit) const;

 private:
    friend class Hub;
    friend class Lane;
    enum class State : std::uint8_t {
        open,
        doomed,      // the hub decided to close it; on_close is still to be called
        saying_bye,  // on_close was called, the connection drains
        closed,      // the connection is gone; to be destroyed at the next reap
    };
    Session(SessionId id, Lane& lane, AppRef app, AppState& app_state, AppBooks& app_books,
            Outbox& outbox, Subscriber& subscriber, OutboxPolicy policy, const Encoder& format)
        : id_(id),
          lane_(lane),
          app_(std::move(app)),
          app_state_(app_state),
          app_books_(app_books),
          outbox_(&outbox),
          subscriber_(&subscriber),
          policy_(policy),
          format_(format) {}

    const SessionId id_;
    Lane& lane_;
    const AppRef app_;
    AppState& app_state_;
    AppBooks& app_books_;
    Outbox* outbox_;          // null when closed
    Subscriber* subscriber_;  // null when closed
    const OutboxPolicy policy_;
    const Encoder& format_;
    GateRef gate_;  // null: nobody waits for it
    Subscriptions subscriptions_;
    std::unique_ptr<const std::string> user_;  // null: nobody; most are, and there may be millions
    CloseReason why_ = CloseReason::peer;
    State state_ = State::open;
};

}  // namespace carillon::hub
