// protocol/pusher/publish_request.h: what a backend wants published, once or several times in one
// call. Pure.
//
//   body  := { "name": string, "data": any, "channels": [string, …] | "channel": string,
//              "socket_id": string, "info": string, "idempotency_key": string }
//   batch := { "batch": [body, …], "idempotency_key": string }          more keys are ignored
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
#include "protocol/pusher/info.h"
#include "protocol/pusher/options.h"

namespace carillon::pusher {

struct PublishRequest {
    std::string event;
    std::string data;
    std::vector<std::string> channels;
    hub::SessionId exclude{};       // 0: nobody
    Info info{};                    // what to answer of the channels
    std::string idempotency_key{};  // empty: none. That of one item of a batch means nothing
};

struct BatchRequest {
    std::vector<PublishRequest> items;
    std::string idempotency_key{};
};

// By whose rules a request is read.
struct PublishRules {
    const hub::AppLimits& limits;
    const Options& options;
};

// The Error is one of errors.h's HTTP refusals. 64 bytes behind `body` are readable.
Result<PublishRequest> parse_publish_request(std::string_view body, const PublishRules& rules);
inline Result<PublishRequest> parse_publish_request(std::string_view body,
                                                    const hub::AppLimits& limits) {
    return parse_publish_request(body, PublishRules{limits, {}});
}
// One bad item and all are refused.
Result<BatchRequest> parse_batch_request(std::string_view body, const PublishRules& rules);

// A key that came elsewhere than in the body.
Result<void> check_idempotency_key(std::string_view key, const Options& options);

}  // namespace carillon::pusher
