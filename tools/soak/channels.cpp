#include "soak/channels.h"

#include <array>
#include <unordered_map>

namespace soak {
namespace {

std::string make_name(std::size_t channel) {
    const char* kind = channel < kPrivateBegin    ? "public-"
                       : channel < kPresenceBegin ? "private-"
                       : channel < kFirehoseBegin ? "presence-"
                                                  : "firehose-";
    return kind + std::to_string(channel);
}

}  // namespace

const std::string& name_of(std::size_t channel) {
    static const auto names = [] {
        std::array<std::string, kChannels> all;
        for (std::size_t i = 0; i < kChannels; i++) all[i] = make_name(i);
        return all;
    }();
    return names[channel];
}

std::size_t channel_named(std::string_view name) {
    static const auto numbers = [] {
        std::unordered_map<std::string_view, std::size_t> all;
        for (std::size_t i = 0; i < kChannels; i++) all[name_of(i)] = i;
        return all;
    }();
    const auto at = numbers.find(name);
    return at == numbers.end() ? kChannels : at->second;
}

}  // namespace soak
