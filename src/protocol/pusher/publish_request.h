// protocol/pusher/publish_request.h: what a backend wants published. Pure.
//
//   body := { "name": string, "data": any, "channels": [string, …] | "channel": string,
//             "socket_id": string }                                     more keys are ignored
//
// `channels` wins over `channel`. `data` reaches clients as a string: a string as it is, anything
// else as its JSON text without space between the tokens, nothing as "null".
//
// Read with simdjson, not Boost.JSON: a tree made anew writes 1.0 as 1E0 and rounds long integers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/app.h"
#include "hub/publication.h"

namespace carillon::pusher {

struct PublishRequest {
    std::string event;
    std::string data;
    std::vector<std::string> channels;
    hub::SessionId exclude{};  // 0: nobody
};

// The Error is one of errors.h's HTTP refusals. 64 bytes behind `body` are readable.
Result<PublishRequest> parse_publish_request(std::string_view body, const hub::AppLimits& limits);

}  // namespace carillon::pusher
