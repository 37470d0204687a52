// hub/replay.h: what waits in an outbox and is not encoded yet: the publications that a joiner
// missed, pinned at its join. What the channel keeps or trims afterwards does not change them. They
// become frames a page at a time, when they reach the front of the queue; from a disk they come in
// pages of their own, and perhaps not at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "hub/batch.h"
#include "hub/encoder.h"
#include "hub/history.h"

namespace carillon::hub {

class Replay {
 public:
    enum class Next : std::uint8_t {
        encoded,
        none,   // it is not for this reader, or its format does not show it
        later,  // it is being fetched
        lost,   // it cannot be read any more, nor what follows
    };

    // `count` publications, which cost `bytes` as long as they wait.
    Replay(const Encoder& format, std::string_view channel, SessionId reader,
           std::unique_ptr<Reader> kept, std::uint64_t count, std::size_t bytes)
        : format_(format),
          channel_(channel),
          reader_(reader),
          kept_(std::move(kept)),
          left_(static_cast<std::uint32_t>(count)),
          bytes_(bytes) {
        fetch();  // what lies in memory is here now; from a disk it is on its way
    }

    std::uint32_t left() const { return left_; }
    std::size_t bytes() const { return left_ != 0 ? bytes_ : 0; }  // of the bodies that are left
    // Whether any of it is for this reader, as far as it is known: nobody hears what excludes him.
    bool any_for_reader() const {
        const auto at_hand = page_.size() - next_;
        return left_ > at_hand ||
               std::any_of(page_.begin() + static_cast<std::ptrdiff_t>(next_), page_.end(),
                           [this](const Kept& one) { return is_for_reader(one); });
    }
    const Encoder& format() const { return format_; }
    // Appends the next one's frame.
    Next encode_next(Batch& out) {
        if (next_ == page_.size() && !fetch()) return lost_ ? Next::lost : Next::later;
        const Kept one = std::move(page_[next_++]);
        --left_;
        bytes_ -= std::min(bytes_, one.publication->inbox_bytes());
        if (!is_for_reader(one)) return Next::none;
        return out.append(format_, {*one.publication, channel_, one.stamp}, 0) ? Next::encoded
                                                                               : Next::none;
    }
    // For tests: the frames of what is at hand.
    template <class Visit>
    void each_frame(const Visit& visit) const {
        for (auto at = next_; at < page_.size(); ++at) {
            Batch frame;
            if (!is_for_reader(page_[at])) continue;
            const Delivery delivery{*page_[at].publication, channel_, page_[at].stamp};
            if (frame.append(format_, delivery, 0)) visit(frame.shown(0));
        }
    }

 private:
    bool fetch() {
        page_.clear();
        next_ = 0;
        const auto page = kept_->next(limits::journal_page_bytes, page_);
        lost_ = page == Reader::Page::lost || page == Reader::Page::end;
        return page == Reader::Page::some;
    }
    bool is_for_reader(const Kept& one) const {
        return !reader_ || one.publication->exclude() != reader_;
    }

    const Encoder& format_;
    const std::string channel_;  // which may be gone by then
    const SessionId reader_;
    const std::unique_ptr<Reader> kept_;
    std::vector<Kept> page_;
    std::size_t next_ = 0;
    std::uint32_t left_;
    std::size_t bytes_;
    bool lost_ = false;
};

}  // namespace carillon::hub
