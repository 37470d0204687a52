#include "server/config_bridges.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "bridge/bridges.h"
#include "server/config_objects.h"
#include "server/config_values.h"

namespace carillon::server {
namespace {

namespace json = boost::json;
using bridge::BodyRule;
using bridge::Pattern;
using bridge::Rule;

Choice body_rule(std::string_view name, BodyRule rule) {
    return {name, static_cast<unsigned char>(rule)};
}

bool is_clean(std::string_view text) { return std::ranges::none_of(text, is_control); }

// "shop/chat:*": an app and, from the first slash on, what of it.
Value<Rule> from_value() {
    return {Value<Rule>::Kind::text,
            "an app, a slash and a channel with at most one *, such as shop/chat-*",
            [](Rule& rule, std::string_view text) {
                const auto slash = text.find('/');
                if (slash == 0 || slash == std::string_view::npos || !is_clean(text)) return false;
                const auto pattern = text.substr(slash + 1);
                if (!Pattern::parse(pattern)) return false;
                rule.from = text.substr(0, slash);
                rule.pattern = pattern;
                return true;
            },
            [](const Rule& rule) { return rule.from + "/" + rule.pattern; }};
}

// Empty, which is the default, or a text that `fits`.
Value<Rule> optional_text(std::string Rule::* member, std::string expected,
                          bool (*fits)(std::string_view)) {
    return {Value<Rule>::Kind::text, std::move(expected),
            [member, fits](Rule& rule, std::string_view text) {
                if (!text.empty() && !fits(text)) return false;
                rule.*member = text;
                return true;
            },
            [member](const Rule& rule) { return rule.*member; }};
}

bool is_rename(std::string_view text) { return is_clean(text) && Pattern::parse(text).has_value(); }

void load_bridge(const json::value& value, const std::string& path, Severity unknown_keys,
                 Loaded& loaded) {
    ObjectReader reader(unknown_keys, loaded);
    if (!value.is_object()) return reader.say(Severity::error, path, "expected an object");
    const auto problems = loaded.problems.size();
    Rule rule;
    reader.read(value.get_object(), path, bridge_fields(), {"from", "to"}, rule);
    // What does not go together; not said of what was not understood in the first place.
    const auto fits = bridge::check(rule);
    if (loaded.problems.size() == problems && !fits.has_value()) {
        reader.say(Severity::error, path, fits.error().message);
    }
    loaded.config.bridges.push_back(std::move(rule));
}

}  // namespace

const std::vector<Field<Rule>>& bridge_fields() {
    static const std::vector<Field<Rule>> fields = {
        {{"from"}, from_value()},
        {{"to"}, text<Rule>(AT(Rule, to))},
        {{"rename"},
         optional_text(&Rule::rename, "a channel's name with at most one *", is_rename)},
        {{"body"},
         choice<Rule>(
             AT(Rule, body),
             {body_rule("same", BodyRule::same), body_rule("json", BodyRule::json),
              body_rule("text", BodyRule::text), body_rule("envelope", BodyRule::envelope)})},
        {{"event"}, optional_text(&Rule::event, "a text without control characters", is_clean)},
    };
    return fields;
}

void load_bridges(const json::value& value, Severity unknown_keys, Loaded& loaded) {
    if (value.is_null()) return;
    const std::string path(bridges_path);
    ObjectReader reader(unknown_keys, loaded);
    if (!value.is_array()) return reader.say(Severity::error, path, "expected an array");
    const auto& array = value.get_array();
    if (array.size() > limits::bridges_max) {
        return reader.say(Severity::error, path, fmt::format("more than {}", limits::bridges_max));
    }
    loaded.config.bridges.clear();
    for (std::size_t i = 0; i < array.size(); ++i) {
        load_bridge(array[i], fmt::format("{}[{}]", path, i), unknown_keys, loaded);
    }
}

}  // namespace carillon::server
