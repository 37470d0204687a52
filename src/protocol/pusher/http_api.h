// protocol/pusher/http_api.h: the backend's side, thin: who asks, is it signed, what does it say,
// and the answer. Any loop; an app may be found later, so a handler keeps its request until then.
//
//   POST /apps/{id}/events    signed      {"ok":true}
//   GET  /up/{id}                         OK
//   refusals                              {"error": text, "code": word, "status": number}
#pragma once

#include "base/result.h"
#include "http/router.h"
#include "protocol/pusher/service.h"

namespace carillon::pusher {

// `service` outlives the router.
Result<void> add_api_routes(Service& service, http::Router& router);

}  // namespace carillon::pusher
