// What an outbox gives up when its client cannot keep up: whole frames, never one of which a byte is
// committed, never a reply; a replay only when the session ends.
#include <algorithm>

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
    bool committed = true;
    const Slice* const free = *split_committed();
    for (Slice* slice = head_; slice != nullptr; slice = slice->next) {
        committed = committed && slice != free;
        if (!is_live(*slice)) continue;
        if (committed) {
            messages += slice->last - slice->first;
            bytes += slice->bytes() - slice->sent;
            continue;
        }
        std::uint32_t keep = 0;
        for (auto frame = slice->first; frame < slice->last && !cutting; ++frame) {
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
    Slice** hole = nullptr;
    for (Slice** at = split_committed(); *at != nullptr && over(policy); at = &(*at)->next) {
        Slice& slice = **at;
        if (!is_live(slice)) continue;
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
    for (Slice** at = split_committed(); *at != nullptr;) {
        Slice& slice = **at;
        if (slice.batch == nullptr) {
            auto& late = static_cast<LateSlice&>(slice);
            if (late.replay != nullptr) debt(Source::replay).messages -= late.replay->left();
            *at = slice.next;
            lane_.slices().give(&slice);
            continue;
        }
        if (slice.batch->source != Source::reply) cut_slice(slice, 0);
        at = &slice.next;
    }
    subtract_late_bytes(late_bytes_);
    forget_empty_slices();
    const auto cut = before - messages();
    lane_.books().pending_outbox.subtract(cut);
    return cut;
}

std::vector<Batch::Reference> Outbox::cut_group(const Group& group,
                                                std::vector<std::string>& names) {
    std::vector<Batch::Reference> cut;
    for (Slice* slice = head_; slice != nullptr; slice = slice->next) {
        if (slice->batch == nullptr || slice->batch->group != &group) continue;
        for (auto frame = slice->first; frame < slice->last; ++frame) {
            cut.push_back(slice->batch->references[frame]);
            names.emplace_back(slice->batch->delivery(frame).channel);
        }
        cut_slice(*slice, 0, false);
    }
    lane_.books().pending_outbox.subtract(cut.size());
    forget_empty_slices();
    return cut;
}

void Outbox::cut_slice(Slice& slice, std::uint32_t keep, bool dropped) {
    const auto last = slice.first + keep;
    if (last == slice.last) return;
    lane_.awaited().take_back(*slice.batch, last, slice.last, dropped);
    auto& owed = debt(slice.batch->source);
    owed.bytes -= slice.batch->frames[slice.last - 1].end - slice.batch->begin_of(last);
    owed.messages -= slice.last - last;
    slice.last = last;
}

// Frames of which a byte is committed get slices of their own, so that what is behind them can go.
// Returns the link to the first slice that may be cut. (Where the tail is, forget_empty_slices finds
// out.)
Slice** Outbox::split_committed() {
    Slice** at = &head_;
    if (*at == nullptr) return at;
    auto left = head_->sent + committed_;  // from the beginning of the first frame
    for (; left != 0; at = &(*at)->next) {
        ASSERT(*at != nullptr && (*at)->batch != nullptr);  // no more than was offered
        Slice& slice = **at;
        if (left < slice.bytes()) split(slice, left);
        left -= std::min<std::size_t>(left, slice.bytes());
    }
    return at;
}

// Behind the frame in which the byte before `bytes` lies, unless that is the last one.
void Outbox::split(Slice& slice, std::size_t bytes) {
    const Batch& batch = *slice.batch;
    const auto end = batch.begin_of(slice.first) + bytes;
    auto first = slice.first + 1;
    while (batch.begin_of(first) < end) ++first;
    if (first == slice.last) return;
    auto* rest = lane_.slices().take();
    *rest = {slice.batch, slice.next, first, slice.last, 0, 0};
    lane_.batches().hold(*slice.batch);
    slice.last = first;
    slice.next = rest;
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
