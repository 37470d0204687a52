// protocol/turbine/errors.h: every way this protocol says no, in one table: the number and the words
// the other side sees, and the name under which it is logged and counted. Clients act on the
// number; the words are for people. Several reasons share one number: which it was is for the log.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/count.h"
#include "base/result.h"
#include "hub/outcome.h"

namespace carillon::turbine {

enum class Fault : std::uint8_t {
    // an error reply, and the connection stays
    text_malformed,
    command_malformed,
    channel_name,
    already_connected,
    not_connected,
    token_rejected,
    channel_forbidden,
    subscription_limit,
    subscription_overloaded,
    subscription_channels,
    subscription_failed,
    // Close
    node_full,
    app_full,
    connect_late,
    tokens_rejected,
    pong_late,
    kicked,
    renewed,
    too_slow,
    over_memory,
    shutdown,
    ended,
    // HTTP
    request_unauthorized,
    request_media_type,
    request_payload,
    request_malformed,
    request_channel_missing,
    request_data_missing,
    request_channel_name,
    request_overloaded,
    request_failed,
};
inline constexpr std::size_t faults = static_cast<std::size_t>(Fault::request_failed) + 1;

struct FaultRow {
    Fault fault;
    std::string_view name;  // as in logs and metrics
    int code;               // an error's code, a close code or an HTTP status
    std::string_view text;
};

const FaultRow& row_of(Fault fault);
inline std::string_view name_of(Fault fault) { return row_of(fault).name; }

// What the hub decided, in this protocol's words.
Fault subscription_fault(hub::Outcome outcome);
Fault close_fault(hub::CloseReason why);

// How often each was said. Any thread.
class Refusals {
 public:
    void add(Fault fault) { counts_[static_cast<std::size_t>(fault)].add(); }
    std::uint64_t get(Fault fault) const { return counts_[static_cast<std::size_t>(fault)].get(); }
    template <class Visitor>
    void each(Visitor&& visitor) const {
        for (std::size_t i = 0; i < faults; ++i) {
            visitor(name_of(static_cast<Fault>(i)), counts_[i].get());
        }
    }

 private:
    std::array<base::SharedCount, faults> counts_;
};

}  // namespace carillon::turbine
