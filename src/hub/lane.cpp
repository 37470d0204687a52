#include "hub/lane.h"

#include <algorithm>

#include "base/assert.h"
#include "hub/channel.h"
#include "hub/hub.h"
#include "hub/spread.h"

namespace carillon::hub {

Lane::Lane(Hub& hub, unsigned index, std::unique_ptr<base::Random> random, LaneLimits limits)
    : hub_(hub),
      index_(index),
      limits_(limits),
      random_(std::move(random)),
      inbox_(limits.inbox_bytes_max) {}

Lane::~Lane() {
    ASSERT(sessions_.empty());
    while (unsettled_first_ != nullptr)
        delete std::exchange(unsettled_first_, unsettled_first_->next);
    // Those before the cursor are done, and may be gone.
    for (; walk_at_ < walking_.size(); ++walk_at_) finish_walk(*walking_[walk_at_]);
    for (auto* audience : dirty_) {
        audience->seal();
        finish_walk(*audience);
    }
}

// ---- take ----

void Lane::take(std::size_t items_max) {
    ASSERT(home_.is_here());
    requested_ = false;
    std::size_t released = 0;
    for (; items_max != 0 && unoffered_bytes_ < limits::unoffered_bytes_max; --items_max) {
        if (next_item_ == items_.size()) {
            items_.clear();
            if (items_.capacity() > 4 * limits::take_items_max) items_.shrink_to_fit();
            next_item_ = 0;
            if (inbox_.empty()) break;
            inbox_.take(items_);
            for (const auto& item : items_) items_waiting_ += item.matched;
        }
        Item& item = items_[next_item_++];
        deliver(item);
        released += item.inbox_bytes();
        item.publication.reset();
        item.extra.reset();
    }
    inbox_.release(released);
}

void Lane::deliver(const Item& item) {
    items_waiting_ -= item.matched;
    if (auto* countdown = countdown_of(item); countdown != nullptr) {
        awaited_.add(item.number, round_ + 1, countdown);
    }
    switch (item.aim) {
        case Item::Aim::channel: {
            auto& local = channel_at(item.slot);
            std::uint32_t answered = 0;
            for (auto* audience = local.audiences(); audience != nullptr;
                 audience = audience->next) {
                answered += audience->deliver(*this, item);
            }
            // The books: who was matched heard, was stepped over, or left.
            ASSERT(answered == item.matched);
            break;
        }
        case Item::Aim::spread:
            deliver_spread(item);
            break;
        case Item::Aim::session:
            deliver_to_session(item);
    }
    taken_number_ = item.number;
}

void Lane::deliver_spread(const Item& item) {
    const auto& spread = static_cast<const Spread&>(*item.extra);
    boost::container::small_vector<LaneChannel*, 8> locals;
    for (const auto slot : spread.slots) locals.push_back(&channel_at(slot));
    std::uint32_t answered = 0;
    for (std::size_t i = 0; i < locals.size(); ++i) {
        for (auto* audience = locals[i]->audiences(); audience != nullptr;
             audience = audience->next) {
            answered += audience->deliver(*this, item, spread.channel, {locals.data(), i});
        }
    }
    for (const auto& offer : spread.offers) deliver_offer(item, offer, spread.channel);
    ASSERT(answered + spread.offers.size() == item.matched);
}

// A member who has left (and may be back, with a gate that knows nothing of this), or has no room,
// passes it on.
void Lane::deliver_offer(const Item& item, const Offer& offer, std::string_view channel) {
    auto* session = find(offer.member);
    const auto* subscription =
        session != nullptr ? session->subscriptions_.find(offer.group->channel()) : nullptr;
    if (subscription == nullptr || !subscription->in_group ||
        subscription->group != offer.group.get() || session->gate_ != offer.gate) {
        const bool passed = hub_.pass_on(offer, true, item, channel);
        return (passed ? books_.passed : books_.left).add();
    }
    const auto& policy = session->policy_;
    const auto& outbox = *session->outbox_;
    const bool excluded = item.publication->exclude() == offer.member;
    const bool waits = policy.on_full == OutboxPolicy::OnFull::wait;
    const bool full =
        outbox.messages() >= policy.messages_max ||
        (!waits && outbox.bytes() + item.publication->inbox_bytes() > policy.bytes_max);
    if (excluded || full) {
        if (session->gate_ != nullptr) session->gate_->give_back(1);
        const bool passed = hub_.pass_on(offer, false, item, channel);
        if (passed) return books_.passed.add();
        if (excluded) return books_.filtered.add();
        if (countdown_of(item) != nullptr) awaited_.drop(1);
        return books_.dropped[static_cast<std::size_t>(DropReason::no_consumer)].add();
    }
    if (push_frame(*session, item, channel, offer.group)) {
        if (countdown_of(item) != nullptr) awaited_.hear(1);
    } else if (session->gate_ != nullptr) {
        session->gate_->give_back(1);
    }
}

void Lane::deliver_to_session(const Item& item) {
    auto* session = find(item.session);
    if (item.publication == nullptr) {
        if (session != nullptr) doom(*session, item.why);
        return;
    }
    if (session == nullptr || session->state_ != Session::State::open) return books_.left.add();
    push_frame(*session, item, {}, {});
}

// For one session alone. References that wait behind each other share a batch: nobody else holds it.
// False: its format shows no frame.
bool Lane::push_frame(Session& session, const Item& item, std::string_view channel,
                      const GroupRef& group) {
    auto& outbox = *session.outbox_;
    Batch* batch = outbox.tail_ != nullptr ? outbox.tail_->batch : nullptr;
    const bool append = batch != nullptr && batch->by_reference && batch->holders == 1 &&
                        batch->source == Source::live && !batch->open && batch->group == group &&
                        batch->frame_count() == outbox.tail_->last &&
                        batch->size() + item.publication->inbox_bytes() <= limits::batch_bytes_max;
    if (!append) {
        batch = batches_.take(item.publication->inbox_bytes(), session.format_.by_reference());
        if (batch->by_reference) batch->group = group;
    }
    const bool shown =
        batch->append(session.format_, {*item.publication, channel, item.stamp}, item.number);
    if (shown) {
        batches_.charge(*batch);
        books_.encoded.add();
        outbox.push(*batch, batch->frame_count() - 1, batch->frame_count());
        list(outbox);
    } else {
        books_.filtered.add();
    }
    if (!append) batches_.drop(batch);
    return shown;
}

void Lane::note_dirty(Audience& audience) {
    dirty_.push_back(&audience);
    need_iteration();
}

void Lane::note_encoded(Batch& batch, std::size_t bytes) {
    batches_.charge(batch);
    books_.encoded.add();
    unoffered_bytes_ += bytes;
}

// ---- what the loop asks ----

std::int64_t Lane::next_deadline_ns() const {
    const auto its_own = std::min(retry_settling_ns_, retry_fetching_ns_);
    const auto* durables = index_ == 0 ? hub_.durables() : nullptr;
    return durables != nullptr ? std::min(its_own, durables->next_deadline_ns()) : its_own;
}

void Lane::tick(Now now) {
    if (auto* durables = hub_.durables(); index_ == 0 && durables != nullptr) durables->tick(now);
    if (now.steady_ns >= retry_settling_ns_) retry_settling_ns_ = base::never_ns;
    if (now.steady_ns < retry_fetching_ns_) return;
    retry_fetching_ns_ = base::never_ns;
    while (!fetching_.empty()) list(fetching_.front());
}

bool Lane::has_work() const {
    const bool unsettled = unsettled_first_ != nullptr && retry_settling_ns_ == base::never_ns;
    return next_item_ < items_.size() || !inbox_.empty() || !dirty_.empty() || !walking_.empty() ||
           !visiting_.empty() || !ready_.empty() || !replaying_.empty() || !doomed_.empty() ||
           !closed_.empty() || !awaited_.empty() || unsettled;
}

void Lane::need_iteration() {
    if (requested_) return;
    requested_ = true;
    wake_->wake();
}

// ---- sessions and replies ----

void Lane::reply(Outbox& outbox, std::initializer_list<std::string_view> parts) {
    ASSERT(home_.is_here());
    std::size_t bytes = 0;
    for (const auto part : parts) bytes += part.size();
    if (bytes == 0) return;
    // Replies that wait behind each other share a batch: nobody else holds it.
    Batch* batch = outbox.tail_ != nullptr ? outbox.tail_->batch : nullptr;
    const bool append = batch != nullptr && batch->source == Source::reply && batch->holders == 1 &&
                        batch->bytes.size() + bytes <= limits::batch_bytes_max;
    if (!append) {
        batch = batches_.take(bytes);
        batch->source = Source::reply;
    }
    for (const auto part : parts) batch->bytes.append(part);
    batch->close_frame(0);
    batches_.charge(*batch);
    outbox.push(*batch, batch->frame_count() - 1, batch->frame_count());
    if (!append) batches_.drop(batch);
    list(outbox);
}

void Lane::replay(Outbox& outbox, std::unique_ptr<Replay> missed) {
    ASSERT(home_.is_here());
    if (missed == nullptr || outbox.session_ == nullptr || outbox.session_->closing()) return;
    books_.replayed.add(missed->left());
    outbox.push(std::move(missed));
    outbox.unlink();  // from now on it waits its turn with the others who replay
    list(outbox);
}

void Lane::silence(Outbox& outbox, CloseReason why) {
    ASSERT(home_.is_here());
    auto* session = outbox.session_;
    if (session == nullptr || session->state_ != Session::State::open) return;
    session->why_ = why;
    session->state_ = Session::State::saying_bye;
    leave_all(*session);
}

Session* Lane::find(SessionId id) const {
    const auto at = sessions_.find(id.value);
    return at == sessions_.end() ? nullptr : at->second.get();
}

Subscription* Lane::find_subscription(SessionId id, const Audience& audience) const {
    if (id.lane() != index_) return nullptr;
    const auto* session = find(id);
    if (session == nullptr) return nullptr;
    auto* subscription = session->subscriptions_.find(audience.local());
    return subscription != nullptr && subscription->audience == &audience ? subscription : nullptr;
}

SessionId Lane::new_session_id() {
    while (true) {
        const SessionId id{(random_->next() & ~std::uint64_t{0xff}) | index_};
        if ((id.value >> 8) != 0 && !sessions_.contains(id.value)) return id;
    }
}

BooksSnapshot Lane::snapshot() const {
    ASSERT(home_.is_here());
    const auto sums = inbox_.sums();
    BooksSnapshot snapshot;
    snapshot.matched = sums.matched + books_.replayed.get();
    snapshot.pending_inbox = sums.waiting + items_waiting_;
    snapshot.delivered = books_.delivered.get();
    snapshot.filtered = books_.filtered.get();
    snapshot.left = books_.left.get();
    snapshot.passed = books_.passed.get();
    for (std::size_t i = 0; i < drop_reasons; ++i) snapshot.dropped[i] = books_.dropped[i].get();
    snapshot.pending_batch = books_.pending_batch.get();
    snapshot.pending_outbox = books_.pending_outbox.get();
    return snapshot;
}

LaneChannel& Lane::add_channel(Channel& channel) {
    std::uint32_t index = 0;
    if (free_slots_.empty()) {
        index = static_cast<std::uint32_t>(slots_.size());
        slots_.emplace_back();
    } else {
        index = free_slots_.back();
        free_slots_.pop_back();
    }
    auto& slot = slots_[index];
    slot.channel = std::make_unique<LaneChannel>(channel, channel.app_state().books[index_],
                                                 SlotRef{index, ++slot.generation});
    return *slot.channel;
}

LaneChannel& Lane::channel_at(SlotRef ref) {
    auto& slot = slots_[ref.index];
    ASSERT(slot.channel != nullptr && slot.generation == ref.generation);
    return *slot.channel;
}

// ---- the end of a session ----

void Lane::close(Session& session, CloseReason why) {
    ASSERT(home_.is_here());
    if (session.state_ == Session::State::closed) return;
    if (session.state_ == Session::State::open) {
        session.why_ = why;
        leave_all(session);
    }
    forget(*session.outbox_);
    session.outbox_->session_ = nullptr;
    session.outbox_ = nullptr;
    session.subscriber_ = nullptr;
    session.state_ = Session::State::closed;
    session.app_state_.connections.fetch_sub(1, std::memory_order_relaxed);
    session.app_books_.closed.add();
    hub_.sessions_.fetch_sub(1, std::memory_order_relaxed);
    books_.closed[static_cast<std::size_t>(session.why_)].add();
    session_count_.subtract();
    const auto at = sessions_.find(session.id_.value);
    closed_.push_back(std::move(at->second));
    sessions_.erase(at);
    need_iteration();
}

void Lane::doom(Session& session, CloseReason why) {
    if (session.state_ != Session::State::open) return;
    session.state_ = Session::State::doomed;
    session.why_ = why;
    leave_all(session);
    const auto reason = why == CloseReason::memory ? DropReason::memory : DropReason::closed;
    books_.dropped[static_cast<std::size_t>(reason)].add(session.outbox_->cut_all());
    doomed_.push_back(&session);
    need_iteration();
}

void Lane::leave_all(Session& session) {
    while (auto* subscription = session.subscriptions_.any()) {
        leave(session, *subscription);
        postpone(*subscription);
    }
}

// Hears no more of it; the channel still is to take note (Hub::settle).
void Lane::leave(Session& session, Subscription& subscription) {
    if (session.gate_ != nullptr) {
        session.gate_->close();
        session.gate_.reset();
    }
    if (subscription.in_group) {
        leave_group(session, subscription);
    } else {
        subscription.audience->leave(*this, subscription);
    }
    session.subscriptions_.remove(subscription);
    subscription.session = nullptr;
    if (subscription.member == nullptr) return;
    hub_.users_.leave(session.app_state_, subscription.member->id, session.id_);
}

// What waited for this member is somebody else's now.
void Lane::leave_group(Session& session, Subscription& subscription) {
    books_.subscriptions.subtract();
    std::vector<std::string> names;
    const GroupRef group(subscription.group);
    const auto waiting = session.outbox_->cut_group(*group, names);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        const Item item{
            .publication = waiting[i].publication, .slot = {}, .stamp = waiting[i].stamp};
        const Offer offer{group, session.id_, session.id_, {}};
        const bool passed = hub_.pass_on(offer, true, item, names[i]);
        (passed ? books_.passed : books_.left).add();
    }
}

