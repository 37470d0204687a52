#include "protocol/turbine/publish_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/request.h"
#include "json/read.h"
#include "protocol/turbine/wire.h"

namespace carillon::turbine {
namespace {

// RFC 9110 §5.6.2
bool is_token_char(char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    return letter || digit || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

std::variant<PublishRequest, Fault> parse_publish_request(std::string_view body) {
    std::array members{json::Member{"channel"}, json::Member{"data"}};
    if (!json::read_object(body, members).has_value()) return Fault::request_malformed;
    if (!json::is_string(members[0].text)) return Fault::request_channel_missing;
    if (members[1].text.empty()) return Fault::request_data_missing;
    auto channel = json::decode_string(members[0].text);
    if (!channel.has_value()) return Fault::request_malformed;
    if (!is_channel(channel.value())) return Fault::request_channel_name;
    return PublishRequest{std::move(channel).value(), members[1].text};
}

bool is_json_media_type(std::string_view content_type) {
    const auto essence = http::trimmed(content_type.substr(0, content_type.find(';')));
    const auto slash = essence.find('/');
    if (slash == std::string_view::npos) return false;
    if (!http::equals_ignoring_case(essence.substr(0, slash), "application")) return false;
    const auto subtype = essence.substr(slash + 1);
    if (!std::ranges::all_of(subtype, is_token_char)) return false;
    const auto suffix = subtype.substr(subtype.rfind('+') + 1);  // the whole, if there is no plus
    return http::equals_ignoring_case(suffix, "json");
}

}  // namespace carillon::turbine
