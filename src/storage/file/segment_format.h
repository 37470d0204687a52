// storage/file/segment_format.h: what is in a segment of a file journal, bytes ↔ entries. Pure: no files.
// Numbers are little-endian.
//
//   segment   := header snapshot entry* [footer]
//   header    := "CARILJNL" version(4) number(8) written(8) salt(4) crc(4)      the same in every version
//   snapshot  := channel* note* started       all that must be known when older segments are gone
//   entry     := mark(4) crc(4) length(4) synced(4) kind(1) body(length)
//   channel   := id(4) epoch(8) first(8) last(8) app_length(4) app name         kind 1
//   block     := channel(4) first(8) count(4) unix_ms(8) message*               kind 2, see block.h
//   note      := key_length(4) key value                                        kind 3; no value: forgotten
//   trim      := ( channel(4) first(8) )*                                       kind 4
//   closed    :=                              the store was closed well         kind 5, the very last one
//   started   :=                              the snapshot is complete          kind 6
//   footer    := index* directory trailer
//   index     := channel(4) ( position(4) bytes(4) first(8) newest_ms(8) )*     kind 7, a channel's blocks
//   directory := data_end(4) messages(8) ( channel(4) index_at(4) index_bytes(4) first(8) last(8)
//                bytes(8) first_ms(8) newest_ms(8) )*                           kind 8, channels ascending
//   trailer   := "END!" directory_at(4) directory_bytes(4) data_end(4) crc(4)
//
// `written` counts the messages that were ever written before this segment. `mark` is the segment's salt
// (random) plus the entry's position: so what somebody published cannot pass for an entry, and an entry is
// found again behind a damaged one. `crc` is CRC-32C over length … body, begun with the mark. `synced`: up
// to here the segment was on the disk before this entry was written. So a bad entry before what a later
// good one calls synced is damage, and any other is what a crash leaves.
//
// Version 1 had no `once` in its messages.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "storage/file/io.h"

namespace carillon::storage::file {

inline constexpr std::uint32_t version_now = 2;
inline constexpr std::uint32_t version_oldest = 1;
inline constexpr std::size_t header_bytes = 36;
inline constexpr std::size_t entry_head_bytes = 17;
inline constexpr std::size_t trailer_bytes = 20;

enum class EntryKind : std::uint8_t {
    channel = 1,
    block = 2,
    note = 3,
    trim = 4,
    closed = 5,
    started = 6,
    index = 7,
    directory = 8,
};

struct SegmentHeader {
    std::uint32_t version = version_now;
    std::uint64_t number = 0;
    std::uint64_t written = 0;
    std::uint32_t salt = 0;
};

struct Entry {
    EntryKind kind{};
    std::uint32_t synced = 0;
    std::string_view body{};
    std::size_t bytes = 0;  // with its head
};

struct ChannelEntry {
    std::uint32_t id = 0;
    std::uint64_t epoch = 0;
    std::uint64_t first = 1;
    std::uint64_t last = 0;
    std::string_view app{};
    std::string_view name{};
};

struct NoteEntry {
    std::string_view key{};
    std::string_view value{};
};

struct TrimEntry {
    std::uint32_t channel = 0;
    std::uint64_t first = 0;
};

// Where a block is.
struct BlockRef {
    std::uint32_t position = 0;
    std::uint32_t bytes = 0;  // with its entry's head
    std::uint64_t first = 0;
    std::int64_t newest_ms = 0;  // of its messages
};

// What of a channel is in a segment.
struct Stretch {
    std::uint32_t channel = 0;
    std::uint32_t index_at = 0;
    std::uint32_t index_bytes = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t bytes = 0;  // of bodies
    std::int64_t first_ms = 0;
    std::int64_t newest_ms = 0;
};

struct Directory {
    std::uint32_t data_end = 0;
    std::uint64_t messages = 0;
    std::vector<Stretch> stretches{};
};

struct Trailer {
    std::uint32_t directory_at = 0;
    std::uint32_t directory_bytes = 0;
    std::uint32_t data_end = 0;
};

// Takes numbers and bytes off the front; after the first that is not there, nothing is.
class Cursor {
 public:
    explicit Cursor(std::string_view bytes) : rest_(bytes) {}
    template <class Number>
    Number number() {
        static_assert(std::is_integral_v<Number>);
        Number value{};
        const char* const from = take(sizeof value).data();
        if (ok_) std::memcpy(&value, from, sizeof value);
        return value;
    }
    std::uint64_t varint();
    std::string_view take(std::size_t bytes) {
        ok_ = ok_ && bytes <= rest_.size();
        if (!ok_) return {};
        const auto taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }
    std::string_view rest() const { return rest_; }
    bool ok() const { return ok_; }
    bool at_end() const { return ok_ && rest_.empty(); }

 private:
    std::string_view rest_;
    bool ok_ = true;
};

template <class Number>
void put_number(base::Buffer& out, Number value) {
    static_assert(std::is_integral_v<Number>);
    std::memcpy(out.prepare(sizeof value), &value, sizeof value);
    out.commit(sizeof value);
}
void put_varint(base::Buffer& out, std::uint64_t value);

void put_header(base::Buffer& out, const SegmentHeader& header);
// Errors: unsupported (a newer version, or no segment at all), invalid (damaged).
Result<SegmentHeader> read_header(std::string_view bytes);

// Writes entries one behind the other into a buffer that will stand at `position` of its segment.
class Pen {
 public:
    Pen(base::Buffer& out, std::uint32_t salt, std::uint64_t position, std::uint64_t synced)
        : out_(out), salt_(salt), base_(position - out.size()), synced_(synced) {}
    // What is put into out() between the two is the entry's body.
    void begin(EntryKind kind);
    void end();
    base::Buffer& out() { return out_; }
    std::uint32_t position() const { return static_cast<std::uint32_t>(base_ + out_.size()); }

    void channel(const ChannelEntry& channel);
    void note(const NoteEntry& note);
    void trim(const std::vector<TrimEntry>& trims);
    void empty(EntryKind kind);
    void index(std::uint32_t channel, const std::vector<BlockRef>& blocks);
    void directory(const Directory& directory);
    // Behind a directory that begins at this position.
    void trailer(std::uint32_t directory_at, std::uint32_t data_end);

 private:
    base::Buffer& out_;
    std::uint32_t salt_;
    std::uint64_t base_;
    std::uint64_t synced_;
    std::size_t begun_ = 0;  // in out_
};

enum class Look : std::uint8_t { good, more, bad };
// The entry at the front of `bytes`, which stand at `position`. more: if there were `needed` bytes, it
// might be one.
Look look_at_entry(std::string_view bytes, std::uint64_t position, std::uint32_t salt, Entry& entry,
                   std::size_t& needed);

// Bodies. False: that is not what is in there.
bool read_channel(std::string_view body, ChannelEntry& channel);
bool read_note(std::string_view body, NoteEntry& note);
bool read_trim(std::string_view body, std::vector<TrimEntry>& trims);
bool read_index(std::string_view body, std::uint32_t channel, std::vector<BlockRef>& blocks);
bool read_directory(std::string_view body, Directory& directory);
bool read_trailer(std::string_view bytes, std::uint32_t salt, Trailer& trailer);

}  // namespace carillon::storage::file
