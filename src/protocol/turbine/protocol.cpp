#include "protocol/turbine/protocol.h"

#include "protocol/turbine/http_api.h"
#include "protocol/turbine/metrics.h"
#include "protocol/turbine/session.h"

namespace carillon::turbine {

Result<void> TurbineProtocol::routes(http::Router& router) {
    TRY(router.upgrade("/turbine/ws", *this));
    return add_api_routes(service_, router);
}

std::unique_ptr<protocol::Session> TurbineProtocol::open(const protocol::Opening& opening) {
    return std::make_unique<Session>(service_, opening);
}

bool TurbineProtocol::speaks(const protocol::Message& first) const {
    const auto at = first.data.find_first_not_of(" \t\r\n");
    if (at == std::string_view::npos) return false;
    const char c = first.data[at];
    return std::string_view("{[\"-0123456789").find(c) != std::string_view::npos;
}

void TurbineProtocol::write_metrics(protocol::MetricSink& sink, const std::function<void()>& done) {
    turbine::write_metrics(service_, sink);
    done();
}

}  // namespace carillon::turbine
