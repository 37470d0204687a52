// hub/pinned.h: a reader of publications that are in memory: references, taken at once.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "hub/history.h"

namespace carillon::hub {

class Pinned final : public Reader {
 public:
    Pinned(Position after, std::vector<Kept> kept) : at_(after), kept_(std::move(kept)) {}

    // All of them: they cost nothing more in somebody else's hands.
    Page next(std::size_t, std::vector<Kept>& into) override {
        if (kept_.empty()) return Page::end;
        at_ = kept_.back().stamp.position;
        if (into.empty()) {
            into.swap(kept_);
        } else {
            into.insert(into.end(), kept_.begin(), kept_.end());
            kept_.clear();
        }
        return Page::some;
    }
    Position position() const override { return at_; }

 private:
    Position at_;
    std::vector<Kept> kept_;
};

}  // namespace carillon::hub
