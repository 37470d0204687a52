// hub/pattern.h: a name that stands for many: what may be written, and which names it matches. Pure
// and immutable. Knows no channel; pattern_index.h finds the patterns that match a name.
//
//   levels := level *( "/" level )       as in MQTT; "a//b" has three, the middle one empty
//   level  := "+"                        exactly one level, which may be empty; "*" is read as "+"
//           | "#"                        this level and all below; the last one. "a/#" matches "a" too
//           | bytes without + # *        itself
//   glob   := *( "*" | "?" | byte )      any run of bytes, "/" too and none at all; one byte; itself
//
// Names that begin with '$' are the server's own: a pattern that begins with a wildcard does not
// match them, but "$x/#" and "$*" do. A pattern without a wildcard matches itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace carillon::hub {

using base::Error;
using base::ErrorKind;
using base::Result;

// Levels of one pattern: how deep a walk through the index may go. Then too_large.
inline constexpr std::size_t pattern_levels_max = 64;
// Stars of one glob. Then too_large.
inline constexpr std::size_t glob_stars_max = 16;

class Pattern {
 public:
    enum class Kind : std::uint8_t { levels = 1, glob = 2 };

    // Normalises: a level "*" becomes "+", and in a glob "**" becomes "*". At most
    // limits::channel_name_bytes_max, and no control characters.
    static Result<Pattern> parse(Kind kind, std::string_view text);

    Kind kind() const { return static_cast<Kind>(key_.front()); }
    std::string_view text() const { return {key_.data() + 1, key_.size() - 1}; }  // as normalised
    // Its name among patterns: one control character for the kind (levels \x01, glob \x02), then
    // the text. No channel is called that.
    const std::string& key() const { return key_; }

    // Levels: one pass over the name and the pattern. Glob: see glob_matches.
    bool matches(std::string_view name) const;

 private:
    Pattern(Kind kind, std::string_view text) : key_(1, static_cast<char>(kind)) { key_ += text; }

    std::string key_;
};

// A '+', '#' or '*' anywhere: not a name to publish to in the library.
bool has_wildcard(std::string_view name);

// ---- what the index is made of ----

// Matches a normalised glob, or the rest of one, without the rule of '$'. Takes at most about
// name bytes x glob bytes steps: only the last star is ever tried again.
bool glob_matches(std::string_view glob, std::string_view name);
// The bytes before a glob's first wildcard.
std::string_view literal_prefix(std::string_view glob);

// The levels of a name or a pattern, one after the other. There is always at least one.
class LevelReader {
 public:
    explicit LevelReader(std::string_view text) : rest_(text) {}
    bool done() const { return done_; }
    std::string_view next() {
        const auto slash = rest_.find('/');
        const auto level = rest_.substr(0, slash);
        done_ = slash == std::string_view::npos;
        if (!done_) rest_.remove_prefix(slash + 1);
        return level;
    }

 private:
    std::string_view rest_;
    bool done_ = false;
};

}  // namespace carillon::hub
