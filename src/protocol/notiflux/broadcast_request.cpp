#include "protocol/notiflux/broadcast_request.h"

#include <array>

#include "http/request.h"
#include "json/read.h"

namespace carillon::notiflux {
namespace {

Error invalid(std::string message) { return {ErrorKind::invalid, std::move(message)}; }

Result<std::string> read_text(const json::Member& member) {
    const std::string name = "`" + std::string(member.key) + "`";
    if (member.text.empty()) return invalid("missing field " + name);
    if (!json::is_string(member.text)) return invalid("invalid type: " + name + " is not a string");
    auto text = json::decode_string(member.text);
    if (!text.has_value()) return invalid(name + " is a malformed string");
    return text;
}

}  // namespace

Result<BroadcastRequest> parse_broadcast_request(std::string_view body) {
    std::array members{json::Member{"topic"}, json::Member{"message"}, json::Member{"token"}};
    if (!json::read_object(body, members).has_value()) {
        return invalid("the body is not a JSON object");
    }
    BroadcastRequest request;
    TRY_AS(request.topic, read_text(members[0]));
    TRY_AS(request.message, read_text(members[1]));
    TRY_AS(request.token, read_text(members[2]));
    return request;
}

bool is_json_type(std::string_view content_type) {
    const auto type = http::trimmed(content_type.substr(0, content_type.find(';')));
    const auto slash = type.find('/');
    if (slash == 0 || slash == std::string_view::npos) return false;
    auto subtype = type.substr(slash + 1);
    const auto plus = subtype.rfind('+');
    if (plus != std::string_view::npos) subtype = subtype.substr(plus + 1);
    return http::equals_ignoring_case(subtype, "json");
}

}  // namespace carillon::notiflux
