// protocol/pusher/http_channels.h: the list of an app's occupied channels. There may be millions,
// in a table that everybody publishes through, so the list is made a part at a time and no loop is
// held: the next part waits behind what else there is to do (Parts::later).
//
//   GET /apps/{id}/channels   {"channels":{name:{ "user_count": n, "subscription_count": n },…}}
//     each count where `info` wants it (channel_query.h); in no order
//
// It is no snapshot: a channel that comes or goes meanwhile may be in it or not. Larger than
// limits::http_list_bytes_max is 413; more than limits::http_lists_max at once are 503.
#pragma once

#include "protocol/pusher/http_call.h"

namespace carillon::pusher {

void list_channels(const CallRef& call);

}  // namespace carillon::pusher
