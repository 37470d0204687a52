#include "soak/publication.h"

#include <charconv>

#include "soak/difference.h"

namespace soak {
namespace {

// Reads a number from the front and the byte behind it.
bool take(std::string_view& rest, std::uint64_t& number, char end) {
    const char* const last = rest.data() + rest.size();
    const auto [stopped, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || stopped == last || *stopped != end) return false;
    rest.remove_prefix(static_cast<std::size_t>(stopped - rest.data()) + 1);
    return true;
}

}  // namespace

std::optional<Note> read_note(std::string_view message, std::size_t channel) {
    constexpr std::string_view begin = R"("data":"soak )";
    const auto at = message.find(begin);
    if (at == std::string_view::npos) return std::nullopt;
    auto rest = message.substr(at + begin.size());
    Note note;
    if (!take(rest, note.publisher, ' ') || !take(rest, note.stamp, ' ')) return std::nullopt;
    std::uint64_t named = kChannels;
    while (take(rest, named, '=')) {
        if (!take(rest, note.sequence, '/') || !take(rest, note.previous, ' ')) return std::nullopt;
        if (named == channel) return note;
    }
    return std::nullopt;
}

std::string Voice::speak(std::span<const std::size_t> channels, std::size_t padding) {
    const auto stamp = ++ledger_->stamp;
    std::string data = text("soak ", id_, ' ', stamp, ' ');
    for (const auto channel : channels) {
        auto& said = said_[channel];
        data += text(channel, '=', said.sequence + 1, '/', said.stamp, ' ');
        said = {said.sequence + 1, stamp};
        ledger_->said[channel][id_] = said;
    }
    return data + ';' + std::string(padding, 'x');
}

}  // namespace soak
