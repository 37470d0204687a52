// Who hears a publication besides its channel's own audiences: subscribers of patterns, members of
// queue groups, and those for whom a publisher waits.
//
// The order is the promise, as everywhere: under the channel's lock and the patterns' it is decided
// who hears, and each lane gets one item that says all of it.
#include <algorithm>
#include <array>

#include "base/assert.h"
#include "hub/channel.h"
#include "hub/hub.h"
#include "hub/reservation.h"

namespace carillon::hub {

// Under the channel's lock. False: somebody for whom the publisher waits has no room; nothing was
// taken from anybody, and the errand says whom.
bool Hub::gather(AppState& state, std::string_view name, Channel* channel, Errand& errand,
                 Crowd& crowd) {
    const auto hidden = state.app->hidden_from_patterns;
    if (state.patterns.used() && (hidden == nullptr || !hidden(name))) {
        thread_local std::vector<Channel*> found;
        found.clear();
        crowd.patterns_lock = std::shared_lock(state.patterns.mutex);
        state.patterns.index.match(name, found);
        crowd.patterns.assign(found.begin(), found.end());
    }
    const bool patient = errand.patience == Patience::wait;
    boost::container::small_vector<Gate*, 8> taken;
    const auto take_room_in = [&](const Channel& heard) {
        for (const auto& gate : heard.extras_->gates) {
            if (!patient) {
                gate->take();
            } else if (!gate->try_take()) {
                errand.crush = {gate, {}};
                return false;
            }
            taken.push_back(gate.get());
        }
        for (const auto& group : heard.extras_->groups) {
            const auto rung = group->bell()->rung();
            const auto* member = patient ? group->next_with_room() : &group->next();
            if (member == nullptr) {
                errand.crush = {{}, group->bell(), rung};
                return false;
            }
            if (member->gate != nullptr) {
                if (!patient) member->gate->take();
                taken.push_back(member->gate.get());
            }
            crowd.turns.push_back({group, member->session, member->session, member->gate});
        }
        return true;
    };
    bool room = channel == nullptr || channel->extras_ == nullptr || take_room_in(*channel);
    for (const auto* pattern : crowd.patterns) {
        room = room && (pattern->extras_ == nullptr || take_room_in(*pattern));
    }
    if (room) return true;
    for (auto* gate : taken) gate->give_back(1);
    return false;
}

// Under the channel's lock and, if there are patterns, theirs: one item for each lane.
std::uint64_t Hub::enqueue(std::string_view name, Channel* channel,
                           const PublicationRef& publication, Errand& errand, Crowd& crowd) {
    std::array<boost::intrusive_ptr<Spread>, limits::lanes_max> by_lane;
    const auto on = [&](unsigned lane) -> Spread& {
        auto& spread = by_lane[lane];
        if (spread == nullptr) spread.reset(new Spread(name));
        return *spread;
    };
    const auto add_places = [&](const Channel& heard) {
        for (const auto& place : heard.places_) {
            auto& spread = on(place.lane);
            spread.slots.push_back(place.slot);
            spread.matched += place.subscribers;
        }
    };
    if (channel != nullptr) add_places(*channel);
    for (const auto* pattern : crowd.patterns) add_places(*pattern);
    for (auto& turn : crowd.turns) {
        auto& spread = on(turn.member.lane());
        ++spread.matched;
        spread.offers.push_back(std::move(turn));
    }
    const Stamp stamp{channel != nullptr ? channel->position() : Position{}, errand.now.unix_ms};
    std::uint64_t matched = 0;
    for (unsigned lane = 0; lane < lane_count(); ++lane) {
        auto& spread = by_lane[lane];
        if (spread == nullptr) continue;
        spread->countdown = errand.countdown;
        if (errand.countdown != nullptr) errand.countdown->expect_one_more();
        errand.reservation.spend(lane, publication->inbox_bytes());
        const auto here = spread->matched;
        push(lane,
             {.publication = publication,
              .slot = {},
              .matched = here,
              .aim = Item::Aim::spread,
              .stamp = stamp,
              .extra = std::move(spread)},
             errand.wakes);
        matched += here;
    }
    return matched;
}

// ---- queue groups, under the lock of the channel or of the patterns ----

void Hub::join_group(Channel& channel, const Session& session, std::string_view name,
                     Subscription& subscription) {
    auto& groups = channel.extras().groups;
    const auto at = std::find_if(groups.begin(), groups.end(),
                                 [&](const GroupRef& g) { return g->name() == name; });
    auto& group = at != groups.end()
                      ? *at
                      : groups.emplace_back(new Group(channel.app_state(), channel.name(), name));
    group->join({session.id(), session.gate(), &subscription});
    subscription.group = group.get();
}

void Hub::leave_group(Channel& channel, const Subscription& subscription) {
    auto& group = *subscription.group;
    group.leave(subscription);
    if (group.size() != 0) return;
    std::erase(channel.extras_->groups, GroupRef(&group));
    channel.forget_extras_if_empty();
}

// On the lane of the member who could not take it, under no lock: the next one's turn. False: there is
// no other, or no room on the way to him.
bool Hub::pass_on(const Offer& offer, bool leaves, const Item& item, std::string_view channel) {
    auto& group = *offer.group;
    auto& state = group.app_state();
    Wakes wakes;
    const auto pass = [&](const Channel* heard) {
        const bool there = heard != nullptr && heard->extras_ != nullptr;
        if (!there || std::find(heard->extras_->groups.begin(), heard->extras_->groups.end(),
                                offer.group) == heard->extras_->groups.end()) {
            return false;
        }
        if (group.size() == 0) return false;
        const auto* next = group.instead_of(offer.member, leaves);
        if (next == nullptr) return false;
        // Where he who was asked first is gone, nobody knows who was: a new round begins.
        const bool anew = leaves || !group.has(offer.first);
        if (!anew && next->session == offer.first) return false;
        const auto lane = next->session.lane();
        if (!lanes_[lane]->inbox().reserve(item.publication->inbox_bytes())) return false;
        const boost::intrusive_ptr<Spread> spread(new Spread(channel));
        spread->offers.push_back(
            {offer.group, next->session, anew ? next->session : offer.first, next->gate});
        spread->countdown = countdown_of(item);
        if (spread->countdown != nullptr) spread->countdown->expect_one_more();
        if (next->gate != nullptr) next->gate->take();
        push(lane,
             {.publication = item.publication,
              .slot = {},
              .matched = 1,
              .aim = Item::Aim::spread,
              .stamp = item.stamp,
              .extra = spread},
             wakes);
        return true;
    };
    bool passed = false;
    if (is_pattern_key(group.channel())) {
        const std::shared_lock lock(state.patterns.mutex);
        passed = pass(state.patterns.find_key(group.channel()));
    } else {
        passed = pass(channels_.lock(state, group.channel()).find());
    }
    wake(wakes);
    return passed;
}

}  // namespace carillon::hub
