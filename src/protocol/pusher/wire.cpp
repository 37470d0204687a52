#include "protocol/pusher/wire.h"

#include <array>
#include <utility>

#include "json/read.h"

namespace carillon::pusher {
namespace {

// A string member's text; another type counts as absent.
Result<std::string> string_or_empty(std::string_view value) {
    if (!json::is_string(value)) return std::string();
    return json::decode_string(value);
}

// Room behind a decoded text that is to be parsed itself.
void pad(std::string& text) { text.reserve(text.size() + json::padding); }

// The members of `data`, be it an object or a string that holds one. `held` keeps that string.
Result<void> read_data(std::string_view data, std::string& held, std::span<json::Member> wanted) {
    if (json::is_string(data)) {
        TRY_AS(held, json::decode_string(data));
        pad(held);
        data = held;
    }
    return json::read_object(data, wanted);
}

Command malformed() { return Malformed{Fault::message_malformed}; }

Command parse_subscribe(std::string_view data) {
    std::string held;
    std::array members{json::Member{"channel"}, json::Member{"auth"}, json::Member{"channel_data"}};
    if (!read_data(data, held, members).has_value()) return malformed();
    if (!json::is_string(members[0].text)) return Malformed{Fault::channel_missing};
    auto channel = json::decode_string(members[0].text);
    auto auth = string_or_empty(members[1].text);
    auto channel_data = string_or_empty(members[2].text);
    if (!channel.has_value() || !auth.has_value() || !channel_data.has_value()) return malformed();
    return Subscribe{std::move(channel).value(), std::move(auth).value(),
                     std::move(channel_data).value()};
}

Command parse_unsubscribe(std::string_view data) {
    std::string held;
    std::array members{json::Member{"channel"}};
    if (!read_data(data, held, members).has_value()) return malformed();
    if (!json::is_string(members[0].text)) return Malformed{Fault::channel_missing};
    auto channel = json::decode_string(members[0].text);
    if (!channel.has_value()) return malformed();
    return Unsubscribe{std::move(channel).value()};
}

Command parse_sign_in(std::string_view data) {
    std::string held;
    std::array members{json::Member{"auth"}, json::Member{"user_data"}};
    if (!read_data(data, held, members).has_value()) return malformed();
    auto auth = string_or_empty(members[0].text);
    auto user_data = string_or_empty(members[1].text);
    if (!auth.has_value() || !user_data.has_value()) return malformed();
    return SignIn{std::move(auth).value(), std::move(user_data).value()};
}

Command parse_client_event(std::string event, std::string_view channel_text,
                           std::string_view data) {
    auto channel = json::decode_string(channel_text);
    if (!channel.has_value()) return malformed();
    auto data_bytes = data.size();
    if (json::is_string(data)) {
        // Decoded only to be measured: the limit is on what was said, not on how it was escaped.
        const auto text = json::decode_string(data);
        if (!text.has_value()) return malformed();
        data_bytes = text.value().size();
    }
    return ClientEvent{std::move(event), std::move(channel).value(), data, data_bytes};
}

// A user's id: a string, or a number's text.
Result<std::string> read_id(std::string_view id) {
    const bool number =
        !id.empty() && (id.front() == '-' || (id.front() >= '0' && id.front() <= '9'));
    if (number) return std::string(id);
    if (!json::is_string(id)) return Error{ErrorKind::invalid, "no user's id"};
    TRY_AS(auto text, json::decode_string(id));
    if (text.empty()) return Error{ErrorKind::invalid, "an empty user's id"};
    return text;
}

}  // namespace

Command parse_command(std::string_view message) {
    std::array members{json::Member{"event"}, json::Member{"data"}, json::Member{"channel"}};
    if (!json::read_object(message, members).has_value()) return malformed();
    const auto [event_text, data, channel] =
        std::array{members[0].text, members[1].text, members[2].text};
    if (!json::is_string(event_text)) return Malformed{Fault::event_missing};
    auto event = json::decode_string(event_text);
    if (!event.has_value()) return malformed();

    const auto& name = event.value();
    if (name == "pusher:ping") return Ping{};
    if (name == "pusher:pong") return Pong{};
    if (name == "pusher:subscribe") return parse_subscribe(data);
    if (name == "pusher:unsubscribe") return parse_unsubscribe(data);
    if (name == "pusher:signin") return parse_sign_in(data);
    if (name.empty()) return Malformed{Fault::event_missing};
    if (name.starts_with("pusher:") || !json::is_string(channel)) return Ignored{};
    return parse_client_event(std::move(event).value(), channel, data);
}

Result<MemberData> parse_member(std::string channel_data) {
    pad(channel_data);
    std::array members{json::Member{"user_id"}, json::Member{"user_info"}};
    TRY(json::read_object(channel_data, members));
    MemberData member;
    TRY_AS(member.user_id, read_id(members[0].text));
    member.user_info = members[1].text.empty() ? "null" : members[1].text;
    return member;
}

Result<UserData> parse_user(std::string user_data) {
    pad(user_data);
    std::array members{json::Member{"id"}, json::Member{"user_info"}, json::Member{"watchlist"}};
    TRY(json::read_object(user_data, members));
    UserData user;
    TRY_AS(user.id, read_id(members[0].text));
    user.user_info = members[1].text.empty() ? "null" : members[1].text;
    const auto list = members[2].text;
    if (!list.empty() && list != "null") {
        TRY_AS(user.watchlist, json::read_strings(list));
    }
    return user;
}

}  // namespace carillon::pusher
