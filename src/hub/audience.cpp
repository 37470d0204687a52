#include "hub/audience.h"

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"
#include "hub/channel.h"
#include "hub/lane.h"
#include "hub/spread.h"

namespace carillon::hub {

void Audience::join(Lane& lane, Subscription& subscription, Outbox& outbox, std::uint64_t after) {
    subscription.audience = this;
    subscription.entry = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({&outbox, after, &subscription});
    tally_.join(after, lane.taken_number());
    lane.books().subscriptions.add();
}

void Audience::hand_over(Lane& lane, Subscription& subscription) {
    Entry& entry = entries_[subscription.entry];
    if (entry.after >= lane.taken_number()) return;
    if (subscription.entry >= cursor) offer(lane, entry, offering_);
    offer(lane, entry, fresh_);
    entry.after = lane.taken_number();
}

void Audience::leave(Lane& lane, Subscription& subscription) {
    Entry& entry = entries_[subscription.entry];
    ASSERT(entry.owner == &subscription);
    std::erase(plural_, &subscription);
    auto missed = forgo(lane, entry, fresh_);
    if (subscription.entry >= cursor) missed += forgo(lane, entry, offering_);
    lane.books().pending_batch.subtract(missed);
    lane.books().left.add(missed);
    tally_.leave(entry.after, lane.taken_number());
    lane.books().subscriptions.subtract();
    entry.outbox = nullptr;
    entry.owner = nullptr;
    lane.note_departure(*this, subscription.entry);
}

void Audience::settle(Lane& lane, std::uint64_t until) {
    tally_.settle(until, lane.taken_number());
}

std::uint32_t Audience::deliver(Lane& lane, const Item& item, std::string_view channel,
                                std::span<LaneChannel* const> earlier) {
    tally_.advance(item.number);
    auto hearing = tally_.hearing();
    const auto answered = hearing + tally_.left();
    lane.books().left.add(tally_.left());

    if (hearing != 0 && item.publication->exclude()) {
        auto* excluded = lane.find_subscription(item.publication->exclude(), *this);
        if (excluded != nullptr && entries_[excluded->entry].after < item.number) {
            step_over(lane, *excluded, item.number);
            lane.books().filtered.add();
            --hearing;
        }
    }
    if (!earlier.empty()) {
        for (auto* subscription : plural_) {
            if (entries_[subscription->entry].after >= item.number ||
                !heard_earlier(*subscription->session, earlier, item.number)) {
                continue;
            }
            step_over(lane, *subscription, item.number);
            lane.books().filtered.add();
            --hearing;
        }
    }
    if (hearing == 0) return answered;

    Batch& batch = open_batch(lane, item.publication->inbox_bytes());
    if (channel.empty()) channel = local_.channel().name();
    const auto begin = batch.size();
    if (batch.append(format_, {*item.publication, channel, item.stamp}, item.number)) {
        lane.books().pending_batch.add(hearing);
        if (countdown_of(item) != nullptr) lane.awaited().hear(hearing);
        lane.note_encoded(batch, batch.size() - begin);
    } else {
        lane.books().filtered.add(hearing);
    }
    return answered;
}

void Audience::note_plural(Subscription& subscription) {
    if (std::find(plural_.begin(), plural_.end(), &subscription) == plural_.end()) {
        plural_.push_back(&subscription);
    }
}

// One session, one copy: whoever hears the item in an audience that came first steps over it here.
bool Audience::heard_earlier(const Session& session, std::span<LaneChannel* const> earlier,
                             std::uint64_t number) const {
    return std::any_of(earlier.begin(), earlier.end(), [&](const LaneChannel* one) {
        if (!one->heard()) return false;  // its channel may be gone, and with it its name
        const auto* other = session.subscription_to(*one);
        return other != nullptr && other->audience->entries_[other->entry].after < number;
    });
}

// The entry is offered what came before the frame that it must not hear, and hears on from there.
void Audience::step_over(Lane& lane, Subscription& subscription, std::uint64_t number) {
    Entry& entry = entries_[subscription.entry];
    if (subscription.entry >= cursor) offer(lane, entry, offering_);
    offer(lane, entry, fresh_);
    entry.after = number;
    if (const auto& gate = subscription.session->gate(); gate != nullptr) gate->give_back(1);
}

void Audience::offer(Lane& lane, Entry& entry, const BatchChain& chain) {
    for (Batch* batch = chain.first; batch != nullptr; batch = batch->next) {
        const auto first = batch->first_after(entry.after);
        const auto last = batch->frame_count();
        if (first == last) continue;
        entry.outbox->push(*batch, first, last);
        lane.books().pending_batch.subtract(last - first);
        lane.list(*entry.outbox);
    }
}

void Audience::seal() {
    ASSERT(offering_.empty());
    size_hint_ = static_cast<std::uint32_t>(fresh_.last->size());
    fresh_.last->open = false;
    offering_ = fresh_;
    fresh_ = {};
    cursor = 0;
}

void Audience::reap_entry(std::uint32_t index) {
    while (!entries_.empty() && entries_.back().outbox == nullptr) entries_.pop_back();
    if (index >= entries_.size() || entries_[index].outbox != nullptr) return;
    entries_[index] = entries_.back();
    entries_[index].owner->entry = index;
    entries_.pop_back();
}

// The batch for the next frame of about `hint` bytes. Batches seal at 64 KB, or hold one larger
// frame.
Batch& Audience::open_batch(Lane& lane, std::size_t hint) {
    if (!fresh_.empty() && fresh_.last->size() + hint <= limits::batch_bytes_max) {
        return *fresh_.last;
    }
    if (fresh_.empty()) {
        lane.note_dirty(*this);
    } else {
        fresh_.last->open = false;
    }
    auto* batch = lane.batches().take(std::max<std::size_t>(hint, size_hint_), by_reference_);
    batch->open = true;
    fresh_.append(*batch);
    return *batch;
}

// How many frames of the chain this entry would have been offered.
std::uint32_t Audience::forgo(Lane& lane, const Entry& entry, const BatchChain& chain) {
    std::uint32_t frames = 0;
    for (const Batch* batch = chain.first; batch != nullptr; batch = batch->next) {
        const auto first = batch->first_after(entry.after);
        lane.awaited().take_back(*batch, first, batch->frame_count(), false);
        frames += batch->frame_count() - first;
    }
    return frames;
}

}  // namespace carillon::hub
