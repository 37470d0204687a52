#include "hub/batch.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::hub {

std::uint32_t Batch::first_after(std::uint64_t after) const {
    const auto at =
        std::upper_bound(frames.begin(), frames.end(), after,
                         [](std::uint64_t n, const Frame& frame) { return n < frame.number; });
    return static_cast<std::uint32_t>(at - frames.begin());
}

namespace {
std::uint32_t cost_of(const Batch& batch) {
    return static_cast<std::uint32_t>(batch.bytes.capacity() +
                                      batch.frames.capacity() * sizeof(Batch::Frame));
}
}  // namespace

BatchPool::~BatchPool() {
    for (auto* shelf : {&small_, &large_}) {
        while (shelf->first != nullptr) {
            auto* batch = shelf->first;
            shelf->first = batch->next;
            delete batch;
        }
    }
}

Batch* BatchPool::take(std::size_t bytes) {
    auto& shelf = shelf_for(bytes);
    auto* batch = shelf.first;
    if (batch != nullptr) {
        shelf.first = batch->next;
        idle_bytes_ -= batch->charged;
    } else {
        batch = new Batch;
        batch->bytes.prepare(bytes);
        batch->charged = cost_of(*batch);
    }
    batch->next = nullptr;
    batch->holders = 1;
    batch->source = Source::live;
    batch->open = false;
    live_bytes_ += batch->charged;
    ++live_batches_;
    return batch;
}

void BatchPool::drop(Batch* batch) {
    ASSERT(batch->holders > 0);
    if (--batch->holders != 0) return;
    charge(*batch);
    live_bytes_ -= batch->charged;
    --live_batches_;
    if (idle_bytes_ + batch->charged > idle_bytes_max) {
        delete batch;
        return;
    }
    batch->bytes.clear();
    batch->frames.clear();
    auto& shelf = shelf_for(batch->charged);
    batch->next = shelf.first;
    shelf.first = batch;
    idle_bytes_ += batch->charged;
}

void BatchPool::charge(Batch& batch) {
    const auto cost = cost_of(batch);
    live_bytes_ += cost - static_cast<std::size_t>(batch.charged);
    batch.charged = cost;
}

void BatchPool::trim(Batch& batch) {
    if (batch.bytes.size() >= batch.bytes.capacity() / 4) return;
    batch.bytes.shrink_to_fit();
    charge(batch);
}

}  // namespace carillon::hub
