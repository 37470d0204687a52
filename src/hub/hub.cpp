#include "hub/hub.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"
#include "hub/channel.h"
#include "hub/reservation.h"

namespace carillon::hub {

namespace {

// One more, unless that were more than `max`; 0: there is none.
bool count_in(std::atomic<std::uint32_t>& count, std::uint32_t max) {
    if (count.fetch_add(1, std::memory_order_relaxed) < max || max == 0) return true;
    count.fetch_sub(1, std::memory_order_relaxed);
    return false;
}

}  // namespace

Hub::Hub(const HubConfig& config, Ports ports)
    : ports_(ports), sessions_max_(config.sessions_max), channels_(config.random(0)->next()) {
    ASSERT(config.lanes >= 1 && config.lanes <= limits::lanes_max);
    for (unsigned i = 0; i < config.lanes; ++i) {
        lanes_.push_back(std::make_unique<Lane>(*this, i, config.random(i), config.lane_limits));
    }
    if (ports.history == nullptr || ports.cursors == nullptr) return;
    durables_ = std::make_unique<Durables>(*ports.history, *ports.cursors);
    // Their pauses and timeouts end on the first lane (Lane::tick).
    durables_->on_sooner([this] { lanes_.front()->wake(); });
}

Hub::~Hub() = default;

// ---- sessions ----

Opened Hub::open(AppRef app, Lane& lane, Outbox& outbox, Subscriber& subscriber,
                 OutboxPolicy policy, const Encoder& format) {
    ASSERT(lane.home().is_here());
    ASSERT(outbox.session_ == nullptr);
    AppState& state = state_of(app);
    if (!count_in(sessions_, sessions_max_)) return {refuse(Outcome::limit_sessions)};
    if (!count_in(state.connections, app->limits.connections_max)) {
        sessions_.fetch_sub(1, std::memory_order_relaxed);
        return {refuse(Outcome::limit_connections)};
    }
    const auto id = lane.new_session_id();
    auto& books = state.books[lane.index()];
    books.opened.add();
    std::unique_ptr<Session> session(
        new Session(id, lane, std::move(app), state, books, outbox, subscriber, policy, format));
    outbox.session_ = session.get();
    auto& kept = *lane.sessions_.emplace(id.value, std::move(session)).first->second;
    lane.session_count_.add();
    return {Outcome::ok, &kept};
}

void Hub::close(Session& session, CloseReason why) { session.lane_.close(session, why); }

void Hub::end(Session& session, CloseReason why) {
    ASSERT(session.lane_.home().is_here());
    session.lane_.doom(session, why);
}

// ---- joining and leaving ----

Joined Hub::subscribe(Session& session, std::string_view name, const Encoder& format,
                      const JoinOptions& options, Now now) {
    Lane& lane = session.lane_;
    ASSERT(lane.home().is_here());
    if (session.closing()) return {refuse(Outcome::closing)};
    if (is_pattern_key(name)) return {refuse(Outcome::bad_name)};  // it would be taken for one
    const bool already = session.subscriptions_.find(name) != nullptr;
    if (!already) {
        const auto may = may_join(session, name, options);
        if (may != Outcome::ok) return {refuse(may)};
    }
    ASSERT(options.group.empty() || (options.member.empty() && !options.recover));

    Joined joined{already ? Outcome::already : Outcome::ok};
    if (options.recover && !already) joined.recovery = Recovery::not_kept;
    const auto keeping = already ? History::Keeps::nothing : keeps(session.app_state_, name);
    const bool looks_back = (options.recover || options.newest != 0) && options.group.empty() &&
                            keeping != History::Keeps::nothing;
    Missed missed;
    Wakes wakes;
    {
        auto locked = channels_.lock(session.app_state_, name);
        Channel* found = locked.find();
        if (found == nullptr && channels_.size() >= limits::channels_max) {
            return {refuse(Outcome::limit_channels)};
        }
        Channel& channel = found != nullptr ? *found : locked.find_or_create();
        if (keeping == History::Keeps::for_good && ports_.history->has_past(channel.app(), name)) {
            keep(locked, channel);
        }
        if (!already) {
            const auto entered = join(channel, session, format, options, now, wakes);
            if (entered != Outcome::ok) {
                locked.erase_if_gone(channel);
                return {refuse(entered)};
            }
        }
        joined.position = channel.position();
        if (looks_back) joined.recovery = look_back(channel, session.app(), options, missed);
        if (options.roster && channel.roster() != nullptr) joined.roster = channel.roster()->list();
    }
    wake(wakes);
    if (!already && !options.member.empty()) {
        users_.enter(session.app_state_, options.member, session.id());
    }
    if (missed.reader != nullptr) {
        promise(session,
                std::make_unique<Replay>(format, name, session.id(), std::move(missed.reader),
                                         missed.count, missed.bytes),
                joined);
    }
    if (joined.recovery != Recovery::not_asked) {
        recovered_[static_cast<std::size_t>(joined.recovery)].add();
    }
    return joined;
}

Joined Hub::subscribe(Session& session, const Pattern& pattern, const Encoder& format,
                      const JoinOptions& options, Now now) {
    Lane& lane = session.lane_;
    ASSERT(lane.home().is_here());
    if (session.closing()) return {refuse(Outcome::closing)};
    if (session.subscriptions_.find(pattern.key()) != nullptr) return {Outcome::already};
    const auto may = may_join(session, pattern.text(), options);
    if (may != Outcome::ok) return {refuse(may)};
    Wakes wakes;
    auto& patterns = session.app_state_.patterns;
    const std::unique_lock lock(patterns.mutex);
    Channel* channel = patterns.find(pattern);
    if (channel == nullptr) {
        if (patterns.index.size() >= limits::patterns_max ||
            patterns.index.neighbours(pattern) >= limits::glob_neighbours_max) {
            return {refuse(Outcome::limit_channels)};
        }
        channel = &patterns.add(session.app_state_, pattern);
    }
    return {join(*channel, session, format, {.group = options.group}, now, wakes)};
}

Outcome Hub::may_join(const Session& session, std::string_view name, const JoinOptions& options) {
    const auto& limits = session.app().limits;
    const auto bytes_max =
        options.reserved ? limits::channel_name_bytes_max : limits.channel_name_bytes_max;
    if (name.empty() || name.size() > bytes_max || name.size() > limits::channel_name_bytes_max) {
        return Outcome::bad_name;
    }
    const bool waits = session.policy_.on_full == OutboxPolicy::OnFull::wait;
    if (session.subscriptions_.size() >= (waits ? 1 : limits::session_channels_max)) {
        return Outcome::limit_subscriptions;
    }
    if (options.member_data.size() > limits.presence_member_bytes_max) {
        return Outcome::limit_presence_bytes;
    }
    if (hooks_ != nullptr && hooks_->watch(session.app()) &&
        !hooks_->before_subscribe(session.app_, name)) {
        return Outcome::vetoed;
    }
    return Outcome::ok;
}

// Under the channel's lock. The order is the promise: the joiner's own member event goes into the
// inboxes just before `after` is read, so the joiner does not hear it and hears everything that is
// stamped from now on.
Outcome Hub::join(Channel& channel, Session& session, const Encoder& format,
                  const JoinOptions& options, Now now, Wakes& wakes) {
    Lane& lane = session.lane_;
    Member* member = nullptr;
    if (!options.member.empty()) {
        const auto entered = enter_roster(channel, session, options, now, wakes);
        if (entered != Outcome::ok) return entered;
        member = channel.roster()->find(options.member);
    }
    if (channel.unused()) record(HostEvent::Kind::occupied, channel, {}, now, wakes);
    if (member != nullptr && member->connections == 1) {
        record(HostEvent::Kind::member_added, channel, member->id, now, wakes);
    }
    if (!options.reserved) record(HostEvent::Kind::count_changed, channel, {}, now, wakes);

    if (session.policy_.on_full == OutboxPolicy::OnFull::wait) {
        // What waits from an earlier subscription has its place still.
        session.gate_.reset(
            new Gate(session.policy_.messages_max, session.outbox_->live_messages()));
    }
    auto* subscription = new Subscription{.session = &session,
                                          .channel = &channel,
                                          .local = nullptr,
                                          .audience = nullptr,
                                          .entry = 0,
                                          .reserved = options.reserved,
                                          .in_group = !options.group.empty(),
                                          .is_pattern = channel.is_pattern(),
                                          .member = member,
                                          .next = nullptr};
    if (subscription->in_group) {
        join_group(channel, session, options.group, *subscription);
        lane.books().subscriptions.add();
    } else {
        join_audience(channel, session, format, *subscription);
    }
    session.subscriptions_.add(*subscription);
    return Outcome::ok;
}

void Hub::join_audience(Channel& channel, Session& session, const Encoder& format,
                        Subscription& subscription) {
    Lane& lane = session.lane_;
    auto* place = channel.place_on(lane.index());
    if (place == nullptr) {
        channel.places_.push_back(
            {static_cast<std::uint8_t>(lane.index()), lane.add_channel(channel).slot(), 0});
        place = &channel.places_.back();
    }
    ++place->subscribers;
    subscription.local = &lane.channel_at(place->slot);
    subscription.local->audience_for(format).join(lane, subscription, *session.outbox_,
                                                  lane.inbox().last_number());
    if (session.gate_ != nullptr) channel.extras().gates.push_back(session.gate_);
    // Whoever hears a publication twice is looked for among these only.
    const auto& others = session.subscriptions_;
    if (subscription.is_pattern ? others.size() == 0 : others.patterns() == 0) return;
    if (subscription.is_pattern) subscription.audience->note_plural(subscription);
    for (auto* other : others) {
        if (other->is_pattern && !other->in_group) other->audience->note_plural(*other);
    }
}

// Under the channel's lock, in the moment of the join: what is pinned here ends where what the
// joiner hears begins.
Recovery Hub::look_back(const Channel& channel, const App& app, const JoinOptions& options,
                        Missed& missed) {
    std::uint64_t count =
        std::min<std::uint64_t>({options.newest, channel.kept(), app.limits.recover_max});
    auto recovery = Recovery::not_asked;
    if (options.recover) {
        recovery = count_missed(channel, app, *options.recover, count);
        if (recovery != Recovery::recovered) return recovery;
    }
    if (count == 0) return recovery;
    const auto& history = *channel.keeping_->history;
    const auto after = channel.position().offset - count;
    missed = {history.read_after(after), count, history.bytes_after(after)};
    return recovery;
}

Recovery Hub::count_missed(const Channel& channel, const App& app, const Position& from,
                           std::uint64_t& missed) {
    const auto now = channel.position();
    if (from.epoch != now.epoch) return Recovery::unknown_epoch;
    if (from.offset > now.offset) return Recovery::ahead;
    missed = now.offset - from.offset;
    if (missed > app.limits.recover_max) return Recovery::too_many;
    if (missed > channel.kept()) return Recovery::trimmed;
    return Recovery::recovered;
}

// It is the joiner's only if there is room for it: a promise is kept whatever happens later.
void Hub::promise(const Session& session, std::unique_ptr<Replay> missed, Joined& joined) {
    if (session.outbox_->has_room_for(*missed, session.policy_)) {
        joined.missed = std::move(missed);
    } else {
        joined.recovery = Recovery::no_room;
    }
}

History::Keeps Hub::keeps(const AppState& state, std::string_view channel) const {
    if (ports_.history == nullptr) return History::Keeps::nothing;
    return ports_.history->keeps(*state.app, channel);
}

// Under the channel's lock; null: there is none yet. A look, but for the first.
bool Hub::is_kept(const AppState& state, std::string_view name, Channel* channel) const {
    if (channel != nullptr && channel->keeps_) return *channel->keeps_;
    const bool kept = keeps(state, name) != History::Keeps::nothing;
    if (channel != nullptr) channel->keeps_ = kept;
    return kept;
}

void Hub::keep(ChannelTable::Locked& locked, Channel& channel) {
    if (channel.keeping_ != nullptr) return;
    locked.keep(channel,
                ports_.history->open(channel.app(), channel.name(), channel.position().epoch));
}

void Hub::sweep(std::size_t stripes, Now now) {
    for (; ports_.history != nullptr && stripes != 0; --stripes) {
        channels_.trim(sweep_at_, now);
        if (++sweep_at_ < ChannelTable::stripe_count) continue;
        sweep_at_ = 0;
        ports_.history->swept(now);
    }
}

Outcome Hub::unsubscribe(Session& session, std::string_view name, Now now) {
    ASSERT(session.lane_.home().is_here());
    auto* subscription = session.subscriptions_.find(name);
    if (subscription == nullptr) return Outcome::not_subscribed;
    // What it heard here its other subscriptions stepped over: it is not to be lost with this one.
    const auto& others = session.subscriptions_;
    if (others.patterns() != 0 && others.size() > 1 && !subscription->in_group) {
        subscription->audience->hand_over(session.lane_, *subscription);
    }
    session.lane_.leave(session, *subscription);
    if (!settle(session.lane_, *subscription, now)) session.lane_.postpone(*subscription);
    return Outcome::ok;
}

void Hub::unsubscribe_all(Session& session, Now) {
    ASSERT(session.lane_.home().is_here());
    session.lane_.leave_all(session);
}

bool Hub::settle(Lane& lane, Subscription& subscription, Now now) {
    Wakes wakes;
    std::unique_ptr<Member> gone;  // its memory is freed outside the lock
    const AppState& state = subscription.channel->app_state();
    const bool hooked = hooks_ != nullptr && hooks_->watch(*state.app);
    const std::string name(hooked ? subscription.channel->name() : std::string_view());
    if (subscription.is_pattern) {
        settle_pattern(lane, subscription);
    } else {
        Channel& channel = *subscription.channel;
        auto locked = channels_.lock(channel.app_state(), channel.name());
        if (subscription.member != nullptr) {
            if (!leave_roster(channel, *subscription.member, now, wakes, gone)) return false;
        }
        settle_in(channel, lane, subscription);
        if (!subscription.reserved) {
            record(HostEvent::Kind::count_changed, channel, {}, now, wakes);
        }
        if (channel.unused()) {
            record(HostEvent::Kind::vacated, channel, {}, now, wakes);
            locked.erase_if_gone(channel);
        }
    }
    delete &subscription;
    wake(wakes);
    if (hooked) hooks_->after_unsubscribe(state.app, pattern_text(name));
    return true;
}

// Under the lock of the channel, or of the patterns.
void Hub::settle_in(Channel& channel, Lane& lane, const Subscription& subscription) {
    if (subscription.in_group) return leave_group(channel, subscription);
    auto* place = channel.place_on(lane.index());
    subscription.audience->settle(lane, lane.inbox().last_number());
    if (--place->subscribers == 0) {
        lane.retire(place->slot);
        channel.places_.erase(channel.places_.begin() + (place - channel.places_.data()));
    }
    if (channel.extras_ == nullptr) return;
    std::erase_if(channel.extras_->gates, [](const GateRef& gate) { return gate->closed(); });
    channel.forget_extras_if_empty();
}

void Hub::settle_pattern(Lane& lane, const Subscription& subscription) {
    auto& patterns = subscription.channel->app_state().patterns;
    const std::unique_lock lock(patterns.mutex);
    settle_in(*subscription.channel, lane, subscription);
    patterns.erase_if_gone(*subscription.channel);
}

// ---- users ----

Outcome Hub::identify(Session& session, std::string_view user, Now now) {
    ASSERT(session.lane_.home().is_here());
    if (session.closing()) return refuse(Outcome::closing);
    if (session.user() == user) return Outcome::already;
    sign_out(session, now);
    if (user.empty()) return Outcome::ok;
    session.user_ = std::make_unique<const std::string>(user);
    Wakes wakes;
    users_.sign_in(session.app_state_, user, session.id(), [&] {
        record(HostEvent::Kind::user_online, session.app_state_, user, now, wakes);
    });
    wake(wakes);
    return Outcome::ok;
}

void Hub::sign_out(Session& session, Now now) {
    if (session.user_ == nullptr) return;
    Wakes wakes;
    users_.sign_out(session.app_state_, *session.user_, session.id(), [&] {
        if (draining_.load(std::memory_order_relaxed)) return;
        record(HostEvent::Kind::user_offline, session.app_state_, *session.user_, now, wakes);
    });
    session.user_.reset();
    wake(wakes);
}

Receipt Hub::disconnect_user(const AppRef& app, std::string_view user, CloseReason why) {
    const auto sessions = users_.sessions_of(state_of(app), user);
    Reservation reservation(lanes_, sessions.size() * Publication::item_overhead_bytes);
    if (!reservation.granted()) return {refuse(Outcome::overloaded)};
    for (const auto& its : sessions) {
        Lane& lane = *lanes_[its.session.lane()];
        reservation.spend(lane.index(), Publication::item_overhead_bytes);
        if (lane.inbox().push({.session = its.session, .why = why, .aim = Item::Aim::session}))
            lane.wake();
    }
    return {Outcome::ok, sessions.size()};
}

bool Hub::online(const AppRef& app, std::string_view user) {
    return users_.online(state_of(app), user);
}

// ---- presence, under the channel's lock ----

Outcome Hub::enter_roster(Channel& channel, Session& session, const JoinOptions& options, Now now,
                          Wakes& wakes) {
    auto* known = channel.roster() != nullptr ? channel.roster()->find(options.member) : nullptr;
    if (known != nullptr) {
        ++known->connections;
        return Outcome::ok;
    }
    const auto present = channel.roster() != nullptr ? channel.roster()->size() : 0;
    if (present >= session.app().limits.presence_members_max)
        return Outcome::limit_presence_members;
    const auto joined = Publication::make({.kind = Kind::joined,
                                           .body_kind = BodyKind::json,
                                           .member = options.member,
                                           .body = options.member_data,
                                           .origin = session.id()});
    Reservation reservation(lanes_, joined->inbox_bytes());
    if (!reservation.granted()) return Outcome::overloaded;
    Errand errand{now, reservation, wakes};
    enqueue(channel, joined, errand);
    auto& roster = channel.extras().roster;
    if (roster == nullptr) roster = std::make_unique<Roster>();
    roster->add(options.member, options.member_data).connections = 1;
    return Outcome::ok;
}

bool Hub::leave_roster(Channel& channel, Member& member, Now now, Wakes& wakes,
                       std::unique_ptr<Member>& gone) {
    if (member.connections > 1) {
        --member.connections;
        return true;
    }
    if (!draining_.load(std::memory_order_relaxed)) {
        const auto left = Publication::make({.kind = Kind::left,
                                             .body_kind = BodyKind::json,
                                             .member = member.id,
                                             .body = member.data});
        Reservation reservation(lanes_, left->inbox_bytes());
        if (!reservation.granted()) return false;
        Errand errand{now, reservation, wakes};
        enqueue(channel, left, errand);
    }
    record(HostEvent::Kind::member_removed, channel, member.id, now, wakes);
    gone = channel.roster()->remove(member);
    if (channel.roster()->size() == 0) channel.extras_->roster.reset();
    channel.forget_extras_if_empty();
    return true;
}

// ---- publishing ----

Receipt Hub::publish(const AppRef& app, std::span<const std::string_view> names,
                     const PublicationRef& publication, Now now) {
    const Wish wish{names, publication};
    return publish_to(state_of(app), {&wish, 1}, now);
}

Receipt Hub::publish(const AppRef& app, std::span<const std::string_view> names,
                     const PublicationRef& publication, Now now, OnDone on_done) {
    const CountdownRef countdown(new Countdown(std::move(on_done)));
    const Wish wish{names, publication};
    const auto receipt = publish_to(state_of(app), {&wish, 1}, now, countdown);
    if (receipt.outcome == Outcome::ok) countdown->done({});
    return receipt;
}

Receipt Hub::publish(const Session& from, std::string_view name, const PublicationRef& publication,
                     Now now) {
    const Wish wish{{&name, 1}, publication};
    return publish_to(from.app_state_, {&wish, 1}, now);
}

Receipt Hub::publish(const AppRef& app, std::span<const Wish> wishes, Now now) {
    return publish_to(state_of(app), wishes, now);
}

Receipt Hub::publish(AppState& state, std::string_view name, PublicationRef publication, Now now,
                     Patience patience, OnDone on_done) {
    const Wish wish{{&name, 1}, std::move(publication)};
    const CountdownRef countdown(on_done ? new Countdown(std::move(on_done)) : nullptr);
    const auto receipt = publish_to(state, {&wish, 1}, now, countdown, patience);
    if (receipt.outcome == Outcome::ok && countdown != nullptr) countdown->done({});
    return receipt;
}

Receipt Hub::publish_to(AppState& state, std::span<const Wish> wishes, Now now,
                        const CountdownRef& countdown, Patience patience) {
    if (hooks_ != nullptr && hooks_->watch(*state.app)) {
        return publish_hooked(state, wishes, now, countdown, patience);
    }
    return publish_unhooked(state, wishes, now, countdown, patience);
}

// Each name for itself: a hook may put something else in one place and not in another.
Receipt Hub::publish_hooked(AppState& state, std::span<const Wish> wishes, Now now,
                            const CountdownRef& countdown, Patience patience) {
    thread_local unsigned depth = 0;
    if (depth == limits::hook_nesting_max) return {refuse(Outcome::limit_nesting)};
    const struct Nested {
        Nested() { ++depth; }
        ~Nested() { --depth; }
    } nested;
    const auto tell = [&](std::span<const Wish> published) {
        const auto receipt = publish_unhooked(state, published, now, countdown, patience);
        if (receipt.outcome != Outcome::ok) return receipt;
        for (const auto& wish : published) {
            if (wish.publication->kind() != Kind::message) continue;
            for (const auto name : wish.channels) {
                hooks_->after_publish(state.app, name, wish.publication, receipt.matched);
            }
        }
        return receipt;
    };
    if (!hooks_->may_intervene()) return tell(wishes);
    boost::container::small_vector<Wish, 1> rewritten;
    for (const auto& wish : wishes) {
        const auto first = rewritten.size();
        for (const auto& name : wish.channels) {
            auto publication = wish.publication;
            // What a protocol tells its own clients is nobody else's to change.
            if (publication->kind() == Kind::message &&
                !hooks_->before_publish(state.app, name, publication)) {
                return {refuse(Outcome::vetoed)};
            }
            // Who is still told the same stays in one wish: a bridge looks at it as a whole.
            if (rewritten.size() > first && rewritten.back().publication == publication) {
                auto& names = rewritten.back().channels;
                names = {names.data(), names.size() + 1};
            } else {
                rewritten.push_back({{&name, 1}, std::move(publication)});
            }
        }
    }
    return tell(rewritten);
}

// The first of them that cannot be kept, though it should be.
Outcome Hub::storage_refuses(const AppState& state, std::span<const Wish> wishes) const {
    for (const auto& [names, publication] : wishes) {
        if (publication->passing()) continue;
        for (const auto name : names) {
            const auto outcome = ports_.history->refuses(*state.app, name);
            if (outcome != Outcome::ok) return outcome;
        }
    }
    return Outcome::ok;
}

Receipt Hub::publish_unhooked(AppState& state, std::span<const Wish> wishes, Now now,
                              const CountdownRef& countdown, Patience patience) {
    std::size_t bytes = 0;
    for (const auto& [names, publication] : wishes) {
        if (names.size() > limits::publish_channels_max) return {refuse(Outcome::limit_channels)};
        for (const auto name : names) {
            if (name.empty() || name.size() > limits::channel_name_bytes_max ||
                is_pattern_key(name)) {
                return {refuse(Outcome::bad_name)};
            }
        }
        bytes += publication->inbox_bytes() * names.size();
    }
    ASSERT(patience == Patience::none || (wishes.size() == 1 && wishes[0].channels.size() == 1));
    if (ports_.history != nullptr && ports_.history->in_trouble()) {
        const auto refused = storage_refuses(state, wishes);
        if (refused != Outcome::ok) return {refuse(refused)};
    }
    std::size_t duplicates = 0;
    std::uint64_t matched = 0;
    while (true) {
        Crush crush;
        {
            Reservation reservation(lanes_, bytes);
            if (!reservation.granted()) return {refuse(Outcome::overloaded)};
            Wakes wakes;
            Errand errand{now, reservation, wakes, countdown, patience};
            for (const auto& [names, publication] : wishes) {
                for (const auto name : names) {
                    matched += publish_in(state, name, publication, errand);
                }
            }
            wake(wakes);
            crush = std::move(errand.crush);
            duplicates = errand.duplicates;
        }
        if (!crush) break;
        crush.wait();
    }
    if (duplicates != 0 && wishes.size() == 1 && duplicates == wishes[0].channels.size()) {
        return {Outcome::already};
    }
    published_.add(wishes.size());
    if (bridges_ != nullptr) {
        for (const auto& wish : wishes) carry_over(state, wish, now);
    }
    return {Outcome::ok, matched};
}

std::uint64_t Hub::publish_in(AppState& state, std::string_view name,
                              const PublicationRef& publication, Errand& errand) {
    auto locked = channels_.lock(state, name);
    Channel* channel = locked.find();
    bool kept = !publication->passing() && is_kept(state, name, channel);
    // Where nobody is and there is no room for another channel, nothing is kept.
    if (kept && channel == nullptr && channels_.size() < limits::channels_max) {
        channel = &locked.find_or_create();
    }
    kept = kept && channel != nullptr;
    if (kept) keep(locked, *channel);
    if (kept && channel->keeping_->history->seen(publication->once())) {
        ++errand.duplicates;
        return 0;
    }
    const bool spreads =
        publication->kind() == Kind::message &&
        (state.patterns.used() || (channel != nullptr && channel->extras_ != nullptr));
    std::optional<Crowd> crowd;
    if (spreads && !gather(state, name, channel, errand, crowd.emplace())) {
        if (kept) locked.erase_if_gone(*channel);
        return 0;
    }
    if (kept) {
        const Stamp stamp{{channel->position().epoch, ++channel->position().offset},
                          errand.now.unix_ms};
        channel->keeping_->history->append(publication, stamp, errand.now, errand.countdown);
    }
    std::uint64_t matched = 0;
    if (crowd && crowd->is_more_than_channel()) {
        matched = enqueue(name, channel, publication, errand, *crowd);
    } else if (channel != nullptr) {
        matched = enqueue(*channel, publication, errand);
    }
    // It could not be kept, and nobody is there.
    if (kept) locked.erase_if_gone(*channel);
    return matched;
}

// Under the channel's lock: one item for each lane that has subscribers of it. O(lanes), however
// many hear it.
std::uint64_t Hub::enqueue(Channel& channel, const PublicationRef& publication, Errand& errand) {
    std::uint64_t matched = 0;
    for (const auto& place : channel.places_) {
        Item item{.publication = publication,
                  .slot = place.slot,
                  .matched = place.subscribers,
                  .stamp = {channel.position(), errand.now.unix_ms},
                  .extra = errand.countdown};
        if (errand.countdown != nullptr) errand.countdown->expect_one_more();
        errand.reservation.spend(place.lane, publication->inbox_bytes());
        push(place.lane, std::move(item), errand.wakes);
        matched += place.subscribers;
    }
    return matched;
}

void Hub::push(unsigned lane, Item item, Wakes& wakes) {
    if (lanes_[lane]->inbox().push(std::move(item))) wakes.lanes |= std::uint64_t{1} << lane;
}

Outcome Hub::send(SessionId to, const PublicationRef& publication, Now now) {
    if (to.lane() >= lanes_.size()) return refuse(Outcome::bad_name);
    if (!lanes_[to.lane()]->inbox().reserve(publication->inbox_bytes())) {
        return refuse(Outcome::overloaded);
    }
    Wakes wakes;
    enqueue(to, publication, now, wakes);
    wake(wakes);
    return Outcome::ok;
}

Receipt Hub::send(const AppRef& app, std::string_view user, const PublicationRef& publication,
                  Now now) {
    auto sessions = users_.sessions_of(state_of(app), user);
    std::erase_if(sessions, [](const UserSession& its) { return !its.signed_in; });
    Reservation reservation(lanes_, publication->inbox_bytes() * sessions.size());
    if (!reservation.granted()) return {refuse(Outcome::overloaded)};
    Wakes wakes;
    for (const auto& its : sessions) {
        reservation.spend(its.session.lane(), publication->inbox_bytes());
        enqueue(its.session, publication, now, wakes);
    }
    wake(wakes);
    return {Outcome::ok, sessions.size()};
}

// Its bytes were reserved on the session's lane.
void Hub::enqueue(SessionId to, const PublicationRef& publication, Now now, Wakes& wakes) {
    Item item{.publication = publication,
              .session = to,
              .matched = 1,
              .aim = Item::Aim::session,
              .stamp = {{}, now.unix_ms}};
    push(to.lane(), std::move(item), wakes);
}

// ---- questions ----

std::vector<MemberView> Hub::members(const AppRef& app, std::string_view name) {
    auto locked = channels_.lock(state_of(app), name);
    const auto* channel = locked.find();
    if (channel == nullptr || channel->roster() == nullptr) return {};
    return channel->roster()->list();
}

std::optional<Description> Hub::describe(const AppRef& app, std::string_view name) {
    auto locked = channels_.lock(state_of(app), name);
    auto* channel = locked.find();
    if (channel == nullptr) return std::nullopt;
    return describe(*channel);
}

Description Hub::describe(const Channel& channel) {
    const auto members = channel.roster() != nullptr ? channel.roster()->size() : 0;
    return {channel.subscribers(), static_cast<std::uint32_t>(members), channel.position()};
}

std::vector<Kept> Hub::newest(const AppRef& app, std::string_view name, std::size_t count) {
    std::vector<Kept> found;
    auto locked = channels_.lock(state_of(app), name);
    const auto* channel = locked.find();
    if (channel == nullptr || channel->keeping_ == nullptr) return found;
    count = std::min(count, channel->kept());
    if (count == 0) return found;
    const auto after = channel->position().offset - count;
    const auto reader = channel->keeping_->history->read_after(after);
    while (reader->next(limits::journal_page_bytes, found) == Reader::Page::some) continue;
    return found;
}

History::Opened Hub::read(const AppState& state, std::string_view channel, ReadOptions options) {
    if (ports_.history == nullptr) return {};
    return ports_.history->read(*state.app, channel, std::move(options));
}

void Hub::each_channel(std::size_t first, std::size_t stripes, const AnyVisit& visit) {
    const auto end = std::min(first + stripes, ChannelTable::stripe_count);
    for (; first < end; ++first) {
        channels_.each(first, [&](const Channel& channel) {
            if (channel.unused()) return;
            visit(channel.app_state().app, channel.name(), describe(channel));
        });
    }
}

void Hub::each_channel(const AppRef& app, std::size_t first, std::size_t stripes,
                       const Visit& visit) {
    each_channel(first, stripes,
                 [&](const AppRef& its, std::string_view name, const Description& description) {
                     if (its->id == app->id) visit(name, description);
                 });
}

void Hub::each_app(const AppVisit& visit) {
    std::vector<const AppState*> known;  // none is ever forgotten
    {
        const std::shared_lock lock(apps_mutex_);
        known.reserve(apps_.size());
        for (const auto& [id, state] : apps_) known.push_back(state.get());
    }
    for (const auto* state : known) visit(state->app, state->books);
}

AppState& Hub::state_of(const AppRef& app) {
    {
        const std::shared_lock lock(apps_mutex_);
        const auto at = apps_.find(app->id);
        if (at != apps_.end()) return *at->second;
    }
    const std::unique_lock lock(apps_mutex_);
    auto& state = apps_[app->id];
    if (state == nullptr) state = std::make_unique<AppState>(app, lane_count());
    return *state;
}

Outcome Hub::refuse(Outcome outcome) {
    refused_[static_cast<std::size_t>(outcome)].add();
    return outcome;
}

// Under the lock of the channel or the user.
void Hub::record(HostEvent::Kind kind, const Channel& channel, std::string_view member, Now now,
                 Wakes& wakes) {
    if (ports_.host_events == nullptr || channel.is_pattern() ||
        !ports_.host_events->wants(kind, channel.app())) {
        return;
    }
    ports_.host_events->record(
        {kind, channel.app_state().app, channel.name(), member, now.unix_ms});
    wakes.host = true;
}

void Hub::record(HostEvent::Kind kind, const AppState& state, std::string_view user, Now now,
                 Wakes& wakes) {
    if (ports_.host_events == nullptr || !ports_.host_events->wants(kind, *state.app)) return;
    ports_.host_events->record({kind, state.app, {}, user, now.unix_ms});
    wakes.host = true;
}

void Hub::wake(const Wakes& wakes) {
    for (auto mask = wakes.lanes; mask != 0; mask &= mask - 1)
        lanes_[static_cast<std::size_t>(std::countr_zero(mask))]->wake();
    if (wakes.host) ports_.host_events->wake();
}

}  // namespace carillon::hub
