// protocol/turbine/replies.h: what a client is told in answer to its commands. What is published is
// in encoder.h.
//
//   reply := { "id": id, "result": { word: true } }
//          | { "id": id, "error": { "code": number, "message": string } }
//   word  := "connected" | "subscribed" | "unsubscribed" | "pong"
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "protocol/turbine/errors.h"

namespace carillon::turbine {

void write_result(std::uint64_t id, std::string_view word, base::Buffer& out);
void write_error(std::uint64_t id, Fault fault, base::Buffer& out);

}  // namespace carillon::turbine
