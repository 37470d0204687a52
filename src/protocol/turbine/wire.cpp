#include "protocol/turbine/wire.h"

#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "json/read.h"

namespace carillon::turbine {
namespace {

Command malformed() { return Malformed{Fault::command_malformed}; }

// JSON's own grammar has no leading zeros and no plus: what fits is written again as it came.
std::optional<std::uint64_t> read_id(std::string_view text) {
    std::uint64_t id = 0;
    const auto* const end = std::to_address(text.end());
    const auto parsed = std::from_chars(std::to_address(text.begin()), end, id);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return id;
}

// The string that `params` has under this key.
std::optional<std::string> read_param(std::string_view params, std::string_view key) {
    std::array members{json::Member{key}};
    if (!json::read_object(params, members).has_value()) return std::nullopt;
    if (!json::is_string(members[0].text)) return std::nullopt;
    auto text = json::decode_string(members[0].text);
    if (!text.has_value()) return std::nullopt;
    return std::move(text).value();
}

Command parse_connect(std::string_view params) {
    auto token = read_param(params, "token");
    if (!token) return malformed();
    return Connect{std::move(*token)};
}

template <class ChannelCommand>
Command parse_channel_command(std::string_view params) {
    auto channel = read_param(params, "channel");
    if (!channel) return malformed();
    if (!is_channel(*channel)) return Malformed{Fault::channel_name};
    return ChannelCommand{std::move(*channel)};
}

Command parse_command(std::string_view method_text, std::string_view params) {
    if (!json::is_string(method_text)) return malformed();
    const auto method = json::decode_string(method_text);
    if (!method.has_value()) return malformed();
    const auto& name = method.value();
    if (name == "connect") return parse_connect(params);
    if (name == "subscribe") return parse_channel_command<Subscribe>(params);
    if (name == "unsubscribe") return parse_channel_command<Unsubscribe>(params);
    if (name == "ping") return Ping{};
    return malformed();
}

}  // namespace

Message parse_message(std::string_view text) {
    std::array members{json::Member{"id"}, json::Member{"method"}, json::Member{"params"}};
    if (!json::read_object(text, members).has_value()) return {0, malformed()};
    const auto id = read_id(members[0].text);
    if (!id) return {0, malformed()};
    return {*id, parse_command(members[1].text, members[2].text)};
}

bool is_channel(std::string_view name) { return !name.empty() && name.size() <= channel_bytes_max; }

}  // namespace carillon::turbine
