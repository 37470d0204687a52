#include "storage/file/new_segment.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>

namespace carillon::storage::file {

namespace {

constexpr std::size_t digits = 10;
constexpr std::string_view suffix = ".seg";
constexpr std::string_view unfinished_suffix = ".new";
constexpr std::size_t flush_bytes = 1 << 20;

}  // namespace

std::string segment_path(const std::string& directory, std::uint64_t number) {
    auto text = std::to_string(number);
    if (text.size() < digits) text.insert(0, digits - text.size(), '0');
    return directory + "/" + text + std::string(suffix);
}

std::uint64_t segment_number(std::string_view name) {
    if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) return 0;
    std::uint64_t number = 0;
    const char* const begin = name.data();
    const char* const end = begin + digits;
    const auto read = std::from_chars(begin, end, number);
    return read.ec == std::errc{} && read.ptr == end ? number : 0;
}

bool is_unfinished(std::string_view name) {
    return name.ends_with(unfinished_suffix) &&
           segment_number(name.substr(0, name.size() - unfinished_suffix.size())) != 0;
}

NewSegment::NewSegment(Io& io, std::string directory, const SegmentHeader& header,
                       std::atomic<std::uint32_t>* open_count)
    : io_(io),
      directory_(std::move(directory)),
      header_(header),
      open_count_(open_count),
      path_(segment_path(directory_, header.number) + std::string(unfinished_suffix)) {}

NewSegment::~NewSegment() {
    if (!finished_ && file_ != nullptr) io_.unlink(path_);
}

Result<void> NewSegment::begin() {
    TRY_AS(file_, File::open(io_, path_, O_RDWR | O_CREAT | O_TRUNC, open_count_));
    put_header(buffer_, header_);
    pen_.emplace(buffer_, header_.salt, buffer_.size(), 0);
    return {};
}

Result<void> NewSegment::flush(bool little_too) {
    if (buffer_.size() < flush_bytes && !little_too) return {};
    TRY(file_->write(buffer_.view(), written_));
    written_ += buffer_.size();
    buffer_.clear();
    pen_.emplace(buffer_, header_.salt, written_, 0);
    return {};
}

Result<std::shared_ptr<File>> NewSegment::finish() {
    TRY(flush(true));
    TRY(file_->sync());
    const auto path = segment_path(directory_, header_.number);
    if (const int answer = io_.rename(path_, path); answer < 0)
        return io_error("rename", path_, answer);
    finished_ = true;
    if (const int answer = io_.sync_directory(directory_); answer < 0)
        return io_error("sync", directory_, answer);
    // By its own name, for what is said of it later.
    file_.reset();
    return File::open(io_, path, O_RDWR, open_count_);
}

Result<std::shared_ptr<File>> make_segment(Io& io, const std::string& directory,
                                           const SegmentHeader& header, const State& state,
                                           std::atomic<std::uint32_t>* open_count,
                                           std::uint64_t& bytes) {
    NewSegment made(io, directory, header, open_count);
    TRY(made.begin());
    state.put_snapshot(made.pen());
    bytes = made.bytes();
    return made.finish();
}

namespace {

// Copies entries; what it cannot read it leaves out, or stops at.
class Copy {
 public:
    Copy(NewSegment& to, std::uint32_t version, const Rewrite& rewrite)
        : to_(to), version_(version), rewrite_(rewrite) {}

    Result<void> take(const Entry& entry) {
        BlockSummary block;
        if (entry.kind == EntryKind::block) {
            if (!summarize(entry.body, version_, block)) {
                if (rewrite_.salvage) return {};
                return Error{ErrorKind::invalid, "messages that are none"};
            }
            if (rewrite_.keeps && !rewrite_.keeps(block)) return {};
        }
        const auto at = to_.bytes();
        to_.pen().begin(entry.kind);
        to_.pen().out().append(entry.body);
        to_.pen().end();
        if (entry.kind == EntryKind::block) gathering_.add(block, at, entry.bytes);
        return to_.flush();
    }
    const Gathering& gathering() const { return gathering_; }

 private:
    NewSegment& to_;
    std::uint32_t version_;
    const Rewrite& rewrite_;
    Gathering gathering_;
};

}  // namespace

Result<Rewritten> rewrite_segment(Io& io, const std::string& directory, Source& source,
                                  const SegmentHeader& header, std::uint32_t salt,
                                  const Rewrite& rewrite, std::atomic<std::uint32_t>* open_count) {
    Rewritten result;
    result.header = header;
    result.header.version = version_now;
    result.header.salt = salt;
    NewSegment to(io, directory, result.header, open_count);
    TRY(to.begin());
    Copy copy(to, header.version, rewrite);
    const auto to_end = rewrite.data_end == 0 ? source.size() : rewrite.data_end;
    for (std::uint64_t at = header_bytes;;) {
        TRY_AS(const auto end,
               scan(source, header, at, to_end, rewrite.with_footer,
                    [&](std::uint64_t, const Entry& entry) { return copy.take(entry); }));
        if (end.kind == ScanEnd::Kind::torn) {
            result.left_out.push_back(std::to_string(to_end - end.at) +
                                      " bytes of a torn end cut off at byte " +
                                      std::to_string(end.at));
        }
        if (end.kind != ScanEnd::Kind::damaged) break;
        const auto where = "damaged at byte " + std::to_string(end.at);
        if (!rewrite.salvage) return Error{ErrorKind::invalid, where};
        const auto lost = (end.next_good == 0 ? to_end : end.next_good) - end.at;
        result.left_out.push_back(where + ": " + std::to_string(lost) + " bytes left out");
        if (end.next_good == 0) break;
        at = end.next_good;
    }
    if (rewrite.with_footer) result.directory = put_footer(to.pen(), copy.gathering());
    result.bytes = to.bytes();
    TRY_AS(result.file, to.finish());
    return result;
}

}  // namespace carillon::storage::file
