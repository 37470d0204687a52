// bridge/rule.h: one bridge as an operator writes it: "from app/pattern to app, under this name,
// with this body".
#pragma once

#include <string>

namespace carillon::bridge {

// What becomes of the body on the way (body.h).
enum class BodyRule : unsigned char { same, json, text, envelope };

struct Rule {
    std::string from;      // an app's id
    std::string pattern;   // a channel's name, or several: with one * in it (pattern.h)
    std::string to;        // an app's id
    std::string rename{};  // the name there, with the * of the pattern; empty: the same name
    BodyRule body = BodyRule::same;
    std::string event{};  // what is said to have happened, where the publication does not say it
};

// "shop/chat:* -> demo-app/chat-*", as in logs, metrics and errors.
inline std::string text_of(const Rule& rule) {
    return rule.from + "/" + rule.pattern + " -> " + rule.to + "/" +
           (rule.rename.empty() ? rule.pattern : rule.rename);
}

}  // namespace carillon::bridge
