#include "protocol/pusher/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>

namespace carillon::pusher {
namespace {

constexpr std::string_view user_prefix = "#server-to-user-";
constexpr std::string_view watch_prefix = "!online-";  // '!' is in no client's channel

struct Row {
    std::string_view prefix;
    ChannelKind kind;
};

// Read from the top: the longer prefix stands before the one it begins with.
constexpr std::array rows{
    Row{"private-encrypted-cache-", {.authenticated = true, .encrypted = true, .cache = true}},
    Row{"private-encrypted-", {.authenticated = true, .encrypted = true}},
    Row{"private-cache-", {.authenticated = true, .cache = true}},
    Row{"private-", {.authenticated = true}},
    Row{"presence-cache-", {.authenticated = true, .presence = true, .cache = true}},
    Row{"presence-", {.authenticated = true, .presence = true}},
    Row{"cache-", {.cache = true}},
    Row{user_prefix, {.user = true}},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_legal(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_=@,.;").find(c) != std::string_view::npos;
}

// A half of a session id; nullopt: more than 32 bits.
std::optional<std::uint64_t> parse_half(std::string_view digits) {
    std::uint32_t half = 0;
    const auto* const end = std::to_address(digits.end());
    const auto result = std::from_chars(std::to_address(digits.begin()), end, half);
    if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
    return half;
}

}  // namespace

ChannelKind kind_of(std::string_view channel) {
    for (const auto& row : rows) {
        if (channel.starts_with(row.prefix)) return row.kind;
    }
    return {};
}

bool is_legal_channel(std::string_view channel, bool allow_colon) {
    // A user's id is whatever his app says that it is: "auth0|7", an e-mail address.
    if (channel.starts_with(user_prefix)) {
        channel.remove_prefix(user_prefix.size());
        const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
        return !channel.empty() && std::ranges::none_of(channel, is_control);
    }
    if (channel.starts_with('#')) channel.remove_prefix(1);
    return !channel.empty() && std::ranges::all_of(channel, [&](char c) {
        return is_legal(c) || (allow_colon && c == ':');
    });
}

ChannelType type_of(const ChannelKind& kind) {
    if (kind.encrypted) return ChannelType::encrypted;
    if (kind.presence) return ChannelType::presence;
    if (kind.authenticated) return ChannelType::authenticated;
    return kind.cache ? ChannelType::cache : ChannelType::open;
}

std::string_view name_of(ChannelType type) {
    static constexpr std::array<std::string_view, channel_types> names = {
        "public", "private", "presence", "private_encrypted", "cache"};
    return names[index_of(type)];
}

protocol::Reserve reserve_of(std::string_view channel) {
    if (is_reserved_channel(channel)) return protocol::Reserve::hidden;
    const auto kind = kind_of(channel);
    return kind.authenticated || kind.user ? protocol::Reserve::reserved : protocol::Reserve::open;
}

std::string user_channel(std::string_view user) { return std::string(user_prefix).append(user); }

std::string watch_channel(std::string_view user) { return std::string(watch_prefix).append(user); }

bool is_own_channel(std::string_view channel) { return channel.starts_with(watch_prefix); }

std::string_view user_of_watch_channel(std::string_view channel) {
    return channel.substr(watch_prefix.size());
}

std::string socket_id_of(hub::SessionId id) {
    return std::to_string(id.value >> 32) + '.' + std::to_string(id.value & 0xffff'ffff);
}

std::optional<hub::SessionId> parse_socket_id(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto high_digits = text.substr(0, dot);
    const auto low_digits = text.substr(dot + 1);
    for (const auto digits : {high_digits, low_digits}) {
        if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
    }
    const auto high = parse_half(high_digits);
    const auto low = parse_half(low_digits);
    if (!high || !low) return hub::SessionId{};
    return hub::SessionId{*high << 32 | *low};
}

}  // namespace carillon::pusher
