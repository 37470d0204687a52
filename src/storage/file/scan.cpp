#include "storage/file/scan.h"

#include <algorithm>

namespace carillon::storage::file {

namespace {

constexpr std::size_t window_bytes = 1 << 20;

// The entry at `at`, of which nothing may lie behind `to`.
Result<Look> look(Source& source, const SegmentHeader& header, std::uint64_t at, std::uint64_t to,
                  Entry& entry) {
    std::size_t needed = entry_head_bytes;
    for (;;) {
        if (needed > to - at) return Look::bad;
        TRY_AS(const auto bytes, source.read(at, needed));
        if (bytes.size() < needed) return Look::bad;
        const auto seen = look_at_entry(bytes, at, header.salt, entry, needed);
        if (seen != Look::more) return seen;
    }
}

// What comes after a bad entry. Marks are looked for at every byte; what looks like one is summed, up to
// four times the file's size in all: more is no accident.
struct Behind {
    std::uint64_t next_good = 0;
    std::uint64_t good = 0;
    bool was_synced = false;  // a good one says that the bad one had been on the disk
};
Result<Behind> look_behind(Source& source, const SegmentHeader& header, std::uint64_t bad,
                           std::uint64_t to) {
    Behind behind;
    std::uint64_t summed = 0;
    for (auto at = bad + 1; at + entry_head_bytes <= to;) {
        TRY_AS(const auto bytes, source.read(at, std::min<std::uint64_t>(window_bytes, to - at)));
        std::size_t i = 0;
        for (; i + entry_head_bytes <= bytes.size(); ++i) {
            std::uint32_t mark = 0;
            std::memcpy(&mark, bytes.data() + i, sizeof mark);
            if (mark == static_cast<std::uint32_t>(header.salt + at + i)) break;
        }
        at += i;
        if (i + entry_head_bytes > bytes.size()) continue;
        Entry entry;
        TRY_AS(const auto seen, look(source, header, at, to, entry));
        if (seen != Look::good) {
            summed += window_bytes;
            if (summed > 4 * to + 64 * window_bytes) break;
            ++at;
            continue;
        }
        if (behind.good++ == 0) behind.next_good = at;
        behind.was_synced |= entry.synced > bad;
        at += entry.bytes;
    }
    return behind;
}

}  // namespace

Result<FileSource> FileSource::of(std::shared_ptr<const File> file) {
    TRY_AS(const auto size, file->size());
    return FileSource(std::move(file), size);
}

Result<std::string_view> FileSource::read(std::uint64_t at, std::size_t bytes) {
    if (at >= size_) return std::string_view{};
    bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, size_ - at));
    if (at < window_at_ || at + bytes > window_at_ + window_.size()) {
        const auto ahead = static_cast<std::size_t>(
            std::min<std::uint64_t>(std::max(bytes, window_bytes), size_ - at));
        window_.clear();
        TRY_AS(const auto done, file_->read(window_.prepare(ahead), ahead, at));
        window_.commit(done);
        window_at_ = at;
    }
    return window_.view().substr(static_cast<std::size_t>(at - window_at_), bytes);
}

Result<SegmentHeader> scan_header(Source& source) {
    TRY_AS(const auto bytes, source.read(0, header_bytes));
    return read_header(bytes);
}

Error damage(const std::string& journal, const std::string& file, std::uint64_t at,
             std::string_view what) {
    return {ErrorKind::invalid, file + " is damaged at byte " + std::to_string(at) + " (" +
                                    std::string(what) + "): `carillon journal verify " + journal +
                                    "` says what is lost, `carillon journal trim --repair " +
                                    journal + "` goes on without it"};
}

Result<ScanEnd> scan(Source& source, const SegmentHeader& header, std::uint64_t from,
                     std::uint64_t to, bool sealed, const Visit& visit) {
    ScanEnd end{.at = from};
    to = std::min(to, source.size());
    while (end.at < to) {
        Entry entry;
        TRY_AS(const auto seen, look(source, header, end.at, to, entry));
        if (seen != Look::good) {
            TRY_AS(const auto behind, look_behind(source, header, end.at, to));
            const bool damaged = sealed || behind.was_synced || !end.started;
            end.kind = damaged ? ScanEnd::Kind::damaged : ScanEnd::Kind::torn;
            end.next_good = behind.next_good;
            end.entries_lost = behind.good;
            return end;
        }
        if (entry.kind == EntryKind::index || entry.kind == EntryKind::directory) {
            end.kind = ScanEnd::Kind::footer;
            return end;
        }
        TRY(visit(end.at, entry));
        end.started |= entry.kind == EntryKind::started;
        end.closed = entry.kind == EntryKind::closed;
        end.closed_at = end.at;
        end.at += entry.bytes;
    }
    return end;
}

}  // namespace carillon::storage::file
