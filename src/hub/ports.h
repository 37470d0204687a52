// hub/ports.h: what the hub needs from outside, as small interfaces. Outer rooms implement them;
// tests do too.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "hub/app.h"
#include "hub/history.h"
#include "hub/publication.h"

namespace carillon::hub {

class Outbox;

// Where tenants are configured. An answer may come later, but always on the thread that asked; a
// session that waits for one is not read (protocol::Out::pause). null: no such app.
struct Apps {
    using Answer = std::function<void(Result<AppRef>)>;
    virtual ~Apps() = default;
    virtual void find_by_key(std::string_view key, Answer answer) = 0;
    virtual void find_by_id(std::string_view id, Answer answer) = 0;
};

// A lane's way to one client's socket, implemented by edge::Connection. Called on the lane's loop
// only.
struct Door {
    // Sends what `outbox` holds, as much as the socket takes, and consumes it. A socket that takes
    // no more is marked by outbox.block(); Outbox::unblock says it may be tried again. May go on
    // reading its client, and so call the hub; must not destroy itself.
    virtual void write(Outbox& outbox) = 0;
    // The short cut for an empty outbox: the bytes the socket took. Fewer than given: as write, it
    // blocked. It is called in the middle of a walk, so it calls nothing of the hub but block().
    virtual std::size_t write_now(std::string_view frames) = 0;
    // The lane's memory is used up, and this client owes most and has no session that could say
    // goodbye, or takes no replies: its connection ends at once, which calls nothing of the hub yet.
    // The outbox is empty already; its session, if there is one, is to be closed later.
    virtual void give_up() = 0;

 protected:
    ~Door() = default;
};

// How a lane asks its loop for an iteration, from any thread. Cheap when asked twice.
struct Wake {
    virtual void wake() = 0;

 protected:
    ~Wake() = default;
};

// Where else a publication goes: bridges between apps. Asked on the publisher's thread, after the
// publication and outside any lock.
struct Bridges {
    struct Crossing {
        std::size_t bridge;  // which; for told()
        AppRef app;
        std::string channel;
        PublicationRef publication;
    };
    // What became of a publication that a bridge leads elsewhere.
    enum class End : unsigned char {
        crossed,
        looped,      // it has been in that channel already
        too_far,     // it came over too many bridges, or to too many channels
        overloaded,  // there was no room for it
    };
    virtual ~Bridges() = default;
    // Whether any bridge begins in this app: a look, for each publication.
    virtual bool lead_from(const App& app) const = 0;
    // Adds what is to be published for this publication. What cannot be expressed on the other side
    // is left out and counted by who implements this.
    virtual void cross(const App& from, std::string_view channel, const PublicationRef& publication,
                       std::vector<Crossing>& out) const = 0;
    virtual void told(std::size_t bridge, End end) const = 0;
};

// What the host does with publications before anybody hears them, whoever publishes. Asked on the
// publisher's thread, under no lock; a hook may publish, nested limits::hook_nesting_max deep.
struct Hooks {
    virtual ~Hooks() = default;
    // Whether any hook cares for what is published in this app: a look, for each publication.
    virtual bool watch(const App& app) const = 0;
    // Whether any of them asks to see publications before; the others need no copies of theirs.
    virtual bool may_intervene() const { return true; }
    // May put another publication in its place. False: nobody hears it, and the publish is refused
    // whole as `vetoed`.
    virtual bool before_publish(const AppRef& app, std::string_view channel,
                                PublicationRef& publication) const = 0;
    // It was published, and so many are to hear it.
    virtual void after_publish(const AppRef& app, std::string_view channel,
                               const PublicationRef& publication, std::uint64_t matched) const = 0;
    // False: refused as `vetoed`. On the session's loop. A pattern by its text.
    virtual bool before_subscribe(const AppRef& app, std::string_view channel) const = 0;
    // On the loop of the session, which may be gone.
    virtual void after_unsubscribe(const AppRef& app, std::string_view channel) const = 0;
};

struct HostEvent {
    enum class Kind : unsigned char {
        occupied,
        vacated,
        member_added,
        member_removed,
        count_changed,  // how many subscribe to the channel
        user_online,    // somebody's first session was identified
        user_offline,   // his last one is gone
    };
    Kind kind;
    const AppRef& app;
    std::string_view channel;  // empty: user_online, user_offline
    std::string_view member;   // member_added, member_removed; the user: user_online, user_offline
    std::int64_t unix_ms;
};

// The decisions of the hub in the order they were taken, for each channel and for each user: the
// one source for webhooks, callbacks and plugins. HostInbox is the implementation.
struct HostEvents {
    virtual ~HostEvents() = default;
    // Whether anybody cares. Under a lock, for each decision: a look at the app, no more.
    virtual bool wants(HostEvent::Kind kind, const App& app) const = 0;
    // Under the lock of the channel or the user: append to a bounded inbox and return.
    virtual void record(const HostEvent& event) = 0;
    // Something was recorded; the lock is free again.
    virtual void wake() {}
};

}  // namespace carillon::hub
