// json/plain.h: the JSON that nearly every client message and token is, read five times faster than
// JSON in general.
//
//   plain  := object                                          no space anywhere, eight levels deep
//   object := "{" [ string ":" value *( "," string ":" value ) ] "}"
//   array  := "[" [ value *( "," value ) ] "]"
//   value  := object | array | string | number | "true" | "false" | "null"
//   string := <"> *( printable ASCII but <"> and "\" ) <">
//   number := [ "-" ] ( "0" | 1-9 *digit ) [ "." 1*digit ]
//
// Whatever is not as plain is read by simdjson (read.h), which gives the same members for what is:
// read_fuzz compares both with a third reader. The second reader of one format, because simdjson
// needs 150 ns to begin with a text, and a client event has 400 in all.
#pragma once

#include <span>
#include <string_view>

#include "json/read.h"

namespace carillon::json {

// Fills in both lists. False: not plain, and both are to be filled by somebody else. Two, because a
// caller has two: gluing them together would cost half as much as the reading.
bool read_plain_object(std::string_view text, std::span<Member> wanted,
                       std::span<Member> more = {});

}  // namespace carillon::json
