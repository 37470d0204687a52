// A schedule's operations on channels: joins from remembered and from made-up positions, leaves,
// publications, sweeps.
#include <algorithm>

#include "hub/testing_play.h"

namespace carillon::hub::testing {

Outcome Play::refused(Outcome expected) {
    const bool counted = expected != Outcome::ok && expected != Outcome::already;
    if (counted) ++refused_[static_cast<std::size_t>(expected)];
    return expected;
}

// ---- joining ----

void Play::join(Client& client, const std::string& name, const Wish& wish) {
    const auto& wanted = format();
    const bool present = name.ends_with("room") && random_.below(scene_.churning ? 8 : 3) != 0;
    const auto users = scene_.churning ? 3 : 5;
    const auto member = present ? "user" + std::to_string(random_.below(users)) : std::string();
    const auto data = present ? std::string(random_.below(30), 'd') : std::string();
    const auto at = now();
    say(name_of(client) + " joins " + name + " as '" + member + "'" +
        (wish.recover ? " from " + std::to_string(wish.recover->epoch) + ":" +
                            std::to_string(wish.recover->offset)
                      : "") +
        (wish.newest != 0 ? " newest " + std::to_string(wish.newest) : ""));
    const auto expected = refused(model_.join(*client.model, name, wanted, member, data, at));
    auto joined = hub_->subscribe(*client.session, name, wanted,
                                  {.recover = wish.recover,
                                   .newest = wish.newest,
                                   .member = member,
                                   .member_data = data,
                                   .roster = true},
                                  at);
    model_.expect(joined.outcome == expected, "a join ended otherwise", client.model);
    if (model_.failed()) return;
    Recall recall;
    if (expected == Outcome::ok || expected == Outcome::already) {
        auto& channel = model_.channel(client.model->app, name);
        model_.told(channel, joined.position);
        compare_roster(joined.roster, channel);
        if (expected == Outcome::ok) recall = model_.look_back(*client.model, channel, wish);
    }
    model_.compare(recall, joined.recovery, joined.missed.get(), *client.model);
    if (model_.failed()) return;
    if (recall.recovery != Recovery::not_asked) {
        ++recovered_[static_cast<std::size_t>(recall.recovery)];
    }
    // Most protocols answer.
    if (expected == Outcome::already || random_.below(8) != 0) reply(client);
    if (expected != Outcome::ok) return;
    pass_on(client, name, joined, recall);
    if (client.last_left == name) ++sightings_.rejoined_at_once;
}

// What was missed goes behind the reply; or nowhere, and then nothing was matched.
void Play::pass_on(Client& client, const std::string& name, Joined& joined, const Recall& recall) {
    Lane& lane = hub_->lane(client.model->lane);
    if (!recall.missed.empty() && random_.below(12) == 0) {
        ++sightings_.thrown_away;
        say("  what it missed is thrown away");
        return;
    }
    if (!recall.missed.empty() && random_.below(12) == 0) {
        ++sightings_.refused_at_the_end;
        if (random_.below(2) == 0) {
            model_.end(*client.model, CloseReason::kicked);
            hub_->end(*client.session, CloseReason::kicked);
        } else {
            model_.silence(*client.model, CloseReason::protocol);
            lane.silence(client.outbox, CloseReason::protocol);
        }
        return lane.replay(client.outbox, std::move(joined.missed));
    }
    lane.replay(client.outbox, std::move(joined.missed));
    model_.replay(*client.model, name, recall);
    if (recall.missed.empty()) return;
    if (scene_.patient() || random_.below(2) == 0) set_room(client);
}

Wish Play::some_wish(const Client& client, const std::string& name) {
    Wish wish;
    const auto& channel = model_.channel(client.model->app, name);
    if (!channel.keeps && random_.below(3) != 0) return wish;
    const auto chance = random_.below(scene_.recalling ? 5 : 8);
    if (chance < 3) wish.recover = some_position(client, channel);
    if (chance == 3 || random_.below(20) == 0) {
        wish.newest = 1 + static_cast<std::uint32_t>(random_.below(10));
    }
    return wish;
}

// Where it really was, or where it cannot have been.
Position Play::some_position(const Client& client, const ModelChannel& channel) {
    const auto& known = channel.positions;
    const auto last = known.empty() ? Position{1, 0} : known.back();
    const auto own = client.model->saw.find(&channel);
    switch (random_.below(12)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return own != client.model->saw.end() ? own->second : last;
        case 4:
        case 5:
            return known.empty() ? last
                                 : known[known.size() - 1 -
                                         random_.below(std::min<std::size_t>(known.size(), 12))];
        case 6:
            return known.empty() ? last : known[random_.below(known.size())];
        case 7:
            return {last.epoch, 0};
        case 8:
            return {last.epoch, last.offset + 1 + random_.below(3)};
        case 9: {
            const bool elsewhere = random_.below(2) == 0;  // in the other app
            const auto& other = model_
                                    .channel(elsewhere ? 1 - channel.app : channel.app,
                                             elsewhere ? channel.name : "kept-room")
                                    .positions;
            return {other.empty() ? last.epoch + 1 : other.back().epoch, last.offset};
        }
        case 10:
            return {last.epoch + random_.below(3), last.offset};
        default:
            return {last.epoch, last.offset - std::min(last.offset, random_.below(12))};
    }
}

void Play::unsubscribe(Client& client, const std::string& name, bool with_reply) {
    const auto at = now();
    say(name_of(client) + " leaves " + name);
    const auto expected = model_.unsubscribe(*client.model, name, at);
    model_.expect(hub_->unsubscribe(*client.session, name, at) == expected,
                  "an unsubscribe ended otherwise", client.model);
    if (with_reply) reply(client);
    if (expected == Outcome::ok) client.last_left = name;
}

void Play::rejoin(Client& client) {
    const auto name = channel_of(client);
    unsubscribe(client, name, true);
    for (auto n = random_.below(3); n != 0; --n) publish_from_outside();
    join(client, name, some_wish(client, name));
}

// Many were away for a moment, and ask for the same: more than have their turn in one round.
void Play::come_back() {
    auto& channel = model_.channel(0, "kept");
    if (!channel.exists() || !channel.life->epoch) return;
    const Position before{*channel.life->epoch, channel.offset};
    std::vector<Client*> all;
    for (auto& client : clients_) {
        if (client->session != nullptr && client->model->app == 0) all.push_back(client.get());
    }
    if (all.empty()) return;
    for (auto* client : all) unsubscribe(*client, "kept", false);
    publish_from(*all.front(), "kept", {});
    for (auto* client : all) {
        if (!model_.failed()) join(*client, "kept", {.recover = before});
    }
    std::size_t waiting = 0;
    for (const auto* client : all) {
        const auto& owed = client->model->owed;
        waiting += client->model->lane == 0 && !owed.empty() && owed.back().replay != 0 ? 1 : 0;
    }
    if (waiting > limits::replays_per_round_max) ++sightings_.more_than_a_round;
}

// One of a handful of users, in the one room.
void Play::churn(Client& client) {
    const auto choice = random_.below(8);
    if (choice < 4) return join(client, "room");
    if (choice < 7) return unsubscribe(client, "room", random_.below(2) == 0);
    say(name_of(client) + " closes");
    close(client, CloseReason::peer);
    if (auto* another = open_client()) join(*another, "room");
}

// ---- publishing ----

SessionId Play::someone_to_exclude(const Client& client) {
    const auto chance = random_.below(3);
    if (chance == 0) return {};
    if (chance == 1) return client.model->id;
    auto& all = model_.clients();
    return all[random_.below(all.size())].id;
}

PublicationRef Play::some_message(char letter, SessionId exclude) {
    const std::string body(body_bytes(), letter);
    const bool passing = random_.below(8) == 0;
    return Publication::make({.event = "e", .body = body, .exclude = exclude, .passing = passing});
}

std::string Play::channel_of(const Client& client) {
    const auto& all = client.model->memberships;
    return all.empty() ? channel_name() : all[random_.below(all.size())]->channel->name;
}

void Play::publish_from(Client& client, const std::string& name, SessionId exclude) {
    const auto publication = some_message('b', exclude);
    const auto at = now();
    say(name_of(client) + " publishes to " + name + (exclude ? " (one excluded)" : ""));
    const auto expected = model_.publish(client.model->app, {name}, *publication, at);
    compare(hub_->publish(*client.session, name, publication, at), expected);
}

// It hears the first and steps over the second: what it is offered holds a batch that still grows.
void Play::publish_two(Client& client) {
    const auto name = channel_of(client);
    publish_from(client, name, {});
    publish_from(client, name, client.model->id);
}

void Play::publish_from_outside() {
    std::vector<std::string> names;
    for (const auto* name : {"plain", "room", "kept", "kept-room"}) {
        if (random_.below(3) == 0) names.emplace_back(name);
    }
    if (names.empty()) names.emplace_back(scene_.recalling ? "kept" : "room");
    const auto publication = some_message('h', {});
    const std::size_t app = random_.below(5) == 0 ? 1 : 0;
    const auto at = now();
    const std::vector<std::string_view> views(names.begin(), names.end());
    say("outside publishes to " + std::to_string(names.size()) + " channels from " + names[0] +
        " of app" + std::to_string(app));
    const auto expected = model_.publish(static_cast<int>(app), names, *publication, at);
    compare(hub_->publish(apps_[app], views, publication, at), expected);
}

void Play::compare(const Receipt& receipt, const Receipt& expected) {
    refused(expected.outcome);
    model_.expect(receipt.outcome == expected.outcome, "a publish ended otherwise");
    model_.expect(receipt.matched == expected.matched, "a publish matched otherwise");
}

void Play::compare_roster(const std::vector<MemberView>& seen, const ModelChannel& channel) {
    model_.expect(seen.size() == channel.roster.size(), "size of the roster");
    for (const auto& member : seen) {
        const auto at = channel.roster.find(member.id);
        model_.expect(at != channel.roster.end() && at->second.data == member.data, "roster");
    }
}

// ---- sweeping ----

void Play::sweep() {
    history_.forget_before_ns =
        std::max(history_.forget_before_ns,
                 steady_ns_ - static_cast<std::int64_t>(random_.below(60) * base::ns_per_ms));
    if (random_.below(3) == 0) return sweep_until_only_one_forgot();
    say("a sweep of all");
    trims_.clear();
    hub_->sweep(ChannelTable::stripe_count, now());
    model_.swept(trims_, history_.forget_before_ns, {});
}

// In which stripe a channel is depends on addresses; that a schedule can be played again, what is
// swept in part lets go in one channel, and stops behind it.
void Play::sweep_until_only_one_forgot() {
    history_.forget_only = std::string(random_.below(5) == 0 ? "app1/" : "app0/") +
                           (random_.below(3) == 0 ? "kept-room" : "kept");
    say("a sweep until " + history_.forget_only);
    trims_.clear();
    const auto at = now();
    const auto stop = [&] { return !trims_.empty() && trims_.back() == history_.forget_only; };
    for (std::size_t n = 0; n < ChannelTable::stripe_count && !stop(); ++n) hub_->sweep(1, at);
    model_.swept(trims_, history_.forget_before_ns, history_.forget_only);
    history_.forget_only.clear();
}

}  // namespace carillon::hub::testing
