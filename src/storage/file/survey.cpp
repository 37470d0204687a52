#include "storage/file/survey.h"

#include <fcntl.h>

#include <algorithm>

#include "storage/file/new_segment.h"

namespace carillon::storage::file {

void Survey::problem(std::uint64_t number, std::uint64_t byte, std::string what) {
    inspection.problems.push_back(
        {number == 0 ? path_ : segment_path(path_, number), byte, std::move(what)});
}

Result<void> Survey::run() {
    std::vector<std::string> names;
    if (io_.list(path_, names) < 0)
        return Error{ErrorKind::not_found, "there is no journal at " + path_};
    std::vector<std::uint64_t> numbers;
    for (const auto& name : names)
        if (const auto number = segment_number(name); number != 0) numbers.push_back(number);
    if (numbers.empty()) return Error{ErrorKind::not_found, "there is no journal at " + path_};
    std::ranges::sort(numbers);
    if (auto lock = File::open(io_, path_ + "/lock", O_RDWR, nullptr))
        inspection.in_use = io_.locked((*lock)->fd()) == 1;
    for (const auto number : numbers) {
        TRY(look_at(number, number == numbers.back()));
    }
    look_for_holes();
    sum_up();
    return {};
}

Result<void> Survey::look_at(std::uint64_t number, bool newest) {
    auto file = File::open(io_, segment_path(path_, number), O_RDONLY, nullptr);
    if (!file) {
        // A server may have let go of it meanwhile.
        return inspection.in_use ? Result<void>() : file.error();
    }
    TRY_AS(auto source, FileSource::of(*file));
    auto& found = segments[number];
    found.summary.number = found.header.number = number;
    found.summary.bytes = source.size();
    found.summary.state = "sound";
    found.readable = read_header_of(source, found);
    if (!found.readable) return {};
    found.summary.version = found.header.version;
    const auto footer = read_footer(source, found.header);
    found.summary.sealed = footer.has_value();
    if (newest || thorough_ || !footer) {
        TRY(read_all(source, found, newest));
    } else {
        TRY(read_footer_of(source, found));
        add_runs(found);
    }
    if (found.damaged) found.summary.state = "damaged";
    found.summary.channels = found.stretches.size();
    return {};
}

// A header that is damaged can be guessed: its salt is in the first entry.
bool Survey::read_header_of(Source& source, Found& found) {
    const auto number = found.summary.number;
    const auto header = scan_header(source);
    if (header && header->number == number) {
        found.header = *header;
        return true;
    }
    found.damaged = true;
    found.summary.state = header ? "under another's name" : header.error().message;
    problem(number, 0, found.summary.state);
    if (header) return false;
    if (header.error().kind == ErrorKind::unsupported &&
        header.error().message.find("version") != std::string::npos) {
        newer_version = true;
        return false;
    }
    const auto bytes = source.read(header_bytes, 64 * 1024);
    if (!bytes || bytes->size() < entry_head_bytes) return false;
    found.header.salt = Cursor(*bytes).number<std::uint32_t>() - std::uint32_t{header_bytes};
    found.header.written = state.channels().empty() ? 0 : inspection.written;
    Entry entry;
    std::size_t needed = 0;
    return look_at_entry(*bytes, header_bytes, found.header.salt, entry, needed) == Look::good;
}

Result<void> Survey::read_footer_of(Source& source, Found& found) {
    TRY_AS(const auto directory, read_footer(source, found.header));
    for (const auto& stretch : directory.stretches) found.stretches[stretch.channel] = stretch;
    found.summary.messages = directory.messages;
    return {};
}

// Each segment begins with all that is known; where that is damaged, what was known before must do.
Result<void> Survey::read_all(Source& source, Found& found, bool newest) {
    const auto trailer = read_footer_trailer(source, found.header);
    // A footer of the newest one proves what is damage: it is read too.
    const auto to = trailer && !newest ? trailer->data_end : source.size();
    State fresh;
    TRY_AS(const bool started, read_once(source, found, !newest, to, fresh, true));
    if (started) {
        state = std::move(fresh);
    } else {
        TRY(read_once(source, found, !newest, to, state, false));
    }
    inspection.written = found.header.written + found.summary.messages;
    if (newest || found.damaged) return {};
    if (!found.summary.sealed) {
        found.damaged = true;
        problem(found.summary.number, to, "its footer is missing or damaged");
        return {};
    }
    TRY_AS(const auto directory, read_footer(source, found.header));
    const auto file = File::open(io_, segment_path(path_, found.summary.number), O_RDONLY, nullptr);
    if (!file) return {};
    bool same = directory.messages == found.summary.messages;
    for (const auto& stretch : directory.stretches) {
        const auto blocks = read_footer_index(**file, found.header, stretch.channel,
                                              stretch.index_at, stretch.index_bytes);
        const auto mine = found.stretches.find(stretch.channel);
        same = same && blocks && mine != found.stretches.end() &&
               mine->second.first == stretch.first && mine->second.last == stretch.last;
    }
    found.damaged = !same;
    if (!same) problem(found.summary.number, to, "its footer is damaged");
    return {};
}

// True: it began with a whole snapshot.
Result<bool> Survey::read_once(Source& source, Found& found, bool sealed, std::uint64_t to,
                               State& into, bool note_problems) {
    found.stretches.clear();
    found.summary.messages = 0;
    const auto number = found.summary.number;
    bool started = false;
    bool sound = true;
    const auto visit = [&](std::uint64_t at, const Entry& entry) -> Result<void> {
        BlockSummary block;
        if (const auto done = into.apply(entry, found.header.version, block, true); !done) {
            found.damaged = true;
            if (note_problems) problem(number, at, done.error().message);
            return {};
        }
        started |= sound && entry.kind == EntryKind::started;
        if (entry.kind != EntryKind::block) return {};
        found.summary.messages += block.last - block.first + 1;
        auto& stretch = found.stretches[block.channel];
        stretch.channel = block.channel;
        if (stretch.first == 0) stretch.first = block.first;
        stretch.last = block.last;
        stretch.bytes += block.bytes;
        there[block.channel].push_back({block.first, block.last});
        return {};
    };
    for (std::uint64_t at = header_bytes;;) {
        TRY_AS(const auto end, scan(source, found.header, at, to, sealed, visit));
        inspection.closed_well = end.closed && end.at == source.size();
        if (end.kind == ScanEnd::Kind::torn) {
            found.summary.state = inspection.in_use
                                      ? "being written"
                                      : "torn end of " + std::to_string(to - end.at) + " bytes";
        }
        if (end.kind != ScanEnd::Kind::damaged) break;
        sound = false;
        found.damaged = true;
        const auto lost = (end.next_good == 0 ? to : end.next_good) - end.at;
        if (note_problems) problem(number, end.at, std::to_string(lost) + " bytes cannot be read");
        if (end.next_good == 0) break;
        at = end.next_good;
    }
    return started;
}

// Only where the blocks themselves were not read.
void Survey::add_runs(const Found& found) {
    for (const auto& [channel, stretch] : found.stretches)
        there[channel].push_back({stretch.first, stretch.last});
}

void Survey::look_for_holes() {
    for (auto& [channel, runs] : there) {
        std::ranges::sort(runs, {}, &Stretched::first);
        std::vector<Stretched> joined;
        for (const auto& run : runs) {
            if (!joined.empty() && run.first <= joined.back().last + 1) {
                joined.back().last = std::max(joined.back().last, run.last);
            } else {
                joined.push_back(run);
            }
        }
        runs = std::move(joined);
    }
    for (const auto& [id, channel] : state.channels()) {
        auto next = channel.first;
        const auto missing = [&](std::uint64_t to) {
            if (next <= to) {
                problem(0, 0,
                        "messages " + std::to_string(next) + " to " + std::to_string(to) +
                            " of channel " + channel.name + " of app " + channel.app +
                            " are missing");
            }
        };
        for (const auto& run : there[id]) {
            if (run.last < next) continue;
            missing(run.first - 1);
            next = run.last + 1;
        }
        missing(channel.last);
    }
}

void Survey::sum_up() {
    inspection.notes = state.notes().size();
    std::map<std::uint32_t, std::uint64_t> bytes;
    for (const auto& [number, found] : segments) {
        inspection.bytes += found.summary.bytes;
        inspection.segments.push_back(found.summary);
        for (const auto& [channel, stretch] : found.stretches) {
            const auto* known = state.find(channel);
            if (known != nullptr && stretch.last >= known->first) bytes[channel] += stretch.bytes;
        }
    }
    for (const auto& [id, channel] : state.channels()) {
        inspection.channels.push_back({channel.app, channel.name, channel.epoch, channel.first,
                                       channel.last, channel.last + 1 - channel.first, bytes[id]});
    }
}

}  // namespace carillon::storage::file
