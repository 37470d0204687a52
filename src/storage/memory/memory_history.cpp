#include "storage/memory/memory_history.h"

#include <algorithm>
#include <boost/circular_buffer.hpp>

#include "base/assert.h"
#include "hub/pinned.h"

namespace carillon::storage {

class MemoryHistory::Ring final : public hub::ChannelHistory {
 public:
    Ring(MemoryHistory& home, const Retention& retention)
        : home_(home),
          age_ns_max_(retention.age_ms_max * base::ns_per_ms),
          entries_(retention.messages_max) {}
    ~Ring() override { let_go(entries_.size()); }

    void append(const hub::PublicationRef& publication, const hub::Stamp& stamp, Now now,
                const hub::CountdownRef& stored) override {
        // Nothing is safer here than it is at once.
        if (stored != nullptr) stored->done_too({.stored = 1});
        last_ = stamp.position;
        last_ns_ = now.steady_ns;
        const auto cost = cost_of(*publication);
        if (home_.bytes() + cost > home_.bytes_max_ + home_.bytes_max_ / 4) {
            let_go(entries_.size());  // a run without a hole: this one and what follows, or nothing
            home_.not_taken_.add();
            return;
        }
        if (entries_.full()) let_go(1);
        entries_.push_back({{publication, stamp}, now.steady_ns});
        bytes_ += cost;
        home_.bytes_.fetch_add(cost, std::memory_order_relaxed);
        home_.publications_.add();
    }
    std::size_t size() const override { return entries_.size(); }
    std::unique_ptr<hub::Reader> read_after(std::uint64_t offset) const override {
        std::vector<hub::Kept> kept;
        const auto first = first_after(offset);
        kept.reserve(entries_.size() - first);
        for (auto at = first; at < entries_.size(); ++at) kept.push_back(entries_[at].kept);
        return std::make_unique<hub::Pinned>(hub::Position{last_.epoch, offset}, std::move(kept));
    }
    std::size_t bytes_after(std::uint64_t offset) const override {
        std::size_t bytes = 0;
        for (auto at = first_after(offset); at < entries_.size(); ++at) {
            bytes += entries_[at].kept.publication->inbox_bytes();
        }
        return bytes;
    }
    void trim(Now now) override {
        if (last_ns_ <= home_.evict_until_ns_) home_.evicted_.add(let_go(entries_.size()));
        std::size_t old = 0;
        while (old < entries_.size() && entries_[old].at_ns + age_ns_max_ <= now.steady_ns) ++old;
        home_.too_old_.add(let_go(old));
        if (!entries_.empty()) home_.census_.push_back({last_ns_, bytes_});
    }

 private:
    struct Entry {
        hub::Kept kept;
        std::int64_t at_ns;
    };
    static std::size_t cost_of(const hub::Publication& publication) {
        return publication.inbox_bytes() + sizeof(Entry);
    }
    std::size_t first_after(std::uint64_t offset) const {
        const auto count = last_.offset - offset;
        ASSERT(offset <= last_.offset && count <= entries_.size());
        return entries_.size() - count;
    }
    // The oldest `count` go. Returns count.
    std::size_t let_go(std::size_t count) {
        std::size_t cost = 0;
        for (std::size_t i = 0; i < count; ++i) {
            cost += cost_of(*entries_.front().kept.publication);
            entries_.pop_front();
        }
        bytes_ -= cost;
        home_.bytes_.fetch_sub(cost, std::memory_order_relaxed);
        home_.publications_.subtract(count);
        return count;
    }

    MemoryHistory& home_;
    const std::int64_t age_ns_max_;
    // Takes memory as it fills: most channels never do.
    boost::circular_buffer_space_optimized<Entry> entries_;
    std::size_t bytes_ = 0;
    hub::Position last_;  // that was appended
    std::int64_t last_ns_ = 0;
};

MemoryHistory::MemoryHistory(Rule rule, std::size_t bytes_max)
    : rule_(std::move(rule)), bytes_max_(bytes_max) {}

MemoryHistory::~MemoryHistory() { ASSERT(bytes() == 0); }

hub::History::Keeps MemoryHistory::keeps(const hub::App& app, std::string_view channel) const {
    return rule_(app, channel).messages_max != 0 ? Keeps::here : Keeps::nothing;
}

std::unique_ptr<hub::ChannelHistory> MemoryHistory::open(const hub::App& app,
                                                         std::string_view channel, std::uint64_t) {
    return std::make_unique<Ring>(*this, rule_(app, channel));
}

// The sweep that ended told how much everybody holds; the next one lets go of the least recently
// used until the budget holds. By a moment and not by name: who is published to meanwhile is spared.
void MemoryHistory::swept(Now) {
    evict_until_ns_ = -1;
    auto held = bytes();
    if (held > bytes_max_) {
        std::sort(census_.begin(), census_.end(),
                  [](const Use& a, const Use& b) { return a.last_ns < b.last_ns; });
        for (auto at = census_.begin(); at != census_.end() && held > bytes_max_; ++at) {
            held -= std::min(held, at->bytes);
            evict_until_ns_ = at->last_ns;
        }
    }
    census_.clear();
}

}  // namespace carillon::storage
