// protocol/pusher/http_queries.h: backends ask about one channel. A channel that nobody knows is
// not occupied, not missing. The list of all channels is http_channels.h.
//
//   GET /apps/{id}/channels/{channel}         {"occupied":bool [,"subscription_count":n]
//                                              [,"user_count":n] [,"cache":{"data":text,"ttl":s}]}
//     each where `info` wants it; no "cache" where there is none
//   GET /apps/{id}/channels/{channel}/users   {"users":[{"id":text [,"user_info":any]},…]}
//     of presence channels; 400 of others
#pragma once

#include "protocol/pusher/http_call.h"

namespace carillon::pusher {

void describe_channel(const CallRef& call);
void list_members(const CallRef& call);

}  // namespace carillon::pusher
