#include "hub/outbox.h"

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"
#include "hub/lane.h"

namespace carillon::hub {

namespace {
std::size_t bytes_of(const Slice& slice) {
    return slice.batch->frames[slice.last - 1].end - slice.batch->begin_of(slice.first);
}
}  // namespace

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
}

std::size_t Outbox::gather(std::span<iovec> pieces, std::size_t bytes_max) const {
    std::size_t used = 0;
    std::size_t bytes = 0;
    for (const Slice* slice = head_; slice != nullptr && used < pieces.size() && bytes < bytes_max;
         slice = slice->next) {
        auto view = slice->batch->view(slice->first, slice->last);
        view.remove_prefix(slice->sent);
        view = view.substr(0, bytes_max - bytes);
        pieces[used++] = {const_cast<char*>(view.data()), view.size()};
        bytes += view.size();
    }
    return used;
}

void Outbox::consume(std::size_t bytes) {
    auto& books = lane_.books();
    books.bytes_sent.add(bytes);
    std::uint32_t delivered = 0;
    while (bytes != 0) {
        Slice& slice = *head_;
        const bool reply = slice.batch->reply;
        const auto taken = std::min(bytes, bytes_of(slice) - slice.sent);
        bytes -= taken;
        slice.sent += static_cast<std::uint32_t>(taken);
        (reply ? reply_bytes_ : message_bytes_) -= taken;
        while (slice.first < slice.last) {
            const auto size =
                slice.batch->frames[slice.first].end - slice.batch->begin_of(slice.first);
            if (slice.sent < size) break;
            slice.sent -= size;
            ++slice.first;
            if (!reply) ++delivered;
        }
        if (slice.first == slice.last) pop();
    }
    messages_ -= delivered;
    books.pending_outbox.subtract(delivered);
    books.delivered.add(delivered);
}

void Outbox::unblock() {
    blocked_ = false;
    if (!empty()) lane_.list(*this);
}

void Outbox::push(Batch& batch, std::uint32_t first, std::uint32_t last) {
    ASSERT(first < last);
    const auto bytes = batch.frames[last - 1].end - batch.begin_of(first);
    if (batch.reply) {
        reply_bytes_ += bytes;
    } else {
        message_bytes_ += bytes;
        messages_ += last - first;
        lane_.books().pending_outbox.add(last - first);
    }
    if (tail_ != nullptr && tail_->batch == &batch && tail_->last == first) {
        tail_->last = last;
        if (batch.reply) {
            tail_->pinned += bytes;
            pinned_bytes_ += bytes;
        }
        return;
    }
    auto pinned = static_cast<std::uint32_t>(batch.bytes.size());
    if (batch.open) pinned = std::max<std::uint32_t>(pinned, limits::batch_bytes_max);
    if (tail_ != nullptr && tail_->batch == &batch) pinned = 0;
    auto* slice = lane_.slices().take();
    *slice = {&batch, nullptr, first, last, 0, pinned};
    lane_.batches().hold(batch);
    pinned_bytes_ += pinned;
    (tail_ == nullptr ? head_ : tail_->next) = slice;
    tail_ = slice;
}

void Outbox::pop() {
    auto* slice = head_;
    head_ = slice->next;
    if (head_ == nullptr) tail_ = nullptr;
    if (head_ != nullptr && head_->batch == slice->batch) {
        head_->pinned = slice->pinned;
    } else {
        pinned_bytes_ -= slice->pinned;
    }
    lane_.batches().drop(slice->batch);
    lane_.slices().give(slice);
}

std::uint32_t Outbox::cut(std::uint32_t messages_max, std::size_t bytes_max) {
    const auto before = messages_;
    std::uint32_t messages = 0;
    std::size_t bytes = 0;
    bool cutting = false;
    for (Slice* slice = head_; slice != nullptr; slice = slice->next) {
        if (slice->batch->reply) continue;
        std::uint32_t keep = slice == head_ && slice->sent != 0 ? 1 : 0;  // the committed frame
        if (keep != 0) {
            messages = 1;
            bytes = slice->batch->frames[slice->first].end - slice->batch->begin_of(slice->first) -
                    slice->sent;
        }
        for (auto frame = slice->first + keep; frame < slice->last && !cutting; ++frame) {
            bytes += slice->batch->frames[frame].end - slice->batch->begin_of(frame);
            cutting = ++messages > messages_max || bytes > bytes_max;
            if (!cutting) ++keep;
        }
        cut_slice(*slice, keep);
    }
    forget_empty_slices();
    lane_.books().pending_outbox.subtract(before - messages_);
    return before - messages_;
}

