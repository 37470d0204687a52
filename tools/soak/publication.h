// soak/publication.h: what a publication says about itself, so that whoever hears it can tell what
// is missing.
//   data := "soak " publisher ' ' stamp { ' ' channel '=' sequence '/' previous } " ;" padding
// `sequence` counts what this publisher said in this channel; `previous` is the stamp of what it
// said there before.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "soak/ledger.h"

namespace soak {

struct Note {
    std::uint64_t publisher = 0;
    std::uint64_t stamp = 0;
    std::uint64_t sequence = 0;
    std::uint64_t previous = 0;
};

// What the message says about this channel; nothing if it is none of ours.
std::optional<Note> read_note(std::string_view message, std::size_t channel);

class Voice {
 public:
    explicit Voice(Ledger& ledger) : ledger_(&ledger), id_(ledger.publishers++) {}

    std::uint64_t id() const { return id_; }
    std::string speak(std::span<const std::size_t> channels, std::size_t padding);
    std::uint64_t sequence(std::size_t channel) const { return said_[channel].sequence; }

 private:
    Ledger* ledger_;
    std::uint64_t id_;
    std::array<Said, kChannels> said_{};
};

}  // namespace soak
