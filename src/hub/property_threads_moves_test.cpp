// What the clients of one lane do, at random, on the lane's thread.
#include <algorithm>

#include "base/assert.h"
#include "hub/testing_threads.h"

namespace carillon::hub::threads {

// ---- a client ----

void Guest::write(Outbox& box) {
    ASSERT(&box == &outbox && !box.empty() && !box.blocked());
    std::array<iovec, 8> pieces{};
    const auto used =
        box.gather({pieces.data(), 1 + home.random().below(pieces.size())}, std::min(room, share));
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < used; ++i) {
        stream.take({static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len});
        bytes += pieces[i].iov_len;
    }
    box.consume(bytes);
    room -= bytes;
    if (room == 0) box.block();
    // A connection that was not read because it owed too much is read on inside the write.
    if (home.playing() && home.random().below(16) == 0) home.move_as(*this);
}

std::size_t Guest::write_now(std::string_view frames) {
    ASSERT(outbox.empty() && !outbox.blocked());
    const auto taken = std::min({room, share, frames.size()});
    stream.take(frames.substr(0, taken));
    room -= taken;
    if (taken < frames.size()) outbox.block();
    return taken;
}

void Guest::on_close(CloseReason why) {
    stream.goodbyes.push_back(why);
    is_told_bye();
    home.reply(*this, {.tag = Tag::bye});
}

// Where it would go on from, as it knows from what it was sent.
Position Guest::last_seen(std::uint8_t channel) const {
    for (auto at = stream.heard.rbegin(); at != stream.heard.rend(); ++at) {
        if (at->channel != channel) continue;
        if (at->tag == Tag::message) return at->position;
        if (at->tag == Tag::join_reply) {
            return at->recovery == Recovery::recovered ? at->asked : at->position;
        }
    }
    return {};
}

// ---- what is done next ----

void LaneThread::move() {
    auto& guest = guests_[random_.below(guests_.size())];
    if (guest != nullptr) return move_as(*guest);
    if (auto* opened = open(false)) guest.reset(opened);
}

void LaneThread::move_as(Guest& guest) {
    if (guest.session == nullptr || guest.stream.observer) return;  // gone, or only watching
    if (guest.said_bye) {
        guest.feed(unlimited, unlimited);
        if (random_.below(6) == 0) round_.hub->end(*guest.session, CloseReason::kicked);
        if (random_.below(3) == 0) close(guest);
        return;
    }
    const auto churn = round_.scene.theme == Theme::order ? 1U : 3U;
    switch (random_.below(20 + churn)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return join(guest, channel());
        case 4:
        case 5:
            return leave(guest, channel());
        case 6:
        case 7:
        case 8:
        case 9:
            return publish(guest);
        case 10:
            return reply(guest, {.tag = Tag::other_reply});
        case 11:
        case 12:
            return slow_down(guest);
        case 13:
        case 14:
            return guest.feed(1 + random_.below(4000), unlimited);
        case 15:
            return guest.feed(unlimited, unlimited);
        case 16:
            round_.hub->describe(round_.app, places[channel()].name);
            if (round_.hub->members(round_.app, places[channel()].name).size() >
                round_.scene.app.presence_members_max) {
                round_.wrong("members are never more than presence_members_max: a roster has more");
            }
            return;
        case 17:
            pen.send({round_.board.sessions[random_.below(round_.board.sessions.size())].load(
                         std::memory_order_relaxed)},
                     random_.below(round_.scene.fill_max));
            return;
        case 18:
        case 19:
            return move_seldom(guest);
        default: {  // away and back, while others go on
            const auto at = channel();
            leave(guest, at);
            return join(guest, at);
        }
    }
}

void LaneThread::move_seldom(Guest& guest) {
    switch (random_.below(round_.scene.theme == Theme::order ? 12 : 6)) {
        case 0:
            guest.stream.ended = true;
            return round_.hub->end(*guest.session, CloseReason::kicked);
        case 1:
        case 2:
            return close(guest);
        case 3: {  // its protocol says goodbye by itself
            const bool open = !guest.session->closing();
            lane_.silence(guest.outbox, CloseReason::protocol);
            if (!open) return;  // the hub's goodbye comes
            guest.stream.said_bye_itself = true;
            guest.is_told_bye();
            return reply(guest, {.tag = Tag::bye});
        }
        default:
            return leave_all(guest);
    }
}

