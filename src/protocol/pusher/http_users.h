// protocol/pusher/http_users.h: backends send a user's clients away: whoever is signed in as that
// user, or present in a channel as a member of that id. {"ok":true}, whether anybody was there or
// not.
//
//   POST /apps/{id}/users/{user}/terminate_connections   4009: for good
//   POST /apps/{id}/users/{user}/force_reconnect         4200: to come back at once
#pragma once

#include "protocol/pusher/http_call.h"

namespace carillon::pusher {

void terminate_user(const CallRef& call);
void reconnect_user(const CallRef& call);

}  // namespace carillon::pusher
