// admin/usage.h: GET /usage: the host's memory, as monitors made for Sockudo and soketi ask for it.
//
//   answer := {"memory": {"free": bytes, "used": bytes, "total": bytes, "percent": used of total}}
//
// Free is what the kernel says is available: caches that it would give up count as free.
#pragma once

#include <string>
#include <string_view>

#include "http/router.h"

namespace carillon::admin {

Result<void> usage_route(http::Router& router);

// From the text of /proc/meminfo; an Error where it does not say.
Result<std::string> usage_json(std::string_view meminfo);

}  // namespace carillon::admin
