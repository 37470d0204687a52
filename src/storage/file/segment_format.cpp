#include "storage/file/segment_format.h"

#include <bit>
#include <limits>
#include <string>

#include "base/assert.h"
#include "storage/file/crc32c.h"

namespace carillon::storage::file {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

namespace {

constexpr std::string_view magic = "CARILJNL";
constexpr std::string_view trailer_magic = "END!";
constexpr std::size_t index_record_bytes = 24;
constexpr std::size_t stretch_bytes = 52;

std::uint32_t mark_at(std::uint32_t salt, std::uint64_t position) {
    return salt + static_cast<std::uint32_t>(position);
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

}  // namespace

std::uint64_t Cursor::varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const auto byte = number<std::uint8_t>();
        value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) return ok_ ? value : 0;
    }
    ok_ = false;
    return 0;
}

void put_varint(base::Buffer& out, std::uint64_t value) {
    char* const begin = out.prepare(10);
    char* at = begin;
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    out.commit(static_cast<std::size_t>(at - begin));
}

void put_header(base::Buffer& out, const SegmentHeader& header) {
    const auto begin = out.size();
    out.append(magic);
    put_number(out, header.version);
    put_number(out, header.number);
    put_number(out, header.written);
    put_number(out, header.salt);
    put_number(out, crc32c(out.view(begin, out.size())));
}

Result<SegmentHeader> read_header(std::string_view bytes) {
    if (bytes.size() < header_bytes) return Error{ErrorKind::invalid, "its header is cut off"};
    if (!bytes.starts_with(magic))
        return Error{ErrorKind::unsupported, "this is no segment of a journal"};
    Cursor cursor(bytes.substr(magic.size(), header_bytes - magic.size()));
    SegmentHeader header;
    header.version = cursor.number<std::uint32_t>();
    header.number = cursor.number<std::uint64_t>();
    header.written = cursor.number<std::uint64_t>();
    header.salt = cursor.number<std::uint32_t>();
    if (cursor.number<std::uint32_t>() != crc32c(bytes.substr(0, header_bytes - 4)))
        return Error{ErrorKind::invalid, "its header is damaged"};
    if (header.version > version_now) {
        return Error{ErrorKind::unsupported, "it has version " + std::to_string(header.version) +
                                                 " of the format; this program reads up to " +
                                                 std::to_string(version_now)};
    }
    if (header.version < version_oldest)
        return Error{ErrorKind::invalid, "its header names version 0 of the format"};
    return header;
}

void Pen::begin(EntryKind kind) {
    begun_ = out_.size();
    put_number(out_, mark_at(salt_, base_ + begun_));
    put_number(out_, std::uint64_t{0});  // crc and length: end() knows them
    put_number(out_, static_cast<std::uint32_t>(synced_));
    put_number(out_, static_cast<std::uint8_t>(kind));
}

void Pen::end() {
    const auto body = out_.size() - begun_ - entry_head_bytes;
    ASSERT(body <= std::numeric_limits<std::uint32_t>::max());
    const auto length = static_cast<std::uint32_t>(body);
    std::memcpy(out_.data() + begun_ + 8, &length, sizeof length);
    const auto sum = crc32c(out_.view(begun_ + 8, out_.size()), mark_at(salt_, base_ + begun_));
    std::memcpy(out_.data() + begun_ + 4, &sum, sizeof sum);
}

void Pen::channel(const ChannelEntry& channel) {
    begin(EntryKind::channel);
    put_number(out_, channel.id);
    put_number(out_, channel.epoch);
    put_number(out_, channel.first);
    put_number(out_, channel.last);
    put_number(out_, static_cast<std::uint32_t>(channel.app.size()));
    out_.append(channel.app);
    out_.append(channel.name);
    end();
}

void Pen::note(const NoteEntry& note) {
    begin(EntryKind::note);
    put_number(out_, static_cast<std::uint32_t>(note.key.size()));
    out_.append(note.key);
    out_.append(note.value);
    end();
}

void Pen::trim(const std::vector<TrimEntry>& trims) {
    begin(EntryKind::trim);
    for (const auto& trim : trims) {
        put_number(out_, trim.channel);
        put_number(out_, trim.first);
    }
    end();
}

void Pen::empty(EntryKind kind) {
    begin(kind);
    end();
}

void Pen::index(std::uint32_t channel, const std::vector<BlockRef>& blocks) {
    begin(EntryKind::index);
    put_number(out_, channel);
    for (const auto& block : blocks) {
        put_number(out_, block.position);
        put_number(out_, block.bytes);
        put_number(out_, block.first);
        put_number(out_, block.newest_ms);
    }
    end();
}

void Pen::directory(const Directory& directory) {
    begin(EntryKind::directory);
    put_number(out_, directory.data_end);
    put_number(out_, directory.messages);
    for (const auto& stretch : directory.stretches) {
        put_number(out_, stretch.channel);
        put_number(out_, stretch.index_at);
        put_number(out_, stretch.index_bytes);
        put_number(out_, stretch.first);
        put_number(out_, stretch.last);
        put_number(out_, stretch.bytes);
        put_number(out_, stretch.first_ms);
        put_number(out_, stretch.newest_ms);
    }
    end();
}

