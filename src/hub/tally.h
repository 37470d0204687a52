// hub/tally.h: how many entries of an audience hear item n, and how many left that were still
// matched for it, without visiting any entry. A joiner's `after` may lie ahead of what the lane has
// taken, and so may the moment up to which a leaver was matched; both wait here as differences,
// keyed by item number, until the lane gets there. With an empty inbox nothing waits and every call
// is an addition.
#pragma once

#include <cstdint>
#include <vector>

namespace carillon::hub {

class Tally {
 public:
    // `taken`: the number of the last item the lane has taken. An entry hears items greater than
    // `after`.
    void join(std::uint64_t after, std::uint64_t taken);
    // The entry is gone from the audience, but publishers may go on matching it…
    void leave(std::uint64_t after, std::uint64_t taken);
    // …up to item `until`, the last of the inbox when the channel took note.
    void settle(std::uint64_t until, std::uint64_t taken);

    // To item `number`, in the order of the sequence; then hearing() and left() speak of that item.
    void advance(std::uint64_t number);
    std::uint32_t hearing() const { return hearing_; }
    std::uint32_t left() const { return left_; }
    // Everything that was matched for those who left has been taken: no publisher adds to it.
    bool settled(std::uint64_t taken) {
        advance(taken + 1);
        return left_ == 0 && next_ == waiting_.size();
    }

 private:
    struct Difference {
        std::uint64_t number;  // from this item on
        std::int32_t hearing;
        std::int32_t left;
    };
    void change(std::uint64_t number, std::uint64_t taken, std::int32_t hearing, std::int32_t left);
    void apply(std::int32_t hearing, std::int32_t left);

    std::uint32_t hearing_ = 0;
    std::uint32_t left_ = 0;
    std::uint32_t next_ = 0;           // waiting_[next_] is the first not yet applied
    std::vector<Difference> waiting_;  // ascending
};

}  // namespace carillon::hub
