// protocol/pusher/http_publish.h: backends publish. The body is publish_request.h's; a batch is
// published whole or not at all.
//
//   POST /apps/{id}/events         {"ok":true}, or with `info` {"channels":{name:{…},…}}
//   POST /apps/{id}/batch_events   {}, or if any item has `info` {"batch":[{…},…]}: one for each
//                                  item, of its first channel
//
// With an idempotency key (in the body, or in the header X-Idempotency-Key) the same call is done
// once: idempotency.h.
#pragma once

#include <span>

#include "protocol/pusher/http_call.h"
#include "protocol/pusher/publish_request.h"

namespace carillon::pusher {

// The one place where what a backend says goes to the hub.
Result<void> publish(Service& service, const hub::AppRef& app,
                     std::span<const PublishRequest> requests, Now now);

void publish_event(const CallRef& call);
void publish_batch(const CallRef& call);

}  // namespace carillon::pusher
