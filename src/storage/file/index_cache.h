// storage/file/index_cache.h: where the blocks of a channel are in a sealed segment, as it was read last; those
// used longest ago go first. Under its owner's lock.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "storage/file/segment_format.h"

namespace carillon::storage::file {

class IndexCache {
 public:
    using Blocks = std::shared_ptr<const std::vector<BlockRef>>;

    explicit IndexCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    Blocks find(std::uint32_t segment, std::uint32_t channel) {
        const auto at = places_.find({segment, channel});
        if (at == places_.end()) return nullptr;
        order_.splice(order_.begin(), order_, at->second);
        return at->second->blocks;
    }
    void add(std::uint32_t segment, std::uint32_t channel, Blocks blocks) {
        if (places_.contains({segment, channel})) return;
        bytes_ += cost(*blocks);
        order_.push_front({{segment, channel}, std::move(blocks)});
        places_[{segment, channel}] = order_.begin();
        while (bytes_ > bytes_max_ && order_.size() > 1) drop(std::prev(order_.end()));
    }
    void forget(std::uint32_t segment) {
        auto at = places_.lower_bound({segment, 0});
        while (at != places_.end() && at->first.first == segment) drop((at++)->second);
    }
    std::size_t bytes() const { return bytes_; }

 private:
    using Key = std::pair<std::uint32_t, std::uint32_t>;
    struct Item {
        Key key;
        Blocks blocks;
    };
    using Place = std::list<Item>::iterator;

    static std::size_t cost(const std::vector<BlockRef>& blocks) {
        return blocks.size() * sizeof(BlockRef) + 160;
    }
    void drop(Place item) {
        bytes_ -= cost(*item->blocks);
        places_.erase(item->key);
        order_.erase(item);
    }

    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::list<Item> order_;  // used last, first
    std::map<Key, Place> places_;
};

}  // namespace carillon::storage::file
