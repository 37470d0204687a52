// protocol/pusher/demo.h: what a customer's backend would do, for people who have none yet: it
// signs channels and publishes, unsigned, for the page at `/` and for first steps with pusher-js.
// Exists only where the app is the demo's, whose secret stands in every manual: it gives nobody
// more than they have. Any loop; every answer comes at once.
//
//   GET  /demo                                              {"key": text, "app": text}
//   POST /demo/auth    JSON or form: socket_id,             {"auth": text, "channel_data": text}
//                      channel_name, user_id?, user_info?   channel_data for presence only
//   POST /demo/events  as POST /apps/{id}/events, unsigned  {"ok":true}
//   refusals                                                {"error": text, "code": word,
//                                                            "status": number}
//
// A request with an Origin is answered only if that is the page of this very host. It keeps other
// pages' scripts out of here; who knows the manual can sign for itself all the same.
#pragma once

#include "base/result.h"
#include "http/router.h"
#include "hub/app.h"
#include "protocol/pusher/service.h"

namespace carillon::pusher {

// `service` outlives the router.
Result<void> add_demo_routes(Service& service, hub::AppRef app, http::Router& router);

}  // namespace carillon::pusher
