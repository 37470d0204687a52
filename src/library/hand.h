// library/hand.h: the message that a named subscription has in hand: what went wrong with it, and what is
// to be published when its handler is through. Written where the handler runs or the stream is read, and
// emptied on the loop: any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hub/publication.h"

namespace carillon::detail {

class Hand {
 public:
    struct Effect {
        std::string topic;
        hub::PublicationRef publication;
    };
    struct Settled {
        std::uint64_t offset = 0;              // 0: nothing is settled
        bool stopped = false;                  // its handler was interrupted: neither way
        std::optional<std::string> failure{};  // why it is to be heard again
        std::vector<Effect> effects{};
    };

    explicit Hand(std::string_view topic) : prefix_(std::string(topic) + ": ") {}

    // `publisher` 0: it may not publish effects.
    void take(std::uint64_t offset, std::uint64_t publisher);
    bool holds(std::uint64_t offset) const;
    void fail(std::string_view why);
    void interrupt();
    // Its place among those of the message in hand. Errors: closed (that is another), too_large.
    template <class Make>  // hub::PublicationRef(hub::Once)
    Result<void> add(std::uint64_t offset, std::string_view topic, const Make& make) {
        const std::lock_guard lock(mutex_);
        TRY_AS(const auto once, next_once(offset));
        auto publication = make(once);
        TRY(has_room_for(*publication));
        settled_.effects.push_back({std::string(topic), std::move(publication)});
        return {};
    }
    Settled settle();

    // ---- of a stream, whose reader says by asking for the next that it is through ----

    void give_to_reader(std::uint64_t offset);
    void asked_for_next();
    bool reject(std::string_view why);
    Settled settle_if_done();  // nothing, if the reader is not

 private:
    Result<hub::Once> next_once(std::uint64_t offset) const;
    Result<void> has_room_for(const hub::Publication& publication);
    Settled settle_locked();

    const std::string prefix_;  // of errors: who asks for a reason knows the topic
    mutable std::mutex mutex_;
    Settled settled_{};
    std::uint64_t publisher_ = 0;
    std::size_t effects_bytes_ = 0;
    std::uint64_t with_reader_ = 0;
    std::uint64_t done_ = 0;
};

// Who publishes what the handler of this name makes of this topic: the same number always, so that its
// sequences, which are the messages' offsets, tell what is there already. Dead letters are replayed in any order:
// each replay is a publisher of its own. Never 0.
std::uint64_t publisher_of(std::string_view topic, std::string_view name, std::uint64_t replay,
                           std::uint64_t offset);

}  // namespace carillon::detail
