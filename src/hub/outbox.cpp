#include "hub/outbox.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "hub/lane.h"

namespace carillon::hub {

SlicePool::~SlicePool() {
    while (idle_ != nullptr) {
        auto* slice = idle_;
        idle_ = slice->next;
        delete slice;
    }
}

Slice* SlicePool::take() {
    ++live_;
    if (idle_ == nullptr) return new Slice;
    auto* slice = idle_;
    idle_ = slice->next;
    --idle_count_;
    return slice;
}

void SlicePool::give(Slice* slice) {
    --live_;
    if (slice->batch == nullptr) return delete static_cast<LateSlice*>(slice);
    if (idle_count_ >= idle_max) {
        delete slice;
        return;
    }
    slice->next = idle_;
    idle_ = slice;
    ++idle_count_;
}

Outbox::~Outbox() {
    ASSERT(session_ == nullptr);
    lane_.forget(*this);
    ASSERT(pinned_bytes_ == 0 && late_bytes_ == 0);
}

std::size_t Outbox::gather(std::span<iovec> pieces, std::size_t bytes_max) const {
    std::size_t used = 0;
    std::size_t bytes = 0;
    for (const Slice* slice = head_;
         slice != nullptr && slice->batch != nullptr && used < pieces.size() && bytes < bytes_max;
         slice = slice->next) {
        auto view = slice->batch->view(slice->first, slice->last);
        view.remove_prefix(slice->sent);
        view = view.substr(0, bytes_max - bytes);
        pieces[used++] = {const_cast<char*>(view.data()), view.size()};
        bytes += view.size();
    }
    return used;
}

std::size_t Outbox::copy_front(std::span<char> into) const {
    std::size_t bytes = 0;
    for (const Slice* slice = head_; slice != nullptr && slice->batch != nullptr;
         slice = slice->next) {
        auto view = slice->batch->view(slice->first, slice->last);
        view.remove_prefix(slice->sent);
        view = view.substr(0, into.size() - bytes);
        view.copy(into.data() + bytes, view.size());
        bytes += view.size();
        if (bytes == into.size()) break;
    }
    return bytes;
}

void Outbox::consume(std::size_t bytes) {
    committed_ = 0;
    forward(bytes);
}

void Outbox::forward(std::size_t bytes) {
    auto& books = lane_.books();
    std::size_t bytes_sent = 0;
    std::uint32_t complete = 0;
    std::uint32_t delivered = 0;
    std::uint32_t live_delivered = 0;  // a replay took no room from its gate
    while (bytes != 0) {
        Slice& slice = *head_;
        auto& owed = debt(slice.batch->source);
        const auto taken = std::min(bytes, slice.bytes() - slice.sent);
        bytes -= taken;
        slice.sent += static_cast<std::uint32_t>(taken);
        owed.bytes -= taken;
        if (!slice.batch->by_reference) bytes_sent += taken;
        const auto before = slice.first;
        while (slice.first < slice.last) {
            const auto size =
                slice.batch->frames[slice.first].end - slice.batch->begin_of(slice.first);
            if (slice.sent < size) break;
            slice.sent -= size;
            ++slice.first;
        }
        owed.messages -= slice.first - before;
        complete += slice.first - before;
        if (slice.batch->source != Source::reply) delivered += slice.first - before;
        if (slice.batch->source == Source::live) live_delivered += slice.first - before;
        if (slice.first == slice.last) pop();
    }
    books.pending_outbox.subtract(delivered);
    books.delivered.add(delivered);
    books.bytes_sent.add(bytes_sent);
    if (session_ != nullptr) {
        if (session_->gate() != nullptr) session_->gate()->give_back(live_delivered);
        session_->app_books().sent.add(complete);
        session_->app_books().sent_bytes.add(bytes_sent);
    }
    open_front();
}

void Outbox::consume_front(std::uint32_t count) {
    const auto& slice = *head_;
    consume(slice.batch->frames[slice.first + count - 1].end - slice.batch->begin_of(slice.first));
}

void Outbox::unblock() {
    blocked_ = false;
    if (!empty()) lane_.list(*this);
}

void Outbox::push(Batch& batch, std::uint32_t first, std::uint32_t last) {
    ASSERT(first < last);
    const auto bytes = batch.frames[last - 1].end - batch.begin_of(first);
    auto& owed = debt(batch.source);
    owed.bytes += bytes;
    owed.messages += last - first;
    if (batch.source == Source::live) lane_.books().pending_outbox.add(last - first);
    if (tail_ != nullptr && tail_->batch == &batch && tail_->last == first) {
        tail_->last = last;
        if (batch.holders == 1) {  // it is this outbox's own, and has just grown
            tail_->pinned += bytes;
            pinned_bytes_ += bytes;
        }
        return;
    }
    auto pinned = static_cast<std::uint32_t>(batch.size());
    if (batch.open) pinned = std::max<std::uint32_t>(pinned, limits::batch_bytes_max);
    if (tail_ != nullptr && tail_->batch == &batch) pinned = 0;
    auto* slice = lane_.slices().take();
    *slice = {&batch, nullptr, first, last, 0, pinned};
    lane_.batches().hold(batch);
    pinned_bytes_ += pinned;
    append(*slice);
}

void Outbox::append(Slice& slice) {
    (tail_ == nullptr ? head_ : tail_->next) = &slice;
    tail_ = &slice;
}

void Outbox::pop() {
    auto* slice = head_;
    head_ = slice->next;
    if (head_ == nullptr) tail_ = nullptr;
    if (slice->batch != nullptr) {
        if (head_ != nullptr && head_->batch == slice->batch && head_->pinned == 0) {
            head_->pinned = slice->pinned;
        } else {
            pinned_bytes_ -= slice->pinned;
        }
        lane_.batches().drop(slice->batch);
    }
    lane_.slices().give(slice);
}

void Outbox::discard() {
    auto& books = lane_.books();
    books.left.add(messages());
    books.pending_outbox.subtract(messages());
    while (head_ != nullptr) pop();
    debt_ = {};
    committed_ = 0;
    subtract_late_bytes(late_bytes_);
}

// An outbox pins at most four times what it owes plus one batch: above that, what it owes moves to
// batches of its own. Each copy means that three quarters of what was pinned are gone, so the
// copying is paid for.
void Outbox::compact(std::size_t spare) {
    // A frame that is half sent is copied whole, so it counts whole: else its last bytes would cost
    // a copy of it at each visit.
    if (pinned_bytes_ <= 4 * held_bytes() + spare) return;
    Slice* old = head_;
    const auto sent = old->sent;
    head_ = nullptr;
    tail_ = nullptr;
    pinned_bytes_ = 0;
    Batch* copy = nullptr;
    while (old != nullptr) {
        auto* done = std::exchange(old, old->next);
        if (done->batch == nullptr) {  // holds no batch, and keeps its place
            adopt(std::exchange(copy, nullptr));
            done->next = nullptr;
            append(*done);
            continue;
        }
        for (auto frame = done->first; frame < done->last; ++frame)
            copy = copy_frame(*done, frame, copy);
        lane_.batches().drop(done->batch);
        lane_.slices().give(done);
    }
    adopt(copy);
    head_->sent = sent;
}

// Appends the frame to `copy`, or to a new batch when that is full or of the other kind. Returns
// the batch used.
Batch* Outbox::copy_frame(const Slice& from, std::uint32_t frame, Batch* copy) {
    const Batch& old = *from.batch;
    const auto bytes = old.frames[frame].end - old.begin_of(frame);
    if (copy != nullptr &&
        (copy->source != old.source || copy->by_reference != old.by_reference ||
         copy->group != old.group || copy->size() + bytes > limits::batch_bytes_max)) {
        adopt(copy);
        copy = nullptr;
    }
    if (copy == nullptr) {
        copy = lane_.batches().take(bytes, old.by_reference);
        copy->source = old.source;
        copy->group = old.group;
    }
    const auto number = old.frames[frame].number;
    if (old.by_reference) {
        copy->append(old.references[frame], old.delivery(frame).channel, number);
    } else {
        copy->bytes.append(old.view(frame, frame + 1));
        copy->close_frame(number);
    }
    return copy;
}

// Its frames are counted already: nothing is added to what is owed.
void Outbox::adopt(Batch* copy) {
    if (copy != nullptr) append(slice_of(*copy));
}

Slice& Outbox::slice_of(Batch& batch) {
    lane_.batches().charge(batch);
    const auto bytes = static_cast<std::uint32_t>(batch.size());
    auto* slice = lane_.slices().take();
    *slice = {&batch, nullptr, 0, batch.frame_count(), 0, bytes};
    pinned_bytes_ += bytes;
    return *slice;
}

}  // namespace carillon::hub
