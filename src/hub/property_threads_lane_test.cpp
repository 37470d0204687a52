// A lane's thread: iterations when the hub woke it or more is due, as edge::Worker runs them, with
// small random arguments; the moves of its clients between them; sleep when there is nothing to do.
#include <chrono>

#include "base/assert.h"
#include "hub/testing_threads.h"

namespace carillon::hub::threads {

LaneThread::LaneThread(Round& round, unsigned index)
    : pen(round, outside_publishers + index),
      round_(round),
      index_(index),
      lane_(round.hub->lane(index)),
      random_(round.scene.seed * 1000 + 10 + index),
      guests_(round.scene.guests) {
    lane_.attach(bell);
}

void LaneThread::run() {
    lane_.home().settle();
    for (unsigned turn = 0;;) {
        const bool woken = (bell.bits.exchange(0) & Bell::by_hub) != 0;
        const bool runs = woken || more_ || due();
        if (runs) iterate();
        if (turn != round_.turn()) {
            turn = round_.turn();
            if (round_.stage() == Stage::quit) break;
            begin(round_.stage());
        } else if (moves_left_ != 0) {
            if (random_.below(2) == 0) move();
            --moves_left_;
            if (round_.publishing.load(std::memory_order_relaxed) == 0) moves_left_ = 0;
            if (moves_left_ == 0) round_.finished();
            if (!runs) std::this_thread::yield();
        } else if (!runs) {
            sleep();
        }
    }
    lane_.home().unsettle();
    round_.finished();
}

void LaneThread::begin(Stage stage) {
    switch (stage) {
        case Stage::open:
            for (const auto* format : {&round_.loud, &round_.quiet}) {
                observers_.emplace_back(open(true));
                for (std::uint8_t i = 0; i < channels; ++i) {
                    if (places[i].observed) join_from(*observers_.back(), i, {}, *format);
                }
            }
            break;
        case Stage::act:
            moves_left_ = round_.scene.moves_max;
            return;  // finished when they are used up
        case Stage::read_on:
            if (round_.scene.theme == Theme::recovery) come_back();
            for (auto* list : {&guests_, &observers_}) {
                for (auto& guest : *list) {
                    if (guest != nullptr) guest->feed(unlimited, unlimited);
                }
            }
            break;
        case Stage::look:
            look();
            break;
        case Stage::count:
            count();
            break;
        case Stage::guests_go:
            close_all(false);
            break;
        case Stage::all_go:
            close_all(true);
            break;
        case Stage::race:
            race();
            break;
        case Stage::start:
        case Stage::trickle:
        case Stage::quit:
            break;
    }
    round_.finished();
}

void LaneThread::iterate() {
    const bool all = random_.below(4) == 0;
    const auto visits = random_.below(2) == 0 ? 5U : 40U;  // or a walk is cut short, and goes on
    lane_.take(all ? limits::take_items_max : 1 + random_.below(20));
    lane_.tick(Round::now());
    for (auto times = 1 + random_.below(3); times != 0; --times) {
        if (!lane_.flush(all ? 100'000 : 1 + random_.below(visits))) break;
    }
    lane_.reap(Round::now());
    gone_.clear();
    close_given_up();
    more_ = lane_.has_work();
}

void LaneThread::close_given_up() {
    for (auto* list : {&guests_, &observers_}) {
        for (auto& seat : *list) {
            if (seat != nullptr && seat->given_up) close(*seat);
        }
    }
}

bool LaneThread::due() const {
    return lane_.next_deadline_ns() != base::never_ns &&
           lane_.next_deadline_ns() <= Round::now().steady_ns;
}

// Until somebody rings, or until the deadline that the lane asked for, which is always near.
void LaneThread::sleep() {
    if (lane_.next_deadline_ns() != base::never_ns) return std::this_thread::yield();
    naps.fetch_add(1);
    asleep = true;
    bell.bits.wait(0);
    asleep = false;
}

void LaneThread::close_all(bool observers_too) {
    for (auto& guest : guests_) {
        if (guest != nullptr) close(*guest);
    }
    if (!observers_too) return;
    for (auto& observer : observers_) {
        if (observer != nullptr) close(*observer);
    }
}

// What is known of a lane that sleeps, whoever does not read.
void LaneThread::look() {
    const auto check = [&](bool holds, const std::string& what) {
        if (!holds) round_.wrong(what + " (lane " + std::to_string(index_) + " asleep)");
    };
    books = lane_.snapshot();
    check(lane_.inbox().empty() && books.pending_inbox == 0,
          "a lane is woken for what comes: its inbox has items");
    check(!lane_.has_work(), "a lane that has work is woken");
    check(gone_.empty(), "a lane is woken to reap who closed");
    check(books.accounted() == books.matched, "the books balance: matched " +
                                                  std::to_string(books.matched) + ", accounted " +
                                                  std::to_string(books.accounted()));
    check(books.pending_batch == 0,
          "nothing is pending in batches: a frame was never offered, or more than once");
    check(lane_.inbox().reserved_bytes() == 0,
          "reserved room is given back: " + std::to_string(lane_.inbox().reserved_bytes()) +
              " bytes of an empty inbox are taken");
}

// The same when every client has read: nothing waits anywhere.
void LaneThread::count() {
    const auto check = [&](bool holds, const std::string& what) {
        if (!holds) round_.wrong(what + " (lane " + std::to_string(index_) + " at rest)");
    };
    look();
    check(books.pending_outbox == 0, "nothing is pending in outboxes of clients that read");
    check(lane_.slice_pool().live() == 0, "no slices remain");
    check(lane_.batch_pool().live_batches() == 0, "no batches remain");
    std::uint64_t arrived = 0;
    for (const auto& stream : round_.record.streams[index_]) arrived += stream->publications;
    check(arrived == books.delivered,
          "delivered is what arrived: " + std::to_string(books.delivered) + ", not " +
              std::to_string(arrived));
    open_sessions = 0;
    subscribers.fill(0);
    members.fill(0);
    for (auto* list : {&guests_, &observers_}) {
        for (const auto& guest : *list) {
            if (guest != nullptr) count_guest(*guest);
        }
    }
    std::uint64_t subscriptions = 0;
    for (const auto n : subscribers) subscriptions += n;
    check(lane_.session_count() == open_sessions, "each client that is there has its session");
    check(lane_.books().subscriptions.get() == subscriptions, "who left is not subscribed");
}

void LaneThread::count_guest(const Guest& guest) {
    ++open_sessions;
    for (std::size_t i = 0; i < channels; ++i) {
        if ((guest.in >> i & 1) == 0) continue;
        ++subscribers[i];
        members[i] |= guest.member[i];
    }
    const auto& stream = guest.stream;
    const auto check = [&](bool holds, const char* what) {
        if (!holds) round_.wrong(what);
    };
    check(guest.outbox.empty(), "a client that reads is sent everything");
    check(stream.rest.empty(), "a client that reads is sent whole frames");
    check(!stream.ended || stream.goodbyes.size() == 1, "who is ended by the hub is told so, once");
    check(guest.said_bye || !guest.session->closing(), "who is ended by the hub is told so");
    guest.stream.rests = round_.rests;
}

}  // namespace carillon::hub::threads
