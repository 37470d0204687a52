#include "protocol/notiflux/protocol.h"

#include "protocol/notiflux/http_api.h"
#include "protocol/notiflux/metrics.h"
#include "protocol/notiflux/session.h"
#include "protocol/notiflux/wire.h"

namespace carillon::notiflux {

Result<void> NotifluxProtocol::routes(http::Router& router) {
    TRY(router.upgrade("/notiflux/ws", *this));
    return add_api_routes(service_, router);
}

std::unique_ptr<protocol::Session> NotifluxProtocol::open(const protocol::Opening& opening) {
    auto session = std::make_unique<Session>(service_, opening);
    session->begin();
    return session;
}

bool NotifluxProtocol::speaks(const protocol::Message& message) const {
    return message.kind == protocol::Message::Kind::text && is_command(message.data);
}

void NotifluxProtocol::write_metrics(protocol::MetricSink& sink,
                                     const std::function<void()>& done) {
    notiflux::write_metrics(service_, sink);
    done();
}

}  // namespace carillon::notiflux
