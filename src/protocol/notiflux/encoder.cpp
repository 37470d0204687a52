#include "protocol/notiflux/encoder.h"

namespace carillon::notiflux {
namespace {

class WireEncoder final : public hub::Encoder {
 public:
    bool encode(const hub::Delivery& delivery, base::Buffer& out) const override {
        const auto& publication = delivery.publication;
        if (publication.kind() != hub::Kind::message) return false;
        if (publication.body_kind() == hub::BodyKind::binary) return false;
        out.append(publication.body());
        return true;
    }
};

}  // namespace

const hub::Encoder& wire_encoder() {
    static const WireEncoder encoder;
    return encoder;
}

}  // namespace carillon::notiflux
