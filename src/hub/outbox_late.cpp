// What waits in an outbox without being encoded: replays and gap notices. They turn into frames at
// the front of the queue, a page at a time, so that a joiner that reads slowly holds references to
// what everybody shares and not a copy of it.
#include <algorithm>
#include <string>

#include "base/assert.h"
#include "base/limits.h"
#include "hub/lane.h"

namespace carillon::hub {

LateSlice* SlicePool::take_late() {
    ++live_;
    auto* slice = new LateSlice;
    *static_cast<Slice*>(slice) = {nullptr, nullptr, 0, 1, 0, 0};
    return slice;
}

bool Outbox::has_room_for(const Replay& missed, const OutboxPolicy& policy) const {
    return messages() + std::size_t{missed.left()} <= policy.messages_max &&
           bytes() + late_bytes_ + missed.bytes() <= policy.bytes_max &&
           lane_.replay_bytes_ + missed.bytes() <= lane_.limits_.replay_bytes_max;
}

void Outbox::add_late_bytes(std::size_t bytes) {
    late_bytes_ += bytes;
    lane_.replay_bytes_ += bytes;
}

void Outbox::subtract_late_bytes(std::size_t bytes) {
    late_bytes_ -= bytes;
    lane_.replay_bytes_ -= bytes;
}

void Outbox::push(std::unique_ptr<Replay> missed) {
    debt(Source::replay).messages += missed->left();
    lane_.books().pending_outbox.add(missed->left());
    add_late_bytes(missed->bytes());
    auto* slice = lane_.slices().take_late();
    slice->replay = std::move(missed);
    append(*slice);
}

void Outbox::open_front() {
    while (head_ != nullptr && head_->batch == nullptr) {
        auto& late = static_cast<LateSlice&>(*head_);
        auto last = Replay::Next::none;
        Batch* page =
            late.replay != nullptr ? encode_page(*late.replay, last) : encode_gap(late.dropped);
        if (page == nullptr && last == Replay::Next::later) return;
        if (page == nullptr && last == Replay::Next::lost) {
            // It was promised what cannot be had any more: it is told by its end, and comes back.
            if (session_ != nullptr && !session_->closing()) {
                return lane_.doom(*session_, CloseReason::lost);
            }
            give_up_replay(*late.replay);
            pop();
            continue;
        }
        if (late.replay == nullptr || late.replay->left() == 0) {
            head_ = late.next;
            if (head_ == nullptr) tail_ = nullptr;
            lane_.slices().give(&late);
        }
        if (page == nullptr) continue;  // nothing of it is shown
        auto& slice = slice_of(*page);
        slice.next = head_;
        head_ = &slice;
        if (tail_ == nullptr) tail_ = &slice;
    }
}

// What is left of it is not heard.
void Outbox::give_up_replay(const Replay& missed) {
    lane_.books().left.add(missed.left());
    lane_.books().pending_outbox.subtract(missed.left());
    debt(Source::replay).messages -= missed.left();
    subtract_late_bytes(missed.bytes());
}

Batch* Outbox::encode_page(Replay& missed, Replay::Next& last) {
    auto& books = lane_.books();
    Batch* page = lane_.batches().take(std::min(missed.bytes(), limits::batch_bytes_max),
                                       missed.format().by_reference());
    page->source = Source::replay;
    const auto bytes_before = missed.bytes();
    while (missed.left() != 0 && page->size() < limits::batch_bytes_max) {
        last = missed.encode_next(*page);
        if (last == Replay::Next::encoded) continue;
        if (last != Replay::Next::none) break;
        books.filtered.add();
        books.pending_outbox.subtract();
        --debt(Source::replay).messages;
    }
    subtract_late_bytes(bytes_before - missed.bytes());
    debt(Source::replay).bytes += page->size();
    books.encoded.add(page->frame_count());
    if (!page->frames.empty()) return page;
    lane_.batches().drop(page);
    return nullptr;
}

Batch* Outbox::encode_gap(std::uint64_t dropped) {
    const auto body = std::to_string(dropped);
    const auto notice =
        Publication::make({.kind = Kind::gap, .body_kind = BodyKind::text, .body = body});
    Batch* page = lane_.batches().take(notice->inbox_bytes(),
                                       session_ != nullptr && session_->format().by_reference());
    page->source = Source::reply;
    if (session_ != nullptr && page->append(session_->format(), {*notice, {}, {}}, 0)) {
        debt(Source::reply).messages += 1;
        debt(Source::reply).bytes += page->size();
        return page;
    }
    lane_.batches().drop(page);
    return nullptr;
}

// `at`: what is dropped stood before the slice it points to. One notice for one hole, however often
// it grows.
void Outbox::note_gap(Slice** at, std::uint32_t dropped) {
    Slice* before = nullptr;
    std::uint32_t pinned = 0;  // by slices of one batch, side by side: the first of them says it
    for (Slice* slice = head_; slice != *at; slice = slice->next) {
        if (before == nullptr || before->batch != slice->batch || slice->pinned != 0) {
            pinned = slice->pinned;
        }
        before = slice;
    }
    if (before != nullptr && before->batch == nullptr) {
        auto& late = static_cast<LateSlice&>(*before);
        if (late.replay == nullptr) {
            late.dropped += dropped;
            return;
        }
    }
    if (before != nullptr && *at != nullptr && (*at)->batch == before->batch &&
        (*at)->pinned == 0) {
        (*at)->pinned = pinned;  // no longer side by side: each pins the batch
        pinned_bytes_ += pinned;
    }
    auto* notice = lane_.slices().take_late();
    notice->dropped = dropped;
    notice->next = *at;
    *at = notice;
    if (notice->next == nullptr) tail_ = notice;
}

void Outbox::each_frame(const std::function<void(std::string_view, bool)>& visit) const {
    for (const Slice* slice = head_; slice != nullptr; slice = slice->next) {
        if (slice->batch == nullptr) {
            const auto& late = static_cast<const LateSlice&>(*slice);
            if (late.replay == nullptr) continue;
            late.replay->each_frame([&](std::string_view frame) { visit(frame, false); });
            continue;
        }
        const auto base = slice->batch->begin_of(slice->first);
        for (auto frame = slice->first; frame < slice->last; ++frame) {
            if (slice->batch->frames[frame].end - base <= slice->sent) continue;
            visit(slice->batch->shown(frame), slice->batch->source == Source::reply);
        }
    }
}

}  // namespace carillon::hub
