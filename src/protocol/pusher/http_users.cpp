#include "protocol/pusher/http_users.h"

namespace carillon::pusher {
namespace {

// The user is named percent-encoded in the path, which is what was signed; the router decoded it.
Result<std::string> disconnect(Call& call, hub::CloseReason why) {
    const auto user = call.request.param("user");
    const auto outcome = call.service.hub.disconnect_user(call.app, user, why).outcome;
    if (outcome == hub::Outcome::ok) return std::string(R"({"ok":true})");
    const auto fault =
        outcome == hub::Outcome::overloaded ? Fault::request_overloaded : Fault::request_failed;
    return http_error(fault, text_of(fault));
}

}  // namespace

void terminate_user(const CallRef& call) {
    call->answer(disconnect(*call, hub::CloseReason::kicked));
}

void reconnect_user(const CallRef& call) {
    call->answer(disconnect(*call, hub::CloseReason::renewed));
}

}  // namespace carillon::pusher
