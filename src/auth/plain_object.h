// auth/plain_object.h: the JSON that nearly every token holds, read five times faster than JSON in
// general: that would cost as much as the token's signature.
//
//   plain  := "{" [ member *( "," member ) ] "}"        no space anywhere
//   member := string ":" ( scalar | "[" [ scalar *( "," scalar ) ] "]" )
//   scalar := string | [ "-" ] ( "0" | 1-9 *digit )
//   string := <"> *( printable ASCII but <"> and "\" ) <">
//
// Whatever is not as plain is left to json::read_object, which gives the same members for what is:
// jwt_fuzz compares them.
#pragma once

#include <span>
#include <string>

#include "json/read.h"

namespace carillon::auth {

// False: not plain, and both lists are to be filled by somebody else. Two, because the caller has
// two: gluing them together would cost half as much as the reading. A std::string, because the zero
// behind its end is where the reading stops.
bool read_plain_object(const std::string& text, std::span<json::Member> wanted,
                       std::span<json::Member> more = {});

}  // namespace carillon::auth
