#include "hub/awaited.h"

#include <algorithm>
#include <iterator>

namespace carillon::hub {

void Awaited::take_back(const Batch& batch, std::uint32_t first, std::uint32_t last, bool dropped) {
    if (waiting_.empty() || first == last) return;
    auto one = std::ranges::lower_bound(waiting_, batch.frames[first].number, {}, &One::number);
    for (; first < last && one != waiting_.end(); ++first) {
        const auto number = batch.frames[first].number;
        while (one != waiting_.end() && one->number < number) ++one;
        if (one == waiting_.end() || one->number != number) continue;
        --one->fate.queued;
        if (dropped) ++one->fate.dropped;
    }
}

void Awaited::end_round(std::uint64_t round) {
    const auto end =
        std::ranges::find_if(waiting_, [&](const One& one) { return one.round > round; });
    // Taken out first: who is told may call the hub.
    std::vector<One> done(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    for (const auto& one : done) one.countdown->done(one.fate);
}

}  // namespace carillon::hub
