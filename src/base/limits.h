// base/limits.h: every bound of the server in one place, with what happens when it is reached.
// A bound that a tenant or an operator may move is a configuration field; its default is the number
// here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace carillon::limits {

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

// hub
inline constexpr unsigned lanes_max =
    64;  // one bit each in a channel's mask; more --threads is a start-up error
inline constexpr std::size_t inbox_bytes_max =
    64 * mib;  // bodies waiting on one lane; then publish answers `overloaded`
inline constexpr std::size_t take_items_max =
    4096;  // items one iteration encodes; the rest waits in the inbox
inline constexpr std::size_t unoffered_bytes_max =
    256 * kib;  // frames encoded and not yet offered; then taking stops for this round
inline constexpr std::size_t batch_bytes_max =
    64 * kib;  // a batch seals here (or holds one larger frame)
inline constexpr std::size_t lane_batch_bytes_max =
    256 * mib;  // frames held for slow clients on a lane; then the worst debtor is closed
inline constexpr std::size_t publish_channels_max =
    100;  // channels one publication may name; then limit(channels)
inline constexpr std::size_t channel_name_bytes_max =
    1024;  // hard ceiling over every app's own limit; then bad_name
inline constexpr std::size_t channels_max = 8'000'000;  // in one process; then limit(channels)
inline constexpr std::size_t session_channels_max =
    10'000;  // subscriptions of one session; then limit(subscriptions)
inline constexpr std::size_t settle_per_reap_max =
    500;  // departed subscriptions settled in one iteration; the rest next time

// edge
inline constexpr std::size_t read_bytes_max = 64 * kib;    // read from one socket in one iteration
inline constexpr std::size_t write_bytes_max = 256 * kib;  // written to one socket in one iteration
inline constexpr std::size_t write_copy_bytes_max =
    16 * kib;  // several slices up to this are copied and sent at once; above, sendmsg
inline constexpr std::int64_t flush_slice_ns =
    2'000'000;  // flush time in one iteration; the rest goes first next time
inline constexpr std::size_t unsent_replies_bytes_max =
    64 * kib;  // then the connection is not read until they drain

// net
inline constexpr std::size_t mailbox_items_max =
    65'536;  // tasks posted to one loop; then post() answers false, counted

// http
inline constexpr std::size_t http_header_bytes_max =
    16 * kib;                                                 // request line and headers; then 431
inline constexpr std::size_t http_headers_max = 100;          // then 431
inline constexpr std::size_t http_body_bytes_max = 10 * mib;  // then 413
inline constexpr std::int64_t http_slow_ms =
    10'000;  // a request must be complete by then; then 408
inline constexpr std::int64_t http_answer_ms =
    30'000;  // a handler must answer by then; then 504, and a later answer is ignored
inline constexpr std::int64_t http_idle_ms = 60'000;  // keep-alive between requests; then closed

// websocket
inline constexpr std::size_t websocket_message_bytes_max = 64 * kib + 4 * kib;  // then close 1009
inline constexpr std::int64_t websocket_close_ms =
    5'000;  // for the peer's close frame and our last bytes; then the socket is closed

}  // namespace carillon::limits
