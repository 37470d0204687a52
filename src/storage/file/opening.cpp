#include "storage/file/opening.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.h"
#include "storage/file/new_segment.h"

namespace carillon::storage::file {

namespace {

Error about(const std::string& path, Error error) {
    error.message = path + ": " + error.message;
    return error;
}

}  // namespace

Result<Contents> FileStore::open() {
    ASSERT(!open_ && lock_ == nullptr);
    Opening opening(*this);
    auto contents = opening.run();
    if (!contents) lock_.reset();
    open_ = contents.has_value();
    return contents;
}

std::string FileStore::Opening::path_of(std::uint32_t number) const {
    return segment_path(store_.options_.path, number);
}

Result<Contents> FileStore::Opening::run() {
    TRY(lock());
    TRY_AS(const auto numbers, segments_there());
    if (numbers.empty()) {
        TRY(begin_anew());
        return contents();
    }
    // Nothing is touched before it is known that all of it can be read.
    for (const auto number : numbers) {
        TRY_AS(headers_[number], header_of(number));
    }
    const auto newest = numbers.back();
    for (const auto number : numbers)
        if (headers_[number].version != version_now) {
            TRY(migrate(number, number == newest));
        }
    TRY(load_newest(newest));
    for (const auto number : numbers)
        if (number != newest) {
            TRY(load_sealed(number));
        }
    TRY(check_nothing_is_missing());
    forget_empty_channels();
    return contents();
}

Result<void> FileStore::Opening::lock() {
    const auto& path = store_.options_.path;
    if (const int answer = store_.io_.make_directory(path); answer < 0)
        return io_error("make", path, answer);
    TRY_AS(store_.lock_,
           File::open(store_.io_, path + "/lock", O_RDWR | O_CREAT, &store_.descriptors_));
    const int answer = store_.io_.lock(store_.lock_->fd());
    if (answer == -EAGAIN || answer == -EACCES)
        return Error{ErrorKind::forbidden, path + " is open in another process"};
    if (answer < 0) return io_error("lock", path + "/lock", answer);
    return {};
}

// And away with what was not finished.
Result<std::vector<std::uint32_t>> FileStore::Opening::segments_there() {
    const auto& path = store_.options_.path;
    std::vector<std::string> names;
    if (const int answer = store_.io_.list(path, names); answer < 0)
        return io_error("list", path, answer);
    std::vector<std::uint32_t> numbers;
    for (const auto& name : names) {
        if (is_unfinished(name)) store_.io_.unlink((path + "/").append(name));
        const auto number = segment_number(name);
        if (number != 0 && number < UINT32_MAX)
            numbers.push_back(static_cast<std::uint32_t>(number));
    }
    std::ranges::sort(numbers);
    return numbers;
}

Result<void> FileStore::Opening::begin_anew() {
    const SegmentHeader header{.number = 1,
                               .salt = static_cast<std::uint32_t>(store_.random_.next())};
    TRY_AS(store_.file_, make_segment(store_.io_, store_.options_.path, header, store_.state_,
                                      &store_.descriptors_, store_.end_));
    store_.io_.sync_directory(store_.options_.path + "/..");
    store_.newest_ = 1;
    store_.segments_[1] = {.header = header};
    store_.synced_ = store_.snapshot_end_ = store_.end_;
    return {};
}

Result<SegmentHeader> FileStore::Opening::header_of(std::uint32_t number) const {
    TRY_AS(auto file, File::open(store_.io_, path_of(number), O_RDONLY, &store_.descriptors_));
    TRY_AS(auto source, FileSource::of(file));
    auto header = scan_header(source);
    if (!header && header.error().kind == ErrorKind::invalid)
        return damage(store_.options_.path, path_of(number), 0, header.error().message);
    if (!header) return about(path_of(number), header.error());
    if (header->number != number)
        return damage(store_.options_.path, path_of(number), 0, "it belongs under another name");
    return header;
}

Result<void> FileStore::Opening::migrate(std::uint32_t number, bool newest) {
    auto& header = headers_[number];
    const auto before = header.version;
    TRY_AS(auto file, File::open(store_.io_, path_of(number), O_RDONLY, &store_.descriptors_));
    TRY_AS(auto source, FileSource::of(file));
    const auto trailer = read_footer_trailer(source, header);
    auto rewritten = rewrite_segment(
        store_.io_, store_.options_.path, source, header, header.salt,
        {.with_footer = !newest, .data_end = trailer && !newest ? trailer->data_end : 0},
        &store_.descriptors_);
    if (!rewritten && rewritten.error().kind == ErrorKind::invalid)
        return damage(store_.options_.path, path_of(number), 0, rewritten.error().message);
    TRY(rewritten);
    for (const auto& what : rewritten->left_out) repaired(path_of(number) + ": " + what);
    repaired(path_of(number) + " was migrated from version " + std::to_string(before) +
             " of the format to version " + std::to_string(version_now));
    header = rewritten->header;
    return {};
}

Result<void> FileStore::Opening::load_newest(std::uint32_t number) {
    const auto& header = headers_[number];
    store_.newest_ = number;
    store_.segments_[number] = {.header = header};
    store_.written_ = header.written;
    TRY_AS(store_.file_, File::open(store_.io_, path_of(number), O_RDWR, &store_.descriptors_));
    TRY_AS(auto source, FileSource::of(store_.file_));
    // A footer here means that there was no time to begin the next segment, and perhaps not even to get all of
    // this one to the disk: it is judged as if it had none, and goes on.
    const bool sealed = read_footer(source, header).has_value();
    TRY_AS(const auto end, scan_newest(source, header));
    return cut_end(end, source.size(), sealed);
}

Result<ScanEnd> FileStore::Opening::scan_newest(Source& source, const SegmentHeader& header) {
    const auto path = path_of(store_.newest_);
    std::uint64_t reached = header_bytes;
    auto end = scan(source, header, header_bytes, source.size(), false,
                    [&](std::uint64_t at, const Entry& entry) -> Result<void> {
                        reached = at;
                        BlockSummary block;
                        TRY(store_.state_.apply(entry, header.version, block));
                        if (entry.kind == EntryKind::block)
                            store_.gathering_.add(block, at, entry.bytes);
                        if (entry.kind == EntryKind::started)
                            store_.snapshot_end_ = at + entry.bytes;
                        return {};
                    });
    if (!end && end.error().kind == ErrorKind::invalid)
        return damage(store_.options_.path, path, reached, end.error().message);
    TRY(end);
    if (end->kind == ScanEnd::Kind::damaged || !end->started)
        return damage(store_.options_.path, path, end->at, "its checksum is wrong");
    store_.written_ += store_.gathering_.messages();
    return end;
}

// What a crash left behind the last good entry, or the mark that it was closed well: from now on it is not.
Result<void> FileStore::Opening::cut_end(const ScanEnd& end, std::uint64_t size, bool sealed) {
    auto keep = end.at;
    const bool only_a_footer = sealed && end.kind == ScanEnd::Kind::footer;
    if (end.at < size && !only_a_footer) {
        auto sentence = path_of(store_.newest_) + ": " + std::to_string(size - end.at) +
                        (end.kind == ScanEnd::Kind::footer ? " bytes of an unfinished footer"
                                                           : " bytes of a torn end") +
                        " cut off at byte " + std::to_string(end.at);
        if (end.entries_lost != 0) {
            sentence += ", with " + std::to_string(end.entries_lost) +
                        " entries behind it that were never said to be on the disk";
        }
        repaired(std::move(sentence));
    } else if (end.closed && end.at == size) {
        contents_.closed_well = true;
        keep = end.closed_at;
    }
    if (keep < size) {
        TRY(store_.file_->truncate(keep));
    }
    TRY(store_.file_->sync());
    store_.end_ = store_.synced_ = keep;
    for (const auto& [channel, gathered] : store_.gathering_.channels()) {
        auto& sum = sums_[channel];
        sum = {gathered.bytes, gathered.last - gathered.first + 1, gathered.first,
               gathered.first_ms};
    }
    return {};
}

Result<void> FileStore::Opening::load_sealed(std::uint32_t number) {
    const auto& header = headers_[number];
    store_.segments_[number] = {.header = header};
    Directory directory;
    {
        TRY_AS(auto file, File::open(store_.io_, path_of(number), O_RDONLY, &store_.descriptors_));
        TRY_AS(auto source, FileSource::of(file));
        auto found = read_footer(source, header);
        if (!found && found.error().kind == ErrorKind::invalid)
            found = rebuild_footer(number, header);
        TRY_AS(directory, std::move(found));
        TRY_AS(store_.segments_[number].bytes, file->size());
    }
    store_.bytes_ += store_.segments_[number].bytes;
    add_parts(number, directory);
    return {};
}

Result<Directory> FileStore::Opening::rebuild_footer(std::uint32_t number,
                                                     const SegmentHeader& header) {
    TRY_AS(auto file, File::open(store_.io_, path_of(number), O_RDWR, &store_.descriptors_));
    TRY_AS(auto source, FileSource::of(file));
    const auto trailer = read_footer_trailer(source, header);
    Gathering gathering;
    TRY_AS(const auto end,
           scan(source, header, header_bytes, trailer ? trailer->data_end : source.size(), true,
                [&](std::uint64_t at, const Entry& entry) -> Result<void> {
                    BlockSummary block;
                    if (entry.kind != EntryKind::block) return {};
                    if (!summarize(entry.body, header.version, block))
                        return damage(store_.options_.path, path_of(number), at, "no messages");
                    gathering.add(block, at, entry.bytes);
                    return {};
                }));
    // The next segment knows how many messages were written before it. Are they all there, then what is
    // bad was the footer.
    const auto next = headers_.find(number + 1);
    const auto expected =
        next == headers_.end() ? gathering.messages() : next->second.written - header.written;
    if (gathering.messages() != expected ||
        (end.kind == ScanEnd::Kind::damaged && next == headers_.end())) {
        return damage(store_.options_.path, path_of(number), end.at, "its checksum is wrong");
    }
    base::Buffer footer;
    Pen pen(footer, header.salt, end.at, end.at);
    auto directory = put_footer(pen, gathering);
    TRY(file->truncate(end.at));
    TRY(file->write(footer.view(), end.at));
    TRY(file->sync());
    repaired(path_of(number) + ": its footer was missing or damaged, and was made again");
    return directory;
}

void FileStore::Opening::add_parts(std::uint32_t number, const Directory& directory) {
    for (const auto& stretch : directory.stretches) {
        const auto* state = store_.state_.find(stretch.channel);
        if (state == nullptr || stretch.last < state->first) continue;
        auto& parts = store_.parts_[stretch.channel];
        parts.push_back({number, stretch.index_at, stretch.index_bytes, stretch.first, stretch.last,
                         stretch.newest_ms});
        ++store_.segments_[number].stretches;
        auto& sum = sums_[stretch.channel];
        sum.bytes += stretch.bytes;
        sum.messages += stretch.last - stretch.first + 1;
        if (sum.first == 0 || stretch.first < sum.first) {
            sum.first = stretch.first;
            sum.first_ms = stretch.first_ms;
        }
    }
}

Result<void> FileStore::Opening::check_nothing_is_missing() const {
    for (const auto& [id, channel] : store_.state_.channels()) {
        auto next = channel.first;
        const auto missing = [&](std::uint64_t before) {
            return damage(store_.options_.path, store_.options_.path, 0,
                          "messages " + std::to_string(next) + " to " + std::to_string(before - 1) +
                              " of channel " + channel.name + " are in none of its files");
        };
        if (const auto parts = store_.parts_.find(id); parts != store_.parts_.end()) {
            for (const auto& part : parts->second) {
                if (part.first > next) return missing(part.first);
                next = std::max(next, part.last + 1);
            }
        }
        const auto* gathered = store_.gathering_.find(id);
        if (gathered != nullptr) {
            if (gathered->first > next) return missing(gathered->first);
            next = std::max(next, gathered->last + 1);
        }
        if (next <= channel.last) return missing(channel.last + 1);
    }
    return {};
}

void FileStore::Opening::forget_empty_channels() {
    std::vector<std::uint32_t> empty;
    for (const auto& [id, channel] : store_.state_.channels())
        if (channel.first > channel.last) empty.push_back(id);
    const auto most = store_.options_.empty_channels_max;
    if (empty.size() <= most) return;
    // The last number given stays known, so that none is given twice.
    empty.resize(empty.size() - std::max<std::size_t>(most, 1));
    for (const auto id : empty) store_.state_.forget(id);
    repaired(std::to_string(empty.size()) +
             " channels of which nothing is kept were forgotten: there were too many");
}

std::int64_t FileStore::Opening::oldest_ms_of(std::uint32_t channel,
                                              const ChannelState& state) const {
    const auto& sum = sums_.at(channel);
    if (sum.first == state.first) return sum.first_ms;
    std::vector<hub::Kept> kept;
    const auto read = store_.read(channel, 0, state.first, state.first, 1, kept);
    // Damage is told to whoever reads there; about when it was is enough here.
    return read ? kept.front().stamp.unix_ms : sum.first_ms;
}

Result<Contents> FileStore::Opening::contents() {
    for (const auto& [id, channel] : store_.state_.channels()) {
        StoredChannel found{.id = id,
                            .app = channel.app,
                            .name = channel.name,
                            .epoch = channel.epoch,
                            .first = channel.first,
                            .last = channel.last};
        store_.messages_ += channel.last + 1 - channel.first;
        if (channel.first <= channel.last) {
            // What was let go of is among them: the mean counts.
            const auto& sum = sums_.at(id);
            const auto kept = channel.last + 1 - channel.first;
            const auto mean =
                static_cast<double>(sum.bytes) / static_cast<double>(std::max(sum.messages, kept));
            found.bytes = static_cast<std::uint64_t>(mean * static_cast<double>(kept));
            found.oldest_ms = oldest_ms_of(id, channel);
        }
        contents_.channels.push_back(std::move(found));
    }
    contents_.notes = store_.state_.notes();
    contents_.written = store_.written_;
    return std::move(contents_);
}

}  // namespace carillon::storage::file
