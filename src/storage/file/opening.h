// storage/file/opening.h: what open() does, a step at a time: looks at what is there, migrates it, reads what is
// known, cuts off a torn end, and checks that every message that is said to be kept is there.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/file/file_store.h"

namespace carillon::storage::file {

class FileStore::Opening {
 public:
    explicit Opening(FileStore& store) : store_(store) {}
    Result<Contents> run();

 private:
    Result<void> lock();
    Result<std::vector<std::uint32_t>> segments_there();
    Result<void> begin_anew();
    Result<SegmentHeader> header_of(std::uint32_t number) const;
    Result<void> migrate(std::uint32_t number, bool newest);
    Result<void> load_newest(std::uint32_t number);
    Result<ScanEnd> scan_newest(Source& source, const SegmentHeader& header);
    Result<void> cut_end(const ScanEnd& end, std::uint64_t size, bool sealed);
    Result<void> load_sealed(std::uint32_t number);
    Result<Directory> rebuild_footer(std::uint32_t number, const SegmentHeader& header);
    void add_parts(std::uint32_t number, const Directory& directory);
    Result<void> check_nothing_is_missing() const;
    void forget_empty_channels();
    Result<Contents> contents();
    std::int64_t oldest_ms_of(std::uint32_t channel, const ChannelState& state) const;
    std::string path_of(std::uint32_t number) const;
    void repaired(std::string sentence) { contents_.repairs.push_back(std::move(sentence)); }

    // What is only asked for once: where a channel begins.
    struct Sum {
        std::uint64_t bytes = 0;
        std::uint64_t messages = 0;  // that these are of: trimmed ones too
        std::uint64_t first = 0;
        std::int64_t first_ms = 0;
    };

    FileStore& store_;
    Contents contents_;
    std::map<std::uint32_t, SegmentHeader> headers_;
    std::unordered_map<std::uint32_t, Sum> sums_;
};

}  // namespace carillon::storage::file
