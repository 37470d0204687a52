// soak/ledger.h: our own books, kept without the server's help: what was published, and what came
// out of the sockets. A stamp numbers every publication of this run, in the order of sending.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "soak/channels.h"

namespace soak {

inline constexpr std::size_t kBackends = 2;
inline constexpr std::size_t kLanes = 64;

// The last that a publisher said in a channel.
struct Said {
    std::uint64_t sequence = 0;
    std::uint64_t stamp = 0;
};

struct Ledger {
    std::uint64_t stamp = 0;
    std::uint64_t settled = 0;  // the stamp at the last reckoning: who was to hear it had heard it
    std::uint64_t publishers = 0;  // each backend, these first, and each life of a client
    std::array<std::uint64_t, kBackends> answered{};  // the stamp of each backend's last 200
    // Since the last reckoning, at which all had heard everything.
    std::array<std::unordered_map<std::uint64_t, Said>, kChannels> said;

    std::array<std::uint64_t, kLanes> received{};  // publications and member events, by lane
    std::uint64_t http_published = 0;
    std::uint64_t client_events = 0;    // known to be accepted: something later was answered
    std::uint64_t doubtful_events = 0;  // sent when the server may have closed us already
    std::uint64_t lives = 0;            // sessions greeted
    std::uint64_t closed_slow = 0;      // lives ended by a Close frame with 4100
    std::uint64_t ended_bare = 0;       // lives ended without a Close frame from the server

    std::uint64_t published() const { return http_published + client_events; }
    // Nobody need have heard what a publisher in doubt said last.
    void forget(std::uint64_t publisher) {
        for (auto& channel : said) channel.erase(publisher);
    }
};

}  // namespace soak
