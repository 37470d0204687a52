// protocol/pusher/replies.h: what a client is told by itself: message bodies. Pure. What is
// published to channels is encoder.h.
//
//   reply := { "event": string, "channel": string, "data": string | object }
//   `data` is a string that holds JSON, except in pusher:error, pusher:subscription_error,
//   pusher:ping and pusher:pong, where it is an object: what the official clients expect of each.
#pragma once

#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "hub/hub.h"

namespace carillon::pusher {

inline constexpr std::string_view ping_body = R"({"event":"pusher:ping","data":{}})";
inline constexpr std::string_view pong_body = R"({"event":"pusher:pong","data":{}})";

void write_connection_established(std::string_view socket_id, std::uint32_t activity_timeout_s,
                                  base::Buffer& out);
void write_error(int code, std::string_view message, base::Buffer& out);
void write_subscription_succeeded(std::string_view channel, base::Buffer& out);
void write_cache_miss(std::string_view channel, base::Buffer& out);
// `user_data` as the client gave it.
void write_signin_success(std::string_view user_data, base::Buffer& out);
// `events` as the announcer says them later.
void write_watchlist_events(std::string_view events, base::Buffer& out);
// With who is present, in the order of their ids, so that equal rosters are equal bytes.
void write_presence_succeeded(std::string_view channel, std::vector<hub::MemberView> members,
                              base::Buffer& out);
// `type` empty: none.
void write_subscription_error(std::string_view channel, std::string_view type,
                              std::string_view message, int status, base::Buffer& out);

}  // namespace carillon::pusher
