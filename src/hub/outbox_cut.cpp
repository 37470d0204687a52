// What an outbox gives up when its client cannot keep up: whole frames, never a committed one, never
// a reply; a replay only when the session ends.
#include "base/assert.h"
#include "hub/lane.h"

namespace carillon::hub {

namespace {
std::uint32_t size_of(const Slice& slice, std::uint32_t frame) {
    return slice.batch->frames[frame].end - slice.batch->begin_of(frame);
}
bool is_live(const Slice& slice) {
    return slice.batch != nullptr && slice.batch->source == Source::live;
}
}  // namespace

// Goes through the queue once: what fits stays, and from the first frame that does not, none does.
std::uint32_t Outbox::cut_newest(const OutboxPolicy& policy) {
    const auto before = live().messages;
    std::uint32_t messages = 0;
    std::size_t bytes = 0;
    bool cutting = false;
    for (Slice* slice = head_; slice != nullptr; slice = slice->next) {
        if (!is_live(*slice)) continue;
        std::uint32_t keep = slice == head_ && slice->sent != 0 ? 1 : 0;  // the committed frame
        if (keep != 0) {
            messages = 1;
            bytes = size_of(*slice, slice->first) - slice->sent;
        }
        for (auto frame = slice->first + keep; frame < slice->last && !cutting; ++frame) {
            bytes += size_of(*slice, frame);
            cutting = ++messages > policy.messages_max || bytes > policy.bytes_max;
            if (!cutting) ++keep;
        }
        cut_slice(*slice, keep);
    }
    forget_empty_slices();
    const auto cut = before - live().messages;
    lane_.books().pending_outbox.subtract(cut);
    if (cut != 0 && policy.gap_notice) note_gap(tail_ == nullptr ? &head_ : &tail_->next, cut);
    return cut;
}

std::uint32_t Outbox::cut_oldest(const OutboxPolicy& policy) {
    const auto before = live().messages;
    auto& owed = debt(Source::live);
    split_committed();
    Slice** hole = nullptr;
    for (Slice** at = &head_; *at != nullptr && over(policy); at = &(*at)->next) {
        Slice& slice = **at;
        if (!is_live(slice) || slice.sent != 0) continue;
        if (hole == nullptr) hole = at;
        for (; slice.first < slice.last && over(policy); ++slice.first) {
            lane_.awaited().take_back(*slice.batch, slice.first, slice.first + 1, true);
            owed.bytes -= size_of(slice, slice.first);
            --owed.messages;
        }
    }
    const auto cut = before - live().messages;
    lane_.books().pending_outbox.subtract(cut);
    if (cut != 0 && policy.gap_notice) note_gap(hole, cut);
    forget_empty_slices();
    return cut;
}

std::uint32_t Outbox::cut_all() {
    const auto before = messages();
    split_committed();
    for (Slice** at = &head_; *at != nullptr;) {
        Slice& slice = **at;
        if (slice.batch == nullptr) {
            auto& late = static_cast<LateSlice&>(slice);
            if (late.replay != nullptr) debt(Source::replay).messages -= late.replay->left();
            *at = slice.next;
            lane_.slices().give(&slice);
            continue;
        }
        if (slice.batch->source != Source::reply && slice.sent == 0) cut_slice(slice, 0);
        at = &slice.next;
    }
    subtract_late_bytes(late_bytes_);
    forget_empty_slices();
    const auto cut = before - messages();
    lane_.books().pending_outbox.subtract(cut);
    return cut;
}

void Outbox::cut_slice(Slice& slice, std::uint32_t keep) {
    const auto last = slice.first + keep;
    if (last == slice.last) return;
    lane_.awaited().take_back(*slice.batch, last, slice.last, true);
    auto& owed = debt(slice.batch->source);
    owed.bytes -= slice.batch->frames[slice.last - 1].end - slice.batch->begin_of(last);
    owed.messages -= slice.last - last;
    slice.last = last;
}

// The committed frame becomes a slice of its own, so that what is behind it can go. (Where the tail
// is, forget_empty_slices finds out.)
void Outbox::split_committed() {
    if (head_ == nullptr || head_->sent == 0 || head_->first + 1 == head_->last) return;
    auto* rest = lane_.slices().take();
    *rest = {head_->batch, head_->next, head_->first + 1, head_->last, 0, 0};
    lane_.batches().hold(*head_->batch);
    head_->last = head_->first + 1;
    head_->next = rest;
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

}  // namespace carillon::hub
