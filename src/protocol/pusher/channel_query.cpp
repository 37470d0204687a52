#include "protocol/pusher/channel_query.h"

#include "protocol/pusher/errors.h"

namespace carillon::pusher {
namespace {

Error invalid(std::string message) {
    return http_error(Fault::request_invalid, std::move(message));
}

Info info_of(const http::QueryParams& params) {
    return parse_info(http::find(params, "info").value_or(""));
}

}  // namespace

Result<ListQuery> parse_list_query(const http::QueryParams& params) {
    ListQuery query{std::string(http::find(params, "filter_by_prefix").value_or("")),
                    info_of(params)};
    if (query.info.user_count && !query.prefix.starts_with("presence-")) {
        return invalid("user_count needs a filter_by_prefix that begins with presence-.");
    }
    return query;
}

Result<Info> parse_channel_query(std::string_view channel, const http::QueryParams& params) {
    const auto info = info_of(params);
    if (info.user_count && !kind_of(channel).presence) {
        return invalid("user_count is known of presence channels only.");
    }
    return info;
}

bool wants_user_info(const http::QueryParams& params) {
    return http::find(params, "with_user_info") == "1";
}

}  // namespace carillon::pusher
