// Any text a client may send: no crash; what is taken from it are its own bytes, and a subscribe
// written anew from them is the same subscribe.
// fuzzes: wire.cpp
#include <string>
#include <string_view>

#include "base/assert.h"
#include "protocol/notiflux/wire.h"

using namespace carillon;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string message(reinterpret_cast<const char*>(data), size);
    const auto command = notiflux::parse_command(message);
    ASSERT(notiflux::is_command(message) == !std::holds_alternative<notiflux::Ignored>(command));
    if (const auto* wish = std::get_if<notiflux::Subscribe>(&command)) {
        ASSERT(!wish->topic.empty() && !wish->token.empty());
        ASSERT(wish->topic.find(' ') == std::string_view::npos);
        ASSERT(wish->token.find(' ') == std::string_view::npos);
        const auto again =
            "/subscribe " + std::string(wish->topic) + " " + std::string(wish->token);
        ASSERT(message.find(again) != std::string::npos);
        const auto reread = notiflux::parse_command(again);
        const auto* same = std::get_if<notiflux::Subscribe>(&reread);
        ASSERT(same != nullptr && same->topic == wish->topic && same->token == wish->token);
    }
    if (const auto* wish = std::get_if<notiflux::Unsubscribe>(&command)) {
        ASSERT(!wish->topic.empty());
        ASSERT(message.find("/unsubscribe " + std::string(wish->topic)) != std::string::npos);
    }
    return 0;
}
