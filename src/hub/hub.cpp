#include "hub/hub.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"
#include "hub/channel.h"
#include "hub/reservation.h"

namespace carillon::hub {

Hub::Hub(const HubConfig& config, Ports ports)
    : ports_(ports), channels_(config.random(0)->next()) {
    ASSERT(config.lanes >= 1 && config.lanes <= limits::lanes_max);
    for (unsigned i = 0; i < config.lanes; ++i) {
        lanes_.push_back(std::make_unique<Lane>(*this, i, config.random(i), config.lane_limits));
    }
}

Hub::~Hub() = default;

// ---- sessions ----

Opened Hub::open(AppRef app, Lane& lane, Outbox& outbox, Subscriber& subscriber,
                 OutboxPolicy policy, const Encoder& format) {
    ASSERT(lane.home().is_here());
    ASSERT(outbox.session_ == nullptr);
    AppState& state = state_of(app);
    const auto max = app->limits.connections_max;
    if (state.connections.fetch_add(1, std::memory_order_relaxed) >= max && max != 0) {
        state.connections.fetch_sub(1, std::memory_order_relaxed);
        return {refuse(Outcome::limit_connections)};
    }
    const auto id = lane.new_session_id();
    std::unique_ptr<Session> session(
        new Session(id, lane, std::move(app), state, outbox, subscriber, policy, format));
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
    const bool already = session.subscriptions_.find(name) != nullptr;
    if (!already) {
        const auto may = may_join(session, name, options);
        if (may != Outcome::ok) return {refuse(may)};
    }

    Joined joined{already ? Outcome::already : Outcome::ok};
    if (options.recover && !already) joined.recovery = Recovery::not_kept;
    const bool looks_back =
        !already && (options.recover || options.newest != 0) && keeps(session.app_state_, name);
    std::vector<Kept> missed;
    WakeMask wake_mask = 0;
    {
        auto locked = channels_.lock(session.app_state_, name);
        Channel* found = locked.find();
        if (found == nullptr && channels_.size() >= limits::channels_max) {
            return {refuse(Outcome::limit_channels)};
        }
        Channel& channel = found != nullptr ? *found : locked.find_or_create();
        if (!already) {
            const auto entered = join(channel, session, format, options, now, wake_mask);
            if (entered != Outcome::ok) {
                locked.erase_if_gone(channel);
                return {refuse(entered)};
            }
        }
        joined.position = channel.position();
        if (looks_back) joined.recovery = look_back(channel, session.app(), options, missed);
        if (options.roster && channel.roster_ != nullptr) joined.roster = channel.roster_->list();
    }
    wake(wake_mask);
    if (!missed.empty()) {
        promise(session, std::make_unique<Replay>(format, name, session.id(), std::move(missed)),
                joined);
    }
    if (joined.recovery != Recovery::not_asked) {
        recovered_[static_cast<std::size_t>(joined.recovery)].add();
    }
    return joined;
}

Outcome Hub::may_join(const Session& session, std::string_view name, const JoinOptions& options) {
    const auto& limits = session.app().limits;
    if (name.empty() || name.size() > limits.channel_name_bytes_max ||
        name.size() > limits::channel_name_bytes_max) {
        return Outcome::bad_name;
    }
    if (session.subscriptions_.size() >= limits::session_channels_max) {
        return Outcome::limit_subscriptions;
    }
    if (options.member_data.size() > limits.presence_member_bytes_max) {
        return Outcome::limit_presence_bytes;
    }
    return Outcome::ok;
}

// Under the channel's lock. The order is the promise: the joiner's own member event goes into the
// inboxes just before `after` is read, so the joiner does not hear it and hears everything that is
// stamped from now on.
Outcome Hub::join(Channel& channel, Session& session, const Encoder& format,
                  const JoinOptions& options, Now now, WakeMask& wake_mask) {
    Lane& lane = session.lane_;
    Member* member = nullptr;
    if (!options.member.empty()) {
        const auto entered = enter_roster(channel, session, options, now, wake_mask);
        if (entered != Outcome::ok) return entered;
        member = channel.roster_->find(options.member);
    }
    if (channel.unused()) record(HostEvent::Kind::occupied, channel, {}, now);
    if (member != nullptr && member->connections == 1) {
        record(HostEvent::Kind::member_added, channel, member->id, now);
    }

    auto* place = channel.place_on(lane.index());
    if (place == nullptr) {
        channel.places_.push_back(
            {static_cast<std::uint8_t>(lane.index()), lane.add_channel(channel).slot(), 0});
        place = &channel.places_.back();
    }
    ++place->subscribers;
    auto& local = lane.channel_at(place->slot);
    auto* subscription = new Subscription{&session, &channel, &local, nullptr, 0, member, nullptr};
    local.audience_for(format).join(lane, *subscription, *session.outbox_,
                                    lane.inbox().last_number());
    session.subscriptions_.add(*subscription);
    return Outcome::ok;
}

// Under the channel's lock, in the moment of the join: what is pinned here ends where what the
// joiner hears begins.
Recovery Hub::look_back(const Channel& channel, const App& app, const JoinOptions& options,
                        std::vector<Kept>& missed) {
    std::uint64_t count =
        std::min<std::uint64_t>({options.newest, channel.kept(), app.limits.recover_max});
    auto recovery = Recovery::not_asked;
    if (options.recover) {
        recovery = count_missed(channel, app, *options.recover, count);
        if (recovery != Recovery::recovered) return recovery;
    }
    missed.reserve(count);
    if (count != 0) channel.keeping_->history->read_newest(count, missed);
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
    } else if (joined.recovery == Recovery::recovered) {
        joined.recovery = Recovery::no_room;
    }
}

