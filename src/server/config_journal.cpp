#include "server/config_journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "base/limits.h"
#include "hub/pattern.h"
#include "server/config_objects.h"
#include "server/config_values.h"

namespace carillon::server {
namespace {

namespace json = boost::json;

template <class Enum>
Choice one(std::string_view name, Enum value) {
    return {name, static_cast<unsigned char>(value)};
}

// More than four billion, as bytes on a disk are.
template <class Owner, class At>
Value<Owner> large_number(At at, std::string expected) {
    return {Value<Owner>::Kind::number, std::move(expected),
            [at](Owner& owner, std::string_view text) {
                std::uint64_t value = 0;
                const char* const begin = text.data();
                const char* const end = begin + text.size();
                const auto [stopped, error] = std::from_chars(begin, end, value);
                if (error != std::errc{} || stopped != end || value > INT64_MAX) return false;
                at(owner) = value;
                return true;
            },
            [at](const Owner& owner) { return std::to_string(at(const_cast<Owner&>(owner))); }};
}

Value<JournalRule> pattern_value() {
    return {Value<JournalRule>::Kind::text,
            "a channel's name, or a glob such as orders-* (* any text, ? one byte)",
            [](JournalRule& rule, std::string_view text) {
                if (text.empty() || !hub::Pattern::parse(hub::Pattern::Kind::glob, text))
                    return false;
                rule.pattern = text;
                return true;
            },
            [](const JournalRule& rule) { return rule.pattern; }};
}

}  // namespace

std::vector<Field<Config>> journal_fields() {
    using C = Config;
    return {
        {{"journal.path", {}, "JOURNAL_PATH"}, optional_text<C>(AT(C, journal.path))},
        {{"journal.driver", {}, "JOURNAL_DRIVER"},
         choice<C>(AT(C, journal.driver),
                   {one("file", JournalDriver::file), one("sqlite", JournalDriver::sqlite)})},
        {{"journal.sync", {}, "JOURNAL_SYNC"},
         choice<C>(AT(C, journal.sync),
                   {one("every_batch", JournalSync::every_batch),
                    one("interval", JournalSync::interval), one("never", JournalSync::never)})},
        {{"journal.sync_interval_ms", {}, "JOURNAL_SYNC_INTERVAL_MS"},
         number<C>(AT(C, journal.sync_interval_ms), {1, 60'000, "milliseconds"})},
        {{"journal.bytes_max", {}, "JOURNAL_BYTES_MAX"},
         large_number<C>(AT(C, journal.bytes_max), "a number of bytes; 0: no bound")},
    };
}

const std::vector<Field<JournalRule>>& journal_rule_fields() {
    using R = JournalRule;
    static const std::vector<Field<R>> fields = {
        {{"app"}, optional_text<R>(AT(R, app))},
        {{"pattern"}, pattern_value()},
        {{"history"}, choice<R>(AT(R, keep), {{"journal", 1}, {"none", 0}})},
        {{"messages_max"}, large_number<R>(AT(R, messages_max), "a number; 0: no bound")},
        {{"bytes_max"}, large_number<R>(AT(R, bytes_max), "a number of bytes; 0: no bound")},
        {{"age_s"}, number<R>(AT(R, age_s), {0, any_number, "seconds"})},
    };
    return fields;
}

void load_journal_rules(const json::value& value, Severity unknown_keys, Loaded& loaded) {
    if (value.is_null()) return;
    ObjectReader reader(unknown_keys, loaded);
    const std::string path(journal_channels_path);
    if (!value.is_array()) return reader.say(Severity::error, path, "expected an array");
    auto& rules = loaded.config.journal.channels;
    const auto& array = value.get_array();
    if (array.size() > limits::journal_rules_max) {
        return reader.say(Severity::error, path,
                          fmt::format("more than {}", limits::journal_rules_max));
    }
    rules.clear();
    for (std::size_t i = 0; i < array.size(); ++i) {
        const auto here = fmt::format("{}[{}]", path, i);
        if (!array[i].is_object()) {
            reader.say(Severity::error, here, "expected an object");
            continue;
        }
        reader.read(array[i].get_object(), here, journal_rule_fields(), {"pattern"},
                    rules.emplace_back());
    }
}

void check_journal(const JournalConfig& journal, std::vector<Problem>& problems) {
    const bool keeps = std::ranges::any_of(journal.channels, &JournalRule::keep);
    if (journal.path.empty() && keeps) {
        problems.push_back(
            {Severity::error, "journal.path", "required with journal.channels (JOURNAL_PATH)"});
    }
    if (journal.bytes_max != 0 && journal.bytes_max < limits::journal_bytes_min) {
        problems.push_back(
            {Severity::error, "journal.bytes_max", "at least 1 MiB, or 0: no bound"});
    }
    if (!journal.path.empty() && !keeps) {
        problems.push_back({Severity::warning, std::string(journal_channels_path),
                            "no rule keeps anything: the journal stays empty"});
    }
}

}  // namespace carillon::server
