#include "protocol/pusher/protocol.h"

#include "protocol/pusher/demo.h"
#include "protocol/pusher/http_api.h"
#include "protocol/pusher/metrics.h"
#include "protocol/pusher/session.h"

namespace carillon::pusher {

Result<void> PusherProtocol::routes(http::Router& router) {
    TRY(router.upgrade("/app/{key}", *this));
    TRY(add_api_routes(service_, router));
    return service_.demo == nullptr ? Result<void>()
                                    : add_demo_routes(service_, service_.demo, router);
}

void PusherProtocol::write_metrics(protocol::MetricSink& sink, const std::function<void()>& done) {
    pusher::write_metrics(service_, sink, done);
}

std::unique_ptr<protocol::Session> PusherProtocol::open(const protocol::Opening& opening) {
    auto session = std::make_unique<Session>(service_, opening);
    session->admit(opening.request);
    return session;
}

}  // namespace carillon::pusher