void Outbox::cut_slice(Slice& slice, std::uint32_t keep) {
    const auto last = slice.first + keep;
    if (last == slice.last) return;
    message_bytes_ -= slice.batch->frames[slice.last - 1].end - slice.batch->begin_of(last);
    messages_ -= slice.last - last;
    slice.last = last;
}

void Outbox::forget_empty_slices() {
    Slice* kept_tail = nullptr;
    for (Slice** link = &head_; *link != nullptr;) {
        Slice* slice = *link;
        if (slice->first != slice->last) {
            kept_tail = slice;
            link = &slice->next;
            continue;
        }
        *link = slice->next;
        if (slice->next != nullptr && slice->next->batch == slice->batch) {
            slice->next->pinned += slice->pinned;
        } else {
            pinned_bytes_ -= slice->pinned;
        }
        lane_.batches().drop(slice->batch);
        lane_.slices().give(slice);
    }
    tail_ = kept_tail;
}

void Outbox::discard() {
    auto& books = lane_.books();
    books.left.add(messages_);
    books.pending_outbox.subtract(messages_);
    while (head_ != nullptr) pop();
    messages_ = 0;
    message_bytes_ = 0;
    reply_bytes_ = 0;
}

// An outbox pins at most four times what it owes plus one batch: above that, what it owes moves to
// batches of its own. Each copy means that three quarters of what was pinned are gone, so the
// copying is paid for.
void Outbox::compact() {
    // A committed frame is copied whole, so it counts whole: else its last bytes would cost a copy
    // of it at each visit.
    const auto owed = message_bytes_ + reply_bytes_ + head_->sent;
    if (pinned_bytes_ <= 4 * owed + limits::batch_bytes_max) return;
    Slice* old = head_;
    const auto sent = old->sent;
    head_ = nullptr;
    tail_ = nullptr;
    pinned_bytes_ = 0;
    Batch* copy = nullptr;
    while (old != nullptr) {
        for (auto frame = old->first; frame < old->last; ++frame)
            copy = copy_frame(*old, frame, copy);
        auto* done = old;
        old = old->next;
        lane_.batches().drop(done->batch);
        lane_.slices().give(done);
    }
    adopt(copy);
    head_->sent = sent;
}

// Appends the frame to `copy`, or to a new batch when that is full or of the other kind. Returns
// the batch used.
Batch* Outbox::copy_frame(const Slice& from, std::uint32_t frame, Batch* copy) {
    const auto bytes = from.batch->view(frame, frame + 1);
    if (copy != nullptr && (copy->reply != from.batch->reply ||
                            copy->bytes.size() + bytes.size() > limits::batch_bytes_max)) {
        adopt(copy);
        copy = nullptr;
    }
    if (copy == nullptr) {
        copy = lane_.batches().take(bytes.size());
        copy->reply = from.batch->reply;
    }
    copy->bytes.append(bytes);
    copy->close_frame(from.batch->frames[frame].number);
    return copy;
}

// Makes the whole of a copied batch a slice. Its frames are counted already: nothing is added to
// what is owed.
void Outbox::adopt(Batch* copy) {
    auto& batches = lane_.batches();
    batches.charge(*copy);
    auto* slice = lane_.slices().take();
    const auto bytes = static_cast<std::uint32_t>(copy->bytes.size());
    *slice = {copy, nullptr, 0, copy->frame_count(),
              0,    bytes};  // the batch's one holder is now this slice
    pinned_bytes_ += bytes;
    (tail_ == nullptr ? head_ : tail_->next) = slice;
    tail_ = slice;
}

}  // namespace carillon::hub
