// hub/awaited.h: the publications on one lane whose publishers wait to be told how they fared. Frames
// join an outbox in the round of the flush that offers them, and its policy is applied in the same
// round; so when that round is over, it is known who has what. Belongs to its lane, never locked.
//
// Bound: one for each item taken since the last round ended, the publisher of which still waits.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "hub/batch.h"
#include "hub/countdown.h"

namespace carillon::hub {

class Awaited {
 public:
    bool empty() const { return waiting_.empty(); }

    // Item `number`, the newest so far, is to be encoded and offered in round `round`.
    void add(std::uint64_t number, std::uint64_t round, CountdownRef countdown) {
        waiting_.push_back({number, round, {}, std::move(countdown)});
    }
    // So many are to be offered the frame of the item that was added last.
    void hear(std::uint64_t count) { waiting_.back().fate.queued += count; }
    // So many were to hear it, and nobody could take it.
    void drop(std::uint64_t count) { waiting_.back().fate.dropped += count; }
    // Somebody will not have frames [first, last) of this batch, who was counted for them: they
    // were dropped, or he left before they were offered.
    void take_back(const Batch& batch, std::uint32_t first, std::uint32_t last, bool dropped);
    // Round `round` is over: tells whoever waited for it.
    void end_round(std::uint64_t round);

 private:
    struct One {
        std::uint64_t number;
        std::uint64_t round;
        Fate fate;
        CountdownRef countdown;
    };
    std::vector<One> waiting_;  // in the order of the sequence
};

}  // namespace carillon::hub
