// library/past.h: what a subscription hears of the past: the pages of a hub::Reader, one publication after
// the other. On its line's loop.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "hub/history.h"

namespace carillon::detail {

class Past {
 public:
    explicit Past(std::unique_ptr<hub::Reader> reader) : reader_(std::move(reader)) {}

    // Whether there is a front(). `later` and `end`: the reader rings when that has changed.
    hub::Reader::Page look() {
        if (next_ < page_.size()) return hub::Reader::Page::some;
        page_.clear();
        next_ = 0;
        return reader_->next(limits::journal_page_bytes, page_);
    }
    const hub::Kept& front() const { return page_[next_]; }
    void pop() { page_[next_++].publication.reset(); }
    // Of the last front(), once look() has said `end`.
    hub::Position position() const { return reader_->position(); }
    std::string why() const { return reader_->why(); }

 private:
    const std::unique_ptr<hub::Reader> reader_;
    std::vector<hub::Kept> page_{};
    std::size_t next_ = 0;
};

}  // namespace carillon::detail
