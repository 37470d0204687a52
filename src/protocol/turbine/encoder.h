// protocol/turbine/encoder.h: a publication as this protocol's clients read it: one message body,
// which edge's framing makes a frame. Escaping happens here, once per publication, channel and
// lane.
//
//   push := { "method": "publication", "params": { "channel": string, "data": data } }
//     data     body kind json:   the body as it is; null if it is empty
//                        text:   a string that says the body, escaped
//                        binary: a string with the body in base64
//   An event's name and the member who speaks are left out: there is no place for them. So are all
//   other kinds (who joined or left, gaps, other protocols' announcements).
#pragma once

#include "hub/encoder.h"

namespace carillon::turbine {

// One for all: the same pointer is the same audience.
const hub::Encoder& wire_encoder();

}  // namespace carillon::turbine
