#include "protocol/pusher/replies.h"

#include <algorithm>

#include "json/write.h"

namespace carillon::pusher {
namespace {

// {"ids":[…],"hash":{id:info,…},"count":N}: members that joined without user_info are null.
void write_roster(const std::vector<hub::MemberView>& members, base::Buffer& out) {
    out.append(R"({"presence":{"ids":[)");
    std::string_view comma;
    for (const auto& member : members) {
        out.append(comma);
        json::append_quoted(member.id, out);
        comma = ",";
    }
    out.append(R"(],"hash":{)");
    comma = {};
    for (const auto& member : members) {
        out.append(comma);
        json::append_quoted(member.id, out);
        out.append(':');
        out.append(member.data);
        comma = ",";
    }
    out.append(R"(},"count":)");
    json::append_number(static_cast<std::int64_t>(members.size()), out);
    out.append("}}");
}

}  // namespace

void write_connection_established(std::string_view socket_id, std::uint32_t activity_timeout_s,
                                  base::Buffer& out) {
    // A socket id is digits and a dot: nothing to escape.
    out.append(R"({"event":"pusher:connection_established","data":"{\"socket_id\":\")");
    out.append(socket_id);
    out.append(R"(\",\"activity_timeout\":)");
    json::append_number(activity_timeout_s, out);
    out.append(R"(}"})");
}

void write_error(int code, std::string_view message, base::Buffer& out) {
    out.append(R"({"event":"pusher:error","data":{"code":)");
    json::append_number(code, out);
    out.append(R"(,"message":)");
    json::append_quoted(message, out);
    out.append("}}");
}

void write_subscription_succeeded(std::string_view channel, base::Buffer& out) {
    out.append(R"({"event":"pusher_internal:subscription_succeeded","channel":)");
    json::append_quoted(channel, out);
    out.append(R"(,"data":"{}"})");
}

void write_cache_miss(std::string_view channel, base::Buffer& out) {
    out.append(R"({"event":"pusher:cache_miss","channel":)");
    json::append_quoted(channel, out);
    out.append(R"(,"data":"{}"})");
}

void write_signin_success(std::string_view user_data, base::Buffer& out) {
    out.append(R"({"event":"pusher:signin_success","data":{"user_data":)");
    json::append_quoted(user_data, out);
    out.append("}}");
}

void write_watchlist_events(std::string_view events, base::Buffer& out) {
    out.append(R"({"event":"pusher_internal:watchlist_events","data":)");
    json::append_quoted(events, out);
    out.append('}');
}

void write_presence_succeeded(std::string_view channel, std::vector<hub::MemberView> members,
                              base::Buffer& out) {
    std::ranges::sort(members, {}, &hub::MemberView::id);
    base::Buffer roster;
    write_roster(members, roster);
    out.append(R"({"event":"pusher_internal:subscription_succeeded","channel":)");
    json::append_quoted(channel, out);
    out.append(R"(,"data":)");
    json::append_quoted(roster.view(), out);
    out.append('}');
}

void write_subscription_error(std::string_view channel, std::string_view type,
                              std::string_view message, int status, base::Buffer& out) {
    out.append(R"({"event":"pusher:subscription_error","channel":)");
    json::append_quoted(channel, out);
    out.append(R"(,"data":{)");
    if (!type.empty()) {
        out.append(R"("type":)");
        json::append_quoted(type, out);
        out.append(',');
    }
    out.append(R"("error":)");
    json::append_quoted(message, out);
    out.append(R"(,"status":)");
    json::append_number(status, out);
    out.append("}}");
}

}  // namespace carillon::pusher