// ---- coming and going ----

// Null: the app has no room for another connection.
Guest* LaneThread::open(bool observer) {
    auto stream = std::make_unique<Stream>();
    auto guest = std::make_unique<Guest>(*this, *stream, lane_);
    const auto allowed = observer ? OutboxPolicy{UINT32_MAX, unlimited, {}} : policy();
    const auto opened = round_.hub->open(round_.app, lane_, guest->outbox, *guest, allowed,
                                         observer ? round_.loud : format());
    if (opened.outcome != Outcome::ok) return nullptr;
    const auto now_open = 1 + round_.open_connections.fetch_add(1, std::memory_order_relaxed);
    const auto max = static_cast<int>(round_.scene.app.connections_max);
    if (max != 0 && now_open > max) {
        round_.wrong("connections are never more than connections_max: " +
                     std::to_string(now_open) + " of " + std::to_string(max) + " are open");
    }
    guest->session = opened.session;
    stream->lane = index_;
    stream->session = opened.session->id().value;
    stream->observer = observer;
    stream->may_be_dropped =
        allowed.messages_max != UINT32_MAX && allowed.on_full != OutboxPolicy::OnFull::close;
    stream->notices = allowed.gap_notice;
    round_.record.streams[index_].push_back(std::move(stream));
    if (!observer) {
        const auto seat = random_.below(round_.board.sessions.size());
        round_.board.sessions[seat].store(opened.session->id().value, std::memory_order_relaxed);
    }
    return guest.release();
}

void LaneThread::close(Guest& guest) {
    if (round_.scene.theme != Theme::limits) {
        for (std::uint8_t i = 0; i < channels; ++i) {
            if ((guest.in >> i & 1) == 0 || !places[i].kept) continue;
            const std::lock_guard lock(round_.board.mutex);
            round_.board.positions[i].push_back(guest.last_seen(i));
        }
    }
    round_.open_connections.fetch_sub(1, std::memory_order_relaxed);
    round_.hub->close(*std::exchange(guest.session, nullptr), CloseReason::peer);
    for (auto* list : {&guests_, &observers_}) {
        for (auto& seat : *list) {
            if (seat.get() == &guest) gone_.push_back(std::move(seat));
        }
    }
}

void LaneThread::join(Guest& guest, std::uint8_t at) {
    if ((guest.in >> at & 1) != 0) return leave(guest, at);
    join_from(guest, at, look_back(guest, at), format());
}

// Where it wants to hear on from: where it was, where someone else was, or out of the blue.
JoinOptions LaneThread::look_back(Guest& guest, std::uint8_t at) {
    JoinOptions options;
    const auto choice = random_.below(8);
    if (choice == 0) options.newest = static_cast<std::uint32_t>(random_.below(30));
    if (choice == 1) options.recover = Position{random_.next(), random_.below(9)};
    if (!places[at].kept || choice < 2) return options;
    auto from = guest.last_seen(at);
    if (from.epoch == 0 || choice < 5) {
        const std::lock_guard lock(round_.board.mutex);
        const auto& known = round_.board.positions[at];
        if (known.empty()) return options;
        const auto latest = std::min<std::size_t>(known.size(), random_.below(4) == 0 ? 1000 : 5);
        from = known[known.size() - 1 - random_.below(latest)];
    }
    if (choice == 2) from.offset += random_.below(40);
    if (choice == 3) from.offset -= std::min(from.offset, random_.below(40));
    options.recover = from;
    return options;
}

// Everybody at once, as after a moment without a network.
void LaneThread::come_back() {
    for (auto& guest : guests_) {
        if (guest == nullptr || guest->said_bye) continue;
        const auto at = static_cast<std::uint8_t>(4 + random_.below(4));
        leave(*guest, at);
        auto from = guest->last_seen(at);
        from.offset -= std::min<std::uint64_t>(from.offset, random_.below(40));
        join_from(*guest, at, {.recover = from}, format());
    }
}

