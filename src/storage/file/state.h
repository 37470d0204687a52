// storage/file/state.h: what a journal knows beside its messages: channels, where each begins and ends, and
// notes. Every segment begins with all of it, and its entries change it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/file/block.h"
#include "storage/file/segment_format.h"

namespace carillon::storage::file {

struct ChannelState {
    std::string app;
    std::string name;
    std::uint64_t epoch = 0;
    std::uint64_t first = 1;
    std::uint64_t last = 0;
};

class State {
 public:
    // What an entry changes; of a block its summary, which is filled in. Errors: invalid, if it says
    // what cannot be. `salvage`: messages may be missing, and of channels nobody knows.
    Result<void> apply(const Entry& entry, std::uint32_t version, BlockSummary& block,
                       bool salvage = false);
    void put_snapshot(Pen& pen) const;
    // What put_snapshot() writes, about.
    std::size_t snapshot_bytes() const { return bytes_; }

    ChannelState* find(std::uint32_t channel);
    const ChannelState* find(std::uint32_t channel) const;
    std::uint32_t id_of(std::string_view app, std::string_view name) const;  // 0: unknown
    std::uint32_t add(std::string_view app, std::string_view name, std::uint64_t epoch);
    void forget(std::uint32_t channel);
    void put(std::uint32_t channel, const ChannelState& state) { channels_[channel] = state; }
    void set_note(std::string_view key, std::string_view value);

    const std::map<std::uint32_t, ChannelState>& channels() const { return channels_; }
    const std::map<std::string, std::string, std::less<>>& notes() const { return notes_; }

 private:
    Result<void> apply_channel(std::string_view body);
    Result<void> apply_block(std::string_view body, std::uint32_t version, BlockSummary& block,
                             bool salvage);
    Result<void> apply_trim(std::string_view body, bool salvage);

    std::map<std::uint32_t, ChannelState> channels_;
    std::map<std::pair<std::string, std::string>, std::uint32_t> ids_;
    std::map<std::string, std::string, std::less<>> notes_;
    std::size_t bytes_ = 0;
    std::uint32_t newest_id_ = 0;
};

}  // namespace carillon::storage::file
