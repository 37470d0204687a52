// admin/console.h: the page that shows the server at work, on the port of the clients: GET / and
// the files it loads, GET /console/{file}. The page is one more client: it speaks Pusher to this
// server and is told nothing that others are not. Its source is in console/.
#pragma once

#include "base/result.h"
#include "http/router.h"

namespace carillon::admin {

Result<void> console_routes(http::Router& router);

}  // namespace carillon::admin
