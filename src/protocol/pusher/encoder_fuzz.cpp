// input := shape(1) channel LF event LF member LF body. Whatever is published or told, the frame is
// one JSON object to another parser too, and says that: no text adds a member or changes one.
// fuzzes: encoder.cpp replies.cpp
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/assert.h"
#include "json/testing.h"
#include "protocol/pusher/encoder.h"
#include "protocol/pusher/names.h"
#include "protocol/pusher/replies.h"

namespace {

using namespace carillon;
using hub::BodyKind;
using hub::Kind;

boost::json::object read(const base::Buffer& out) {
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;  // names go through as they came
    return boost::json::parse({out.data(), out.size()}, {}, options).as_object();
}

// Does our reader take it for a value? Only such bodies are published as JSON.
bool is_json(std::string_view text) {
    const auto array = json::testing::padded("[" + std::string(text) + "]");
    const auto elements = json::read_array(array, 2);
    return elements.has_value() && elements->size() == 1 && elements->front() == text &&
           text.find_first_of("eE") == std::string_view::npos;  // Boost holds no huge numbers
}

void check_message(const hub::Publication& publication, std::string_view channel,
                   const base::Buffer& frame) {
    const auto said = read(frame);
    const auto event = publication.event();
    ASSERT(said.at("event").as_string() == (event.empty() ? "message" : event));
    const bool shown = !channel.empty() && !pusher::is_own_channel(channel);
    if (shown) ASSERT(said.at("channel").as_string() == channel);
    const auto member = publication.member();
    if (!member.empty()) ASSERT(said.at("user_id").as_string() == member);
    const bool json = publication.body_kind() == BodyKind::json;
    const bool data = !json || !publication.body().empty();
    if (publication.body_kind() == BodyKind::text) {
        ASSERT(said.at("data").as_string() == publication.body());
    }
    ASSERT(said.size() == 1U + shown + !member.empty() + data);
}

void check_member_event(const hub::Publication& publication, const base::Buffer& frame) {
    const auto said = read(frame);
    base::Buffer inner;
    inner.append(said.at("data").as_string());
    const auto member = read(inner);
    ASSERT(member.at("user_id").as_string() == publication.member());
    const bool info = publication.kind() == Kind::joined && !publication.body().empty() &&
                      publication.body() != "null";
    ASSERT(said.size() == 3 && member.size() == 1U + info);
}

void check_replies(std::string_view channel, std::string_view text, std::uint32_t number) {
    base::Buffer out;
    const auto said = [&](auto write) {
        out.clear();
        write();
        return read(out);
    };
    auto reply = said([&] { pusher::write_connection_established("1.2", number, out); });
    ASSERT(reply.size() == 2);
    reply = said([&] { pusher::write_subscription_succeeded(channel, out); });
    ASSERT(reply.size() == 3 && reply.at("channel").as_string() == channel);
    reply = said([&] { pusher::write_cache_miss(channel, out); });
    ASSERT(reply.size() == 3 && reply.at("channel").as_string() == channel);
    reply = said([&] { pusher::write_error(4000, text, out); });
    ASSERT(reply.at("data").as_object().at("message").as_string() == text);
    reply = said([&] { pusher::write_signin_success(text, out); });
    ASSERT(reply.at("data").as_object().at("user_data").as_string() == text);
    reply = said([&] { pusher::write_watchlist_events(text, out); });
    ASSERT(reply.at("data").as_string() == text);
    reply = said([&] { pusher::write_subscription_error(channel, text, text, 403, out); });
    ASSERT(reply.at("data").as_object().size() == (text.empty() ? 2 : 3));
    const std::vector<hub::MemberView> members{{std::string(text), "null"},
                                               {std::string(channel), "{}"}};
    reply = said([&] { pusher::write_presence_succeeded(channel, members, out); });
    out.clear();
    out.append(std::string(reply.at("data").as_string()));
    const auto roster = read(out).at("presence").as_object();
    ASSERT(roster.at("ids").as_array().size() == 2 && roster.at("count").as_int64() == 2);
    ASSERT(roster.at("hash").as_object().contains(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto next_line = [&body] {
        const auto line = body.substr(0, body.find('\n'));
        body.remove_prefix(std::min(body.size(), line.size() + 1));
        return line;
    };
    const auto channel = next_line();
    const auto event = next_line();
    const auto member = next_line();
    const auto kind = static_cast<Kind>(data[0] % 5);
    const auto body_kind = static_cast<BodyKind>(data[0] / 5 % 3);
    check_replies(channel, event, data[0]);
    const bool needs_json = body_kind == BodyKind::json || kind == Kind::joined;
    if (needs_json && !body.empty() && !is_json(body)) return 0;

    const auto publication = hub::Publication::make(
        {.kind = kind, .body_kind = body_kind, .event = event, .member = member, .body = body});
    base::Buffer frame;
    const bool encoded = pusher::wire_encoder().encode({*publication, channel, {}}, frame);
    ASSERT(encoded == (kind != Kind::gap) && encoded == !frame.empty());
    if (!encoded) return 0;
    if (kind == Kind::joined || kind == Kind::left) {
        if (!channel.empty() && !pusher::is_own_channel(channel)) {
            check_member_event(*publication, frame);
        }
    } else {
        check_message(*publication, channel, frame);
    }
    return 0;
}
