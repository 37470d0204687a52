// base/count.h: numbers written by one thread and read by any (a scrape). No lock prefix, no shared
// line: a counter costs what an ordinary addition costs.
#pragma once

#include <atomic>
#include <cstdint>

namespace carillon::base {

class Count {
 public:
    void add(std::uint64_t k = 1) {
        n_.store(n_.load(std::memory_order_relaxed) + k, std::memory_order_relaxed);
    }
    // For a gauge kept where things begin and end; it never goes below zero.
    void subtract(std::uint64_t k = 1) {
        n_.store(n_.load(std::memory_order_relaxed) - k, std::memory_order_relaxed);
    }
    std::uint64_t get() const { return n_.load(std::memory_order_relaxed); }

 private:
    std::atomic<std::uint64_t> n_{0};
};

// The same for places that several threads write: refusals, start-up, cold paths.
class SharedCount {
 public:
    void add(std::uint64_t k = 1) { n_.fetch_add(k, std::memory_order_relaxed); }
    void subtract(std::uint64_t k = 1) { n_.fetch_sub(k, std::memory_order_relaxed); }
    std::uint64_t get() const { return n_.load(std::memory_order_relaxed); }

 private:
    std::atomic<std::uint64_t> n_{0};
};

}  // namespace carillon::base
