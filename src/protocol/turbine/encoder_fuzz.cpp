// input := kind(1) channel LF body. Whatever is published, the frame is one JSON object that says
// it: text as a string, JSON as it was written, bytes as base64.
// fuzzes: encoder.cpp
#include <array>
#include <string>

#include "auth/base64.h"
#include "base/assert.h"
#include "json/testing.h"
#include "json/write.h"
#include "protocol/turbine/encoder.h"

namespace {

using namespace carillon;
using hub::BodyKind;

bool is_json(std::string_view text) {
    const auto array = json::testing::padded("[" + std::string(text) + "]");
    const auto elements = json::read_array(array, 2);
    return elements.has_value() && elements->size() == 1 && elements->front() == text;
}

bool is_text(std::string_view text) {
    base::Buffer quoted;
    json::append_quoted(text, quoted);
    return is_json(quoted.view());
}

void check_data(const hub::Publication& publication, std::string_view data) {
    const auto body = publication.body();
    switch (publication.body_kind()) {
        case BodyKind::text:
            ASSERT(json::decode_string(data).value() == body);
            break;
        case BodyKind::json:
            ASSERT(data == (body.empty() ? "null" : body));
            break;
        case BodyKind::binary:
            const auto text = json::decode_string(data).value();
            ASSERT(body.empty() ? text.empty() : auth::decode_base64(text).value() == body);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto channel = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(body.size(), channel.size() + 1));
    const auto kind = static_cast<BodyKind>(data[0] % 3);
    if (!is_text(channel) || (kind == BodyKind::text && !is_text(body))) return 0;
    // One object deeper than it came, and so a little less deep than our reader goes.
    const bool shallow = is_json(body) && is_json("[[[" + std::string(body) + "]]]");
    if (kind == BodyKind::json && !body.empty() && !shallow) return 0;
    const auto publication =
        hub::Publication::make({.kind = data[0] < 128 ? hub::Kind::message : hub::Kind::joined,
                                .body_kind = kind,
                                .body = body});
    base::Buffer frame;
    const bool encoded = turbine::wire_encoder().encode({*publication, channel, {}}, frame);
    ASSERT(encoded == (data[0] < 128) && encoded == !frame.empty());
    if (!encoded) return 0;
    std::array outer{json::Member{"method"}, json::Member{"params"}};
    ASSERT(json::read_object(frame.view(), outer).has_value());
    ASSERT(outer[0].text == R"("publication")");
    std::array inner{json::Member{"channel"}, json::Member{"data"}};
    ASSERT(json::read_object(outer[1].text, inner).has_value());
    ASSERT(json::decode_string(inner[0].text).value() == channel);
    check_data(*publication, inner[1].text);
    return 0;
}
