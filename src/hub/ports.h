// hub/ports.h: what the hub needs from outside, as small interfaces. Outer rooms implement them;
// tests do too.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "hub/app.h"
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

 protected:
    ~Door() = default;
};

// How a lane asks its loop for an iteration, from any thread. Cheap when asked twice.
struct Wake {
    virtual void wake() = 0;

 protected:
    ~Wake() = default;
};

// What channels keep. `append` is called under the channel's lock, in the channel's order: it takes
// a reference and returns; it never blocks. Reading back comes with recovery.
struct History {
    virtual ~History() = default;
    // Whether this channel's publications are kept, and so consume an offset. Pure; any thread.
    virtual bool keeps(const App& app, std::string_view channel) const = 0;
    virtual void append(const App& app, std::string_view channel, const PublicationRef& publication,
                        const Stamp& stamp) = 0;
};

struct HostEvent {
    enum class Kind : unsigned char { occupied, vacated, member_added, member_removed };
    Kind kind;
    const App& app;
    std::string_view channel;
    std::string_view member;  // member_added, member_removed
    std::int64_t unix_ms;
};

// The decisions of the hub in the order they were taken: the one source for webhooks, callbacks and
// plugins. Called under the channel's lock: append to a bounded inbox of your own and return.
struct HostEvents {
    virtual ~HostEvents() = default;
    virtual void record(const HostEvent& event) = 0;
};

}  // namespace carillon::hub
