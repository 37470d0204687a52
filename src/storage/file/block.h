// storage/file/block.h: consecutive messages of one channel, as the body of one entry (segment_format.h).
// Pure.
//
//   block   := channel(4) first(8) count(4) unix_ms(8) message*
//   message := flags(1) later(varint) [event_length(varint)] [member_length(varint)] body_length(varint)
//              [publisher(8) sequence(8)] event member body
//   flags   := body kind (bits 0, 1), has an event (2), a member (3), once (4; not in version 1)
//   later   := milliseconds after the message before it, zigzag: a clock may be put back
#pragma once

#include <cstdint>
#include <string_view>

#include "hub/publication.h"
#include "storage/file/segment_format.h"

namespace carillon::storage::file {

// Writes blocks; one is open at a time.
class BlockWriter {
 public:
    explicit BlockWriter(Pen& pen) : pen_(pen) {}
    void begin(std::uint32_t channel, std::uint64_t first, std::int64_t unix_ms);
    void add(const hub::Publication& publication, std::int64_t unix_ms);
    void end();
    std::size_t bytes() const { return pen_.out().size() - at_; }

 private:
    Pen& pen_;
    std::size_t at_ = 0;  // of the body
    std::uint32_t count_ = 0;
    std::int64_t unix_ms_ = 0;  // of the last one
};

struct Message {
    std::uint64_t offset = 0;
    std::int64_t unix_ms = 0;
    hub::Publication::Parts parts{};  // points into the block
};

class BlockReader {
 public:
    BlockReader(std::string_view body, std::uint32_t version);
    bool ok() const { return ok_; }  // false, once there was something that is no message
    std::uint32_t channel() const { return channel_; }
    std::uint64_t first() const { return first_; }
    std::uint32_t count() const { return count_; }
    // False: that was all, or not ok().
    bool next(Message& message);

 private:
    Cursor cursor_;
    std::uint32_t version_;
    bool ok_ = true;
    std::uint32_t channel_ = 0;
    std::uint64_t first_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t read_ = 0;
    std::int64_t unix_ms_ = 0;
};

struct BlockSummary {
    std::uint32_t channel = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t bytes = 0;  // of bodies
    std::int64_t first_ms = 0;
    std::int64_t newest_ms = 0;
};
// Reads all of it. False: it is none.
bool summarize(std::string_view body, std::uint32_t version, BlockSummary& summary);

}  // namespace carillon::storage::file
