// protocol/pusher/encoder.h: a publication as this protocol's clients read it: one message body,
// which edge's framing makes a frame. Escaping happens here, once per publication, channel and
// lane.
//
//   message := { "event": name, "channel": string, "data": data [ , "user_id": string ] }
//     name     "message" if the publication has none
//     channel  left out of what is sent to one session, and of channels of our own (names.h)
//     data     body kind text:   a string that says the body, escaped
//                        json:   the body as it is (client events); an empty one: no "data"
//                        binary: a string with the body in base64
//     user_id  the presence member who speaks
//   joined  := { "event": "pusher_internal:member_added", "channel", "data": string }
//   left    := { "event": "pusher_internal:member_removed", "channel", "data": string }
//     the string holds {"user_id": string, "user_info": any}; user_info is left out if it is null,
//     and of who left
#pragma once

#include "hub/encoder.h"

namespace carillon::pusher {

// One for all: the same pointer is the same audience.
const hub::Encoder& wire_encoder();

}  // namespace carillon::pusher
