// protocol/pusher/options.h: what an operator can set for this protocol as a whole. What a tenant
// can is in hub::App.
#pragma once

#include <cstddef>
#include <cstdint>

namespace carillon::pusher {

struct Options {
    std::uint32_t activity_timeout_s = 120;  // of silence, before a client is asked for life
    std::uint32_t sign_in_timeout_s = 3600;  // to be somebody, where the app has users
    std::uint32_t cache_ttl_s = 3600;        // how long a cache channel keeps its last event
    bool strict_version = false;             // ?protocol= must be given
    bool allow_colon = false;                // in channel names, as some servers do
    // A publish with a key that was used before is answered as then, and not published again.
    bool idempotency = true;
    std::uint32_t idempotency_ttl_s = 120;
    std::size_t idempotency_key_bytes_max = 128;
};

}  // namespace carillon::pusher
