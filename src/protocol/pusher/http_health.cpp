#include "protocol/pusher/http_health.h"

#include <memory>
#include <string>
#include <utility>

namespace carillon::pusher {
namespace {

http::Response health(int status, std::string word) {
    auto response = http::text(status, word);
    response.headers.emplace_back("X-Health-Check", std::move(word));
    return response;
}

}  // namespace

http::Handler app_health(Service& service) {
    return [&service](http::Request& request, http::Responder responder) {
        const auto waiting = std::make_shared<http::Responder>(std::move(responder));
        service.apps.find_by_id(request.param("id"), [waiting](const Result<hub::AppRef>& found) {
            if (!found.has_value()) return waiting->respond(health(503, "ERROR"));
            const bool known = found.value() != nullptr;
            waiting->respond(known ? health(200, "OK") : health(404, "NOT_FOUND"));
        });
    };
}

// Who can answer is up: a server that is not listens to nobody.
void server_health(http::Request&, http::Responder responder) {
    responder.respond(health(200, "OK"));
}

void liveness(http::Request&, http::Responder responder) { responder.respond(http::text(200, "")); }

}  // namespace carillon::pusher
