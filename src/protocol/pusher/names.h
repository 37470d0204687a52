// protocol/pusher/names.h: what a name says. A channel's prefix decides who may join it, and a
// socket id is the hub's session id in this protocol's spelling.
//
//   channel   := ["#"] 1*( letter | digit | "-" | "_" | "=" | "@" | "," | "." | ";" )
//                | "#server-to-user-" user      user: any text without control characters
//   socket_id := high "." low      the two 32-bit halves of hub::SessionId, decimal
//
// Prefixes are anchored and case-sensitive. Servers that looked for "private-" or "cache-" anywhere
// in a name let anyone into `private-cache-…`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hub/publication.h"
#include "protocol/permissions.h"

namespace carillon::pusher {

struct ChannelKind {
    bool authenticated = false;  // joined with a signature
    bool presence = false;       // and with a member
    bool encrypted = false;      // bodies are ciphertext between clients
    bool cache = false;          // the last event of a backend is kept for newcomers
    bool user = false;           // #server-to-user-…: one signed-in user's own channel

    // Whether clients may publish to it, if their app lets them at all.
    bool client_events() const { return authenticated && !encrypted; }
};

ChannelKind kind_of(std::string_view channel);

// The kinds as metrics tell them apart.
enum class ChannelType : unsigned char {
    open,
    authenticated,
    presence,
    encrypted,
    cache,
};
inline constexpr std::size_t channel_types = 5;
ChannelType type_of(const ChannelKind& kind);
inline std::size_t index_of(ChannelType type) { return static_cast<std::size_t>(type); }
std::string_view name_of(ChannelType type);  // "public", "private", …

// Its characters; its length is the app's. `allow_colon`: ":" is one of them (Options).
bool is_legal_channel(std::string_view channel, bool allow_colon = false);
// The server's own, whatever for: no client can name it, and nobody is told of it.
inline bool is_reserved_channel(std::string_view channel) { return channel.starts_with('!'); }

// In an app that other protocols speak for too: hidden is what only the server names, reserved what
// a client is let into by more than its name.
protocol::Reserve reserve_of(std::string_view channel);

// The channel of what only this user hears.
std::string user_channel(std::string_view user);
// The channel in which it is said when this user comes online or goes. No client can name it, and
// none is told its name.
std::string watch_channel(std::string_view user);
bool is_own_channel(std::string_view channel);  // such a name of ours
// The user of a watch_channel.
std::string_view user_of_watch_channel(std::string_view channel);

std::string socket_id_of(hub::SessionId id);
// nullopt: not a socket id. Digits that name no session of ours give SessionId 0: nobody.
std::optional<hub::SessionId> parse_socket_id(std::string_view text);

}  // namespace carillon::pusher