void Lane::postpone(Subscription& subscription) {
    subscription.next = nullptr;
    (unsettled_first_ == nullptr ? unsettled_first_ : unsettled_last_->next) = &subscription;
    unsettled_last_ = &subscription;
    need_iteration();
}

// ---- reap ----

void Lane::reap(Now now) {
    ASSERT(home_.is_here());
    // Who is closed from here on, inside on_close, may be doomed too: it lives until the next time.
    const auto closed = std::exchange(closed_, {});
    for (const auto& session : closed) hub_.sign_out(*session, now);
    bound_memory();
    if (!fetching_.empty() && retry_fetching_ns_ == base::never_ns) {
        retry_fetching_ns_ = now.steady_ns + limits::fetch_retry_ns;
    }
    say_goodbyes(now);
    settle_departed(now);
    reap_entries();
    reap_channels();
}

// What is held for slow clients is bounded for the lane, whatever it is: above it, whoever holds most
// goes first. Until there is some room, or at the bound everybody would be looked at each time.
void Lane::bound_memory() {
    if (batches_.live_bytes() <= limits_.batch_bytes_max) return;
    const auto enough = limits_.batch_bytes_max - limits_.batch_bytes_max / 16;
    std::vector<std::pair<std::size_t, Outbox*>> debtors;
    for (auto* list : {&blocked_, &fetching_, &ready_, &replaying_, &visiting_}) {
        for (auto& outbox : *list) {
            if (outbox.held_bytes() != 0) debtors.emplace_back(outbox.held_bytes(), &outbox);
        }
    }
    std::make_heap(debtors.begin(), debtors.end());  // a few of many: never all in order
    while (!debtors.empty() && batches_.live_bytes() > enough) {
        std::pop_heap(debtors.begin(), debtors.end());
        foreclose(*debtors.back().second);
        debtors.pop_back();
    }
}

