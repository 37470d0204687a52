#include "storage/file/state.h"

#include <algorithm>

namespace carillon::storage::file {

namespace {

constexpr std::size_t channel_bytes = entry_head_bytes + 32;
constexpr std::size_t note_bytes = entry_head_bytes + 4;

Error contradiction(const std::string& what) { return {ErrorKind::invalid, what}; }

}  // namespace

Result<void> State::apply(const Entry& entry, std::uint32_t version, BlockSummary& block,
                          bool salvage) {
    switch (entry.kind) {
        case EntryKind::channel:
            return apply_channel(entry.body);
        case EntryKind::block:
            return apply_block(entry.body, version, block, salvage);
        case EntryKind::note: {
            NoteEntry note;
            if (!read_note(entry.body, note)) return contradiction("a note that is none");
            set_note(note.key, note.value);
            return {};
        }
        case EntryKind::trim:
            return apply_trim(entry.body, salvage);
        case EntryKind::closed:
        case EntryKind::started:
            if (!entry.body.empty()) return contradiction("a mark with something in it");
            return {};
        default:
            return contradiction("an entry of unknown kind");
    }
}

Result<void> State::apply_channel(std::string_view body) {
    ChannelEntry channel;
    if (!read_channel(body, channel)) return contradiction("a channel that is none");
    const auto known = id_of(channel.app, channel.name);
    if (known != 0 && known != channel.id) return contradiction("a channel with two numbers");
    auto* there = find(channel.id);
    if (there == nullptr) {
        there = &channels_[channel.id];
        there->app = channel.app;
        there->name = channel.name;
        ids_[{there->app, there->name}] = channel.id;
        bytes_ += channel_bytes + channel.app.size() + channel.name.size();
        newest_id_ = std::max(newest_id_, channel.id);
    } else if (there->app != channel.app || there->name != channel.name) {
        return contradiction("two channels with one number");
    }
    there->epoch = channel.epoch;
    there->first = channel.first;
    there->last = channel.last;
    return {};
}

Result<void> State::apply_block(std::string_view body, std::uint32_t version, BlockSummary& block,
                                bool salvage) {
    if (!summarize(body, version, block)) return contradiction("messages that are none");
    auto* channel = find(block.channel);
    if (channel == nullptr)
        return salvage ? Result<void>() : contradiction("messages of an unknown channel");
    if (block.first != channel->last + 1 && !salvage)
        return contradiction("messages that do not follow on the last");
    channel->last = std::max(channel->last, block.last);
    return {};
}

Result<void> State::apply_trim(std::string_view body, bool salvage) {
    std::vector<TrimEntry> trims;
    if (!read_trim(body, trims)) return contradiction("a trim that is none");
    for (const auto& trim : trims) {
        auto* channel = find(trim.channel);
        const bool fits = channel != nullptr && trim.first <= channel->last + 1;
        if (!fits && !salvage) return contradiction("a trim of what is not there");
        if (channel == nullptr) continue;
        channel->first = std::max(channel->first, trim.first);
        channel->last = std::max(channel->last, channel->first - 1);
    }
    return {};
}

void State::put_snapshot(Pen& pen) const {
    for (const auto& [id, channel] : channels_)
        pen.channel({id, channel.epoch, channel.first, channel.last, channel.app, channel.name});
    for (const auto& [key, value] : notes_) pen.note({key, value});
    pen.empty(EntryKind::started);
}

ChannelState* State::find(std::uint32_t channel) {
    const auto at = channels_.find(channel);
    return at == channels_.end() ? nullptr : &at->second;
}
const ChannelState* State::find(std::uint32_t channel) const {
    return const_cast<State*>(this)->find(channel);
}

std::uint32_t State::id_of(std::string_view app, std::string_view name) const {
    const auto at = ids_.find({std::string(app), std::string(name)});
    return at == ids_.end() ? 0 : at->second;
}

std::uint32_t State::add(std::string_view app, std::string_view name, std::uint64_t epoch) {
    const auto id = ++newest_id_;
    channels_[id] = {.app = std::string(app), .name = std::string(name), .epoch = epoch};
    ids_[{std::string(app), std::string(name)}] = id;
    bytes_ += channel_bytes + app.size() + name.size();
    return id;
}

void State::forget(std::uint32_t channel) {
    const auto at = channels_.find(channel);
    if (at == channels_.end()) return;
    bytes_ -= channel_bytes + at->second.app.size() + at->second.name.size();
    ids_.erase({at->second.app, at->second.name});
    channels_.erase(at);
}

void State::set_note(std::string_view key, std::string_view value) {
    const auto at = notes_.find(key);
    if (at != notes_.end()) {
        bytes_ -= note_bytes + key.size() + at->second.size();
        if (value.empty()) {
            notes_.erase(at);
            return;
        }
        at->second = value;
    } else {
        if (value.empty()) return;
        notes_.emplace(key, value);
    }
    bytes_ += note_bytes + key.size() + value.size();
}

}  // namespace carillon::storage::file
