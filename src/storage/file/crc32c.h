// storage/file/crc32c.h: the checksum of everything in a segment: CRC-32C, as the processor computes it, or
// by eight tables where it cannot. Ours, since none of the libraries we build on has one: Boost.CRC goes
// byte by byte, a tenth of the speed of a read, and OpenSSL and zlib have other polynomials.
#pragma once

#include <cstdint>
#include <string_view>

namespace carillon::storage::file {

// Goes on from `before`, the sum of the bytes in front of these.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// The same without the processor's help: for tests.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

}  // namespace carillon::storage::file
