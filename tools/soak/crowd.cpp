#include "soak/crowd.h"

#include <algorithm>

#include "bench/clock.h"

namespace soak {
namespace {

constexpr std::size_t kOneIn = 50;           // a slow client, and another that reads single bytes
constexpr std::int64_t kOpeningAtOnce = 64;  // below every listen backlog
constexpr std::size_t kChannelsAtOnce = 8;
constexpr double kNewsPerSecond = 60;

// An outbox holds 1,000 messages and the kernel some 300 of these: 4 s of standing still fill them.
constexpr double kFirehosePerSecond = 130;  // to three channels
constexpr std::size_t kFirehoseBytes = 8'000;
constexpr std::size_t kStopsForMost = 900;
constexpr int kSlowReceiveBuffer = 16 * 1024;

}  // namespace

Crowd::Crowd(bench::Poller& poller, std::uint16_t port, Ledger& ledger, const Size& size,
             std::uint64_t seed)
    : news_(poller, port, ledger, kNewsPerSecond),
      firehose_(poller, port, ledger, kFirehosePerSecond),
      reads_on_at_(size.clients),
      random_(seed),
      period_ns_(1'000'000'000 / static_cast<std::int64_t>(size.acts)) {
    for (std::size_t i = 0; i < size.clients; i++) clients_.emplace_back(poller, port, ledger, i);
}

// ---- what they do ----

void Crowd::start_acting() { next_ns_ = bench::now_ns(); }

void Crowd::act() {
    const auto now = bench::now_ns();
    // A loaded machine makes us late; then less is done, not more at once.
    next_ns_ = std::max(next_ns_, now - 100 * period_ns_);
    for (; next_ns_ < now; next_ns_ += period_ns_) act_once();
    if (started_ < clients_.size() && clients_[started_].is_idle()) connect(started_);
    while (started_ < clients_.size() && !clients_[started_].is_idle()) started_++;
    if (news_.is_due(now)) publish_news(now);
    if (firehose_.is_due(now))
        firehose_.publish({kFirehoseBegin, kFirehoseBegin + 1, kFirehoseBegin + 2}, kFirehoseBytes,
                          nullptr, now);
}

void Crowd::act_once() {
    const auto number = below(clients_.size());
    auto& client = clients_[number];
    const bool is_slow = number % kOneIn == 0;
    if (client.is_idle()) return connect(number);
    if (!client.is_open()) return;
    is_slow ? act_as_slow(client, number) : act_as_reader(client, number % kOneIn == 1);
}

void Crowd::connect(std::size_t number) {
    const auto on_their_way = std::ranges::count_if(
        clients_, [](const Client& each) { return !each.is_idle() && !each.is_open(); });
    if (on_their_way >= kOpeningAtOnce) return;
    clients_[number].connect(number % kOneIn == 1 ? Reading::single_bytes : Reading::all,
                             number % kOneIn == 0 ? kSlowReceiveBuffer : 0);
}

void Crowd::act_as_reader(Client& client, bool reads_bytes) {
    const auto& hearings = client.hearings();
    if (hearings.empty()) {
        for (int i = 0; i < (reads_bytes ? 1 : 3); i++) subscribe_somewhere(client);
        return;
    }
    const auto roll = below(100);
    if (roll < 60) return publish_somewhere(client);
    if (roll < 75 && !reads_bytes) return subscribe_somewhere(client);
    if (roll < 88) {
        const auto at =
            std::next(hearings.begin(), static_cast<std::ptrdiff_t>(below(hearings.size())));
        if (at->second.is_joined()) client.unsubscribe(at->first);
        return;
    }
    if (roll < 90) return client.leave();
    // What an unanswered event became could not be told afterwards.
    if (roll < 92 && client.is_quiet()) client.leave_by_half_close();
}

void Crowd::act_as_slow(Client& client, std::size_t number) {
    if (!client.is_reading()) {
        if (firehose_.published() >= reads_on_at_[number]) client.read_on();
        return;
    }
    for (std::size_t channel = kFirehoseBegin; channel < kChannels; channel++)
        if (!client.hearings().contains(channel)) client.subscribe(channel);
    if (!client.is_settled()) return;
    if (chance(10)) return chance(50) ? client.leave() : client.leave_by_half_close();
    if (chance(50)) return;
    reads_on_at_[number] = firehose_.published() + below(kStopsForMost);
    client.stop_reading();
}

void Crowd::subscribe_somewhere(Client& client) {
    const auto channel = below(kFirehoseBegin);
    if (client.hearings().size() < kChannelsAtOnce && !client.hearings().contains(channel))
        client.subscribe(channel);
}

void Crowd::publish_somewhere(Client& client) {
    if (!client.is_quiet()) return;
    const auto wanted = below(kFirehoseBegin);
    auto at = client.hearings().lower_bound(std::max(wanted, kPrivateBegin));
    if (at == client.hearings().end()) at = client.hearings().lower_bound(kPrivateBegin);
    if (at == client.hearings().end() || !takes_client_events(at->first) || !at->second.is_joined())
        return;
    std::vector<std::size_t> paddings(1 + below(4));
    for (auto& padding : paddings) padding = chance(5) ? 4'000 : below(400);
    client.publish(at->first, paddings);
}

void Crowd::publish_news(std::int64_t now_ns) {
    std::vector<std::size_t> channels = {below(kFirehoseBegin)};
    while (channels.size() < 5 && chance(30)) {
        const auto another = below(kFirehoseBegin);
        if (std::ranges::find(channels, another) == channels.end()) channels.push_back(another);
    }
    news_.publish(channels, below(1'000), chance(15) ? someone_open() : nullptr, now_ns);
}

Client* Crowd::someone_open() {
    auto& client = clients_[below(clients_.size())];
    return client.is_open() ? &client : nullptr;
}

void Crowd::read_on() {
    for (auto& client : clients_)
        if (client.is_open() && !client.is_reading()) client.read_on();
}

void Crowd::ping_all() {
    for (auto& client : clients_)
        if (client.is_open()) client.ping();
}

void Crowd::leave_all() {
    for (auto& client : clients_)
        if (client.is_open()) client.leave();
}

// ---- what they are ----

bool Crowd::is_settled() const {
    return news_.is_settled() && firehose_.is_settled() &&
           std::ranges::all_of(clients_, [](const Client& client) { return client.is_settled(); });
}

std::string Crowd::describe_unsettled() const {
    for (const auto& client : clients_)
        if (!client.is_settled()) return client.describe();
    return "a publish is not answered";
}

std::int64_t Crowd::sockets() const {
    const auto open =
        std::ranges::count_if(clients_, [](const Client& client) { return !client.is_closed(); });
    return open + static_cast<std::int64_t>(kBackends);
}

}  // namespace soak
