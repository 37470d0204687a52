#include "storage/journal/queue.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "base/assert.h"

namespace carillon::storage {

namespace {

// Then the writer comes at once.
constexpr std::size_t much_bytes = 1024 * 1024;
// Of messages for which memory is kept although none is there; 24 bytes each.
constexpr std::size_t spare_places_max = 256 * 1024;

}  // namespace

JournalQueue::JournalQueue(std::size_t bytes_max)
    : bytes_max_(bytes_max), bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    ASSERT(bell_ >= 0);
}

JournalQueue::~JournalQueue() { ::close(bell_); }

void JournalQueue::add(JournalChannel& channel) {
    bool wake = false;
    {
        const std::scoped_lock lock(mutex_);
        channels_.push_back(&channel);
        if (!spares_.empty()) {
            channel.filling.swap(spares_.back());
            spares_.pop_back();
            spare_places_ -= channel.filling.capacity();
        }
        wake = std::exchange(asleep_, false);
    }
    if (wake) hurry();
}

void JournalQueue::add(Saved saved) {
    count(saved.bytes());
    bool wake = false;
    {
        const std::scoped_lock lock(mutex_);
        saved_.push_back(std::move(saved));
        wake = std::exchange(asleep_, false);
    }
    if (wake) hurry();
}

void JournalQueue::count(std::size_t bytes) {
    const auto before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before < much_bytes && before + bytes >= much_bytes) hurry();
    if (before + bytes > bytes_max_) overloaded_.store(true, std::memory_order_relaxed);
}

void JournalQueue::uncount(std::size_t bytes) {
    const auto left = bytes_.fetch_sub(bytes, std::memory_order_relaxed) - bytes;
    if (left <= bytes_max_ / 2) overloaded_.store(false, std::memory_order_relaxed);
}

void JournalQueue::hurry() {
    const std::uint64_t one = 1;
    // It fails only when it was rung 2^64 times and nobody came.
    (void)!::write(bell_, &one, sizeof one);
}

bool JournalQueue::wait(std::int64_t at_most_ms) {
    {
        const std::scoped_lock lock(mutex_);
        if (anything()) return true;
        asleep_ = true;
    }
    pause(at_most_ms);
    const std::scoped_lock lock(mutex_);
    asleep_ = false;
    return anything();
}

void JournalQueue::linger(std::int64_t ms) {
    if (bytes() < much_bytes) pause(ms);
}

void JournalQueue::pause(std::int64_t ms) {
    pollfd bell{.fd = bell_, .events = POLLIN, .revents = 0};
    const auto bounded = std::clamp<std::int64_t>(ms, 0, 60'000);
    if (::poll(&bell, 1, static_cast<int>(bounded)) <= 0) return;
    std::uint64_t rings = 0;
    (void)!::read(bell_, &rings, sizeof rings);
}

void JournalQueue::take(std::vector<JournalChannel*>& channels, std::vector<Saved>& saved) {
    const std::scoped_lock lock(mutex_);
    channels.swap(channels_);
    saved.swap(saved_);
}

void JournalQueue::give_back(std::vector<std::vector<Pending>>& spares) {
    const std::scoped_lock lock(mutex_);
    for (auto& spare : spares) {
        if (spare_places_ + spare.capacity() > spare_places_max) break;
        spare_places_ += spare.capacity();
        spares_.push_back(std::move(spare));
    }
}

}  // namespace carillon::storage
