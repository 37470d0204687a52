// protocol/pusher/http_api.h: the backend's side: which route is answered where (http_api.cpp, one
// table). Any loop. What all signed calls have in common is in http_call.h.
#pragma once

#include "base/result.h"
#include "http/router.h"
#include "protocol/pusher/service.h"

namespace carillon::pusher {

// `service` outlives the router.
Result<void> add_api_routes(Service& service, http::Router& router);

}  // namespace carillon::pusher
