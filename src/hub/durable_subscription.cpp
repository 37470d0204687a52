#include "hub/durable_subscription.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"

namespace carillon::hub {
namespace {

// What is read ahead. The messages are shared with the journal's pages, so this is a reference more.
constexpr std::size_t page_bytes = 64 * limits::kib;
constexpr std::int64_t save_again_ns = base::ns_per_s;

}  // namespace

bool DurableTerms::operator==(const DurableTerms& other) const {
    const auto same_from = from.kind == other.from.kind && from.value == other.from.value &&
                           from.after.epoch == other.from.after.epoch &&
                           from.after.offset == other.from.after.offset;
    return same_from && ack_timeout_ms == other.ack_timeout_ms &&
           backoff_first_ms == other.backoff_first_ms && backoff_max_ms == other.backoff_max_ms &&
           deliveries_max == other.deliveries_max && exclusive == other.exclusive;
}

DurableSubscription::DurableSubscription(Ports ports, AppRef app, std::string_view channel,
                                         std::string_view name)
    : ports_(std::move(ports)), app_(std::move(app)), channel_(channel), name_(name) {}

// ---- members ----

Durable::Member DurableSubscription::join(std::function<void()> ring, bool alone) {
    Lock lock(mutex_);
    alone = alone || terms_.exclusive;
    if (forgotten_ || (!members_.empty() && (alone || alone_))) return 0;
    alone_ = alone;
    const auto member = ++last_member_;
    members_.emplace(member, bells_->add(std::move(ring)));
    // Who was alone waited for what failed; two do not.
    end(lock, members_.size() == 2);
    return member;
}

void DurableSubscription::leave(Member member) {
    Lock lock(mutex_);
    const auto found = members_.extract(member);
    if (found.empty()) return;
    ledger_.leave(member);
    if (members_.empty() && ledger_.numbers().waiting != 0) ledger_.save_all();
    lock.unlock();
    bells_->remove(found.mapped());
    lock.lock();
    save(lock);
    end(lock, true);
}

Durable::Take DurableSubscription::take(Member member, Now now, Taken& out) {
    Lock lock(mutex_);
    const auto found = members_.find(member);
    if (found == members_.end()) return Take::nothing;
    const auto bell = found->second;
    now_ = now;
    auto answer = Take::nothing;
    bool again = true;
    while (again && members_.contains(member)) {
        bell->set_hungry(true);  // before looking: what happens from now on rings
        if (read_replay(lock)) continue;
        again = look(lock, member, out, answer);
    }
    if (answer == Take::got) bell->set_hungry(false);
    save(lock);
    end(lock, false);
    return answer;
}

// True: look again.
bool DurableSubscription::look(Lock& lock, Member member, Taken& out, Take& answer) {
    using Next = DurableLedger::Next;
    switch (ledger_.take({member, members_.size() == 1, bells_->settled(), now_}, terms_, out)) {
        case Next::got:
            answer = Take::got;
            return false;
        case Next::nothing:
            return false;
        case Next::count:
            save(lock);
            return true;
        case Next::read:
            break;
    }
    if (lost_) answer = Take::lost;
    return !lost_ && read(lock);
}

bool DurableSubscription::ack(Member member, std::uint64_t offset, Now now) {
    Lock lock(mutex_);
    now_ = now;
    const bool full = ledger_.is_full();
    if (!ledger_.ack(member, offset)) return false;
    save(lock);
    end(lock, full);
    return true;
}

bool DurableSubscription::extend(Member member, std::uint64_t offset, Now now) {
    Lock lock(mutex_);
    now_ = now;
    const bool held = ledger_.extend(member, offset, now, terms_);
    end(lock, false);
    return held;
}

bool DurableSubscription::nack(Member member, std::uint64_t offset, std::string_view reason,
                               Now now) {
    Lock lock(mutex_);
    now_ = now;
    if (!ledger_.nack(member, offset, reason, now, terms_)) return false;
    save(lock);
    end(lock, true);
    return true;
}

void DurableSubscription::tick(Now now) {
    Lock lock(mutex_);
    now_ = now;
    ports_.deadlines->move(this, registered_ns_, base::never_ns);
    registered_ns_ = base::never_ns;
    ledger_.tick(now, terms_);
    if (bells_->save_failed.exchange(false)) ledger_.save_all();
    save(lock);
    end(lock, true);
}

Durable::Numbers DurableSubscription::numbers() const {
    const Lock lock(mutex_);
    auto numbers = ledger_.numbers();
    numbers.members = members_.size();
    return numbers;
}

// ---- reading ----

History::Opened DurableSubscription::open_reader(const From& from, std::uint64_t last) {
    ReadOptions options{.from = from, .last = last, .stored_only = true};
    options.ring = [bells = bells_, replay = last != 0] {
        (replay ? bells->replay_readable : bells->readable).store(true);
        bells->ring();
    };
    return ports_.history.read(*app_, channel_, std::move(options));
}

// True: ask the ledger again.
bool DurableSubscription::read(Lock& lock) {
    if (reading_) turned_away_ = true;
    if (reading_ || !bells_->readable.exchange(false)) return false;
    reading_ = true;
    lock.unlock();
    std::vector<Kept> kept;
    const auto page = reader_->next(page_bytes, kept);
    lock.lock();
    reading_ = false;
    ring_ |= std::exchange(turned_away_, false);
    take_page(page, kept);
    return page == Reader::Page::some || page == Reader::Page::lost || bells_->readable.load();
}

void DurableSubscription::take_page(Reader::Page page, std::vector<Kept>& kept) {
    if (unresolved_ && page != Reader::Page::later) {
        unresolved_ = false;
        ledger_.begin_after(kept.empty() ? reader_->position().offset
                                         : kept.front().stamp.position.offset - 1);
        ledger_.save_heard();
    }
    ledger_.add(kept);
    if (page == Reader::Page::some) bells_->readable.store(true);
    if (page == Reader::Page::lost) lost_ = true;
    ring_ |= page == Reader::Page::some;  // others may have some of it
}

// A dead letter that is to be delivered again, one after the other. True: ask the ledger again.
bool DurableSubscription::read_replay(Lock& lock) {
    const auto offset = ledger_.replay_to_read();
    if (offset == 0) return false;
    if (reading_) turned_away_ = true;
    if (reading_ || !bells_->replay_readable.exchange(false)) return false;
    reading_ = true;
    auto reader = std::move(replay_reader_);
    lock.unlock();
    if (reader == nullptr) {
        const From from{.kind = From::Kind::offset, .value = offset, .after = {}};
        reader = open_reader(from, offset).reader;
    }
    std::vector<Kept> kept;
    const auto page = reader == nullptr ? Reader::Page::lost : reader->next(page_bytes, kept);
    const bool later = page == Reader::Page::later;
    if (!later) reader.reset();
    lock.lock();
    reading_ = false;
    ring_ |= std::exchange(turned_away_, false);
    replay_reader_ = std::move(reader);
    if (later) return bells_->replay_readable.load();
    bells_->replay_readable.store(true);
    ring_ = true;
    const bool found = !kept.empty() && kept.front().stamp.position.offset == offset;
    found ? ledger_.add_replay(std::move(kept.front())) : ledger_.replay_is_lost(offset, now_);
    return true;
}

std::uint64_t DurableSubscription::skip_lost(Now now) {
    Lock lock(mutex_);
    now_ = now;
    if (!lost_ || reading_ || !ledger_.page_is_empty()) return 0;
    reading_ = true;
    const auto missing = ledger_.read_from();
    lock.unlock();
    const From beginning{.kind = From::Kind::beginning, .value = 0, .after = {}};
    auto opened = open_reader(beginning, 0);
    auto skip = opened.reader == nullptr ? 0 : opened.reader->position().offset;
    if (opened.reader != nullptr && skip < missing) {
        // It is there and cannot be read: on behind it.
        skip = missing;
        opened = open_reader({.kind = From::Kind::offset, .value = missing + 1, .after = {}}, 0);
    }
    lock.lock();
    reading_ = turned_away_ = false;
    std::uint64_t lost = 0;
    if (opened.reader != nullptr) {
        std::swap(reader_, opened.reader);
        lost = ledger_.skip_to(skip);
        lost_ = false;
        bells_->readable.store(true);
    }
    save(lock);
    end(lock, true);
    return lost;
}

// ---- dead letters ----

std::vector<DeadLetter> DurableSubscription::dead_letters() const {
    const Lock lock(mutex_);
    return ledger_.dead_letters();
}

bool DurableSubscription::replay_dead(std::uint64_t offset, Now now) {
    Lock lock(mutex_);
    now_ = now;
    if (forgotten_ || !ledger_.replay(offset)) return false;
    save(lock);
    end(lock, true);
    return true;
}

bool DurableSubscription::drop_dead(std::uint64_t offset) {
    Lock lock(mutex_);
    if (forgotten_ || !ledger_.drop(offset)) return false;
    save(lock);
    end(lock, false);
    return true;
}

// ---- saving ----

void DurableSubscription::save(Lock& lock) {
    while (!saving_ && ledger_.unsaved() && (!unresolved_ || forgotten_)) {
        saving_ = true;
        auto note = ledger_.begin_save();
        if (forgotten_) note.heard = note.dead = std::string();
        lock.unlock();
        const bool taken = hand_over(note);
        lock.lock();
        saving_ = false;
        saved_.notify_all();
        retry_ns_ = base::never_ns;
        if (taken) continue;
        ledger_.save_refused(note);
        retry_ns_ = now_.steady_ns + save_again_ns;
        // Who waited for this save goes on without it; the others would only ask again.
        ring_ |= ledger_.awaits(note.number);
        bells_->settle(note.number);
        return;
    }
}

// The dead letters first: a message may be dead and owed, which load() puts right, but never neither.
bool DurableSubscription::hand_over(const DurableLedger::Note& note) {
    const CountdownRef stored(new Countdown([bells = bells_, number = note.number](const Fate& f) {
        if (f.stored == 0 && f.not_stored == 0) return;  // it was not taken
        if (f.not_stored != 0) bells->save_failed.store(true);
        bells->settle(number);
        bells->ring();
    }));
    auto& cursors = ports_.cursors;
    bool taken = !note.dead || cursors.save(*app_, channel_, dead_name(name_), *note.dead,
                                            note.heard ? nullptr : stored);
    if (taken && note.heard) taken = cursors.save(*app_, channel_, name_, *note.heard, stored);
    stored->done({});
    return taken;
}

void DurableSubscription::save_now() {
    Lock lock(mutex_);
    save(lock);
}

bool DurableSubscription::idle() {
    const Lock lock(mutex_);
    return started_ && members_.empty() && !ledger_.unsaved() && !saving_ && !reading_ &&
           !bells_->save_failed.load();
}

bool DurableSubscription::forget() {
    Lock lock(mutex_);
    saved_.wait(lock, [this] { return !saving_; });
    if (!members_.empty() || forgotten_) return false;
    forgotten_ = true;
    ledger_.save_all();
    save(lock);
    const bool gone = !ledger_.unsaved();
    forgotten_ = gone;
    retry_ns_ = gone ? base::never_ns : retry_ns_;
    end(lock, false);
    return gone;
}

// The last thing of each call: says when it is to be looked at again, and rings, under no lock.
void DurableSubscription::end(Lock& lock, bool ring) {
    auto next = std::min(ledger_.next_timer_ns(), retry_ns_);
    if (bells_->save_failed.load()) next = std::min(next, now_.steady_ns + save_again_ns);
    bool sooner = false;
    // A deadline that is further off now is left as it was: what it finds then is where it goes.
    if (next < registered_ns_) {
        sooner = ports_.deadlines->move(this, registered_ns_, next);
        registered_ns_ = next;
    }
    ring = std::exchange(ring_, false) || ring;
    lock.unlock();
    if (sooner) ports_.deadlines->tell();
    if (ring) bells_->ring();
}

}  // namespace carillon::hub
