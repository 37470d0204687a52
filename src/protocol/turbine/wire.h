// protocol/turbine/wire.h: what a client says: bytes into commands. Pure: knows the format, and
// nothing of who may do what. What it is told in return is in replies.h.
//
//   message := { "id": id, "method": string, "params": object }       more keys are ignored
//     connect       params := { "token": string }
//     subscribe     params := { "channel": channel }
//     unsubscribe   params := { "channel": channel }
//     ping          params are ignored, whatever they are
//     any other method, and params that are not these, are malformed
//   id      := an integer of 64 bits without sign, in digits only: 1.0, -1 and "1" are not
//   channel := a string of 1 to 255 bytes
//   One message is one command: there are no arrays of them. Of two members with the same key the
//   last counts.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/turbine/errors.h"

namespace carillon::turbine {

inline constexpr std::size_t channel_bytes_max = 255;

struct Connect {
    std::string token;  // may be empty
};
struct Subscribe {
    std::string channel;
};
struct Unsubscribe {
    std::string channel;
};
struct Ping {};
struct Malformed {
    Fault fault;
};
using Command = std::variant<Connect, Subscribe, Unsubscribe, Ping, Malformed>;
// In the order of Command, for metrics.
inline constexpr std::array<std::string_view, std::variant_size_v<Command>> method_names{
    "connect", "subscribe", "unsubscribe", "ping", "malformed"};

struct Message {
    std::uint64_t id = 0;  // 0 also where none was found: then the command is Malformed
    Command command;
};

// 64 bytes behind `text` are readable.
Message parse_message(std::string_view text);

bool is_channel(std::string_view name);

}  // namespace carillon::turbine
