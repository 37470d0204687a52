#include "protocol/pusher/publish_request.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/json_read.h"
#include "protocol/pusher/names.h"

namespace carillon::pusher {
namespace {

Error invalid(std::string message) {
    return http_error(Fault::request_invalid, std::move(message));
}

std::string bytes(std::size_t count) { return std::to_string(count) + " bytes"; }

bool absent(std::string_view value) { return value.empty() || value == "null"; }

Result<std::string> read_event(std::string_view value, std::size_t bytes_max) {
    if (!is_json_string(value)) return invalid("name is missing or not a string.");
    auto event = decode_string(value);
    if (!event.has_value() || event.value().empty()) return invalid("name is malformed.");
    if (event.value().size() > bytes_max) {
        return http_error(Fault::request_limit,
                          "name is longer than the allowed " + bytes(bytes_max) + ".");
    }
    return event;
}

Result<std::string> read_data(std::string_view value, std::size_t bytes_max) {
    std::string data = "null";
    if (is_json_string(value)) {
        auto decoded = decode_string(value);
        if (!decoded.has_value()) return invalid("data is malformed.");
        data = std::move(decoded).value();
    } else if (!value.empty()) {
        data = compact(value);
    }
    if (data.size() > bytes_max) {
        return http_error(Fault::request_payload,
                          "data is larger than the allowed " + bytes(bytes_max) + ".");
    }
    return data;
}

Result<std::vector<std::string>> read_names(std::string_view many, std::string_view one) {
    if (!absent(many)) {
        auto names = read_strings(many);
        if (!names.has_value()) return invalid("channels is not an array of strings.");
        return names;
    }
    if (absent(one)) return std::vector<std::string>();
    if (!is_json_string(one)) return invalid("channel is not a string.");
    auto name = decode_string(one);
    if (!name.has_value()) return invalid("channel is malformed.");
    return std::vector<std::string>{std::move(name).value()};
}

Result<std::vector<std::string>> read_channels(std::string_view many, std::string_view one,
                                               const hub::AppLimits& app_limits) {
    TRY_AS(auto names, read_names(many, one));
    if (names.empty()) {
        return http_error(Fault::request_no_channel, "channels or channel is needed.");
    }
    const auto channels_max =
        std::min<std::size_t>(app_limits.event_channels_max, limits::publish_channels_max);
    if (names.size() > channels_max) {
        return http_error(
            Fault::request_limit,
            "More than the allowed " + std::to_string(channels_max) + " channels are named.");
    }
    for (const auto& name : names) {
        if (name.size() > app_limits.channel_name_bytes_max) {
            return http_error(Fault::request_limit, "A channel name is longer than the allowed " +
                                                        bytes(app_limits.channel_name_bytes_max) +
                                                        ".");
        }
        if (!is_legal_channel(name)) return invalid("A channel name has illegal characters.");
    }
    return names;
}

Result<hub::SessionId> read_exclude(std::string_view value) {
    if (absent(value)) return hub::SessionId{};
    const auto text = is_json_string(value) ? decode_string(value) : std::string();
    if (text.has_value()) {
        if (const auto id = parse_socket_id(text.value())) return *id;
    }
    return invalid("socket_id is malformed.");
}

}  // namespace

Result<PublishRequest> parse_publish_request(std::string_view body,
                                             const hub::AppLimits& app_limits) {
    std::array members{Member{"name"}, Member{"data"}, Member{"channels"}, Member{"channel"},
                       Member{"socket_id"}};
    if (!read_object(body, members).has_value()) return invalid("The body is not a JSON object.");
    PublishRequest request;
    TRY_AS(request.event, read_event(members[0].text, app_limits.event_name_bytes_max));
    TRY_AS(request.channels, read_channels(members[2].text, members[3].text, app_limits));
    TRY_AS(request.data, read_data(members[1].text, app_limits.event_payload_bytes_max));
    TRY_AS(request.exclude, read_exclude(members[4].text));
    return request;
}

}  // namespace carillon::pusher
