// protocol/notiflux/wire.h: what a client says: text into commands. Pure: knows the format, and
// nothing of who may do what. What it is told in return is one of two texts, or nothing (errors.h).
//
//   message     := space* [ command ] space*        anything else: ignored without a word
//   command     := "/subscribe" " " topic " " token         neither holds a space
//                | "/unsubscribe" " " rest                  all of it is the topic, spaces included
//                | "/unsubscribe-all"
//                | "/" …                                    unknown
//   space       := one of the six ASCII white spaces. The original trims all of Unicode's; no client
//                  puts a no-break space around a command.
//
// The verb ends at the first blank; a tab or a newline does not end it. Verbs are case-sensitive.
// "/subscribe" with a rest that is not two words is malformed, and so is an empty topic (two blanks
// behind the verb), which the original takes from a token that lists "".
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "base/limits.h"

namespace carillon::notiflux {

inline constexpr std::size_t message_bytes_max = 65'536;  // a longer one ends the connection
inline constexpr std::size_t topic_bytes_max =
    limits::channel_name_bytes_max;  // a longer one is refused

// All slices of the message.
struct Subscribe {
    std::string_view topic;  // not empty
    std::string_view token;  // not empty
};
struct Unsubscribe {
    std::string_view topic;
};
struct UnsubscribeAll {};
struct Malformed {};  // a "/subscribe" that is not well-formed
struct Unknown {};    // any other slash
struct Ignored {};    // no slash
using Command = std::variant<Subscribe, Unsubscribe, UnsubscribeAll, Malformed, Unknown, Ignored>;

Command parse_command(std::string_view message);

// Whether it begins with a slash, after white space.
bool is_command(std::string_view message);

}  // namespace carillon::notiflux
