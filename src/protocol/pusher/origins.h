// protocol/pusher/origins.h: whether a page from there may connect. A browser says where the page
// comes from and lets no page lie; other clients say what they like, or nothing.
//
//   pattern := "*" | text [ "*" text ]     compared in any case with the whole origin, and with what
//                                          stands behind its "://"
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace carillon::pusher {

// `origin` empty: none was said. An empty list allows everything.
bool is_allowed_origin(std::span<const std::string> patterns, std::string_view origin);

}  // namespace carillon::pusher
