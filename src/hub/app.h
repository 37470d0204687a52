// hub/app.h: a tenant. Immutable and shared: changing an app means handing out a new one. The hub
// enforces the limits that need its locks or counts; what only a protocol can judge (event names,
// rates) the protocol reads here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::hub {

struct AppLimits {
    std::uint32_t connections_max = 0;                   // 0: no limit
    std::uint32_t presence_members_max = 100;            // per channel; distinct members
    std::uint32_t presence_member_bytes_max = 2 * 1024;  // of the member's data
    std::uint32_t channel_name_bytes_max = 200;
    std::uint32_t event_name_bytes_max = 200;
    std::uint32_t event_payload_bytes_max = 100 * 1024;
    std::uint32_t event_channels_max = 100;  // channels one publish may name
    std::uint32_t event_batch_max = 10;
    std::uint32_t client_events_per_second = 0;  // per session, over the window; 0: no limit
    std::uint32_t client_events_window_s = 1;
    std::uint32_t backend_events_per_second = 0;  // over HTTP, one for each channel; 0: no limit
    std::uint32_t read_requests_per_second = 0;   // questions over HTTP; 0: no limit
    std::uint32_t recover_max = 500;              // publications replayed by one join
};

struct App {
    std::string id;
    std::string key;     // public: clients name it
    std::string secret;  // opaque to the hub; read by auth only, never logged
    bool enabled = true;
    bool client_events = false;         // whether clients may publish at all
    bool client_events_or_end = false;  // who publishes too fast is closed, not only refused
    bool sign_in = false;               // whether clients may say which user they are
    bool watchlists = false;            // whether users are told who of their friends is online
    bool subscription_counts = false;   // whether subscribers are told how many they are
    // Where pages that connect may come from: "https://a.example", "*.example", "*"; empty: anywhere.
    std::vector<std::string> allowed_origins{};
    // Names that a protocol reserves: no pattern opens them. Null: there are none.
    bool (*hidden_from_patterns)(std::string_view channel) = nullptr;
    AppLimits limits{};
};

using AppRef = std::shared_ptr<const App>;

}  // namespace carillon::hub
