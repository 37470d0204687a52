// protocol/notiflux/broadcast_request.h: what a backend wants broadcast. Pure.
//
//   body := { "topic": string, "message": string, "token": string }      more keys are ignored
//
// All three are required. `message` must be a string; publishers put JSON in it as they like.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon::notiflux {

inline constexpr std::size_t broadcast_bytes_max = 2'097'152;  // then 413

struct BroadcastRequest {
    std::string topic;
    std::string message;
    std::string token;
};

// The Error's message is for the client, behind "Json deserialize error: ". 64 bytes behind `body`
// are readable.
Result<BroadcastRequest> parse_broadcast_request(std::string_view body);

// Whether a Content-Type header's value says JSON: subtype json, or one that ends in +json, in any
// case and with any parameters.
bool is_json_type(std::string_view content_type);

}  // namespace carillon::notiflux
