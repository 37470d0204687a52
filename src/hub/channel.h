// hub/channel.h: where one name's publications are ordered: its position, who is present, and on
// which lanes its subscribers are. Every member is guarded by the mutex of the channel's stripe
// (channel_table.h).
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/app.h"
#include "hub/books.h"
#include "hub/group.h"
#include "hub/inbox.h"
#include "hub/patterns.h"
#include "hub/ports.h"
#include "hub/publication.h"

namespace carillon::hub {

// What the hub counts for an app while it runs.
struct AppState {
    explicit AppState(AppRef known, unsigned lanes = 1) : app(std::move(known)), books(lanes) {}
    const AppRef app;  // as first seen; identity is app->id
    std::atomic<std::uint32_t> connections{0};
    std::vector<AppBooks> books;  // by lane
    Patterns patterns;
};

// Someone present in a channel, over one or several connections. The first data wins until all
// left.
struct Member {
    std::string id;
    std::string data;
    std::uint32_t connections = 0;
};

struct MemberView {
    std::string id;
    std::string data;
};

// Members stay where they are in memory: subscriptions point at them.
class Roster {
 public:
    Member* find(std::string_view id) const {
        const auto at = members_.find(id);
        return at == members_.end() ? nullptr : at->second.get();
    }
    Member& add(std::string_view id, std::string_view data) {
        auto member = std::make_unique<Member>(Member{std::string(id), std::string(data), 0});
        auto& kept = *member;
        members_.emplace(kept.id, std::move(member));
        return kept;
    }
    std::unique_ptr<Member> remove(const Member& member) {
        auto node = members_.extract(member.id);
        return std::move(node.mapped());
    }
    std::size_t size() const { return members_.size(); }
    std::vector<MemberView> list() const {
        std::vector<MemberView> all;
        all.reserve(members_.size());
        for (const auto& [id, member] : members_) all.push_back({member->id, member->data});
        return all;
    }

 private:
    std::unordered_map<std::string_view, std::unique_ptr<Member>>
        members_;  // keys live in the members
};

// The channel's subscribers on one lane.
struct LanePlace {
    std::uint8_t lane;
    SlotRef slot;
    std::uint32_t subscribers;
};

// What few channels have.
struct ChannelExtras {
    std::unique_ptr<Roster> roster;  // null until someone is present
    std::vector<GroupRef> groups;    // each with members
    std::vector<GateRef> gates;  // of subscribers for whom publishers wait; members of groups not

    bool empty() const { return roster == nullptr && groups.empty() && gates.empty(); }
};

class Channel;

// What a channel keeps, and its place among those of its stripe that a sweep visits.
struct Keeping
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    Keeping(Channel& c, std::unique_ptr<ChannelHistory> h) : channel(c), history(std::move(h)) {}
    Channel& channel;
    const std::unique_ptr<ChannelHistory> history;
};

class Channel {
 public:
    Channel(AppState& app_state, std::string_view name, std::size_t hash, std::uint64_t epoch)
        : app_state_(app_state),
          hash_(hash),
          name_(new char[name.size()]),
          name_bytes_(static_cast<std::uint32_t>(name.size())),
          position_{epoch, 0} {
        std::copy(name.begin(), name.end(), name_.get());
    }

    AppState& app_state() const { return app_state_; }
    const App& app() const { return *app_state_.app; }
    std::string_view name() const { return {name_.get(), name_bytes_}; }  // needs no lock
    std::size_t hash() const { return hash_; }

    LanePlace* place_on(unsigned lane) {
        for (auto& place : places_) {
            if (place.lane == lane) return &place;
        }
        return nullptr;
    }
    std::uint32_t subscribers() const {
        std::uint32_t sum = 0;
        for (const auto& place : places_) sum += place.subscribers;
        if (extras_ == nullptr) return sum;
        for (const auto& group : extras_->groups) {
            sum += static_cast<std::uint32_t>(group->size());
        }
        return sum;
    }
    bool unused() const { return places_.empty() && !has_groups(); }
    bool has_groups() const { return extras_ != nullptr && !extras_->groups.empty(); }
    Roster* roster() const { return extras_ != nullptr ? extras_->roster.get() : nullptr; }
    // A pattern has the form of a channel: audiences, groups and who waits, under a name that no
    // channel has. Nothing is published to it.
    bool is_pattern() const { return name_bytes_ != 0 && is_pattern_key(name()); }
    // Nobody is here and nothing is kept: its name is free. Whoever comes next finds a new epoch.
    bool gone() const { return unused() && kept() == 0; }
    std::size_t kept() const { return keeping_ != nullptr ? keeping_->history->size() : 0; }

    boost::container::small_vector<LanePlace, 1> places_;
    std::unique_ptr<ChannelExtras> extras_;  // null until it has any
    std::unique_ptr<Keeping> keeping_;       // null until something is kept
    ChannelExtras& extras() {
        if (extras_ == nullptr) extras_ = std::make_unique<ChannelExtras>();
        return *extras_;
    }
    void forget_extras_if_empty() {
        if (extras_ != nullptr && extras_->empty()) extras_.reset();
    }
    const Position& position() const { return position_; }
    Position& position() { return position_; }
    // Whether its history keeps it, once that was asked: it is always the same.
    std::optional<bool> keeps_{};

 private:
    AppState& app_state_;
    const std::size_t hash_;
    // Not a string: there may be millions of channels, and this is 32 bytes less for each.
    const std::unique_ptr<char[]> name_;
    const std::uint32_t name_bytes_;
    Position position_;
};

}  // namespace carillon::hub
