// Any body a backend may post: no crash, and what is accepted becomes a frame that says the same.
// fuzzes: publish_request.cpp encoder.cpp
#include <boost/json.hpp>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/assert.h"
#include "json/read.h"
#include "protocol/pusher/encoder.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/publish_request.h"

using namespace carillon;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::unique_ptr<char[]> copy(new char[size + json::padding]);
    if (size != 0) std::memcpy(copy.get(), data, size);
    std::memset(copy.get() + size, '}', json::padding);

    const hub::AppLimits limits;
    const auto request = pusher::parse_publish_request({copy.get(), size}, limits);
    if (!request.has_value()) {
        ASSERT(pusher::http_fault(request.error()) != pusher::Fault::request_failed);
        return 0;
    }
    const auto& wish = request.value();
    ASSERT(!wish.event.empty() && !wish.channels.empty());
    ASSERT(wish.channels.size() <= limits.event_channels_max);
    ASSERT(wish.data.size() <= limits.event_payload_bytes_max);
    base::Buffer frame;
    pusher::wire_encoder().encode(
        {*hub::Publication::make({.event = wish.event, .body = wish.data}), wish.channels[0], {}},
        frame);
    const auto said = boost::json::parse({frame.data(), frame.size()}).as_object();
    ASSERT(said.at("event").as_string() == wish.event);
    ASSERT(said.at("channel").as_string() == wish.channels[0]);
    ASSERT(said.at("data").as_string() == wish.data);
    return 0;
}
