// The model's memory: what channels keep, which life of theirs it is, what a joiner must be told,
// and what it must be replayed.
#include <algorithm>

#include "hub/testing_model.h"

namespace carillon::hub::testing {

// ---- lives ----

void Model::begin_life(ModelChannel& channel) {
    if (channel.exists()) return;
    if (channel.sequence != 0) ++sightings_.later_lives;
    channel.life = &lives_.emplace_back();
}

void Model::end_life_if_gone(ModelChannel& channel) {
    if (!channel.members.empty() || !channel.kept.empty()) return;
    channel.life = nullptr;
    channel.offset = 0;
    channel.to_be_swept = false;
}

void Model::told(ModelChannel& channel, const Position& position) {
    if (!channel.exists())
        return fail("told a position of a channel that is gone: " + channel.path());
    auto& epoch = channel.life->epoch;
    if (!epoch) {
        if (!epochs_.insert(position.epoch).second) {
            return fail("the epoch of an earlier life came again: " + channel.path());
        }
        epoch = position.epoch;
    }
    if (*epoch != position.epoch) return fail("another epoch in the same life: " + channel.path());
    if (position.offset != channel.offset) return fail("not the offset of " + channel.path());
    channel.positions.push_back(position);
}

// ---- what is kept ----

void Model::keep(ModelChannel& channel, Stamped& publication, Now now) {
    publication.numbered = true;
    if (!channel.to_be_swept) {
        channel.to_be_swept = true;
        channel.whole_round = false;
        channel.sweeps = 0;
    }
    channel.kept.push_back({&publication, now.steady_ns});
    while (channel.kept.size() > limits_.history_room) channel.kept.pop_front();
}

void Model::swept(const std::vector<std::string>& trims, std::int64_t forget_before_ns,
                  const std::string& forget_only) {
    std::map<std::string, ModelChannel*> by_path;
    for (auto& [key, channel] : channels_) by_path[channel.path()] = &channel;
    for (const auto& path : trims) {
        if (path.empty()) {  // the table was gone round
            for (auto& [key, channel] : channels_) {
                if (!channel.to_be_swept) continue;
                expect(
                    !channel.whole_round || channel.sweeps != 0,
                    "keeps something, but is gone or was passed over by a whole round of sweeps");
                expect(channel.sweeps < 2, "swept twice in one round of the table");
                channel.whole_round = true;
                channel.sweeps = 0;
            }
            continue;
        }
        auto& channel = *by_path.at(path);
        expect(channel.to_be_swept, "swept, though it keeps nothing");
        ++channel.sweeps;
        if (!forget_only.empty() && path != forget_only) continue;
        while (!channel.kept.empty() && channel.kept.front().steady_ns < forget_before_ns) {
            channel.kept.pop_front();
            ++sightings_.forgotten;
        }
        end_life_if_gone(channel);
        if (!channel.exists()) ++sightings_.gone_in_a_sweep;
    }
}

// ---- looking back ----

Recovery Model::judge(const ModelChannel& channel, const Position& from) const {
    if (from.epoch != channel.life->epoch) return Recovery::unknown_epoch;
    if (from.offset > channel.offset) return Recovery::ahead;
    if (from.offset == channel.offset) return Recovery::recovered;
    if (channel.offset - from.offset > limits_.app.recover_max) return Recovery::too_many;
    const bool has_next =
        !channel.kept.empty() && channel.kept.front().publication->offset <= from.offset + 1;
    return has_next ? Recovery::recovered : Recovery::trimmed;
}

namespace {
// The bodies of replays that wait to be encoded.
std::size_t late_bytes(const ModelClient& client) {
    std::size_t bytes = 0;
    for (const auto& owed : client.owed) {
        if (owed.replay != 0 && owed.late) bytes += owed.publication->inbox_bytes;
    }
    return bytes;
}
}  // namespace

// In its own outbox, and among all that wait for replays on its lane.
bool Model::room_for(const ModelClient& client, const std::vector<const Stamped*>& missed) {
    std::size_t bytes = 0;
    for (const auto* one : missed) bytes += one->inbox_bytes;
    if (messages(client) + missed.size() > client.policy.messages_max ||
        debt(client) + late_bytes(client) + bytes > client.policy.bytes_max) {
        return false;
    }
    for (const auto& other : clients_) {
        if (other.lane == client.lane) bytes += late_bytes(other);
    }
    if (bytes <= limits_.replay_bytes_max) return true;
    ++sightings_.no_room_on_the_lane;
    return false;
}

Recall Model::look_back(const ModelClient& client, const ModelChannel& channel, const Wish& wish) {
    Recall recall;
    if (!channel.keeps) {
        if (wish.recover) recall.recovery = Recovery::not_kept;
    } else {
        auto first = channel.offset + 1;  // that is missed
        if (wish.recover) {
            recall.recovery = judge(channel, *wish.recover);
            if (recall.recovery == Recovery::recovered) first = wish.recover->offset + 1;
        } else {
            const auto n = std::min({std::size_t{wish.newest}, channel.kept.size(),
                                     std::size_t{limits_.app.recover_max}});
            first -= n;
        }
        for (const auto& kept : channel.kept) {
            if (kept.publication->offset >= first) recall.missed.push_back(kept.publication);
        }
        if (!recall.missed.empty() && !room_for(client, recall.missed)) {
            recall.missed.clear();
            recall.recovery = Recovery::no_room;
        }
    }
    if (recall.recovery == Recovery::recovered && recall.missed.empty()) {
        ++sightings_.recovered_nothing;
    } else {
        ++sightings_.recovery[static_cast<std::size_t>(recall.recovery)];
    }
    return recall;
}

namespace {
std::string though(Recovery expected) {
    switch (expected) {
        case Recovery::unknown_epoch:
            return "recovered, though that was another life of the channel";
        case Recovery::ahead:
            return "recovered, though that offset was never given";
        case Recovery::trimmed:
            return "recovered, though part of what was missed is no longer kept";
        case Recovery::too_many:
            return "recovered, though recover_max is less";
        case Recovery::no_room:
            return "recovered, though the outbox has no room for it";
        default:
            return "recovered, though it was not asked for or nothing is kept";
    }
}
}  // namespace

void Model::compare(const Recall& expected, Recovery recovery, const Replay* missed,
                    const ModelClient& client) {
    if (recovery != expected.recovery) {
        const auto said = "told " + std::string(hub::name_of(recovery)) + " instead of " +
                          std::string(hub::name_of(expected.recovery));
        expect(false, recovery == Recovery::recovered ? though(expected.recovery) : said, client);
    }
    const auto pinned = missed != nullptr ? missed->left() : std::size_t{0};
    expect(pinned == expected.missed.size(),
           std::to_string(pinned) + " are to be replayed instead of " +
               std::to_string(expected.missed.size()),
           client);
}

// ---- replays ----

// It is queued: now it is matched. What came before it arrived, or the reader asked from there.
void Model::replay(ModelClient& client, const std::string& name, const Recall& recall) {
    const auto at = std::find_if(client.memberships.begin(), client.memberships.end(),
                                 [&](const auto* m) { return m->channel->name == name; });
    if (at == client.memberships.end()) return;
    auto& membership = **at;
    membership.recovered = recall.recovery == Recovery::recovered;
    if (recall.missed.empty()) return;
    membership.complete = recall.missed.front()->offset - 1;
    membership.heard = recall.missed.front()->sequence - 1;
    if (recall.recovery == Recovery::not_asked) ++sightings_.newest_replayed;
    for (const auto& owed : client.owed) {
        if (owed.replay == 0) continue;
        ++sightings_.two_replays;
        break;
    }
    ++replays_;
    lanes_[client.lane].matched += recall.missed.size();
    for (const auto* one : recall.missed) {
        const bool excluded = one->exclude && one->exclude == client.id;
        const bool shown = membership.format->shows(one->kind, one->unix_ms);
        if (excluded) ++sightings_.excluded_in_a_replay;
        if (!shown) ++sightings_.hidden_in_a_replay;
        client.owed.push_back({.publication = one,
                               .membership = &membership,
                               .replay = replays_,
                               .late = true,
                               .shown = shown && !excluded,
                               .bytes = membership.format->frame_bytes(
                                   one->name.size(), one->member.size(), one->body_bytes)});
    }
}

// Some of it became frames, some did not yet.
bool Model::half_encoded(const ModelClient& client) const {
    std::uint64_t encoded = 0;
    for (const auto& owed : client.owed) {
        if (owed.replay == 0) continue;
        if (!owed.late) encoded = owed.replay;
        if (owed.late && owed.replay == encoded) return true;
    }
    return false;
}

}  // namespace carillon::hub::testing
