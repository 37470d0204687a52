// Any body a backend may post: no crash, and what is accepted becomes a frame that says the same:
// the data to the byte, and nothing beside it.
// fuzzes: publish_request.cpp encoder.cpp
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/assert.h"
#include "json/read.h"
#include "protocol/turbine/encoder.h"
#include "protocol/turbine/publish_request.h"

namespace {

using namespace carillon;

// A frame puts its data one object deeper than the body did: what was just within the bound when it
// came is beyond it when our own reader looks again.
bool is_shallow(std::string_view data) {
    const auto brackets = std::ranges::count_if(data, [](char c) { return c == '{' || c == '['; });
    return brackets < json::depth_max - 1;
}

void check_frame(const turbine::PublishRequest& wish) {
    base::Buffer frame;
    const auto publication =
        hub::Publication::make({.body_kind = hub::BodyKind::json, .body = wish.data});
    ASSERT(turbine::wire_encoder().encode({*publication, wish.channel, {}}, frame));
    std::array outer{json::Member{"method"}, json::Member{"params"}, json::Member{"id"}};
    ASSERT(json::read_object(frame.view(), outer).has_value());
    ASSERT(outer[0].text == R"("publication")" && outer[2].text.empty());
    std::array inner{json::Member{"channel"}, json::Member{"data"}};
    ASSERT(json::read_object(outer[1].text, inner).has_value());
    ASSERT(json::decode_string(inner[0].text).value() == wish.channel);
    ASSERT(inner[1].text == wish.data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::unique_ptr<char[]> copy(new char[size + json::padding]);
    if (size != 0) std::memcpy(copy.get(), data, size);
    std::memset(copy.get() + size, '}', json::padding);
    const std::string_view body(copy.get(), size);

    (void)turbine::is_json_media_type(body);
    const auto read = turbine::parse_publish_request(body);
    if (const auto* fault = std::get_if<turbine::Fault>(&read)) {
        const auto code = turbine::row_of(*fault).code;
        ASSERT(code == 400 || code == 422);
        return 0;
    }
    const auto& wish = std::get<turbine::PublishRequest>(read);
    ASSERT(!wish.channel.empty() && wish.channel.size() <= 255);
    ASSERT(!wish.data.empty());
    if (is_shallow(wish.data)) check_frame(wish);
    return 0;
}
