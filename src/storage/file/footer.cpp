#include "storage/file/footer.h"

#include <algorithm>

namespace carillon::storage::file {

void Gathering::add(const BlockSummary& block, std::uint64_t position, std::size_t entry_bytes) {
    auto& gathered = channels_[block.channel];
    if (gathered.blocks.empty()) {
        gathered.first = block.first;
        gathered.first_ms = block.first_ms;
        gathered.newest_ms = block.newest_ms;
    }
    gathered.blocks.push_back({.position = static_cast<std::uint32_t>(position),
                               .bytes = static_cast<std::uint32_t>(entry_bytes),
                               .first = block.first,
                               .newest_ms = block.newest_ms});
    gathered.last = block.last;
    gathered.bytes += block.bytes;
    gathered.newest_ms = std::max(gathered.newest_ms, block.newest_ms);
    messages_ += block.last - block.first + 1;
}

const Gathered* Gathering::find(std::uint32_t channel) const {
    const auto at = channels_.find(channel);
    return at == channels_.end() ? nullptr : &at->second;
}

void Gathering::clear() {
    channels_.clear();
    messages_ = 0;
}

Directory put_footer(Pen& pen, const Gathering& gathering) {
    Directory directory{.data_end = pen.position(), .messages = gathering.messages()};
    std::vector<std::uint32_t> channels;
    channels.reserve(gathering.channels().size());
    for (const auto& [channel, gathered] : gathering.channels()) channels.push_back(channel);
    std::ranges::sort(channels);
    directory.stretches.reserve(channels.size());
    for (const auto channel : channels) {
        const auto& gathered = *gathering.find(channel);
        const auto at = pen.position();
        pen.index(channel, gathered.blocks);
        directory.stretches.push_back({.channel = channel,
                                       .index_at = at,
                                       .index_bytes = pen.position() - at,
                                       .first = gathered.first,
                                       .last = gathered.last,
                                       .bytes = gathered.bytes,
                                       .first_ms = gathered.first_ms,
                                       .newest_ms = gathered.newest_ms});
    }
    const auto at = pen.position();
    pen.directory(directory);
    pen.trailer(at, directory.data_end);
    return directory;
}

namespace {

Error damaged() { return {ErrorKind::invalid, "its footer is missing or damaged"}; }

}  // namespace

Result<Trailer> read_footer_trailer(Source& source, const SegmentHeader& header) {
    if (source.size() < header_bytes + trailer_bytes) return damaged();
    const auto at = source.size() - trailer_bytes;
    TRY_AS(const auto bytes, source.read(at, trailer_bytes));
    Trailer trailer;
    if (!read_trailer(bytes, header.salt, trailer) || trailer.data_end > trailer.directory_at ||
        trailer.directory_at + std::uint64_t{trailer.directory_bytes} != at) {
        return damaged();
    }
    return trailer;
}

Result<Directory> read_footer(Source& source, const SegmentHeader& header) {
    TRY_AS(const auto trailer, read_footer_trailer(source, header));
    TRY_AS(const auto bytes, source.read(trailer.directory_at, trailer.directory_bytes));
    Entry entry;
    std::size_t needed = 0;
    Directory directory;
    if (look_at_entry(bytes, trailer.directory_at, header.salt, entry, needed) != Look::good ||
        entry.kind != EntryKind::directory || !read_directory(entry.body, directory) ||
        directory.data_end != trailer.data_end) {
        return damaged();
    }
    for (const auto& stretch : directory.stretches) {
        if (stretch.index_at < directory.data_end ||
            stretch.index_at + std::uint64_t{stretch.index_bytes} > trailer.directory_at) {
            return damaged();
        }
    }
    return directory;
}

Result<std::vector<BlockRef>> read_footer_index(const File& file, const SegmentHeader& header,
                                                std::uint32_t channel, std::uint32_t index_at,
                                                std::uint32_t index_bytes) {
    base::Buffer bytes;
    TRY_AS(const auto done, file.read(bytes.prepare(index_bytes), index_bytes, index_at));
    bytes.commit(done);
    Entry entry;
    std::size_t needed = 0;
    std::vector<BlockRef> blocks;
    if (look_at_entry(bytes.view(), index_at, header.salt, entry, needed) != Look::good ||
        entry.kind != EntryKind::index || !read_index(entry.body, channel, blocks)) {
        return Error{ErrorKind::invalid, "its index of a channel is damaged"};
    }
    return blocks;
}

}  // namespace carillon::storage::file
