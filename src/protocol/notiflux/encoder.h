// protocol/notiflux/encoder.h: a publication as this protocol's clients read it: the body, verbatim,
// as one text frame. No envelope, no topic, no name: who hears several topics cannot tell them apart
// unless the publisher says it in the body.
//
//   message, text or json body    the body
//   message, binary body          not shown: a text frame must be UTF-8, and there is no other way
//   joined, left, gap, announcement    not shown: this protocol has no word for them
// What is not shown is counted as filtered.
#pragma once

#include "hub/encoder.h"

namespace carillon::notiflux {

// One for all: the same pointer is the same audience.
const hub::Encoder& wire_encoder();

}  // namespace carillon::notiflux
