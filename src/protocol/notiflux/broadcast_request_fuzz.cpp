// Any body a backend may post: no crash, and what is accepted says the same when it is written anew
// and reaches a subscriber byte for byte.
// fuzzes: broadcast_request.cpp encoder.cpp
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "json/read.h"
#include "json/write.h"
#include "protocol/notiflux/broadcast_request.h"
#include "protocol/notiflux/encoder.h"

using namespace carillon;

namespace {

std::string written(const notiflux::BroadcastRequest& request) {
    base::Buffer out;
    out.append(R"({"topic":)");
    json::append_quoted(request.topic, out);
    out.append(R"(,"message":)");
    json::append_quoted(request.message, out);
    out.append(R"(,"token":)");
    json::append_quoted(request.token, out);
    out.append('}');
    std::string text;
    text.reserve(out.size() + json::padding);
    text.append(out.view());
    return text;  // not what append returns: a copy would have no room behind it
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    // Exactly the promised padding, so that a byte more is found.
    const std::unique_ptr<char[]> copy(new char[size + json::padding]);
    if (size != 0) std::memcpy(copy.get(), data, size);
    std::memset(copy.get() + size, '"', json::padding);
    const std::string_view body(copy.get(), size);
    (void)notiflux::is_json_type(body);

    const auto request = notiflux::parse_broadcast_request(body);
    if (!request.has_value()) {
        ASSERT(!request.error().message.empty());
        return 0;
    }
    const auto text = written(request.value());
    const auto again = notiflux::parse_broadcast_request(text);
    ASSERT(again.has_value());
    ASSERT(again->topic == request->topic && again->message == request->message &&
           again->token == request->token);
    base::Buffer frame;
    ASSERT(notiflux::wire_encoder().encode(
        {*hub::Publication::make({.body = request->message}), "news", {}}, frame));
    ASSERT(frame.view() == request->message);
    return 0;
}
