// admin/routes.h: what an operator asks over HTTP: GET /metrics, GET /healthz.
#pragma once

#include "admin/report.h"
#include "base/result.h"
#include "http/router.h"

namespace carillon::admin {

Result<void> routes(http::Router& router, Gather gather);

}  // namespace carillon::admin
