// server/greeting.h: what `carillon serve` says to the person who started it: where to look, and a
// line to try.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "server/config.h"

namespace carillon::server {

// The path and query of a publish of `body`, signed as Pusher's HTTP API wants it. Good for ten
// minutes.
// `path_prefix` as in Config.
std::string signed_publish(const hub::App& app, std::string_view body, Now now,
                           std::string_view path_prefix = {});

// Several lines. Only with demo credentials, which are no secret, does it show how to use them.
// `metrics_port` 0: there is none.
std::string greeting(const Config& config, std::string_view version, std::uint16_t port,
                     std::uint16_t metrics_port, Now now);

}  // namespace carillon::server
