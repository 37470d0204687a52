// websocket/handshake.h: the one HTTP request that becomes a WebSocket: whether it asks, whether it
// may, and the 101.
//
//   asks  := "GET" target "HTTP/1.1", Connection has token "upgrade", Upgrade has token "websocket",
//            Sec-WebSocket-Version: 13, Sec-WebSocket-Key: base64 of 16 bytes
//   101   := Upgrade, Connection, Sec-WebSocket-Accept = base64(sha1(key guid)),
//            [ Sec-WebSocket-Protocol ]
//
// Extensions are not answered, which declines them. Origin is the protocol's to judge, not ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request.h"
#include "http/response.h"

namespace carillon::websocket {

// Says "Upgrade: websocket": what it lacks beyond that, accept() explains.
bool wants_upgrade(const http::Request& request);

// What the client offers in Sec-WebSocket-Protocol, in its order; views of the request.
std::vector<std::string_view> offered_subprotocols(const http::Request& request);

// The 101 to send, through http::encode. `chosen_subprotocol` is one the client offered, or empty.
// An Error's code is the HTTP status: 405, 426 or 400; refusal() makes the answer of it.
Result<http::Response> accept(const http::Request& request,
                              std::string_view chosen_subprotocol = {});

// With the headers a 405 (Allow) and a 426 (Upgrade, Sec-WebSocket-Version) owe their reader.
http::Response refusal(const Error& error);

// base64(sha1(key guid)), RFC 6455 §4.2.2.
std::string accept_key(std::string_view key);

}  // namespace carillon::websocket
