#include "storage/file/block.h"

#include <algorithm>
#include <limits>

namespace carillon::storage::file {

namespace {

constexpr unsigned body_kinds = 3;
constexpr unsigned has_event = 4;
constexpr unsigned has_member = 8;
constexpr unsigned has_once = 16;
constexpr std::size_t count_at = 12;
constexpr std::size_t message_bytes_least = 3;

std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
}
// Both may be any two numbers at all.
std::int64_t plus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

void BlockWriter::begin(std::uint32_t channel, std::uint64_t first, std::int64_t unix_ms) {
    pen_.begin(EntryKind::block);
    at_ = pen_.out().size();
    put_number(pen_.out(), channel);
    put_number(pen_.out(), first);
    put_number(pen_.out(), std::uint32_t{0});
    put_number(pen_.out(), unix_ms);
    count_ = 0;
    unix_ms_ = unix_ms;
}

void BlockWriter::add(const hub::Publication& publication, std::int64_t unix_ms) {
    const auto event = publication.event();
    const auto member = publication.member();
    const auto body = publication.body();
    const auto once = publication.once();
    auto& out = pen_.out();
    put_number(out, static_cast<std::uint8_t>(static_cast<unsigned>(publication.body_kind()) |
                                              (event.empty() ? 0 : has_event) |
                                              (member.empty() ? 0 : has_member) |
                                              (once.publisher == 0 ? 0 : has_once)));
    put_varint(out, zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(unix_ms) -
                                                     static_cast<std::uint64_t>(unix_ms_))));
    if (!event.empty()) put_varint(out, event.size());
    if (!member.empty()) put_varint(out, member.size());
    put_varint(out, body.size());
    if (once.publisher != 0) {
        put_number(out, once.publisher);
        put_number(out, once.sequence);
    }
    for (const auto part : {event, member, body}) out.append(part);
    unix_ms_ = unix_ms;
    ++count_;
}

void BlockWriter::end() {
    std::memcpy(pen_.out().data() + at_ + count_at, &count_, sizeof count_);
    pen_.end();
}

BlockReader::BlockReader(std::string_view body, std::uint32_t version)
    : cursor_(body), version_(version) {
    channel_ = cursor_.number<std::uint32_t>();
    first_ = cursor_.number<std::uint64_t>();
    count_ = cursor_.number<std::uint32_t>();
    unix_ms_ = cursor_.number<std::int64_t>();
    ok_ = cursor_.ok() && channel_ != 0 && first_ != 0 && count_ != 0 &&
          count_ <= cursor_.rest().size() / message_bytes_least &&
          first_ < std::numeric_limits<std::uint64_t>::max() - count_;
}

bool BlockReader::next(Message& message) {
    if (!ok_ || read_ == count_) {
        ok_ = ok_ && cursor_.at_end();
        return false;
    }
    const unsigned flags = cursor_.number<std::uint8_t>();
    const auto known = body_kinds | has_event | has_member | (version_ == 1 ? 0 : has_once);
    ok_ = (flags & ~known) == 0 && (flags & body_kinds) <= 2;
    unix_ms_ = plus(unix_ms_, unzigzag(cursor_.varint()));
    const auto event = (flags & has_event) != 0 ? cursor_.varint() : 0;
    const auto member = (flags & has_member) != 0 ? cursor_.varint() : 0;
    const auto body = cursor_.varint();
    message.parts = {};
    if ((flags & has_once) != 0) {
        message.parts.once.publisher = cursor_.number<std::uint64_t>();
        message.parts.once.sequence = cursor_.number<std::uint64_t>();
    }
    message.parts.body_kind = static_cast<hub::BodyKind>(flags & body_kinds);
    message.parts.event = cursor_.take(event);
    message.parts.member = cursor_.take(member);
    message.parts.body = cursor_.take(body);
    message.offset = first_ + read_++;
    message.unix_ms = unix_ms_;
    ok_ = ok_ && cursor_.ok();
    return ok_;
}

bool summarize(std::string_view body, std::uint32_t version, BlockSummary& summary) {
    BlockReader reader(body, version);
    if (!reader.ok()) return false;
    summary = {.channel = reader.channel(),
               .first = reader.first(),
               .last = reader.first() + reader.count() - 1,
               .bytes = 0,
               .first_ms = 0,
               .newest_ms = std::numeric_limits<std::int64_t>::min()};
    Message message;
    while (reader.next(message)) {
        if (message.offset == summary.first) summary.first_ms = message.unix_ms;
        summary.newest_ms = std::max(summary.newest_ms, message.unix_ms);
        summary.bytes += message.parts.body.size();
    }
    return reader.ok();
}

}  // namespace carillon::storage::file
