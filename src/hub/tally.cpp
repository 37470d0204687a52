#include "hub/tally.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::hub {

void Tally::join(std::uint64_t after, std::uint64_t taken) { change(after + 1, taken, +1, 0); }

void Tally::leave(std::uint64_t after, std::uint64_t taken) {
    change(std::max(after, taken) + 1, taken, -1, +1);
}

void Tally::settle(std::uint64_t until, std::uint64_t taken) { change(until + 1, taken, 0, -1); }

void Tally::advance(std::uint64_t number) {
    while (next_ < waiting_.size() && waiting_[next_].number <= number) {
        apply(waiting_[next_].hearing, waiting_[next_].left);
        ++next_;
    }
    if (next_ != 0 && next_ == waiting_.size()) {
        waiting_.clear();
        if (waiting_.capacity() > 64) waiting_.shrink_to_fit();
        next_ = 0;
    }
}

void Tally::change(std::uint64_t number, std::uint64_t taken, std::int32_t hearing,
                   std::int32_t left) {
    advance(taken + 1);
    if (number <= taken + 1) return apply(hearing, left);
    const auto at =
        std::lower_bound(waiting_.begin() + next_, waiting_.end(), number,
                         [](const Difference& d, std::uint64_t n) { return d.number < n; });
    if (at != waiting_.end() && at->number == number) {
        at->hearing += hearing;
        at->left += left;
    } else {
        waiting_.insert(at, {number, hearing, left});
    }
}

void Tally::apply(std::int32_t hearing, std::int32_t left) {
    ASSERT(static_cast<std::int64_t>(hearing_) + hearing >= 0);
    ASSERT(static_cast<std::int64_t>(left_) + left >= 0);
    hearing_ += static_cast<std::uint32_t>(hearing);
    left_ += static_cast<std::uint32_t>(left);
}

}  // namespace carillon::hub
