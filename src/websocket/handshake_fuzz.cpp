// Any request that the HTTP decoder lets through is answered by a 101 or a refusal, and what is
// answered is one head.
// fuzzes: handshake.cpp
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/buffer.h"
#include "http/decoder.h"
#include "websocket/handshake.h"

namespace http = carillon::http;
namespace websocket = carillon::websocket;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view in(reinterpret_cast<const char*>(data), size);
    http::Decoder decoder;
    const auto event = decoder.next(in);
    if (!event.has_value() || event.value() != http::Event::request_complete) return 0;

    const auto& request = decoder.request();
    const auto offered = websocket::offered_subprotocols(request);
    for (const auto name : offered) {
        ASSERT(request.header_has_token("Sec-WebSocket-Protocol", name));
        ASSERT(name.find(',') == std::string_view::npos && name == http::trimmed(name));
    }
    const auto answer =
        websocket::accept(request, offered.empty() ? std::string_view() : offered.front());
    if (answer.has_value()) ASSERT(websocket::wants_upgrade(request) && request.method == "GET");
    const auto response = answer.has_value() ? answer.value() : websocket::refusal(answer.error());

    carillon::base::Buffer out;
    http::encode(response, true, true, out);
    ASSERT(out.view().find("\r\n\r\n") == out.size() - 4);
    return 0;
}
