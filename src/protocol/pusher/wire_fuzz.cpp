// What a client may send is anything. Nothing crashes, nothing is read outside the message and its
// padding, and what is accepted is JSON to another parser too: raw slices travel to other clients.
// fuzzes: wire.cpp encoder.cpp
#include <boost/json.hpp>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "json/read.h"
#include "protocol/pusher/encoder.h"
#include "protocol/pusher/names.h"
#include "protocol/pusher/wire.h"

namespace {

using namespace carillon;

// nullopt-like null: a number that Boost cannot hold; we only pass it on.
boost::json::value parse_elsewhere(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 2 * json::depth_max;
    boost::system::error_code error;
    auto value =
        boost::json::parse({text.data(), text.size()}, error, boost::json::storage_ptr(), options);
    if (error == boost::json::error::exponent_overflow) return nullptr;
    ASSERT(!error);
    return value;
}

void check_frame(const pusher::ClientEvent& event) {
    base::Buffer frame;
    pusher::wire_encoder().encode({*hub::Publication::make({.body_kind = hub::BodyKind::json,
                                                            .event = event.event,
                                                            .member = "somebody",
                                                            .body = event.data}),
                                   event.channel,
                                   {}},
                                  frame);
    const auto value = parse_elsewhere(frame.view());
    if (value.is_null()) return;
    const auto& object = value.as_object();
    ASSERT(object.at("event").as_string() == event.event);
    ASSERT(object.at("user_id").as_string() == "somebody");
    // Four keys at most, whatever was in the data: it cannot add one.
    const bool shown = !event.channel.empty() && !pusher::is_own_channel(event.channel);
    ASSERT(object.size() == 2 + shown + !event.data.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    // Exactly the promised padding, so that a byte more is found.
    const std::unique_ptr<char[]> copy(new char[size + json::padding]);
    if (size != 0) std::memcpy(copy.get(), data, size);
    std::memset(copy.get() + size, '"', json::padding);
    const std::string_view message(copy.get(), size);

    const auto command = pusher::parse_command(message);
    const auto* malformed = std::get_if<pusher::Malformed>(&command);
    if (malformed == nullptr) (void)parse_elsewhere(message);
    if (const auto* event = std::get_if<pusher::ClientEvent>(&command)) check_frame(*event);
    if (const auto* wish = std::get_if<pusher::Subscribe>(&command)) {
        const auto member = pusher::parse_member(wish->channel_data);
        if (member.has_value()) (void)parse_elsewhere(member.value().user_info);
    }
    if (const auto* wish = std::get_if<pusher::SignIn>(&command)) {
        const auto user = pusher::parse_user(wish->user_data);
        if (user.has_value()) (void)parse_elsewhere(user.value().user_info);
    }
    const auto member = pusher::parse_member(std::string(message));
    if (member.has_value()) (void)parse_elsewhere(message);
    return 0;
}
