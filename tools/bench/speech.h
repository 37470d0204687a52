// bench/speech.h: how a subscriber of each protocol comes in and joins: bytes, no sockets.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/signing.h"

namespace bench {

enum class Speech : std::uint8_t { pusher, turbine, notiflux };
constexpr std::size_t kSpeeches = 3;

// A number of bytes for each.
using SizeBySpeech = std::array<std::size_t, kSpeeches>;

Speech speech_named(std::string_view name);

struct Credentials {
    App app;
    std::string turbine_token;   // for all channels, by name
    std::string notiflux_token;  // likewise, to subscribe
};

// The path and query where it upgrades.
std::string path_of(Speech speech, const App& app);

// What a Turbine or notiflux client says first: who it is, and which channels it wants. The last
// message is answered, so that its answer says that all are joined.
std::vector<std::string> opening_of(Speech speech, const Credentials& credentials,
                                    const std::vector<std::string>& channels);
bool is_joined(Speech speech, std::string_view text, std::size_t channels);
// One of the answers before that.
bool is_half_joined(Speech speech, std::string_view text);

// Whether this is the publication of an event of that name.
bool is_delivery(Speech speech, std::string_view text, std::string_view event);

}  // namespace bench
