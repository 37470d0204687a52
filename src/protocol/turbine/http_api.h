// protocol/turbine/http_api.h: the backend's side.
//
//   POST /api/publish   with x-api-key and Content-Type; the body is publish_request.h's
//     200  {"ok":true,"delivered":n}      n: in whose queue it was when this node had offered it to
//                                         everyone; not who was there, and nobody of another node
//     else {"ok":false,"error":text}      checked in this order: 401 key, 415 media type, 413 size,
//                                         400 and 422 the body, 503 (Retry-After) and 500 the hub
//   GET /healthz        200, and the two bytes "ok"
#pragma once

#include "base/result.h"
#include "http/router.h"
#include "protocol/turbine/service.h"

namespace carillon::turbine {

inline constexpr std::size_t publish_bytes_max = 2 * 1024 * 1024;  // of a body. Then 413

Result<void> add_api_routes(Service& service, http::Router& router);

}  // namespace carillon::turbine
