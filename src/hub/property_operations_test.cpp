// A schedule's operations: what clients and backends call, each told to the model too. Those on
// channels are in property_channels_test.cpp.
#include <algorithm>
#include <cstdio>

#include "hub/testing_play.h"

namespace carillon::hub::testing {

void Play::say(const std::string& line) {
    if (aloud_) std::fprintf(stderr, "  %s\n", line.c_str());
}

void Play::reply(Client& client) {
    const auto long_ones = scene_.big ? 60'000U : 1500U;
    const auto bytes_max = scene_.talkative && random_.below(3) == 0 ? long_ones : 40U;
    const std::string body(random_.below(bytes_max), 'r');
    base::Buffer bytes;
    FrameHead head;
    head.kind = reply_kind;
    head.unix_ms = static_cast<std::int64_t>(client.model->replies_made + 1);
    append_frame(bytes, head, {}, {}, body, 0);
    model_.reply(*client.model, bytes.size());
    hub_->lane(client.model->lane).reply(client.outbox, {bytes.view()});
}

void Play::close(Client& client, CloseReason why) {
    model_.close(*client.model, why);
    hub_->close(*std::exchange(client.session, nullptr), why);
}

// By its lane, in the middle of a reap. Who was ended before it in the same reap is known only now.
void Play::give_up(Client& client) {
    say("  gives up " + std::to_string(client.model->index));
    std::vector<ModelClient*> ended;
    for (auto& other : clients_) {
        if (other->session != nullptr && other->session->closing()) ended.push_back(other->model);
    }
    client.given_up = true;
    model_.gave_up(*client.model, std::move(ended));
}

Now Play::now() {
    ++unix_ms_;
    steady_ns_ += static_cast<std::int64_t>(random_.below(400'000));
    return {steady_ns_, unix_ms_};
}

std::string Play::channel_name() {
    static constexpr std::array<const char*, 4> names = {"plain", "room", "kept", "kept-room"};
    if (scene_.crowded && random_.below(3) != 0) return "room";
    if (scene_.churning && random_.below(3) != 0) return "room";
    if (scene_.recalling && random_.below(3) != 0) return random_.below(3) ? "kept" : "kept-room";
    return names[random_.below(names.size())];
}

std::size_t Play::body_bytes() {
    if (scene_.patient()) return 16'000 + random_.below(17'000);
    if (scene_.big && random_.below(2) == 0) return 4000 + random_.below(30'000);
    return random_.below(60);
}

const FrameFormat& Play::format() {
    const FrameFormat* all[] = {&loud_, &loud_, &fat_, &fat_, &quiet_, &rare_};
    return *all[random_.below(6)];
}

Client* Play::someone() {
    std::vector<Client*> living;
    for (auto& client : clients_) {
        if (client->session != nullptr) living.push_back(client.get());
    }
    return living.empty() ? nullptr : living[random_.below(living.size())];
}

// Seldom enough; what happens to it then would be met more seldom still.
Client* Play::someone_half_replayed() {
    for (auto& client : clients_) {
        if (client->session != nullptr && model_.half_encoded(*client->model)) return client.get();
    }
    return nullptr;
}

std::string Play::name_of(const Client& client) {
    return "client " + std::to_string(client.model->index) + " (lane " +
           std::to_string(client.model->lane) + ")";
}

void Play::operate() {
    Client* client = someone();
    const bool few = clients_.size() < scene_.clients;
    // Above connections_max it is refused: then not everybody tries all the time.
    if (client == nullptr || (few && random_.below(3) != 0)) return (void)open_client();
    if (random_.below(scene_.recalling ? 12 : 40) == 0) return sweep();
    if (scene_.patient() && random_.below(2) == 0) {
        // It leaves, or is ended or closed.
        static constexpr std::array<std::uint64_t, 4> choices = {4, 20, 20, 20};
        if (auto* half = someone_half_replayed())
            return operate_as(*half, choices[random_.below(4)]);
    }
    if (scene_.recalling && scene_.crowded && random_.below(20) == 0) return come_back();
    if (scene_.churning && random_.below(2) == 0) return churn(*client);
    if (scene_.recalling && random_.below(6) == 0) return rejoin(*client);
    operate_as(*client, random_.below(24));
}

void Play::operate_as(Client& client, std::uint64_t choice) {
    const auto name = channel_name();
    switch (choice) {
        case 0:
        case 1:
        case 2:
        case 3:
            return join(client, name, some_wish(client, name));
        case 4:
        case 5:
            return unsubscribe(client, name, random_.below(2) == 0);
        case 6:
        case 7:
        case 8:
        case 9:
        case 10:
            return publish_from(client, random_.below(3) == 0 ? name : channel_of(client),
                                someone_to_exclude(client));
        case 11:
        case 12:
            return publish_from_outside();
        case 13:
            return publish_two(client);
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
    if (scene_.bulk || random_.below(scene_.patient() || scene_.crowded ? 2 : 3) == 0)
        return {1'000'000, unlimited, {}, false};
    using OnFull = OutboxPolicy::OnFull;
    const OnFull all[] = {OnFull::close, OnFull::drop_newest, OnFull::drop_oldest};
    const auto on_full = all[random_.below(3)];
    const bool notice = random_.below(3) != 0;
    if (random_.below(2) == 0) {
        const auto messages = random_.below(random_.below(2) == 0 ? 5 : 12);
        return {static_cast<std::uint32_t>(messages), unlimited, on_full, notice};
    }
    const auto bytes = random_.below(2) == 0 ? 600 : 2000;
    return {1'000'000, random_.below(scene_.big ? 80'000 : bytes), on_full, notice};
}

Client* Play::open_client() {
    const bool in_crowd = scene_.crowded && random_.below(6) != 0;
    const auto lane = in_crowd ? 0 : static_cast<unsigned>(random_.below(lanes));
    const auto app = in_crowd || random_.below(5) != 0 ? 0 : 1;
    auto client = std::make_unique<Client>(*this, hub_->lane(lane));
    const auto limits = policy();
    const auto& own = format();
    const auto expected = refused(model_.may_open(app));
    const auto opened = hub_->open(apps_[static_cast<std::size_t>(app)], hub_->lane(lane),
                                   client->outbox, *client, limits, own);
    model_.expect(opened.outcome == expected, "an open ended otherwise");
    model_.expect((opened.session != nullptr) == (expected == Outcome::ok), "a session, or none");
    if (opened.session == nullptr) return nullptr;
    if (model_.failed()) {
        hub_->close(*opened.session, CloseReason::peer);
        return nullptr;
    }
    client->session = opened.session;
    client->encrypts = random_.below(3) == 0;
    client->model = &model_.open(lane, app, opened.session->id(), limits, own);
    say(name_of(*client) + " opens in app" + std::to_string(app));
    clients_.push_back(std::move(client));
    return clients_.back().get();
}

void Play::send_to(Client& client) {
    const auto body = std::string(body_bytes(), 's');
    const auto at = now();
    say("outside sends to " + name_of(client));
    const auto expected = refused(model_.send(*client.model, body.size(), at));
    model_.expect(hub_->send(client.model->id, message(body), at) == expected,
                  "a send ended otherwise");
}

void Play::set_room(Client& client) {
    client.room = random_.below(scene_.big ? 50'000 : 300);
    client.share = random_.below(3) == 0 ? 1 + random_.below(100) : unlimited;
    if (scene_.patient()) client.share = 2000 + random_.below(30'000);
    if (scene_.bytewise) {
        client.room = random_.below(150);
        client.share = 1;
    }
    say(name_of(client) + " will take " + std::to_string(client.room));
}

void Play::unblock(Client& client, std::size_t room) {
    const auto little = scene_.big && client.share != 1 ? 80'000 : 600;
    client.room = room != 0 ? room : 1 + random_.below(little);
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
    } else if (random_.below(3) == 0) {
        say(name_of(client) + " is silenced");
        model_.silence(*client.model, CloseReason::protocol);
        hub_->lane(client.model->lane).silence(client.outbox, CloseReason::protocol);
    }
}

void Play::ask() {
    const std::size_t app = random_.below(2);
    const auto name = channel_name();
    auto& channel = model_.channel(static_cast<int>(app), name);
    model_.expect(hub_->connections(apps_[app]) == model_.connections(static_cast<int>(app)),
                  "connections");
    compare_roster(hub_->members(apps_[app], name), channel);
    const auto described = hub_->describe(apps_[app], name);
    model_.expect(described.has_value() == channel.exists(), "whether a channel exists");
    if (!described || model_.failed()) return;
    model_.expect(described->subscribers == channel.members.size(), "subscribers");
    model_.expect(described->members == channel.roster.size(), "members");
    model_.told(channel, described->position);
}

}  // namespace carillon::hub::testing