// A session may say goodbye, if half of what it holds goes when its publications do. Whoever holds on
// to more (replies, or what is on its way), has no session or is leaving already is given up.
void Lane::foreclose(Outbox& outbox) {
    const auto held = outbox.held_bytes();
    auto* session = outbox.session_;
    if (session != nullptr && session->state_ == Session::State::open) {
        doom(*session, CloseReason::memory);
        if (!outbox.empty()) outbox.compact(0);
        if (outbox.held_bytes() <= held / 2) return;
    }
    give_up(outbox);
}

void Lane::give_up(Outbox& outbox) {
    auto* session = outbox.session_;
    const bool doomed = session != nullptr && session->state_ == Session::State::doomed;
    if (doomed) session->state_ = Session::State::saying_bye;  // but nobody would hear it
    books_.given_up.add();
    forget(outbox);
    outbox.door_.give_up();
}

void Lane::say_goodbyes(Now now) {
    auto doomed = std::exchange(doomed_, {});
    for (auto* session : doomed) {
        if (session->state_ != Session::State::doomed) continue;  // its connection went first
        session->state_ = Session::State::saying_bye;
        hub_.sign_out(*session, now);
        session->subscriber_->on_close(session->why_);
    }
}

void Lane::settle_departed(Now now) {
    if (now.steady_ns < retry_settling_ns_ && retry_settling_ns_ != base::never_ns) return;
    retry_settling_ns_ = base::never_ns;
    for (auto left = limits::settle_per_reap_max; left != 0 && unsettled_first_ != nullptr;
         --left) {
        // Off the list first: a hook that is told of it may make others leave.
        auto* subscription = unsettled_first_;
        unsettled_first_ = subscription->next;
        if (!hub_.settle(*this, *subscription, now)) {
            subscription->next = unsettled_first_;
            if (unsettled_first_ == nullptr) unsettled_last_ = subscription;
            unsettled_first_ = subscription;
            retry_settling_ns_ =
                now.steady_ns + base::ns_per_ms;  // some inbox is full: its lane needs a moment
            return;
        }
    }
}

void Lane::reap_entries() {
    std::size_t kept = 0;
    for (const auto& departure : departures_) {
        if (departure.audience->offering().empty()) {
            departure.audience->reap_entry(departure.entry);
        } else {
            departures_[kept++] = departure;  // a cursor stands there: next time
        }
    }
    departures_.resize(kept);
}

void Lane::reap_channels() {
    std::size_t kept = 0;
    for (const auto ref : retiring_) {
        if (channel_at(ref).finished(taken_number_)) {
            slots_[ref.index].channel.reset();
            free_slots_.push_back(ref.index);
        } else {
            retiring_[kept++] = ref;
        }
    }
    retiring_.resize(kept);
}

}  // namespace carillon::hub
