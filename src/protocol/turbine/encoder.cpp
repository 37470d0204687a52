#include "protocol/turbine/encoder.h"

#include "auth/base64.h"
#include "json/write.h"

namespace carillon::turbine {
namespace {

void append_data(const hub::Publication& publication, base::Buffer& out) {
    const auto body = publication.body();
    switch (publication.body_kind()) {
        case hub::BodyKind::json:
            out.append(body.empty() ? "null" : body);
            break;
        case hub::BodyKind::text:
            json::append_quoted(body, out);
            break;
        case hub::BodyKind::binary:
            out.append('"');
            auth::append_base64(body, out);
            out.append('"');
            break;
    }
}

class WireEncoder final : public hub::Encoder {
 public:
    bool encode(const hub::Delivery& delivery, base::Buffer& out) const override {
        if (delivery.publication.kind() != hub::Kind::message) return false;
        out.append(R"({"method":"publication","params":{"channel":)");
        json::append_quoted(delivery.channel, out);
        out.append(R"(,"data":)");
        append_data(delivery.publication, out);
        out.append("}}");
        return true;
    }
};

}  // namespace

const hub::Encoder& wire_encoder() {
    static const WireEncoder encoder;
    return encoder;
}

}  // namespace carillon::turbine
