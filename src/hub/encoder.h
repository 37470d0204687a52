// hub/encoder.h: a wire format. A publication is encoded once per (channel, lane, format), however
// many hear it. One immutable object per format lives as long as the server; any loop calls it. The
// same pointer = one audience.
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "hub/publication.h"

namespace carillon::hub {

struct Delivery {
    const Publication& publication;
    std::string_view channel;  // empty for what is sent to a session
    Stamp stamp;
};

struct Encoder {
    virtual ~Encoder() = default;
    // Appends one complete frame. False: this format shows no frame for this kind (nothing was
    // appended); it is counted as filtered for everyone who would have heard it.
    virtual bool encode(const Delivery& delivery, base::Buffer& out) const = 0;
    // The format of who reads publications in this process: a frame is a reference and no bytes, and
    // encode() only says whether it is shown. Always the same answer.
    virtual bool by_reference() const { return false; }
};

}  // namespace carillon::hub
