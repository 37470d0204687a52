#include "protocol/pusher/http_queries.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/base64.h"
#include "json/write.h"
#include "protocol/pusher/channel_query.h"

namespace carillon::pusher {
namespace {

// As a string, like clients hear it.
void append_data(const hub::Publication& publication, base::Buffer& out) {
    if (publication.body_kind() != hub::BodyKind::binary) {
        return json::append_quoted(publication.body(), out);
    }
    out.append('"');
    auth::append_base64(publication.body(), out);
    out.append('"');
}

// The last event and for how long it is kept on; nothing, if there is none or its time is over.
void append_cache(Call& call, std::string_view channel, base::Buffer& out) {
    const auto newest = call.service.hub.newest(call.app, channel, 1);
    if (newest.empty()) return;
    const auto& [publication, stamp] = newest.back();
    const auto age_s = (call.now.unix_ms - stamp.unix_ms) / 1000;
    const auto ttl_s = std::int64_t{call.service.options.cache_ttl_s} - age_s;
    if (ttl_s <= 0) return;
    out.append(R"(,"cache":{"data":)");
    append_data(*publication, out);
    out.append(R"(,"ttl":)");
    json::append_number(ttl_s, out);
    out.append('}');
}

Result<std::string> description(Call& call) {
    const auto channel = call.request.param("channel");
    TRY_AS(const auto info, parse_channel_query(channel, call.query));
    if (is_reserved_channel(channel)) return std::string(R"({"occupied":false})");
    const auto known = call.service.hub.describe(call.app, channel).value_or(hub::Description{});
    base::Buffer body;
    body.append(known.subscribers != 0 ? R"({"occupied":true)" : R"({"occupied":false)");
    if (info.subscription_count) {
        body.append(R"(,"subscription_count":)");
        json::append_number(known.subscribers, body);
    }
    if (info.user_count) {
        body.append(R"(,"user_count":)");
        json::append_number(known.members, body);
    }
    if (info.cache && kind_of(channel).cache) append_cache(call, channel, body);
    body.append('}');
    return std::string(body.view());
}

Result<std::string> members(Call& call) {
    const auto channel = call.request.param("channel");
    if (!kind_of(channel).presence) {
        return http_error(Fault::request_invalid, "Only presence channels have users.");
    }
    auto present = call.service.hub.members(call.app, channel);
    std::ranges::sort(present, {}, &hub::MemberView::id);  // equal rosters are equal bytes
    const bool with_info = wants_user_info(call.query);
    base::Buffer body;
    body.append(R"({"users":[)");
    std::string_view separator;
    for (const auto& member : present) {
        body.append(std::exchange(separator, ","));
        body.append(R"({"id":)");
        json::append_quoted(member.id, body);
        if (with_info) {
            body.append(R"(,"user_info":)");
            body.append(member.data);
        }
        body.append('}');
    }
    body.append("]}");
    return std::string(body.view());
}

}  // namespace

void describe_channel(const CallRef& call) { call->answer(description(*call)); }

void list_members(const CallRef& call) { call->answer(members(*call)); }

}  // namespace carillon::pusher
