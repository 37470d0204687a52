// A schedule's operations: what clients and backends call, each told to the model too.
#include <algorithm>
#include <cstdio>

#include "hub/testing_play.h"

namespace carillon::hub::testing {

void Play::say(const std::string& line) {
    if (aloud_) std::fprintf(stderr, "  %s\n", line.c_str());
}

void Play::reply(Client& client) {
    const std::string body(random_.below(40), 'r');
    base::Buffer bytes;
    FrameHead head;
    head.kind = reply_kind;
    head.unix_ms = static_cast<std::int64_t>(client.model->replies_made + 1);
    append_frame(bytes, head, {}, {}, body, 0);
    model_.reply(*client.model, bytes.size());
    hub_->lane(client.model->lane).reply(client.outbox, {bytes.view()});
}

void Play::read_on(Client& client) {
    if (resting_ || random_.below(6) != 0) return;
    ++sightings_.read_on_in_a_write;
    operate_as(client, random_.below(24));
}

void Play::close(Client& client, CloseReason why) {
    model_.close(*client.model, why);
    hub_->close(*std::exchange(client.session, nullptr), why);
}

Now Play::now() {
    ++unix_ms_;
    steady_ns_ += static_cast<std::int64_t>(random_.below(400'000));
    return {steady_ns_, unix_ms_};
}

std::string Play::channel_name() {
    static constexpr std::array<const char*, 4> names = {"plain", "room", "kept", "kept-room"};
    if (scene_.crowded && random_.below(3) != 0) return "room";
    return names[random_.below(names.size())];
}

std::size_t Play::body_bytes() {
    if (scene_.big && random_.below(2) == 0) return 4000 + random_.below(30'000);
    return random_.below(60);
}

const FrameFormat& Play::format() {
    const FrameFormat* all[] = {&loud_, &quiet_, &fat_};
    return *all[random_.below(3)];
}

Client* Play::someone() {
    std::vector<Client*> living;
    for (auto& client : clients_) {
        if (client->session != nullptr) living.push_back(client.get());
    }
    return living.empty() ? nullptr : living[random_.below(living.size())];
}

std::string Play::name_of(const Client& client) {
    return "client " + std::to_string(client.model->index) + " (lane " +
           std::to_string(client.model->lane) + ")";
}

void Play::operate() {
    Client* client = someone();
    if (client == nullptr || clients_.size() < scene_.clients) return open_client();
    operate_as(*client, random_.below(24));
}

void Play::operate_as(Client& client, std::uint64_t choice) {
    switch (choice) {
        case 0:
        case 1:
        case 2:
        case 3:
            return join(client, channel_name());
        case 4:
        case 5:
            return unsubscribe(client, channel_name(), random_.below(2) == 0);
        case 6:
        case 7:
        case 8:
        case 9:
        case 10:
            return publish_from(client);
        case 11:
        case 12:
        case 13:
            return publish_from_outside();
        case 14:
            return send_to(client);
        case 15:
        case 16:
            say(name_of(client) + " is sent a reply");
            return reply(client);
        case 17:
        case 18:
            return set_room(client);
        case 19:
            return unblock(client);
        case 20:
            return end_or_close(client);
        case 21:
            return ask();
        case 22:
            return rejoin(client);
        default:
            return rare(client);
    }
}

OutboxPolicy Play::policy() {
    if (scene_.bulk || random_.below(3) == 0) return {1'000'000, unlimited, {}};
    const auto on_full =
        random_.below(2) == 0 ? OutboxPolicy::OnFull::close : OutboxPolicy::OnFull::drop_newest;
    if (random_.below(2) == 0) {
        return {static_cast<std::uint32_t>(random_.below(5)), unlimited, on_full};
    }
    return {1'000'000, random_.below(scene_.big ? 80'000 : 400), on_full};
}

void Play::open_client() {
    const bool in_crowd = scene_.crowded && random_.below(6) != 0;
    const auto lane = in_crowd ? 0 : static_cast<unsigned>(random_.below(lanes));
    const auto app = in_crowd || random_.below(5) != 0 ? 0 : 1;
    auto client = std::make_unique<Client>(*this, hub_->lane(lane));
    const auto limits = policy();
    const auto& own = format();
    const auto opened = hub_->open(apps_[static_cast<std::size_t>(app)], hub_->lane(lane),
                                   client->outbox, *client, limits, own);
    client->session = opened.session;
    client->model = &model_.open(lane, app, opened.session->id(), limits, own);
    say(name_of(*client) + " opens in app" + std::to_string(app));
    clients_.push_back(std::move(client));
}

void Play::join(Client& client, const std::string& name) {
    const auto& wanted = format();
    const bool present = name.ends_with("room") && random_.below(3) != 0;
    const auto member = present ? "user" + std::to_string(random_.below(5)) : std::string();
    const auto data = present ? std::string(random_.below(30), 'd') : std::string();
    const auto at = now();
    say(name_of(client) + " joins " + name + " as '" + member + "'");
    const auto expected = model_.join(*client.model, name, wanted, member, data, at);
    const auto joined = hub_->subscribe(
        *client.session, name, wanted, {.member = member, .member_data = data, .roster = true}, at);
    model_.expect(joined.outcome == expected, "a join ended otherwise", client.model);
    if (expected == Outcome::ok || expected == Outcome::already) {
        const auto& channel = model_.channel(client.model->app, name);
        model_.expect(joined.position.offset == channel.offset, "position", client.model);
        compare_roster(joined.roster, channel);
        reply(client);
    }
    if (expected == Outcome::ok && client.last_left == name) ++sightings_.rejoined_at_once;
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
    if (client.model->memberships.empty()) return join(client, channel_name());
    const auto name = client.model->memberships[0]->channel->name;
    unsubscribe(client, name, true);
    if (random_.below(2) == 0) publish_from_outside();
    join(client, name);
}

SessionId Play::someone_to_exclude(const Client& client) {
    const auto chance = random_.below(3);
    if (chance == 0) return {};
    if (chance == 1) return client.model->id;
    auto& all = model_.clients();
    return all[random_.below(all.size())].id;
}

void Play::publish_from(Client& client) {
    const auto name = client.model->memberships.empty() || random_.below(3) == 0
                          ? channel_name()
                          : client.model->memberships[0]->channel->name;
    const auto body = std::string(body_bytes(), 'b');
    const auto exclude = someone_to_exclude(client);
    const auto at = now();
    say(name_of(client) + " publishes to " + name + (exclude ? " (one excluded)" : ""));
    const auto expected = model_.publish(client.model->app, {name}, body.size(), exclude, at);
    const auto receipt = hub_->publish(*client.session, name, message(body, exclude), at);
    compare(receipt, expected);
}

void Play::publish_from_outside() {
    std::vector<std::string> names;
    for (const auto* name : {"plain", "room", "kept", "kept-room"}) {
        if (random_.below(3) == 0) names.emplace_back(name);
    }
    if (names.empty()) names.emplace_back("room");
    const auto body = std::string(body_bytes(), 'h');
    const std::size_t app = random_.below(5) == 0 ? 1 : 0;
    const auto at = now();
    const std::vector<std::string_view> views(names.begin(), names.end());
    say("outside publishes to " + std::to_string(names.size()) + " channels from " + names[0] +
        " of app" + std::to_string(app));
    const auto expected = model_.publish(static_cast<int>(app), names, body.size(), {}, at);
    compare(hub_->publish(apps_[app], views, message(body), at), expected);
}

void Play::send_to(Client& client) {
    const auto body = std::string(body_bytes(), 's');
    const auto at = now();
    say("outside sends to " + name_of(client));
    const auto expected = model_.send(*client.model, body.size(), at);
    model_.expect(hub_->send(client.model->id, message(body), at) == expected,
                  "a send ended otherwise");
}

void Play::set_room(Client& client) {
    client.room = random_.below(scene_.big ? 50'000 : 300);
    client.share = random_.below(3) == 0 ? 1 + random_.below(100) : unlimited;
    say(name_of(client) + " will take " + std::to_string(client.room));
}

void Play::unblock(Client& client, std::size_t room) {
    client.room = room != 0 ? room : 1 + random_.below(scene_.big ? 80'000 : 600);
    say(name_of(client) + " may be sent " + std::to_string(client.room));
    client.model->blocked = false;
    client.outbox.unblock();
}

void Play::end_or_close(Client& client) {
    if (random_.below(2) == 0) {
        say(name_of(client) + " is ended");
        model_.end(*client.model, CloseReason::kicked);
        hub_->end(*client.session, CloseReason::kicked);
    } else {
        say(name_of(client) + " closes");
        close(client, CloseReason::peer);
    }
}

void Play::rare(Client& client) {
    if (random_.below(40) == 0) {
        say("drain");
        model_.drain();
        hub_->drain();
    } else if (random_.below(3) == 0) {
        say(name_of(client) + " leaves everything");
        model_.leave_all(*client.model);
        hub_->unsubscribe_all(*client.session, now());
    }
}

void Play::ask() {
    const std::size_t app = random_.below(2);
    const auto name = channel_name();
    const auto& channel = model_.channel(static_cast<int>(app), name);
    compare_roster(hub_->members(apps_[app], name), channel);
    const auto described = hub_->describe(apps_[app], name);
    model_.expect(described.has_value() == channel.exists(), "whether a channel exists");
    if (!described || model_.failed()) return;
    model_.expect(described->subscribers == channel.members.size(), "subscribers");
    model_.expect(described->members == channel.roster.size(), "members");
    model_.expect(described->position.offset == channel.offset, "offset");
}

void Play::compare(const Receipt& receipt, const Receipt& expected) {
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

}  // namespace carillon::hub::testing
