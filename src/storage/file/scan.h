// storage/file/scan.h: reads a segment entry by entry, and judges what it cannot read: the torn end that a
// crash leaves, or damage. Reads a window at a time: costs no more memory than the window and its largest
// entry, whatever the file says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "storage/file/segment_format.h"

namespace carillon::storage::file {

// Bytes of a segment, from a file or from memory.
class Source {
 public:
    virtual ~Source() = default;
    virtual std::uint64_t size() const = 0;
    // Up to `bytes`, fewer only at the end. Valid until the next call.
    virtual Result<std::string_view> read(std::uint64_t at, std::size_t bytes) = 0;
};

class MemorySource final : public Source {
 public:
    explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
    std::uint64_t size() const override { return bytes_.size(); }
    Result<std::string_view> read(std::uint64_t at, std::size_t bytes) override {
        return at < bytes_.size() ? bytes_.substr(at, bytes) : std::string_view{};
    }

 private:
    std::string_view bytes_;
};

class FileSource final : public Source {
 public:
    static Result<FileSource> of(std::shared_ptr<const File> file);
    std::uint64_t size() const override { return size_; }
    Result<std::string_view> read(std::uint64_t at, std::size_t bytes) override;
    const std::shared_ptr<const File>& file() const { return file_; }

 private:
    FileSource(std::shared_ptr<const File> file, std::uint64_t size)
        : file_(std::move(file)), size_(size) {}
    std::shared_ptr<const File> file_;
    std::uint64_t size_;
    base::Buffer window_;
    std::uint64_t window_at_ = 0;
};

Result<SegmentHeader> scan_header(Source& source);

// "/journal/0000000003.seg is damaged at byte 77: …", and what to do.
Error damage(const std::string& journal, const std::string& file, std::uint64_t at,
             std::string_view what);

struct ScanEnd {
    enum class Kind : std::uint8_t {
        whole,    // every byte was an entry
        torn,     // what follows `at` is what a crash leaves: it was never said to be on the disk
        damaged,  // it was
        footer,   // at `at` begins an index or a directory: the messages end here
    };
    Kind kind = Kind::whole;
    std::uint64_t at = 0;            // behind the last good entry
    std::uint64_t next_good = 0;     // damaged: where entries go on; 0: nowhere
    std::uint64_t entries_lost = 0;  // torn: good entries behind the bad one
    bool started = false;            // the snapshot was complete
    bool closed = false;             // the last entry says so…
    std::uint64_t closed_at = 0;     // …and is here
};
// Visits every good entry from `from` to `to`, in order, up to the first bad one. `sealed`: all of it was on the
// disk, so what is bad is damaged. A visitor's Error ends it.
using Visit = std::function<Result<void>(std::uint64_t at, const Entry& entry)>;
Result<ScanEnd> scan(Source& source, const SegmentHeader& header, std::uint64_t from,
                     std::uint64_t to, bool sealed, const Visit& visit);

}  // namespace carillon::storage::file