bool Hub::keeps(const AppState& state, std::string_view channel) const {
    return ports_.history != nullptr && ports_.history->keeps(*state.app, channel);
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
    subscription->audience->leave(session.lane_, *subscription);
    session.subscriptions_.remove(*subscription);
    subscription->session = nullptr;
    if (!settle(session.lane_, *subscription, now)) session.lane_.postpone(*subscription);
    return Outcome::ok;
}

void Hub::unsubscribe_all(Session& session, Now) {
    ASSERT(session.lane_.home().is_here());
    session.lane_.leave_all(session);
}

bool Hub::settle(Lane& lane, Subscription& subscription, Now now) {
    WakeMask wake_mask = 0;
    std::unique_ptr<Member> gone;  // its memory is freed outside the lock
    {
        Channel& channel = *subscription.channel;
        auto locked = channels_.lock(channel.app_state(), channel.name());
        if (subscription.member != nullptr) {
            if (!leave_roster(channel, *subscription.member, now, wake_mask, gone)) return false;
        }
        auto* place = channel.place_on(lane.index());
        subscription.audience->settle(lane, lane.inbox().last_number());
        if (--place->subscribers == 0) {
            lane.retire(place->slot);
            channel.places_.erase(channel.places_.begin() + (place - channel.places_.data()));
        }
        if (channel.unused()) {
            record(HostEvent::Kind::vacated, channel, {}, now);
            locked.erase_if_gone(channel);
        }
    }
    delete &subscription;
    wake(wake_mask);
    return true;
}

// ---- presence, under the channel's lock ----

Outcome Hub::enter_roster(Channel& channel, Session& session, const JoinOptions& options, Now now,
                          WakeMask& wake_mask) {
    auto* known = channel.roster_ != nullptr ? channel.roster_->find(options.member) : nullptr;
    if (known != nullptr) {
        ++known->connections;
        return Outcome::ok;
    }
    const auto present = channel.roster_ != nullptr ? channel.roster_->size() : 0;
    if (present >= session.app().limits.presence_members_max)
        return Outcome::limit_presence_members;
    const auto joined = Publication::make({.kind = Kind::joined,
                                           .body_kind = BodyKind::json,
                                           .member = options.member,
                                           .body = options.member_data,
                                           .origin = session.id()});
    Reservation reservation(lanes_, joined->inbox_bytes());
    if (!reservation.granted()) return Outcome::overloaded;
    enqueue(channel, joined, now, reservation, wake_mask);
    if (channel.roster_ == nullptr) channel.roster_ = std::make_unique<Roster>();
    channel.roster_->add(options.member, options.member_data).connections = 1;
    return Outcome::ok;
}

bool Hub::leave_roster(Channel& channel, Member& member, Now now, WakeMask& wake_mask,
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
        enqueue(channel, left, now, reservation, wake_mask);
    }
    record(HostEvent::Kind::member_removed, channel, member.id, now);
    gone = channel.roster_->remove(member);
    if (channel.roster_->size() == 0) channel.roster_.reset();
    return true;
}

// ---- publishing ----

Receipt Hub::publish(const AppRef& app, std::span<const std::string_view> names,
                     const PublicationRef& publication, Now now) {
    return publish_to(state_of(app), names, publication, now);
}

Receipt Hub::publish(const Session& from, std::string_view name, const PublicationRef& publication,
                     Now now) {
    return publish_to(from.app_state_, {&name, 1}, publication, now);
}

