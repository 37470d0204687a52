// The model's verbs: who is a member, what is matched, what the hub must answer.
#include <algorithm>

#include "hub/testing_model.h"

namespace carillon::hub::testing {

Model::Model(unsigned lanes, const ModelLimits& limits, Sightings& sightings)
    : limits_(limits), sightings_(sightings), lanes_(lanes) {}

void Model::fail(std::string why) {
    if (failure_.empty()) failure_ = std::move(why);
}

void Model::expect(bool holds, const char* what, const ModelClient* client) {
    if (holds) return;
    fail(client == nullptr ? what : "client " + std::to_string(client->index) + ": " + what);
}

void Model::expect(bool holds, const std::string& what, const ModelClient& client) {
    if (!holds) expect(false, what.c_str(), &client);
}

// ---- opening ----

std::uint32_t Model::connections(int app) const {
    return static_cast<std::uint32_t>(
        std::count_if(clients_.begin(), clients_.end(),
                      [&](const auto& client) { return client.app == app && !client.gone; }));
}

Outcome Model::may_open(int app) {
    const auto max = limits_.app.connections_max;
    if (max == 0 || connections(app) < max) return Outcome::ok;
    ++sightings_.limit_connections;
    return Outcome::limit_connections;
}

ModelClient& Model::open(unsigned lane, int app, SessionId id, OutboxPolicy policy,
                         const FrameFormat& format) {
    auto& client = clients_.emplace_back();
    client.index = static_cast<int>(clients_.size()) - 1;
    client.lane = lane;
    client.app = app;
    client.id = id;
    client.policy = policy;
    client.format = &format;
    client.self.client = &client;
    client.self.format = &format;
    return client;
}

ModelChannel& Model::channel(int app, const std::string& name) {
    auto [at, made] = channels_.try_emplace({app, name});
    if (made) {
        at->second.app = app;
        at->second.name = name;
        at->second.keeps = name.starts_with("kept");
    }
    return at->second;
}

std::size_t Model::channels_alive() const {
    return static_cast<std::size_t>(std::count_if(
        channels_.begin(), channels_.end(), [](const auto& one) { return one.second.exists(); }));
}

bool Model::room(std::size_t bytes) const {
    return std::all_of(lanes_.begin(), lanes_.end(), [&](const ModelLane& lane) {
        return lane.reserved + bytes <= limits_.inbox_bytes_max;
    });
}

void Model::host(const char* what, const ModelChannel& channel, const std::string& member) {
    host_log_.push_back(std::string(what) + " " + channel.path() +
                        (member.empty() ? "" : " " + member));
}

// ---- joining and leaving ----

Outcome Model::join(ModelClient& client, const std::string& name, const FrameFormat& format,
                    const std::string& member, const std::string& data, Now now) {
    if (!client.open) return Outcome::closing;
    for (const auto* membership : client.memberships) {
        if (membership->channel->name == name) return Outcome::already;
    }
    auto& into = channel(client.app, name);
    bool added = false;
    if (!member.empty()) {
        const auto at = into.roster.find(member);
        if (at != into.roster.end()) {
            ++at->second.connections;
        } else {
            if (into.roster.size() >= limits_.app.presence_members_max) {
                ++sightings_.limit_presence;
                return Outcome::limit_presence_members;
            }
            if (!room(Publication::item_overhead_bytes + member.size() + data.size())) {
                ++sightings_.overloaded;
                return Outcome::overloaded;
            }
            begin_life(into);
            enqueue(into, stamp(into, Kind::joined, member, 0, data.size(), {}, now));
            into.roster[member] = {1, data};
            added = true;
        }
    }
    begin_life(into);
    if (into.members.empty()) host("occupied", into, {});
    if (added) host("member_added", into, member);
    auto& made = memberships_.emplace_back();
    made.client = &client;
    made.channel = &into;
    made.format = &format;
    made.member = member;
    made.heard = into.sequence;
    made.complete = into.offset;
    note_presence(made);
    into.members.push_back(&made);
    client.memberships.push_back(&made);
    return Outcome::ok;
}

void Model::note_presence(const Membership& joined) {
    const auto& channel = *joined.channel;
    if (joined.format->shows(Kind::joined, 0)) {
        auto& present = memberships_.back().present.emplace();
        for (const auto& [id, member] : channel.roster) present.insert(id);
    }
    if (joined.member.empty()) return;
    const bool elsewhere =
        std::any_of(channel.members.begin(), channel.members.end(), [&](const Membership* other) {
            return other->member == joined.member && other->client->lane != joined.client->lane;
        });
    if (elsewhere) ++sightings_.present_on_several_lanes;
}

// Gone from its audience: nothing more is offered to it. What it was to be replayed stays.
void Model::leave(Membership& membership) {
    membership.left = true;
    lanes_[membership.client->lane].left += membership.batch.size();
    membership.batch.clear();
    const auto& owed = membership.client->owed;
    if (std::any_of(owed.begin(), owed.end(),
                    [&](const Owed& o) { return o.replay != 0 && o.membership == &membership; })) {
        ++sightings_.left_before_its_replay;
    }
    auto& all = membership.client->memberships;
    // In which order a closing session leaves its channels is the hub's choice: a copy of it.
    *std::find(all.begin(), all.end(), &membership) = all.back();
    all.pop_back();
}

Outcome Model::unsubscribe(ModelClient& client, const std::string& name, Now now) {
    for (auto* membership : client.memberships) {
        if (membership->channel->name != name) continue;
        leave(*membership);
        if (!settle(*membership, now)) {
            ++sightings_.unsettled_leaves;
            lanes_[client.lane].unsettled.push_back(membership);
        }
        return Outcome::ok;
    }
    return Outcome::not_subscribed;
}

void Model::leave_all(ModelClient& client) {
    while (!client.memberships.empty()) {
        auto* last = client.memberships.back();
        leave(*last);
        lanes_[client.lane].unsettled.push_back(last);
    }
}

// The channel takes note, unless its member event has no room.
bool Model::settle(Membership& membership, Now now) {
    auto& from = *membership.channel;
    if (!membership.member.empty()) {
        const auto at = from.roster.find(membership.member);
        if (at->second.connections > 1) {
            --at->second.connections;
            ++sightings_.present_till_the_last;
        } else {
            const auto body = at->second.data.size();
            if (!draining_) {
                if (!room(Publication::item_overhead_bytes + membership.member.size() + body)) {
                    return false;
                }
                enqueue(from, stamp(from, Kind::left, membership.member, 0, body, {}, now));
            }
            host("member_removed", from, membership.member);
            from.roster.erase(at);
        }
    }
    std::erase(from.members, &membership);
    if (from.members.empty()) host("vacated", from, {});
    end_life_if_gone(from);
    return true;
}

void Model::ticked(unsigned index, Now now) {
    auto& lane = lanes_[index];
    if (now.steady_ns >= lane.retry_ns) lane.retry_ns = base::never_ns;
}

// After a refusal the hub waits a millisecond.
void Model::reaped(unsigned index, Now now) {
    auto& lane = lanes_[index];
    let_go_of_those_before(nullptr);
    for (const auto* client : lane.doomed) expect(client->gone, "no goodbye was said", client);
    lane.doomed.clear();
    for (auto& client : clients_) {
        if (client.lane != index || client.gone || std::exchange(client.hit, false)) continue;
        expect(whole_debt(client) <= least_debt_, "owes more than who was closed", &client);
    }
    least_debt_ = SIZE_MAX;
    if (lane.retry_ns != base::never_ns && now.steady_ns < lane.retry_ns) return;
    lane.retry_ns = base::never_ns;
    for (std::size_t n = 0; n < limits::settle_per_reap_max && !lane.unsettled.empty(); ++n) {
        if (!settle(*lane.unsettled.front(), now)) {
            ++sightings_.unsettled_leaves;
            lane.retry_ns = now.steady_ns + base::ns_per_ms;
            return;
        }
        lane.unsettled.pop_front();
    }
}

void Model::close(ModelClient& client, CloseReason why) {
    if (half_encoded(client)) ++sightings_.closed_half_encoded;
    if (client.committed != 0) ++sightings_.closed_with_a_record;
    if (client.open) {
        client.why = why;
        client.open = false;
        leave_all(client);
    }
    for (const auto& owed : client.owed) {
        if (owed.publication != nullptr) ++lanes_[client.lane].left;
    }
    client.owed.clear();
    client.gone = true;
}

void Model::end(ModelClient& client, CloseReason why) {
    if (client.open) doom(client, why);
}

// Nothing more is published to it, but what waits is sent.
void Model::silence(ModelClient& client, CloseReason why) {
    if (!client.open) return;
    ++sightings_.silenced;
    for (const auto& owed : client.owed) {
        if (owed.replay == 0) continue;
        ++sightings_.silenced_before_its_replay;
        break;
    }
    client.open = false;
    client.why = why;
    leave_all(client);
}

void Model::doom(ModelClient& client, CloseReason why) {
    if (half_encoded(client)) ++sightings_.cut_half_encoded;
    client.open = false;
    client.why = why;
    leave_all(client);
    drop_everything(client, why == CloseReason::memory ? DropReason::memory : DropReason::closed);
    lanes_[client.lane].doomed.push_back(&client);
}

// ---- publishing ----

const Stamped& Model::stamp(ModelChannel& to, Kind kind, const std::string& member,
                            std::size_t event_bytes, std::size_t body_bytes, SessionId exclude,
                            Now now) {
    const auto inbox_bytes =
        Publication::item_overhead_bytes + event_bytes + member.size() + body_bytes;
    publications_.push_back({&to, to.life, kind, to.name, member, now.unix_ms, to.offset,
                             body_bytes, inbox_bytes, exclude, ++to.sequence});
    return publications_.back();
}

std::uint64_t Model::enqueue(ModelChannel& to, const Stamped& publication) {
    for (unsigned i = 0; i < lanes_.size(); ++i) {
        ModelItem item{&publication, {}};
        for (auto* membership : to.members) {
            if (membership->client->lane == i) item.matched.push_back(membership);
        }
        if (item.matched.empty()) continue;
        lanes_[i].matched += item.matched.size();
        lanes_[i].reserved += publication.inbox_bytes;
        lanes_[i].inbox.push_back(std::move(item));
    }
    return to.members.size();
}

Receipt Model::publish(int app, const std::vector<std::string>& names,
                       const Publication& publication, Now now) {
    const auto body_bytes = publication.body().size();
    if (!room((Publication::item_overhead_bytes + 1 + body_bytes) * names.size())) {
        ++sightings_.overloaded;
        return {Outcome::overloaded};
    }
    std::uint64_t matched = 0;
    for (const auto& name : names) {
        auto& to = channel(app, name);
        const bool kept = to.keeps && !publication.passing();
        if (kept) {
            begin_life(to);
            ++to.offset;
            history_log_.push_back(to.path() + "@" + std::to_string(to.offset) + " " +
                                   std::to_string(now.unix_ms));
        }
        if (!to.exists()) continue;
        const auto& stamped =
            stamp(to, Kind::message, {}, 1, body_bytes, publication.exclude(), now);
        if (kept) keep(to, publications_.back(), now);
        matched += enqueue(to, stamped);
        end_life_if_gone(to);
    }
    return {Outcome::ok, matched};
}

Outcome Model::send(ModelClient& to, std::size_t body_bytes, Now now) {
    auto& lane = lanes_[to.lane];
    const auto bytes = Publication::item_overhead_bytes + 1 + body_bytes;
    if (lane.reserved + bytes > limits_.inbox_bytes_max) {
        ++sightings_.overloaded;
        return Outcome::overloaded;
    }
    publications_.push_back(
        {nullptr, nullptr, Kind::message, {}, {}, now.unix_ms, 0, body_bytes, bytes, {}, 0});
    ++lane.matched;
    lane.reserved += bytes;
    lane.inbox.push_back({&publications_.back(), {}, &to});
    return Outcome::ok;
}

std::uint64_t Model::reply(ModelClient& client, std::size_t bytes) {
    client.owed.push_back({.reply = ++client.replies_made, .bytes = bytes});
    return client.replies_made;
}

}  // namespace carillon::hub::testing
