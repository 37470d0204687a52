#include "hub/batch.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace carillon::hub {

std::uint32_t Batch::first_after(std::uint64_t after) const {
    const auto at =
        std::upper_bound(frames.begin(), frames.end(), after,
                         [](std::uint64_t n, const Frame& frame) { return n < frame.number; });
    return static_cast<std::uint32_t>(at - frames.begin());
}

bool Batch::append(const Encoder& format, const Delivery& delivery, std::uint64_t number) {
    const auto before = bytes.size();
    if (!format.encode(delivery, bytes)) {
        ASSERT(bytes.size() == before);
        return false;
    }
    if (by_reference) {
        append({PublicationRef(&delivery.publication), delivery.stamp, 0, 0}, delivery.channel,
               number);
    } else {
        ASSERT(bytes.size() > before);
        close_frame(number);
    }
    return true;
}

// Most frames of a batch are of one channel: its name is written down once.
void Batch::append(Reference reference, std::string_view name, std::uint64_t number) {
    const auto end = static_cast<std::uint32_t>(size() + reference.publication->inbox_bytes());
    references.push_back(std::move(reference));
    auto& kept = references.back();
    const auto* last = references.size() > 1 ? &references[references.size() - 2] : nullptr;
    if (last != nullptr && bytes.view(last->name_at, last->name_at + last->name_bytes) == name) {
        kept.name_at = last->name_at;
    } else {
        kept.name_at = static_cast<std::uint32_t>(bytes.size());
        bytes.append(name);
    }
    kept.name_bytes = static_cast<std::uint32_t>(name.size());
    frames.push_back({number, end});
}

namespace {
std::uint32_t cost_of(const Batch& batch) {
    return static_cast<std::uint32_t>(batch.bytes.capacity() +
                                      batch.frames.capacity() * sizeof(Batch::Frame) +
                                      batch.references.capacity() * sizeof(Batch::Reference) +
                                      (batch.by_reference ? batch.size() : 0));
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

Batch* BatchPool::take(std::size_t bytes, bool by_reference) {
    auto& shelf = shelf_for(bytes);
    auto* batch = shelf.first;
    if (batch != nullptr) {
        shelf.first = batch->next;
        idle_bytes_ -= batch->charged;
    } else {
        batch = new Batch;
        if (!by_reference) batch->bytes.prepare(bytes);
        batch->charged = cost_of(*batch);
    }
    batch->next = nullptr;
    batch->holders = 1;
    batch->source = Source::live;
    batch->open = false;
    batch->by_reference = by_reference;
    live_bytes_ += batch->charged;
    ++live_batches_;
    return batch;
}

void BatchPool::drop(Batch* batch) {
    ASSERT(batch->holders > 0);
    if (--batch->holders != 0) return;
    live_bytes_ -= batch->charged;
    --live_batches_;
    batch->references.clear();
    batch->group.reset();
    batch->by_reference = false;
    batch->charged = cost_of(*batch);
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
