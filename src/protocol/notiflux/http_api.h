// protocol/notiflux/http_api.h: the backend's side. Any loop.
//
//   POST /broadcast    400 not JSON, 413 too large; else 200 and nothing, whether or not the token
//                      is good, may do this, or anybody listens. With Options::honest_statuses:
//                      401 bad token, 403 its scope or its topics, 400 no name for a topic, 503
//   GET /health        200 and nothing
// Another method on these two is 404 and nothing, as in the original, where it is a route that does
// not exist. OPTIONS is left to CORS, and HEAD is answered as GET would be.
#pragma once

#include "base/result.h"
#include "http/router.h"
#include "protocol/notiflux/service.h"

namespace carillon::notiflux {

// `service` outlives the router.
Result<void> add_api_routes(Service& service, http::Router& router);

}  // namespace carillon::notiflux
