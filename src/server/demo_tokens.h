// server/demo_tokens.h: what the page at / needs to speak Turbine and notiflux in the demonstration:
// tokens for one channel, signed with the demo's keys. Nothing of it exists beside configured keys.
//
//   GET /demo/tokens   {"channel": name, "turbine": token, "notiflux": token}   good for an hour;
//                      403 to a page of another host
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "http/router.h"

namespace carillon::server {

// The channel that the demonstration's bridges join (demo_bridges).
inline constexpr std::string_view demo_channel = "bells";

Result<void> add_demo_tokens(const base::Clock& clock, http::Router& router);

}  // namespace carillon::server
