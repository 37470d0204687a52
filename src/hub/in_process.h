// hub/in_process.h: the format of who reads publications in this process: references and no bytes.
// It shows messages, and nothing of who joins or leaves.
#pragma once

#include "hub/encoder.h"

namespace carillon::hub {

struct InProcessFormat final : Encoder {
    bool encode(const Delivery& delivery, base::Buffer&) const override {
        return delivery.publication.kind() == Kind::message;
    }
    bool by_reference() const override { return true; }
};

}  // namespace carillon::hub