void Pen::trailer(std::uint32_t directory_at, std::uint32_t data_end) {
    const auto bytes = position() - directory_at;
    const auto begin = out_.size();
    out_.append(trailer_magic);
    put_number(out_, directory_at);
    put_number(out_, bytes);
    put_number(out_, data_end);
    put_number(out_, crc32c(out_.view(begin, out_.size()), salt_));
}

Look look_at_entry(std::string_view bytes, std::uint64_t position, std::uint32_t salt, Entry& entry,
                   std::size_t& needed) {
    needed = entry_head_bytes;
    if (bytes.size() < needed) return Look::more;
    const auto mark = mark_at(salt, position);
    if (number_at(bytes, 0) != mark) return Look::bad;
    needed += number_at(bytes, 8);
    if (bytes.size() < needed) return Look::more;
    if (crc32c(bytes.substr(8, needed - 8), mark) != number_at(bytes, 4)) return Look::bad;
    entry.kind = static_cast<EntryKind>(bytes[16]);
    entry.synced = number_at(bytes, 12);
    entry.body = bytes.substr(entry_head_bytes, needed - entry_head_bytes);
    entry.bytes = needed;
    return Look::good;
}

bool read_channel(std::string_view body, ChannelEntry& channel) {
    Cursor cursor(body);
    channel.id = cursor.number<std::uint32_t>();
    channel.epoch = cursor.number<std::uint64_t>();
    channel.first = cursor.number<std::uint64_t>();
    channel.last = cursor.number<std::uint64_t>();
    channel.app = cursor.take(cursor.number<std::uint32_t>());
    channel.name = cursor.rest();
    return cursor.ok() && channel.id != 0 && channel.first != 0 &&
           channel.last < std::numeric_limits<std::uint64_t>::max() &&
           channel.first <= channel.last + 1;
}

bool read_note(std::string_view body, NoteEntry& note) {
    Cursor cursor(body);
    note.key = cursor.take(cursor.number<std::uint32_t>());
    note.value = cursor.rest();
    return cursor.ok();
}

bool read_trim(std::string_view body, std::vector<TrimEntry>& trims) {
    trims.clear();
    Cursor cursor(body);
    while (!cursor.at_end()) {
        TrimEntry trim;
        trim.channel = cursor.number<std::uint32_t>();
        trim.first = cursor.number<std::uint64_t>();
        if (!cursor.ok()) return false;
        trims.push_back(trim);
    }
    return true;
}

bool read_index(std::string_view body, std::uint32_t channel, std::vector<BlockRef>& blocks) {
    blocks.clear();
    Cursor cursor(body);
    if (cursor.number<std::uint32_t>() != channel || !cursor.ok()) return false;
    blocks.reserve(cursor.rest().size() / index_record_bytes);
    while (!cursor.at_end()) {
        BlockRef block;
        block.position = cursor.number<std::uint32_t>();
        block.bytes = cursor.number<std::uint32_t>();
        block.first = cursor.number<std::uint64_t>();
        block.newest_ms = cursor.number<std::int64_t>();
        if (!cursor.ok() || (!blocks.empty() && block.first <= blocks.back().first)) return false;
        blocks.push_back(block);
    }
    return !blocks.empty();
}

bool read_directory(std::string_view body, Directory& directory) {
    Cursor cursor(body);
    directory.data_end = cursor.number<std::uint32_t>();
    directory.messages = cursor.number<std::uint64_t>();
    directory.stretches.clear();
    if (!cursor.ok()) return false;
    directory.stretches.reserve(cursor.rest().size() / stretch_bytes);
    while (!cursor.at_end()) {
        Stretch stretch;
        stretch.channel = cursor.number<std::uint32_t>();
        stretch.index_at = cursor.number<std::uint32_t>();
        stretch.index_bytes = cursor.number<std::uint32_t>();
        stretch.first = cursor.number<std::uint64_t>();
        stretch.last = cursor.number<std::uint64_t>();
        stretch.bytes = cursor.number<std::uint64_t>();
        stretch.first_ms = cursor.number<std::int64_t>();
        stretch.newest_ms = cursor.number<std::int64_t>();
        if (!cursor.ok() || stretch.first == 0 || stretch.last < stretch.first) return false;
        directory.stretches.push_back(stretch);
    }
    return true;
}

bool read_trailer(std::string_view bytes, std::uint32_t salt, Trailer& trailer) {
    if (bytes.size() != trailer_bytes || !bytes.starts_with(trailer_magic)) return false;
    Cursor cursor(bytes.substr(trailer_magic.size()));
    trailer.directory_at = cursor.number<std::uint32_t>();
    trailer.directory_bytes = cursor.number<std::uint32_t>();
    trailer.data_end = cursor.number<std::uint32_t>();
    return cursor.number<std::uint32_t>() == crc32c(bytes.substr(0, trailer_bytes - 4), salt);
}

}  // namespace carillon::storage::file
