// hub/inbox.h: what waits for a lane, numbered: the sequence. Filled by any thread under a
// channel's lock, emptied by the lane. Its lock is the innermost: nothing else is taken while it is
// held. Bound: bytes are reserved before anything is stamped, so a push never fails and a
// publication is never half delivered.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/adaptive_mutex.h"
#include "hub/countdown.h"
#include "hub/outcome.h"
#include "hub/publication.h"

namespace carillon::hub {

// A place among a lane's channels; the generation tells a re-used place from the one that was
// meant.
struct SlotRef {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
};

struct Item {
    enum class Aim : std::uint8_t {
        channel,  // the audiences of one channel
        spread,   // more than that: `extra` is a Spread
        session,  // one session
    };
    std::uint64_t number = 0;      // given by push
    PublicationRef publication{};  // null: the session is to be ended
    union {
        SlotRef slot{};     // the channel on this lane
        SessionId session;  // Aim::session
    };
    std::uint32_t matched = 0;  // subscribers on this lane when it was stamped
    CloseReason why{};          // the session is to be ended
    Aim aim = Aim::channel;
    Stamp stamp{};
    // The Countdown of who wants to know how it fared, if anybody does; or the Spread.
    boost::intrusive_ptr<ItemExtra> extra{};

    std::size_t inbox_bytes() const {  // as was reserved for it
        return publication != nullptr ? publication->inbox_bytes()
                                      : Publication::item_overhead_bytes;
    }
};

static_assert(sizeof(Item) == 64);  // a cache line: they are written and read by the million

class Inbox {
 public:
    explicit Inbox(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // Any thread.
    bool reserve(std::size_t bytes);  // false: full, nothing reserved
    void release(std::size_t bytes);
    // The bytes were reserved. True: it was empty, the lane must be woken.
    bool push(Item item);
    // The number of the newest item. Under a channel's lock nothing of that channel has a greater
    // one.
    std::uint64_t last_number() const { return last_number_.load(std::memory_order_acquire); }
    std::size_t reserved_bytes() const { return reserved_bytes_.load(std::memory_order_relaxed); }
    bool empty() const { return last_number() == taken_number_.load(std::memory_order_relaxed); }

    // The lane only. Swaps `into` (empty) with what waits.
    void take(std::vector<Item>& into);
    // Under the lock, so that the two belong together: everything ever matched here, and how much
    // of it still waits.
    struct Sums {
        std::uint64_t matched;
        std::uint64_t waiting;
    };
    Sums sums() const;

 private:
    const std::size_t bytes_max_;
    std::atomic<std::size_t> reserved_bytes_{0};
    std::atomic<std::uint64_t> last_number_{0};
    std::atomic<std::uint64_t> taken_number_{0};
    mutable base::AdaptiveMutex mutex_;
    std::vector<Item> items_;
    std::uint64_t matched_ = 0;
    std::uint64_t waiting_ = 0;
};

}  // namespace carillon::hub
