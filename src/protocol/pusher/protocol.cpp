#include "protocol/pusher/protocol.h"

#include "protocol/pusher/http_api.h"
#include "protocol/pusher/session.h"

namespace carillon::pusher {

Result<void> PusherProtocol::routes(http::Router& router) {
    TRY(router.upgrade("/app/{key}", *this));
    return add_api_routes(service_, router);
}

std::unique_ptr<protocol::Session> PusherProtocol::open(const protocol::Opening& opening) {
    auto session = std::make_unique<Session>(service_, opening);
    session->admit(opening.request);
    return session;
}

}  // namespace carillon::pusher
