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

    Page next(std::size_t bytes_max, std::vector<Kept>& into) override {
        if (next_ == kept_.size()) return Page::end;
        std::size_t bytes = 0;
        do {
            bytes += kept_[next_].publication->body().size();
            at_ = kept_[next_].stamp.position;
            into.push_back(std::move(kept_[next_++]));
        } while (next_ < kept_.size() && bytes < bytes_max);
        return Page::some;
    }
    Position position() const override { return at_; }

 private:
    Position at_;
    std::vector<Kept> kept_;
    std::size_t next_ = 0;
};

}  // namespace carillon::hub
