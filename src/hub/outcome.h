// hub/outcome.h: how a verb ended. Operations are idempotent and say `already`; each protocol
// decides in one table what its client sees.
#pragma once

#include <cstdint>
#include <string_view>

namespace carillon::hub {

enum class Outcome : std::uint8_t {
    ok,
    already,
    not_subscribed,
    unauthenticated,
    forbidden,
    limit_sessions,          // of the process
    limit_connections,       // of one app
    limit_subscriptions,     // of one session
    limit_channels,          // of the process, or named by one publish
    limit_presence_members,  // distinct members of one channel
    limit_presence_bytes,    // of one member's data
    bad_name,
    overloaded,  // an inbox is full; nothing was done; try again later
    closing,
    vetoed,          // by a hook
    limit_nesting,   // published by a hook, by a hook, by a hook…
    storage_failed,  // what keeps this channel's publications is full or fails; nothing was done
    internal,
};
inline constexpr std::size_t outcomes = 18;
std::string_view name_of(Outcome outcome);  // snake_case, as in logs and metrics

// Why a session ended. Told to Subscriber::on_close when the hub decided, counted for all.
enum class CloseReason : std::uint8_t {
    peer,      // the client closed or vanished
    protocol,  // it broke its protocol, or its protocol said goodbye
    slow,      // its outbox was over its policy
    memory,    // it owed the most when its lane was out of memory for frames
    shutdown,
    kicked,   // disconnected on request, for good
    renewed,  // disconnected on request, to come back
    lost,     // what it was promised to hear of the past could not be read any more
};
inline constexpr std::size_t close_reasons = 8;
std::string_view name_of(CloseReason reason);

// Why a matched publication was not delivered to a subscriber that stayed.
enum class DropReason : std::uint8_t {
    newest,       // policy drop_newest
    oldest,       // policy drop_oldest
    closed,       // what a session owed when it was ended: by policy close, or on request
    memory,       // closed as the worst debtor
    no_consumer,  // no member of the queue group had room
};
inline constexpr std::size_t drop_reasons = 5;
std::string_view name_of(DropReason reason);

// What became of a joiner's wish to hear on from where it was. Everything but `recovered` means:
// what you missed is lost to you, go on from the position of the answer.
enum class Recovery : std::uint8_t {
    not_asked,
    recovered,      // everything since then is replayed, or nothing was missed
    not_kept,       // this channel keeps nothing
    unknown_epoch,  // the channel was gone meanwhile, or the server was
    ahead,          // an offset that was never given
    trimmed,        // no longer kept
    too_many,       // more than the app's recover_max
    no_room,        // more than the session's outbox policy allows to wait
};
inline constexpr std::size_t recoveries = 8;
std::string_view name_of(Recovery recovery);

}  // namespace carillon::hub