Receipt Hub::publish_to(AppState& state, std::span<const std::string_view> names,
                        const PublicationRef& publication, Now now) {
    if (names.size() > limits::publish_channels_max) return {refuse(Outcome::limit_channels)};
    for (const auto name : names) {
        if (name.empty() || name.size() > limits::channel_name_bytes_max) {
            return {refuse(Outcome::bad_name)};
        }
    }
    Reservation reservation(lanes_, publication->inbox_bytes() * names.size());
    if (!reservation.granted()) return {refuse(Outcome::overloaded)};
    std::uint64_t matched = 0;
    WakeMask wake_mask = 0;
    for (const auto name : names) {
        const bool kept = !publication->passing() && keeps(state, name);
        auto locked = channels_.lock(state, name);
        Channel* channel = locked.find();
        if (channel == nullptr) {
            // Where nobody is and there is no room for another channel, nothing is kept.
            if (!kept || channels_.size() >= limits::channels_max) continue;
            channel = &locked.find_or_create();
        }
        if (kept) {
            if (channel->keeping_ == nullptr) {
                locked.keep(*channel, ports_.history->open(*state.app, name));
            }
            const Stamp stamp{{channel->position().epoch, ++channel->position().offset},
                              now.unix_ms};
            channel->keeping_->history->append(publication, stamp, now);
        }
        matched += enqueue(*channel, publication, now, reservation, wake_mask);
        if (kept) locked.erase_if_gone(*channel);  // it could not be kept, and nobody is there
    }
    published_.add();
    wake(wake_mask);
    return {Outcome::ok, matched};
}

// Under the channel's lock: one item for each lane that has subscribers of it. O(lanes), however
// many hear it.
std::uint64_t Hub::enqueue(Channel& channel, const PublicationRef& publication, Now now,
                           Reservation& reservation, WakeMask& wake_mask) {
    std::uint64_t matched = 0;
    for (const auto& place : channel.places_) {
        Item item{.publication = publication,
                  .slot = place.slot,
                  .session = {},
                  .matched = place.subscribers,
                  .stamp = {channel.position(), now.unix_ms}};
        reservation.spend(place.lane, publication->inbox_bytes());
        if (lanes_[place.lane]->inbox().push(std::move(item)))
            wake_mask |= WakeMask{1} << place.lane;
        matched += place.subscribers;
    }
    return matched;
}

Outcome Hub::send(SessionId to, const PublicationRef& publication, Now now) {
    if (to.lane() >= lanes_.size()) return refuse(Outcome::bad_name);
    Lane& lane = *lanes_[to.lane()];
    if (!lane.inbox().reserve(publication->inbox_bytes())) return refuse(Outcome::overloaded);
    Item item{.publication = publication,
              .slot = {},
              .session = to,
              .matched = 1,
              .stamp = {{}, now.unix_ms}};
    if (lane.inbox().push(std::move(item))) lane.wake();
    return Outcome::ok;
}

// ---- questions ----

std::vector<MemberView> Hub::members(const AppRef& app, std::string_view name) {
    auto locked = channels_.lock(state_of(app), name);
    const auto* channel = locked.find();
    if (channel == nullptr || channel->roster_ == nullptr) return {};
    return channel->roster_->list();
}

std::optional<Description> Hub::describe(const AppRef& app, std::string_view name) {
    auto locked = channels_.lock(state_of(app), name);
    auto* channel = locked.find();
    if (channel == nullptr) return std::nullopt;
    const auto members = channel->roster_ != nullptr ? channel->roster_->size() : 0;
    return Description{channel->subscribers(), static_cast<std::uint32_t>(members),
                       channel->position()};
}

AppState& Hub::state_of(const AppRef& app) {
    {
        const std::shared_lock lock(apps_mutex_);
        const auto at = apps_.find(app->id);
        if (at != apps_.end()) return *at->second;
    }
    const std::unique_lock lock(apps_mutex_);
    auto& state = apps_[app->id];
    if (state == nullptr) state = std::make_unique<AppState>(app);
    return *state;
}

Outcome Hub::refuse(Outcome outcome) {
    refused_[static_cast<std::size_t>(outcome)].add();
    return outcome;
}

void Hub::record(HostEvent::Kind kind, const Channel& channel, std::string_view member, Now now) {
    if (ports_.host_events == nullptr) return;
    ports_.host_events->record({kind, channel.app(), channel.name(), member, now.unix_ms});
}

void Hub::wake(WakeMask mask) {
    for (; mask != 0; mask &= mask - 1)
        lanes_[static_cast<std::size_t>(std::countr_zero(mask))]->wake();
}

}  // namespace carillon::hub
