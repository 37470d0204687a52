// storage/file/new_segment.h: a segment on its way: written under a temporary name, on the disk before it gets
// its own. So a segment that is there has a whole header and a whole snapshot, whatever happened.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "storage/file/footer.h"
#include "storage/file/segment_format.h"
#include "storage/file/state.h"

namespace carillon::storage::file {

// "/journal/0000000001.seg".
std::string segment_path(const std::string& directory, std::uint64_t number);
// 0: that is no segment's name.
std::uint64_t segment_number(std::string_view name);
bool is_unfinished(std::string_view name);

class NewSegment {
 public:
    NewSegment(Io& io, std::string directory, const SegmentHeader& header,
               std::atomic<std::uint32_t>* open_count);
    ~NewSegment();  // gone again, unless it was finished
    NewSegment(const NewSegment&) = delete;
    NewSegment& operator=(const NewSegment&) = delete;

    Result<void> begin();
    Pen& pen() { return *pen_; }
    // Writes what the pen has, if that is much. Between two entries.
    Result<void> flush(bool little_too = false);
    // On the disk, and there: in the place of the one of this number, if there was one.
    Result<std::shared_ptr<File>> finish();
    std::uint64_t bytes() const { return written_ + buffer_.size(); }

 private:
    Io& io_;
    std::string directory_;
    SegmentHeader header_;
    std::atomic<std::uint32_t>* open_count_;
    std::string path_;
    std::shared_ptr<File> file_;
    base::Buffer buffer_;
    std::uint64_t written_ = 0;
    std::optional<Pen> pen_;
    bool finished_ = false;
};

// A segment with nothing but what is known.
Result<std::shared_ptr<File>> make_segment(Io& io, const std::string& directory,
                                           const SegmentHeader& header, const State& state,
                                           std::atomic<std::uint32_t>* open_count,
                                           std::uint64_t& bytes);

struct Rewrite {
    bool salvage = false;        // leaves out what cannot be read, instead of an Error
    bool with_footer = false;    // it is not the newest
    std::uint64_t data_end = 0;  // not beyond; 0: to the first footer or the end
    // Which blocks stay; null: all.
    std::function<bool(const BlockSummary&)> keeps{};
};
// The same segment in this program's version, in its own place. Answers what of it is in it.
struct Rewritten {
    std::shared_ptr<File> file;
    SegmentHeader header;
    Directory directory;
    std::uint64_t bytes = 0;
    std::vector<std::string> left_out;
};
Result<Rewritten> rewrite_segment(Io& io, const std::string& directory, Source& source,
                                  const SegmentHeader& header, std::uint32_t salt,
                                  const Rewrite& rewrite, std::atomic<std::uint32_t>* open_count);

}  // namespace carillon::storage::file
