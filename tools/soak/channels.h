// soak/channels.h: the channels there are, by number: public, private, presence, and three
// firehoses: public ones with large and frequent events, for those whose outbox is to overflow.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace soak {

inline constexpr std::size_t kPrivateBegin = 16;
inline constexpr std::size_t kPresenceBegin = 28;
inline constexpr std::size_t kFirehoseBegin = 40;
inline constexpr std::size_t kChannels = 43;

inline bool is_presence(std::size_t channel) {
    return channel >= kPresenceBegin && channel < kFirehoseBegin;
}
inline bool takes_client_events(std::size_t channel) {
    return channel >= kPrivateBegin && channel < kFirehoseBegin;
}

const std::string& name_of(std::size_t channel);
std::size_t channel_named(std::string_view name);  // kChannels: none of ours

}  // namespace soak
