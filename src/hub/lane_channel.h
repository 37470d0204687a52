// hub/lane_channel.h: a channel as one lane knows it: an audience per wire format. Owned by its
// lane. It outlives its last subscriber until the lane has taken everything that was still matched
// for it, so an item never finds its place gone.
#pragma once

#include <memory>

#include "hub/audience.h"

namespace carillon::hub {

class LaneChannel {
 public:
    LaneChannel(Channel& channel, AppBooks& app_books, SlotRef slot)
        : channel_(&channel), app_books_(app_books), slot_(slot) {}
    LaneChannel(const LaneChannel&) = delete;
    LaneChannel& operator=(const LaneChannel&) = delete;
    ~LaneChannel() {
        while (first_ != nullptr) {
            auto* audience = first_;
            first_ = audience->next;
            delete audience;
        }
    }

    // Only while it has subscribers: afterwards the channel may be gone.
    Channel& channel() const { return *channel_; }
    AppBooks& app_books() const { return app_books_; }  // of its app, on this lane
    SlotRef slot() const { return slot_; }

    Audience& audience_for(const Encoder& format) {
        for (auto* a = first_; a != nullptr; a = a->next) {
            if (&a->format() == &format) return *a;
        }
        auto* made = new Audience(*this, format);
        made->next = first_;
        return *(first_ = made);
    }
    Audience* audiences() const { return first_; }

    // Whether anybody hears the item that was delivered last.
    bool heard() const {
        for (auto* a = first_; a != nullptr; a = a->next) {
            if (a->hearing() != 0) return true;
        }
        return false;
    }
    // Nobody is matched here any more and everything that was has been taken and offered.
    bool finished(std::uint64_t taken) const {
        for (auto* a = first_; a != nullptr; a = a->next) {
            if (!a->idle() || !a->entries().empty() || !a->settled(taken)) return false;
        }
        return true;
    }

 private:
    Channel* channel_;
    AppBooks& app_books_;
    SlotRef slot_;
    Audience* first_ = nullptr;
};

}  // namespace carillon::hub
