// protocol/pusher/channel_query.h: what a backend asks about channels, as its query says it. Pure.
//
//   filter_by_prefix=presence-    of a list: only names that begin so
//   info=user_count,…             info.h; user_count is refused where it makes no sense: in a list
//                                 that is not of presence channels, and of one channel that is none
//   with_user_info=1              of a channel's members: what each said about himself
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/url.h"
#include "protocol/pusher/info.h"

namespace carillon::pusher {

struct ListQuery {
    std::string prefix;
    Info info;

    bool fits(std::string_view channel) const {
        return channel.starts_with(prefix) && !is_reserved_channel(channel);
    }
};

// The Error is a 400.
Result<ListQuery> parse_list_query(const http::QueryParams& params);
Result<Info> parse_channel_query(std::string_view channel, const http::QueryParams& params);
bool wants_user_info(const http::QueryParams& params);

}  // namespace carillon::pusher
