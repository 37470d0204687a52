#include "hub/durable_state.h"

#include <limits>

#include "base/limits.h"

namespace carillon::hub {
namespace {

constexpr char version = 1;
constexpr std::uint64_t offset_max = std::numeric_limits<std::uint64_t>::max() - 1;
// Letters that are being replayed count as in hand.
constexpr std::uint64_t letters_max = limits::dead_letters_max + limits::durable_in_hand_max;

void put(std::string& into, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) into.push_back(static_cast<char>(number | 0x80));
    into.push_back(static_cast<char>(number));
}

Error damaged(const char* what) {
    return {ErrorKind::invalid, std::string("saved state: ") + what};
}

class Input {
 public:
    explicit Input(std::string_view bytes) : rest_(bytes) {}

    Result<void> begin(char kind) {
        if (rest_.empty()) return damaged("empty");
        if (rest_[0] != version) {
            return Error{ErrorKind::unsupported, "saved state: written by another version"};
        }
        if (rest_.size() < 2 || rest_[1] != kind) return damaged("of another kind");
        rest_.remove_prefix(2);
        return {};
    }
    Result<std::uint64_t> number(std::uint64_t max) {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            if (rest_.empty()) return damaged("cut off");
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            const std::uint64_t bits = byte & 0x7FU;
            if (shift == 63 && byte > 1) return damaged("a number of too many bits");
            value |= bits << shift;
            if (byte < 0x80) {
                if (byte == 0 && shift != 0) return damaged("a number longer than it must be");
                break;
            }
        }
        if (value > max) return damaged("a number out of range");
        return value;
    }
    Result<std::string> text(std::uint64_t bytes_max) {
        TRY_AS(const auto bytes, number(bytes_max));
        if (bytes > rest_.size()) return damaged("cut off");
        std::string value(rest_.substr(0, bytes));
        rest_.remove_prefix(bytes);
        return value;
    }
    Result<void> end() const {
        if (!rest_.empty()) return damaged("more than there should be");
        return {};
    }

 private:
    std::string_view rest_;
};

Result<void> read_owed(Input& in, HeardState& state) {
    TRY_AS(const auto ranges, in.number(limits::durable_in_hand_max));
    auto end = state.cursor;
    std::uint64_t owed = 0;
    for (std::uint64_t i = 0; i < ranges; ++i) {
        TRY_AS(const auto gap, in.number(offset_max - end));
        if (gap < (i == 0 ? 1 : 2) || (i == 0 && gap != 1)) return damaged("ranges that touch");
        const auto first = end + gap;
        TRY_AS(const auto length, in.number(limits::durable_in_hand_max));
        if (length == 0 || length > state.newest || first > state.newest - length) {
            return damaged("a range beyond the newest");
        }
        end = first + length - 1;
        owed += length;
        state.owed.push_back({first, end});
    }
    if (owed > limits::durable_in_hand_max) return damaged("more is owed than ever was in hand");
    if (ranges == 0 && state.newest != state.cursor) return damaged("a cursor that lags behind");
    return {};
}

Result<void> read_attempts(Input& in, HeardState& state) {
    TRY_AS(const auto attempts, in.number(limits::durable_in_hand_max));
    auto last = state.cursor;
    for (std::uint64_t i = 0; i < attempts; ++i) {
        TRY_AS(const auto distance, in.number(offset_max - last));
        if (distance == 0) return damaged("an attempt counted twice");
        last += distance;
        TRY_AS(const auto deliveries, in.number(std::numeric_limits<std::uint32_t>::max()));
        if (deliveries == 0) return damaged("an attempt that was none");
        state.attempts.push_back({last, static_cast<std::uint32_t>(deliveries)});
    }
    return {};
}

Result<DeadState> read_letter(Input& in) {
    DeadState dead;
    constexpr auto deliveries_max = std::numeric_limits<std::uint32_t>::max();
    TRY_AS(dead.letter.offset, in.number(offset_max));
    if (dead.letter.offset == 0) return damaged("a letter without an offset");
    TRY_AS(const auto deliveries, in.number(deliveries_max));
    dead.letter.deliveries = static_cast<std::uint32_t>(deliveries);
    TRY_AS(dead.replay, in.number(offset_max));
    TRY_AS(const auto flags, in.number(1));
    dead.replaying = flags == 1;
    if (dead.replaying && dead.replay == 0) return damaged("a replay that never began");
    TRY_AS(const auto unix_ms, in.number(std::numeric_limits<std::int64_t>::max()));
    dead.letter.unix_ms = static_cast<std::int64_t>(unix_ms);
    TRY_AS(dead.letter.reason, in.text(limits::dead_letter_reason_bytes_max));
    return dead;
}

}  // namespace

std::string encode(const HeardState& state) {
    std::string bytes{version, 'H'};
    put(bytes, state.cursor);
    put(bytes, state.newest);
    put(bytes, state.owed.size());
    auto end = state.cursor;
    for (const auto& range : state.owed) {
        put(bytes, range.first - end);
        put(bytes, range.last - range.first + 1);
        end = range.last;
    }
    put(bytes, state.attempts.size());
    auto last = state.cursor;
    for (const auto& attempt : state.attempts) {
        put(bytes, attempt.offset - last);
        put(bytes, attempt.deliveries);
        last = attempt.offset;
    }
    return bytes;
}

std::string encode(const std::vector<DeadState>& letters) {
    std::string bytes{version, 'D'};
    put(bytes, letters.size());
    for (const auto& dead : letters) {
        put(bytes, dead.letter.offset);
        put(bytes, dead.letter.deliveries);
        put(bytes, dead.replay);
        put(bytes, dead.replaying ? 1 : 0);
        put(bytes, static_cast<std::uint64_t>(dead.letter.unix_ms));
        put(bytes, dead.letter.reason.size());
        bytes += dead.letter.reason;
    }
    return bytes;
}

Result<HeardState> decode_heard(std::string_view bytes) {
    Input in(bytes);
    HeardState state;
    TRY(in.begin('H'));
    TRY_AS(state.cursor, in.number(offset_max));
    TRY_AS(state.newest, in.number(offset_max));
    if (state.newest < state.cursor) return damaged("a cursor ahead of the newest");
    TRY(read_owed(in, state));
    TRY(read_attempts(in, state));
    TRY(in.end());
    return state;
}

Result<std::vector<DeadState>> decode_dead(std::string_view bytes) {
    Input in(bytes);
    TRY(in.begin('D'));
    TRY_AS(const auto count, in.number(letters_max));
    std::vector<DeadState> letters;
    for (std::uint64_t i = 0; i < count; ++i) {
        TRY_AS(auto dead, read_letter(in));
        letters.push_back(std::move(dead));
    }
    TRY(in.end());
    return letters;
}

}  // namespace carillon::hub
