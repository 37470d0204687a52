// bridge/pattern.h: names with at most one hole in them. A pattern says which names are meant; the
// text that fills its hole fills the hole of the new name.
//
//   pattern := text [ "*" text ]     not empty; "*" stands for any text, also for none
//
// There is no way to write a "*" that means itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carillon::bridge {

class Pattern {
 public:
    // nullopt: empty, or two holes.
    static std::optional<Pattern> parse(std::string_view text);

    bool has_star() const { return star_ != std::string::npos; }
    const std::string& text() const { return text_; }

    // What fills the hole to make this name; nullopt: nothing does. Without a hole: empty, of the
    // one name that it is.
    std::optional<std::string_view> match(std::string_view name) const;
    // The name with the hole filled; without a hole, the text.
    std::string fill(std::string_view hole) const;

 private:
    Pattern(std::string_view text, std::size_t star) : text_(text), star_(star) {}

    std::string text_;
    std::size_t star_;  // npos: none
};

}  // namespace carillon::bridge
