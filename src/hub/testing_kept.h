// hub/testing_kept.h: for tests only: what a channel keeps, in a deque, as the histories of the hub's own tests
// share it.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "hub/history.h"
#include "hub/pinned.h"

namespace carillon::hub::testing {

struct KeptRun : ChannelHistory {
    void keep(const PublicationRef& publication, const Stamp& stamp, Now now, std::size_t room) {
        last = stamp.position;
        kept.push_back({{publication, stamp}, now.steady_ns});
        while (kept.size() > room) kept.pop_front();
    }
    void forget_before(std::int64_t steady_ns) {
        while (!kept.empty() && kept.front().second < steady_ns) kept.pop_front();
    }
    std::size_t size() const override { return kept.size(); }
    std::unique_ptr<Reader> read_after(std::uint64_t offset) const override {
        std::vector<Kept> found;
        for (auto i = first_after(offset); i < kept.size(); ++i) found.push_back(kept[i].first);
        return std::make_unique<Pinned>(Position{last.epoch, offset}, std::move(found));
    }
    std::size_t bytes_after(std::uint64_t offset) const override {
        std::size_t bytes = 0;
        for (auto i = first_after(offset); i < kept.size(); ++i) {
            bytes += kept[i].first.publication->inbox_bytes();
        }
        return bytes;
    }

 private:
    std::size_t first_after(std::uint64_t offset) const {
        ASSERT(last.offset - offset <= kept.size());
        return kept.size() - (last.offset - offset);
    }

    std::deque<std::pair<Kept, std::int64_t>> kept;  // and when
    Position last;
};

}  // namespace carillon::hub::testing
