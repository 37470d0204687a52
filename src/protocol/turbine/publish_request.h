// protocol/turbine/publish_request.h: what a backend wants published. Pure.
//
//   body    := { "channel": channel, "data": any }       more keys are ignored
//   channel := a string of 1 to 255 bytes
//
// `data` reaches clients byte for byte as it was written, once it is proven to be JSON.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "protocol/turbine/errors.h"

namespace carillon::turbine {

struct PublishRequest {
    std::string channel;
    std::string_view data;  // a slice of the body
};

// A Fault is one of errors.h's HTTP refusals. 64 bytes behind `body` are readable.
std::variant<PublishRequest, Fault> parse_publish_request(std::string_view body);

// application/json or application/…+json, in any case, with parameters or without.
bool is_json_media_type(std::string_view content_type);

}  // namespace carillon::turbine