void LaneThread::join_from(Guest& guest, std::uint8_t at, const JoinOptions& wish,
                           const Format& wanted) {
    auto options = wish;
    const bool as_member = places[at].presence && round_.scene.presence && !guest.stream.observer &&
                           random_.below(4) != 0;
    const auto member = static_cast<unsigned>(random_.below(round_.scene.members));
    const auto name = member_named(member);
    const std::string data(random_.below(20), 'd');
    if (as_member) {
        options.member = name;
        options.member_data = data;
    }
    options.roster = true;
    auto joined =
        round_.hub->subscribe(*guest.session, places[at].name, wanted, options, Round::now());
    if (joined.outcome != Outcome::ok) return;
    Head answer{.tag = Tag::join_reply, .channel = at, .shows_members = wanted.shows_members};
    answer.recovery = joined.recovery;
    answer.who = as_member ? member + 1 : 0;
    answer.number = joined.missed != nullptr ? joined.missed->left() : 0;
    answer.position = joined.position;
    if (options.recover) answer.asked = *options.recover;
    for (const auto& one : joined.roster) answer.roster |= std::uint64_t{1} << number_of(one.id);
    replayed += answer.number;
    guest.in |= static_cast<std::uint8_t>(1U << at);
    guest.member[at] = as_member ? std::uint64_t{1} << member : 0;
    reply(guest, answer);
    lane_.replay(guest.outbox, std::move(joined.missed));
}

void LaneThread::leave(Guest& guest, std::uint8_t at) {
    if (round_.hub->unsubscribe(*guest.session, places[at].name, Round::now()) != Outcome::ok) {
        return;
    }
    guest.in &= static_cast<std::uint8_t>(~(1U << at));
    if (places[at].kept) {
        const std::lock_guard lock(round_.board.mutex);
        round_.board.positions[at].push_back(guest.last_seen(at));
    }
    reply(guest, {.tag = Tag::leave_reply, .channel = at});
}

void LaneThread::leave_all(Guest& guest) {
    if (guest.session->closing()) return;
    round_.hub->unsubscribe_all(*guest.session, Round::now());
    guest.in = 0;
    reply(guest, {.tag = Tag::leave_all_reply});
}

// ---- the rest ----

void LaneThread::reply(Guest& guest, const Head& head) {
    const auto frame = frame_of(head, random_.below(30));
    lane_.reply(guest.outbox, {frame});
}

void LaneThread::publish(Guest& guest) {
    const auto choice = random_.below(3);
    SessionId exclude;
    if (choice == 0) exclude = guest.session->id();
    if (choice == 1 && random_.below(4) == 0) {
        exclude = {round_.board.sessions[random_.below(round_.board.sessions.size())].load(
            std::memory_order_relaxed)};
    }
    pen.publish(static_cast<std::uint8_t>(1U << channel()), random_.below(round_.scene.fill_max),
                exclude, guest.session);
}

// A byte at a time, a few and then nothing, or nothing at all.
void LaneThread::slow_down(Guest& guest) {
    guest.share = random_.below(3) == 0 ? 1 + random_.below(7) : unlimited;
    guest.room = random_.below(3) == 0 ? 0 : random_.below(2000);
}

OutboxPolicy LaneThread::policy() {
    using enum OutboxPolicy::OnFull;
    const auto messages = static_cast<std::uint32_t>(1 + random_.below(30));
    const auto bytes = random_.below(2) == 0 ? unlimited : random_.below(20'000);
    const bool notice = random_.below(2) == 0;
    switch (random_.below(round_.scene.theme == Theme::order ? 8 : 5)) {
        case 0:
            return {messages, bytes, drop_newest, notice};
        case 1:
            return {messages, bytes, drop_oldest, notice};
        case 2:
            return {messages, bytes, close};
        default:
            return {UINT32_MAX, unlimited, close};
    }
}

const Format& LaneThread::format() {
    const Format* all[] = {&round_.loud, &round_.loud, &round_.quiet, &round_.fat};
    return *all[random_.below(4)];
}

// Those that the round is about come up more often.
std::uint8_t LaneThread::channel() {
    const auto any = static_cast<std::uint8_t>(random_.below(channels));
    if (random_.below(3) == 0) return any;
    if (round_.scene.theme == Theme::recovery) return any | 4;
    if (round_.scene.theme == Theme::presence) return any | 1;
    return any;
}

}  // namespace carillon::hub::threads
