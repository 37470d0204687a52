// protocol/pusher/http_health.h: whether we live, for whoever distributes clients. Not signed.
//
//   GET /up/{id}   200 OK, 404 NOT_FOUND, 503 ERROR if the app cannot be looked up
//   GET /up        200 OK          each of these with its word in X-Health-Check too
//   GET /live      200, empty
#pragma once

#include "http/router.h"
#include "protocol/pusher/service.h"

namespace carillon::pusher {

http::Handler app_health(Service& service);
void server_health(http::Request& request, http::Responder responder);
void liveness(http::Request& request, http::Responder responder);

}  // namespace carillon::pusher
