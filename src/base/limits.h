// base/limits.h: every bound of the server in one place, with what happens when it is reached.
// A bound that a tenant or an operator may move is a configuration field; its default is here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace carillon::limits {

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

// ---- hub ----

// One bit each in a mask of lanes to wake. More --threads than this is a start-up error.
inline constexpr unsigned lanes_max = 64;
// Bodies waiting on one lane. Then a publish answers `overloaded`, whole.
inline constexpr std::size_t inbox_bytes_max = 64 * mib;
// Items one iteration encodes. The rest waits in the inbox.
inline constexpr std::size_t take_items_max = 4096;
// Frames encoded and not yet offered. Then taking stops until the flush has offered them.
inline constexpr std::size_t unoffered_bytes_max = 256 * kib;
// A batch seals here, or holds one larger frame.
inline constexpr std::size_t batch_bytes_max = 64 * kib;
// Frames and replies held for clients on one lane. Then whoever holds most is ended, until a sixteenth is
// free.
inline constexpr std::size_t lane_batch_bytes_max = 256 * mib;
// Channels one publish may name. Then limit_channels.
inline constexpr std::size_t publish_channels_max = 100;
// A ceiling over every app's own limit. Then bad_name.
inline constexpr std::size_t channel_name_bytes_max = 1024;
// Channels in one process. Then a join is refused with limit_channels.
inline constexpr std::size_t channels_max = 8'000'000;
// Patterns of one app that somebody subscribes to. Then limit_channels.
inline constexpr std::size_t patterns_max = 1'000'000;
// Globs that begin with the same text up to their first wildcard: they are tried one by one. Then
// limit_channels.
inline constexpr std::size_t glob_neighbours_max = 1024;
// Hooks that publish, one inside the other. Then limit_nesting.
inline constexpr unsigned hook_nesting_max = 8;
// Subscriptions of one session. Then limit_subscriptions.
inline constexpr std::size_t session_channels_max = 10'000;
// Clients written to in one round of the flush while they wait for what they missed. The rest takes
// turns, so that a thousand who come back at once do not delay those who stayed.
inline constexpr std::size_t replays_per_round_max = 8;
// Bodies that wait to be replayed on one lane, counted for each client although they are shared.
// Then a join that wishes to recover is told that there is no room.
inline constexpr std::size_t lane_replay_bytes_max = 1024 * mib;
// How soon a lane looks again whether a page has come from the disk.
inline constexpr std::int64_t fetch_retry_ns = 1'000'000;
// Departed subscriptions settled in one iteration. The rest waits for the next.
inline constexpr std::size_t settle_per_reap_max = 500;

// Host events that wait for whoever acts on them. Then they are counted and not kept, and what
// follows from them is taken from the live state.
inline constexpr std::size_t host_events_max = 65'536;
// Of these, told in one go. The rest waits for its turn, and clients are served meanwhile.
inline constexpr std::size_t host_events_per_drain_max = 1'000;

// What channels keep in memory, all together. Then the least recently used lose theirs; a quarter
// above it, nothing more is kept.
inline constexpr std::size_t history_bytes_max = 256 * mib;
// How long a kept publication stays, unless its channel's rule says otherwise.
inline constexpr std::int64_t history_age_ms_max = 5 * 60 * 1000;

// ---- journals ----

// Publications that wait to be written to a journal, with what they cost in memory. Then publishing to its
// channels answers `overloaded`.
inline constexpr std::size_t journal_queue_bytes_max = 64 * mib;
// Rules that say which channels a journal keeps: each publication may be held against all of them. More is
// a start-up error.
inline constexpr std::size_t journal_rules_max = 256;
// The least that a journal may be bounded to: below it a store would keep nothing.
inline constexpr std::size_t journal_bytes_min = mib;
// A page fetched for a reader: bodies, about. It has two: one in hand, one on its way.
inline constexpr std::size_t journal_page_bytes = 256 * kib;
// Publishers of one channel whose sequences are remembered. Then the one that was silent longest is forgotten.
inline constexpr std::size_t journal_publishers_max = 1024;
// Named subscriptions of one hub, and the bytes of a name. More is refused.
inline constexpr std::size_t durables_max = 65'536;
inline constexpr std::size_t durable_name_bytes_max = 128;
// What a named subscription has handed out and not had back, all its members together. Then it hands out
// nothing more until something comes back.
inline constexpr std::size_t durable_in_hand_max = 10'000;
// Dead letters of one named subscription. Then the oldest is dropped, counted.
inline constexpr std::size_t dead_letters_max = 1'000;
inline constexpr std::size_t dead_letter_reason_bytes_max = 200;

// ---- library ----

