// protocol/pusher/wire.h: what a client says: bytes into commands. Pure: knows the format, and
// nothing of who may do what. What it is told in return is in replies.h.
//
//   message   := { "event": string, "data": any, "channel": string }      more keys are ignored
//     pusher:ping, pusher:pong            data is ignored
//     pusher:subscribe                    data := { "channel", "auth", "channel_data" }, all strings
//     pusher:unsubscribe                  data := { "channel" }
//     pusher:signin                       data := { "auth", "user_data" }, all strings
//     pusher:… otherwise                  ignored
//     any other name, with a channel      an event to publish, if its name is right: client_event.h
//     any other name, without             ignored
//   `data` may also be a string that holds the object.
//   channel_data := { "user_id": string | number, "user_info": any }, in a string whose bytes are
//   signed.
//   user_data := { "id": string | number, "user_info": any, "watchlist": [string, …] }, likewise
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "protocol/pusher/errors.h"

namespace carillon::pusher {

struct Ping {};
struct Pong {};
struct Subscribe {
    std::string channel;
    std::string auth;          // empty: absent, or not a string
    std::string channel_data;  // the same; its bytes as signed
};
struct Unsubscribe {
    std::string channel;
};
struct SignIn {
    std::string auth;       // empty: absent, or not a string
    std::string user_data;  // the same; its bytes as signed
};
struct ClientEvent {
    std::string event;
    std::string channel;
    std::string_view data;       // as written, a slice of the message; empty: absent
    std::size_t data_bytes = 0;  // of the text in it if it is a string, else of the slice
};
struct Ignored {};  // an event that nobody here listens to
struct Malformed {
    Fault fault;
};
using Command =
    std::variant<Ping, Pong, Subscribe, Unsubscribe, SignIn, ClientEvent, Ignored, Malformed>;

// 64 bytes behind `message` are readable.
Command parse_command(std::string_view message);

// Who somebody says to be in a presence channel.
struct MemberData {
    std::string user_id;    // not empty; of a number, its text
    std::string user_info;  // as written; "null" if there is none
};
// Takes the string because it needs room behind it.
Result<MemberData> parse_member(std::string channel_data);

// Who somebody says to be on the whole connection.
struct UserData {
    std::string id;                        // not empty; of a number, its text
    std::string user_info;                 // as written; "null" if there is none
    std::vector<std::string> watchlist{};  // whose coming and going he wants to hear of
};
Result<UserData> parse_user(std::string user_data);

}  // namespace carillon::pusher
