#include "server/config_bridges.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "bridge/bridges.h"
#include "server/config_values.h"
#include "server/names.h"

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

void say(Loaded& loaded, Severity severity, std::string path, std::string message) {
    loaded.problems.push_back({severity, std::move(path), std::move(message)});
}

const Field<Rule>* find_field(std::string_view key) {
    const auto found = std::ranges::find(bridge_fields(), key, &Field<Rule>::path);
    return found == bridge_fields().end() ? nullptr : &*found;
}

void load_member(const json::key_value_pair& member, const std::string& above,
                 Severity unknown_keys, Rule& rule, Loaded& loaded) {
    const std::string_view key = member.key();
    const auto path = above + "." + std::string(key);
    const auto* field = find_field(key);
    if (field == nullptr) {
        std::vector<std::string_view> known;
        for (const auto& one : bridge_fields()) known.push_back(one.path);
        return say(loaded, unknown_keys, path, "unknown key" + did_you_mean(key, known));
    }
    const auto& value = member.value();
    if (value.is_null()) return;
    const std::string_view text = value.is_string() ? value.get_string() : std::string_view();
    if (text.find("${") != std::string_view::npos) {
        return say(loaded, Severity::error, path, "replacing ${...} is not yet supported");
    }
    if (value.is_string() && field->value.read(rule, text)) return;
    say(loaded, Severity::error, path, "expected " + field->value.expected);
}

bool is_given(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && !value->is_null();
}

void load_bridge(const json::value& value, const std::string& path, Severity unknown_keys,
                 Loaded& loaded) {
    if (!value.is_object()) return say(loaded, Severity::error, path, "expected an object");
    const auto& object = value.get_object();
    const auto problems = loaded.problems.size();
    Rule rule;
    for (const auto& member : object) load_member(member, path, unknown_keys, rule, loaded);
    for (const std::string_view required : {"from", "to"}) {
        if (is_given(object, required)) continue;
        say(loaded, Severity::error, path + "." + std::string(required), "required");
    }
    // What does not go together; not said of what was not understood in the first place.
    const auto fits = bridge::check(rule);
    if (loaded.problems.size() == problems && !fits.has_value()) {
        say(loaded, Severity::error, path, fits.error().message);
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
    if (!value.is_array()) return say(loaded, Severity::error, path, "expected an array");
    const auto& array = value.get_array();
    if (array.size() > limits::bridges_max) {
        return say(loaded, Severity::error, path, fmt::format("more than {}", limits::bridges_max));
    }
    loaded.config.bridges.clear();
    for (std::size_t i = 0; i < array.size(); ++i) {
        load_bridge(array[i], fmt::format("{}[{}]", path, i), unknown_keys, loaded);
    }
}

}  // namespace carillon::server
