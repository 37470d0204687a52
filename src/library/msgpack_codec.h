// library/msgpack_codec.h: MessagePack into nodes and out. Our own: there is no package of it that
// bounds depth and size.
//
//   value := 00-7f integer | e0-ff integer (-32..-1) | cc-cf uint(8 16 32 64) | d0-d3 int(8 16 32 64)
//          | c0 nil | c2 false | c3 true | ca float32 | cb float64
//          | (a0-bf | d9-db length(8 16 32)) *byte                string, UTF-8
//          | c4-c6 length(8 16 32) *byte                          binary
//          | (90-9f | dc-dd count(16 32)) count * value           array
//          | (80-8f | de-df count(16 32)) count * (value value)   map
//          | (d4-d8 (1 2 4 8 16) | c7-c9 length(8 16 32)) type *byte   extension
//   c1 is nothing. All numbers big-endian.
//
// Read is one value and nothing behind it. Forms longer than need be are taken; written is the
// shortest, and a double as float32 where that is the same number. A count or length is believed
// only as far as bytes are left and the limits go, before anything is allocated.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "carillon/detail/document.h"

namespace carillon::library::msgpack {

// Appends to `nodes`, whose strings are views into `body`.
Result<void> read(std::string_view body, const DecodeLimits& limits,
                  std::vector<detail::Node>& nodes);

// Sizes and counts fit 32 bits.
void append_nil(base::Buffer& out);
void append_boolean(bool boolean, base::Buffer& out);
void append_integer(std::int64_t number, base::Buffer& out);
void append_unsigned(std::uint64_t number, base::Buffer& out);
void append_real(double number, base::Buffer& out);
void append_string(std::string_view text, base::Buffer& out);
void append_binary(std::string_view bytes, base::Buffer& out);
void append_array_head(std::size_t size, base::Buffer& out);
void append_map_head(std::size_t size, base::Buffer& out);

}  // namespace carillon::library::msgpack
