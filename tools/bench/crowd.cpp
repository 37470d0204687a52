#include "bench/crowd.h"

#include "bench/clock.h"

namespace bench {
namespace {

// Enough to keep both cores busy, and below every listen backlog: a SYN that finds it full costs a second.
constexpr std::size_t kOpeningAtOnce = 64;
constexpr double kOpenSeconds = 60;

// The server pings who said nothing for 120 s and closes 30 s later, if nobody reads the ping meanwhile.
constexpr std::int64_t kQuietNs = 45'000'000'000;

}  // namespace

Crowd::Crowd(const Target& target, Poller& poller, std::size_t senders, std::size_t receivers,
             std::size_t frame_bytes)
    : target_(target), poller_(poller), receivers_(receivers) {
    tally_.frame_bytes.fill(frame_bytes);
    for (std::size_t i = 0; i < senders; i++)
        clients_.emplace_back(target_, Speech::pusher, tally_, poller_);
    for (std::size_t i = 0; i < receivers; i++) {
        const Speech speech = target.speeches[i % target.speeches.size()];
        clients_.emplace_back(target_, speech, tally_, poller_);
    }
}

std::uint64_t Crowd::delivery_bytes() const {
    std::uint64_t bytes = 0;
    for (std::size_t i = clients_.size() - receivers_; i < clients_.size(); i++)
        bytes += tally_.frame_bytes[static_cast<std::size_t>(clients_[i].speech())];
    return bytes;
}

double Crowd::open() {
    const Deadline deadline(kOpenSeconds, std::to_string(clients_.size()) + " connections to open");
    const std::int64_t start = now_ns();
    std::size_t started = 0;
    while (tally_.open < clients_.size()) {
        for (; started < clients_.size() && started - tally_.open < kOpeningAtOnce; started++)
            clients_[started].connect(started);
        poller_.wait(deadline.left_ns());
    }
    alive_ns_ = now_ns();
    return static_cast<double>(alive_ns_ - start) / 1e9;
}

void Crowd::keep_alive() {
    if (target_.raw || now_ns() - alive_ns_ < kQuietNs) return;
    ping();
}

void Crowd::ping() {
    const Deadline deadline(20, "every pusher:ping to be answered");
    const std::string ping = ping_frame();
    expect_pongs();
    for (Client& client : clients_) client.send(ping);
    while (tally_.pongs < clients_.size()) poller_.wait(deadline.left_ns());
    alive_ns_ = now_ns();
}

void Crowd::expect(std::uint64_t deliveries) {
    tally_.round += deliveries;
    tally_.complete = 0;
}

}  // namespace bench
