#include "hub/inbox.h"

#include "base/assert.h"

namespace carillon::hub {

bool Inbox::reserve(std::size_t bytes) {
    // Compare and swap, not add and take back: a refused giant must not make a small neighbour look
    // refused too.
    auto before = reserved_bytes_.load(std::memory_order_relaxed);
    do {
        if (bytes > bytes_max_ - before) return false;
    } while (
        !reserved_bytes_.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
    return true;
}

void Inbox::release(std::size_t bytes) {
    if (bytes != 0) reserved_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

bool Inbox::push(Item item) {
    const std::lock_guard lock(mutex_);
    item.number = last_number_.load(std::memory_order_relaxed) + 1;
    matched_ += item.matched;
    waiting_ += item.matched;
    const auto was_empty = items_.empty();
    items_.push_back(std::move(item));
    last_number_.store(items_.back().number, std::memory_order_release);
    return was_empty;
}

void Inbox::take(std::vector<Item>& into) {
    ASSERT(into.empty());
    const std::lock_guard lock(mutex_);
    items_.swap(into);
    waiting_ = 0;
    taken_number_.store(last_number_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

Inbox::Sums Inbox::sums() const {
    const std::lock_guard lock(mutex_);
    return {matched_, waiting_};
}

}  // namespace carillon::hub