// One message, about. Then the publish is refused as too_large: nobody would read it.
inline constexpr std::size_t message_bytes_max = 16 * mib;
// What one visit hands to one handler. The rest waits for its next turn.
inline constexpr std::uint32_t handler_turn_max = 1024;
// What leaves a stream's queue at once for a reader who asked.
inline constexpr std::uint32_t stream_handful_max = 64;
// Messages that a handler publishes with the one it has in hand (exactly_once), and what they cost in memory.
// Then publishing with it is refused.
inline constexpr std::uint64_t effects_max = 1024;
inline constexpr std::size_t effects_bytes_max = 64 * mib;
// Errors printed by a broker without a sink. Then they are only counted.
inline constexpr unsigned printed_errors_max = 100;

// ---- bridges ----

// Bridges of one server. More is a start-up error.
inline constexpr std::size_t bridges_max = 256;
// Bridges that one publication goes over, one behind the other. Then it goes no further, counted.
inline constexpr unsigned bridge_hops_max = 8;
// Channels that one publication gets to over bridges, all ways together. Then it gets to no more,
// counted.
inline constexpr std::size_t bridge_crossings_max = 1024;

// ---- edge ----

// Read from one socket in one iteration. The rest waits in the kernel.
inline constexpr std::size_t read_bytes_max = 64 * kib;
// Written to one socket in one iteration. The rest goes in the next round.
inline constexpr std::size_t write_bytes_max = 256 * kib;
// Several slices up to this are copied together and sent at once; above it, sendmsg.
inline constexpr std::size_t write_copy_bytes_max = 16 * kib;
// Time for what clients said, in one iteration. Then each ready client is heard for one message more,
// and the rest of what was read waits for the next iteration: a message may cost a signature.
inline constexpr std::int64_t read_slice_ns = 2'000'000;
// Flush time in one iteration. The rest goes first next time, while open batches grow.
inline constexpr std::int64_t flush_slice_ns = 2'000'000;
// Unsent replies of one connection. Then it is not read until they drain.
inline constexpr std::size_t unsent_replies_bytes_max = 64 * kib;

// ---- net ----

// Tasks posted to one loop. Then post() answers false, counted.
inline constexpr std::size_t mailbox_items_max = 65'536;
// The first message of a TLS client. One that claims more is cut off.
inline constexpr std::size_t tls_hello_bytes_max = 16 * kib;
// TLS handshakes in progress on one lane, about 50 KB each, 180 KB at worst. Then the one that began first is cut off.
// (From the connection's first moment to the end of its first request: http_slow_ms.)
inline constexpr std::size_t tls_handshakes_max = 1024;

// ---- http ----

// Request line and headers. Then 431.
inline constexpr std::size_t http_header_bytes_max = 16 * kib;
// Then 431.
inline constexpr std::size_t http_headers_max = 100;
// Then 413.
inline constexpr std::size_t http_body_bytes_max = 10 * mib;
// Bodies on their way to one lane, all together. Then 503 to whoever sends more of one.
inline constexpr std::size_t http_bodies_bytes_max = 256 * mib;
// From a request's first byte to its last. Then 408.
inline constexpr std::int64_t http_slow_ms = 10'000;
// Between two requests of a connection. Then it is closed.
inline constexpr std::int64_t http_idle_ms = 60'000;
// From a request to its handler's answer. Then 504, and a later answer is ignored.
inline constexpr std::int64_t http_answer_ms = 30'000;
// Addresses that one rate limiter counts. Then the one whose window is the oldest is forgotten and
// may begin anew, counted.
inline constexpr std::size_t rate_limit_addresses_max = 100'000;

// ---- websocket ----

// One message, in however many fragments. Then close 1009.
inline constexpr std::size_t websocket_message_bytes_max = 64 * kib + 4 * kib;
// For the peer's close frame, and again for its end. Then the socket is closed.
inline constexpr std::int64_t websocket_close_ms = 5'000;

// ---- protocol/pusher ----

// Apps that are counted each for itself. Then the others are counted as one.
inline constexpr std::size_t counted_apps_max = 65'536;
// Of one list of channels. Then 413, with the advice to ask for a part of them.
inline constexpr std::size_t http_list_bytes_max = 16 * mib;
// Lists of channels in the making. Then 503.
inline constexpr std::size_t http_lists_max = 8;
// Rates of apps that have limits. Then the one that began first is forgotten; it is most likely over.
inline constexpr std::size_t http_rate_windows_max = 65'536;
// Keys of publishes that are done once, with their answers, of all apps. Then the oldest is
// forgotten.
inline constexpr std::size_t idempotency_bytes_max = 64 * mib;

}  // namespace carillon::limits
