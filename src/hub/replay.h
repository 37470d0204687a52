// hub/replay.h: what waits in an outbox and is not encoded yet: the publications that a joiner
// missed, pinned at its join. What the channel keeps or trims afterwards does not change them. They
// become frames a page at a time, when they reach the front of the queue.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hub/batch.h"
#include "hub/encoder.h"
#include "hub/ports.h"

namespace carillon::hub {

class Replay {
 public:
    Replay(const Encoder& format, std::string_view channel, SessionId reader,
           std::vector<Kept> kept)
        : format_(format), channel_(channel), reader_(reader), kept_(std::move(kept)) {
        for (const auto& one : kept_) bytes_ += one.publication->inbox_bytes();
    }

    std::uint32_t left() const { return static_cast<std::uint32_t>(kept_.size() - next_); }
    std::size_t bytes() const { return bytes_; }  // of the bodies that are left
    // Whether any of it is for this reader: nobody hears what excludes him.
    bool any_for_reader() const {
        return std::any_of(kept_.begin() + static_cast<std::ptrdiff_t>(next_), kept_.end(),
                           [this](const Kept& one) { return is_for_reader(one); });
    }
    const Encoder& format() const { return format_; }
    // Appends the next one's frame. False: there is none, it is not for this reader or not shown.
    bool encode_next(Batch& out) {
        const Kept one = std::move(kept_[next_++]);
        bytes_ -= one.publication->inbox_bytes();
        if (!is_for_reader(one)) return false;
        return out.append(format_, {*one.publication, channel_, one.stamp}, 0);
    }

 private:
    bool is_for_reader(const Kept& one) const {
        return !reader_ || one.publication->exclude() != reader_;
    }

    const Encoder& format_;
    const std::string channel_;  // which may be gone by then
    const SessionId reader_;
    std::vector<Kept> kept_;
    std::size_t next_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace carillon::hub
