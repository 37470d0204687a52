// input := mode(1) bytes. A segment's content in hostile hands: nothing is read outside of it, what is decoded is
// decoded the same when it is written again, and it costs no more memory than it has bytes.
//   mode even   the bytes are the file
//   mode odd    they are ( kind(1) length(1) body )*, which get a good header, marks and checksums; of kind 0 they
//               stay as they are, between the others
// fuzzes: segment_format.cpp block.cpp scan.cpp state.cpp
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "storage/file/footer.h"
#include "storage/file/state.h"

namespace {

using namespace carillon::storage::file;
namespace base = carillon::base;
namespace hub = carillon::hub;

constexpr std::uint32_t salt = 0x12345678;

// With good checksums: what is behind them is decoded too.
void wrap(std::string_view input, base::Buffer& out) {
    put_header(out, {.number = 1, .salt = salt});
    Pen pen(out, salt, out.size(), out.size());
    std::uint32_t last = 0;
    while (input.size() >= 2) {
        const auto kind = static_cast<EntryKind>(input[0]);
        const auto length =
            std::min<std::size_t>(static_cast<unsigned char>(input[1]), input.size() - 2);
        const auto body = input.substr(2, length);
        input.remove_prefix(2 + length);
        if (static_cast<unsigned>(kind) == 0) {
            out.append(body);
            continue;
        }
        last = pen.position();
        pen.begin(kind);
        out.append(body);
        pen.end();
    }
    // What is left over is a torn end, or the entry before it a directory.
    if (input.size() == 1) {
        out.append(input);
    } else if (last != 0) {
        pen.trailer(last, last);
    }
}

// What a block says, written again, is the same block.
void check_block(std::string_view body, std::uint32_t version) {
    BlockSummary summary;
    if (!summarize(body, version, summary)) return;
    base::Buffer out;
    Pen pen(out, salt, 0, 0);
    BlockWriter writer(pen);
    BlockReader reader(body, version);
    Message message;
    std::uint64_t bytes = 0;
    writer.begin(reader.channel(), reader.first(), summary.first_ms);
    while (reader.next(message)) {
        writer.add(*hub::Publication::make(message.parts), message.unix_ms);
        bytes += message.parts.body.size();
    }
    writer.end();
    ASSERT(bytes == summary.bytes);
    Entry entry;
    std::size_t needed = 0;
    ASSERT(look_at_entry(out.view(), 0, salt, entry, needed) == Look::good);
    BlockSummary again;
    ASSERT(summarize(entry.body, version_now, again));
    ASSERT(again.first == summary.first && again.last == summary.last &&
           again.bytes == summary.bytes && again.first_ms == summary.first_ms &&
           again.newest_ms == summary.newest_ms);
}

// What is known, written as a snapshot, is what is known from it.
void check_state(const State& state) {
    base::Buffer out;
    Pen pen(out, salt, 0, 0);
    state.put_snapshot(pen);
    State again;
    BlockSummary block;
    for (std::size_t at = 0; at < out.size();) {
        Entry entry;
        std::size_t needed = 0;
        ASSERT(look_at_entry(out.view(at, out.size()), at, salt, entry, needed) == Look::good);
        ASSERT(again.apply(entry, version_now, block));
        at += entry.bytes;
    }
    ASSERT(again.notes() == state.notes());
    ASSERT(again.channels().size() == state.channels().size());
    ASSERT(again.snapshot_bytes() == state.snapshot_bytes());
    for (const auto& [id, channel] : state.channels()) {
        const auto* other = again.find(id);
        ASSERT(other != nullptr && other->name == channel.name && other->app == channel.app);
        ASSERT(other->first == channel.first && other->last == channel.last);
        ASSERT(again.id_of(channel.app, channel.name) == id);
    }
}

void check_scan(Source& source, const SegmentHeader& header, bool sealed, bool salvage) {
    State state;
    std::uint64_t next = header_bytes;
    const auto end = scan(source, header, header_bytes, source.size(), sealed,
                          [&](std::uint64_t at, const Entry& entry) -> carillon::Result<void> {
                              ASSERT(at == next && at + entry.bytes <= source.size());
                              next = at + entry.bytes;
                              if (entry.kind == EntryKind::block)
                                  check_block(entry.body, header.version);
                              BlockSummary block;
                              return state.apply(entry, header.version, block, salvage);
                          });
    if (end) {
        ASSERT(end->at == next && end->at <= std::max<std::uint64_t>(source.size(), header_bytes));
        ASSERT(end->next_good == 0 || (end->next_good > end->at && end->next_good < source.size()));
    } else {
        ASSERT(!end.error().message.empty());
    }
    check_state(state);
}

// Entries of a footer, wherever they are.
void check_footer(std::string_view file, const SegmentHeader& header) {
    for (std::size_t at = header_bytes; at < file.size();) {
        Entry entry;
        std::size_t needed = 0;
        if (look_at_entry(file.substr(at), at, header.salt, entry, needed) != Look::good) break;
        std::vector<BlockRef> blocks;
        const auto channel = Cursor(entry.body).number<std::uint32_t>();
        if (read_index(entry.body, channel, blocks)) {
            base::Buffer out;
            Pen pen(out, salt, 0, 0);
            pen.index(channel, blocks);
            ASSERT(out.view().substr(entry_head_bytes) == entry.body);
        }
        std::vector<TrimEntry> trims;
        if (entry.kind == EntryKind::trim && read_trim(entry.body, trims)) {
            base::Buffer out;
            Pen pen(out, salt, 0, 0);
            pen.trim(trims);
            ASSERT(out.view().substr(entry_head_bytes) == entry.body);
        }
        at += entry.bytes;
    }
    MemorySource source(file);
    if (const auto directory = read_footer(source, header)) {
        base::Buffer out;
        Pen pen(out, salt, 0, 0);
        pen.directory(*directory);
        ASSERT(out.size() <= file.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    base::Buffer file;
    if (data[0] % 2 == 0) {
        file.append(input);
    } else {
        wrap(input, file);
    }
    MemorySource source(file.view());
    auto header = scan_header(source);
    if (!header) {
        ASSERT(!header.error().message.empty());
        header = SegmentHeader{.number = 1, .salt = salt};
    }
    if ((data[0] & 2) != 0) header->version = 1;
    const bool sealed = (data[0] & 4) != 0;
    check_scan(source, *header, sealed, (data[0] & 8) != 0);
    check_footer(file.view(), *header);
    return 0;
}
