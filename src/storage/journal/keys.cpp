#include "storage/journal/keys.h"

#include <charconv>

#include "base/random.h"

namespace carillon::storage {

std::string channel_key(std::string_view app, std::string_view name) {
    auto key = std::to_string(app.size());
    key.reserve(key.size() + 1 + app.size() + name.size());
    return key.append(1, ':').append(app).append(name);
}

std::string once_key(std::string_view channel_key) {
    return std::string(once_prefix).append(channel_key);
}

std::string cursor_key_before_name(std::string_view app, std::string_view channel) {
    auto key = std::string(cursor_prefix);
    key.append(std::to_string(app.size())).append(1, ':');
    key.append(std::to_string(channel.size())).append(1, ':');
    return key.append(app).append(channel);
}

namespace {

std::uint64_t scatter(std::uint64_t generation) {
    return generation == 0 ? 0 : base::SeededRandom(generation).next();
}

}  // namespace

// One in 2^64 would be 0, which says that there is no past; any other value is as good.
std::uint64_t epoch_of(std::uint64_t base, std::uint64_t generation) {
    const auto epoch = base ^ scatter(generation);
    return epoch == 0 ? 1 : epoch;
}

std::uint64_t base_of(std::uint64_t epoch, std::uint64_t generation) {
    return epoch ^ scatter(generation);
}

std::optional<std::uint64_t> parse_generation(std::string_view text) {
    std::uint64_t value = 0;
    const auto* begin = text.data();
    const auto* end = begin + text.size();
    const auto parsed = std::from_chars(begin, end, value);
    if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return value;
}

}  // namespace carillon::storage
