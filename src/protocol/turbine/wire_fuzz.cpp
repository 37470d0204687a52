// What a client may send is anything. Nothing crashes, nothing is read outside the message and its
// padding, and whatever it was, the reply is a JSON object that carries the id as it was written.
// fuzzes: wire.cpp replies.cpp
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "json/read.h"
#include "protocol/turbine/replies.h"
#include "protocol/turbine/wire.h"

namespace {

using namespace carillon;

std::string id_in(std::string_view object) {
    std::array members{json::Member{"id"}};
    ASSERT(json::read_object(object, members).has_value());
    return std::string(members[0].text);
}

void check_replies(const turbine::Message& message) {
    base::Buffer reply;
    turbine::write_result(message.id, "pong", reply);
    ASSERT(id_in(reply.view()) == std::to_string(message.id));
    reply.clear();
    turbine::write_error(message.id, turbine::Fault::command_malformed, reply);
    ASSERT(id_in(reply.view()) == std::to_string(message.id));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    // Exactly the promised padding, so that a byte more is found.
    const std::unique_ptr<char[]> copy(new char[size + json::padding]);
    if (size != 0) std::memcpy(copy.get(), data, size);
    std::memset(copy.get() + size, '"', json::padding);
    const std::string_view text(copy.get(), size);

    const auto message = turbine::parse_message(text);
    check_replies(message);
    const auto* malformed = std::get_if<turbine::Malformed>(&message.command);
    if (malformed == nullptr || message.id != 0) ASSERT(id_in(text) == std::to_string(message.id));
    if (malformed != nullptr) ASSERT(turbine::row_of(malformed->fault).code == 400);
    if (const auto* wish = std::get_if<turbine::Subscribe>(&message.command)) {
        ASSERT(turbine::is_channel(wish->channel));
    }
    if (const auto* wish = std::get_if<turbine::Unsubscribe>(&message.command)) {
        ASSERT(turbine::is_channel(wish->channel));
    }
    return 0;
}
