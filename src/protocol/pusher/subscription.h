// protocol/pusher/subscription.h: whether a client may join a channel, and as whom. Pure; what
// needs a lock or a count (who is inside, how many) is the hub's to say afterwards.
#pragma once

#include <string_view>
#include <variant>

#include "hub/app.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/wire.h"

namespace carillon::pusher {

struct Admission {
    bool presence = false;
    MemberData member{};  // of a presence channel
};

// `user`: as whom the client signed in; null: it has not. `allow_colon` as in Options.
std::variant<Admission, Fault> judge(const Subscribe& wish, const hub::App& app,
                                     std::string_view socket_id, const UserData* user,
                                     bool allow_colon = false);

// Whether it may be that user, and what it said about him.
Result<UserData> judge(const SignIn& wish, const hub::App& app, std::string_view socket_id);

}  // namespace carillon::pusher
