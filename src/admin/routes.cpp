#include "admin/routes.h"

#include <memory>

namespace carillon::admin {
namespace {

http::Response metrics(const Report& report) {
    http::Response response;
    response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = render(report);
    return response;
}

}  // namespace

Result<void> routes(http::Router& router, Gather gather, Trouble trouble) {
    TRY(router.on("GET", "/healthz", [](http::Request&, http::Responder responder) {
        responder.respond(http::text(200, "OK"));
    }));
    TRY(router.on("GET", "/ready",
                  [trouble = std::move(trouble)](http::Request&, http::Responder responder) {
                      const auto why = trouble ? trouble() : std::string();
                      responder.respond(why.empty() ? http::text(200, "OK") : http::text(503, why));
                  }));
    return router.on(
        "GET", "/metrics", [gather = std::move(gather)](http::Request&, http::Responder responder) {
            // Shared only because std::function wants copies; a gather that never answers drops the
            // last one, and the responder then says 500 by itself.
            auto waiting = std::make_shared<http::Responder>(std::move(responder));
            gather([waiting](const Report& report) { waiting->respond(metrics(report)); });
        });
}

}  // namespace carillon::admin
