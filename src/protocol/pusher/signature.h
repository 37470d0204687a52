// protocol/pusher/signature.h: the strings this protocol signs, and whether a signature is theirs.
// HMAC-SHA256 with the app's secret, lower-case hexadecimal, compared in constant time. What is
// signed are the bytes that travelled, never a text made anew from what was parsed.
//
//   channel   := key ":" hex( socket_id ":" channel [ ":" channel_data ] )
//   user      := key ":" hex( socket_id "::user::" user_data )
//   HTTP      := hex( METHOD LF path LF query )          as auth_signature
//     query   := all parameters but auth_signature, keys lower-cased, sorted by key, values decoded,
//                key "=" value joined by "&"
//     auth_key, auth_version=1.0, auth_timestamp (±600 s) and, with a body, body_md5 are demanded
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/request.h"
#include "http/url.h"
#include "hub/app.h"

namespace carillon::pusher {

// `channel_data` empty: two parts.
std::string channel_signature(const hub::App& app, std::string_view socket_id,
                              std::string_view channel, std::string_view channel_data);
std::string user_signature(const hub::App& app, std::string_view socket_id,
                           std::string_view user_data);

// Whether `auth` is this app's key and its signature for exactly this.
bool verify_channel(const hub::App& app, std::string_view socket_id, std::string_view channel,
                    std::string_view channel_data, std::string_view auth);

bool verify_user(const hub::App& app, std::string_view socket_id, std::string_view user_data,
                 std::string_view auth);

// Whether this request was signed with this app's secret, for this path and body, just now: then
// its parameters, their keys in lower case. The Error is a 401 whose message says which rule
// failed.
Result<http::QueryParams> verify_request(const hub::App& app, const http::Request& request,
                                         Now now);

// What an HTTP request signs; the Error is a malformed query.
Result<std::string> request_text(const http::Request& request);

}  // namespace carillon::pusher
