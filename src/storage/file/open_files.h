// storage/file/open_files.h: sealed segments that are open, the one used longest ago closed first. Under its
// owner's lock.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

#include "storage/file/io.h"

namespace carillon::storage::file {

class OpenFiles {
 public:
    explicit OpenFiles(std::size_t files_max) : files_max_(files_max) {}

    std::shared_ptr<const File> find(std::uint32_t segment) {
        const auto at = places_.find(segment);
        if (at == places_.end()) return nullptr;
        order_.splice(order_.begin(), order_, at->second);
        return at->second->second;
    }
    void add(std::uint32_t segment, std::shared_ptr<const File> file) {
        forget(segment);
        order_.emplace_front(segment, std::move(file));
        places_[segment] = order_.begin();
        if (order_.size() > files_max_) forget(order_.back().first);
    }
    void forget(std::uint32_t segment) {
        const auto at = places_.find(segment);
        if (at == places_.end()) return;
        order_.erase(at->second);
        places_.erase(at);
    }

 private:
    std::size_t files_max_;
    std::list<std::pair<std::uint32_t, std::shared_ptr<const File>>> order_;
    std::unordered_map<std::uint32_t, decltype(order_)::iterator> places_;
};

}  // namespace carillon::storage::file
