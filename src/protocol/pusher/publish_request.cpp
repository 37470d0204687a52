#include "protocol/pusher/publish_request.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "json/read.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/names.h"

namespace carillon::pusher {
namespace {

Error invalid(std::string message) {
    return http_error(Fault::request_invalid, std::move(message));
}

std::string bytes(std::size_t count) { return std::to_string(count) + " bytes"; }

bool absent(std::string_view value) { return value.empty() || value == "null"; }

Result<std::string> read_event(std::string_view value, std::size_t bytes_max) {
    if (!json::is_string(value)) return invalid("name is missing or not a string.");
    auto event = json::decode_string(value);
    if (!event.has_value() || event.value().empty()) return invalid("name is malformed.");
    if (event.value().size() > bytes_max) {
        return http_error(Fault::request_limit,
                          "name is longer than the allowed " + bytes(bytes_max) + ".");
    }
    return event;
}

Result<std::string> read_data(std::string_view value, std::size_t bytes_max) {
    std::string data = "null";
    if (json::is_string(value)) {
        auto decoded = json::decode_string(value);
        if (!decoded.has_value()) return invalid("data is malformed.");
        data = std::move(decoded).value();
    } else if (!value.empty()) {
        data = json::compact(value);
    }
    if (data.size() > bytes_max) {
        return http_error(Fault::request_payload,
                          "data is larger than the allowed " + bytes(bytes_max) + ".");
    }
    return data;
}

Result<std::vector<std::string>> read_names(std::string_view many, std::string_view one) {
    if (!absent(many)) {
        // One more than may be named is enough to see that there are too many.
        const auto slices = json::read_array(many, limits::publish_channels_max + 1);
        if (!slices.has_value()) return invalid("channels is not an array of strings.");
        std::vector<std::string> names;
        names.reserve(slices.value().size());
        for (const auto slice : slices.value()) {
            auto name =
                json::is_string(slice) ? json::decode_string(slice) : invalid("not a string");
            if (!name.has_value()) return invalid("channels is not an array of strings.");
            names.push_back(std::move(name).value());
        }
        return names;
    }
    if (absent(one)) return std::vector<std::string>();
    if (!json::is_string(one)) return invalid("channel is not a string.");
    auto name = json::decode_string(one);
    if (!name.has_value()) return invalid("channel is malformed.");
    return std::vector<std::string>{std::move(name).value()};
}

Result<void> check_channel(std::string_view name, const PublishRules& rules) {
    // A user's channel is named by his id, which no app's limit is about.
    const auto bytes_max =
        kind_of(name).user ? limits::channel_name_bytes_max : rules.limits.channel_name_bytes_max;
    if (name.size() > bytes_max) {
        return http_error(Fault::request_limit,
                          "A channel name is longer than the allowed " + bytes(bytes_max) + ".");
    }
    if (!is_legal_channel(name, rules.options.allow_colon)) {
        return invalid("A channel name has illegal characters.");
    }
    return {};
}

Result<std::vector<std::string>> read_channels(std::string_view many, std::string_view one,
                                               const PublishRules& rules) {
    TRY_AS(auto names, read_names(many, one));
    if (names.empty()) {
        return http_error(Fault::request_no_channel, "channels or channel is needed.");
    }
    const auto channels_max =
        std::min<std::size_t>(rules.limits.event_channels_max, limits::publish_channels_max);
    if (names.size() > channels_max) {
        return http_error(
            Fault::request_limit,
            "More than the allowed " + std::to_string(channels_max) + " channels are named.");
    }
    for (const auto& name : names) {
        TRY(check_channel(name, rules));
    }
    return names;
}

Result<hub::SessionId> read_exclude(std::string_view value) {
    if (absent(value)) return hub::SessionId{};
    const auto text = json::is_string(value) ? json::decode_string(value) : std::string();
    if (text.has_value()) {
        if (const auto id = parse_socket_id(text.value())) return *id;
    }
    return invalid("socket_id is malformed.");
}

Result<Info> read_info(std::string_view value) {
    if (absent(value)) return Info{};
    const auto list = json::is_string(value) ? json::decode_string(value) : invalid("");
    if (!list.has_value()) return invalid("info is not a string.");
    return parse_info(list.value());
}

Result<std::string> read_key(std::string_view value, const Options& options) {
    if (!options.idempotency || absent(value)) return std::string();
    auto key = json::is_string(value) ? json::decode_string(value) : invalid("");
    if (!key.has_value()) return invalid("idempotency_key is not a string.");
    TRY(check_idempotency_key(key.value(), options));
    return key;
}

// "batch[3]: …": which item it was.
Error of_item(std::size_t index, const Error& error) {
    return {error.kind, "batch[" + std::to_string(index) + "]: " + error.message, error.code};
}

}  // namespace

Result<PublishRequest> parse_publish_request(std::string_view body, const PublishRules& rules) {
    std::array members{json::Member{"name"},           json::Member{"data"},
                       json::Member{"channels"},       json::Member{"channel"},
                       json::Member{"socket_id"},      json::Member{"info"},
                       json::Member{"idempotency_key"}};
    if (!json::read_object(body, members).has_value())
        return invalid("The body is not a JSON object.");
    PublishRequest request;
    TRY_AS(request.event, read_event(members[0].text, rules.limits.event_name_bytes_max));
    TRY_AS(request.channels, read_channels(members[2].text, members[3].text, rules));
    TRY_AS(request.data, read_data(members[1].text, rules.limits.event_payload_bytes_max));
    TRY_AS(request.exclude, read_exclude(members[4].text));
    TRY_AS(request.info, read_info(members[5].text));
    TRY_AS(request.idempotency_key, read_key(members[6].text, rules.options));
    return request;
}

Result<BatchRequest> parse_batch_request(std::string_view body, const PublishRules& rules) {
    std::array members{json::Member{"batch"}, json::Member{"idempotency_key"}};
    if (!json::read_object(body, members).has_value())
        return invalid("The body is not a JSON object.");
    const std::size_t items_max = rules.limits.event_batch_max;
    const auto items = json::read_array(members[0].text, items_max + 1);
    if (!items.has_value()) return invalid("batch is missing or not an array.");
    if (items.value().size() > items_max) {
        return http_error(Fault::request_limit, "batch holds more than the allowed " +
                                                    std::to_string(items_max) + " events.");
    }
    BatchRequest request;
    for (const auto item : items.value()) {
        auto wish = parse_publish_request(item, rules);
        if (!wish.has_value()) return of_item(request.items.size(), wish.error());
        request.items.push_back(std::move(wish).value());
    }
    TRY_AS(request.idempotency_key, read_key(members[1].text, rules.options));
    return request;
}

Result<void> check_idempotency_key(std::string_view key, const Options& options) {
    if (key.empty()) return invalid("The idempotency key is empty.");
    if (key.size() <= options.idempotency_key_bytes_max) return {};
    return http_error(Fault::request_limit, "The idempotency key is longer than the allowed " +
                                                bytes(options.idempotency_key_bytes_max) + ".");
}

}  // namespace carillon::pusher
