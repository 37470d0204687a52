// storage/file/footer.h: where in a segment each channel's blocks are: gathered while it is written or
// scanned, put behind its messages when it is sealed, and found there again, one channel at a time.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "storage/file/block.h"
#include "storage/file/scan.h"
#include "storage/file/segment_format.h"

namespace carillon::storage::file {

// Of one channel in one segment.
struct Gathered {
    std::vector<BlockRef> blocks;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t bytes = 0;
    std::int64_t first_ms = 0;
    std::int64_t newest_ms = 0;
};

class Gathering {
 public:
    void add(const BlockSummary& block, std::uint64_t position, std::size_t entry_bytes);
    const std::unordered_map<std::uint32_t, Gathered>& channels() const { return channels_; }
    const Gathered* find(std::uint32_t channel) const;
    std::uint64_t messages() const { return messages_; }
    void clear();

 private:
    std::unordered_map<std::uint32_t, Gathered> channels_;
    std::uint64_t messages_ = 0;
};

// Index, directory and trailer, behind messages that end where the pen is.
Directory put_footer(Pen& pen, const Gathering& gathering);

// Errors: invalid: there is none, or it is damaged.
Result<Trailer> read_footer_trailer(Source& source, const SegmentHeader& header);
Result<Directory> read_footer(Source& source, const SegmentHeader& header);
// The blocks of one channel.
Result<std::vector<BlockRef>> read_footer_index(const File& file, const SegmentHeader& header,
                                                std::uint32_t channel, std::uint32_t index_at,
                                                std::uint32_t index_bytes);

}  // namespace carillon::storage::file
