// admin/routes.h: what an operator asks over HTTP: GET /metrics; GET /healthz, whether the server lives; GET
// /ready, whether it can do what it is there for.
#pragma once

#include <functional>
#include <string>

#include "admin/report.h"
#include "base/result.h"
#include "http/router.h"

namespace carillon::admin {

// Why the server cannot do all of it now, in a sentence; empty: it can. On the loop that is asked.
using Trouble = std::function<std::string()>;

Result<void> routes(http::Router& router, Gather gather, Trouble trouble = {});

}  // namespace carillon::admin
