#include "protocol/pusher/http_api.h"

#include "protocol/pusher/http_call.h"
#include "protocol/pusher/http_channels.h"
#include "protocol/pusher/http_health.h"
#include "protocol/pusher/http_publish.h"
#include "protocol/pusher/http_queries.h"
#include "protocol/pusher/http_users.h"

namespace carillon::pusher {

Result<void> add_api_routes(Service& service, http::Router& router) {
    // clang-format off: a table is read in columns.
    const std::tuple<const char*, const char*, http::Handler> routes[] = {
        {"POST", "/apps/{id}/events",                             signed_call(service, publish_event)},
        {"POST", "/apps/{id}/batch_events",                       signed_call(service, publish_batch)},
        {"GET",  "/apps/{id}/channels",                           signed_call(service, list_channels)},
        {"GET",  "/apps/{id}/channels/{channel}",                 signed_call(service, describe_channel)},
        {"GET",  "/apps/{id}/channels/{channel}/users",           signed_call(service, list_members)},
        {"POST", "/apps/{id}/users/{user}/terminate_connections", signed_call(service, terminate_user)},
        {"POST", "/apps/{id}/users/{user}/force_reconnect",       signed_call(service, reconnect_user)},
        {"GET",  "/up/{id}",                                      app_health(service)},
        {"GET",  "/up",                                           server_health},
        {"GET",  "/live",                                         liveness},
    };
    // clang-format on
    for (const auto& [method, path, handler] : routes) {
        TRY(router.on(method, path, handler));
    }
    return {};
}

}  // namespace carillon::pusher
