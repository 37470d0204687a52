// storage/journal/keys.h: under which keys a journal finds its notes again, and how an epoch is made of what
// is stored and of how often nothing could be proved. No two channels and no two names share a key: every
// part but the last is preceded by its length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace carillon::storage {

inline constexpr std::string_view generation_key = "generation";
inline constexpr std::string_view cursor_prefix = "cursor/";
inline constexpr std::string_view once_prefix = "once/";
inline constexpr std::size_t note_key_bytes_max = 2048;  // as store.h says
inline constexpr std::size_t note_value_bytes_max = 1024 * 1024;

// <bytes of app>:<app><name>
std::string channel_key(std::string_view app, std::string_view name);
std::string once_key(std::string_view channel_key);
// What all names of a channel begin with; the name follows.
std::string cursor_key_before_name(std::string_view app, std::string_view channel);

// The generation counts the starts at which something may have been missing. Without any, an epoch is what
// is stored; `epoch_of` and `base_of` undo each other.
std::uint64_t epoch_of(std::uint64_t base, std::uint64_t generation);
std::uint64_t base_of(std::uint64_t epoch, std::uint64_t generation);
// nullopt: that is no generation.
std::optional<std::uint64_t> parse_generation(std::string_view text);

}  // namespace carillon::storage
