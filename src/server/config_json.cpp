#include "server/config_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "server/config_bridges.h"
#include "server/config_fields.h"
#include "server/config_journal.h"
#include "server/config_objects.h"
#include "server/config_unbuilt.h"
#include "server/names.h"

namespace carillon::server {
namespace {

namespace json = boost::json;
using Keys = std::vector<std::string_view>;

constexpr std::string_view apps_path = "app_manager.array.apps";

std::string joined(std::string_view path, std::string_view key) {
    return path.empty() ? std::string(key) : std::string(path) + "." + std::string(key);
}

bool is_below(std::string_view path, std::string_view above) {
    return path.starts_with(above) && path.size() > above.size() && path[above.size()] == '.';
}

// Every path that means something, built or not.
const Keys& known_paths() {
    static const Keys paths = [] {
        Keys names = unbuilt_keys();
        names.push_back(apps_path);
        names.push_back(bridges_path);
        names.push_back(journal_channels_path);
        for (const auto& field : config_fields()) {
            if (!field.path.empty()) names.push_back(field.path);
            if (!field.also.empty()) names.push_back(field.also);
        }
        return names;
    }();
    return paths;
}

// The keys that may stand in the object at `path`.
Keys keys_at(std::string_view path) {
    Keys keys;
    for (auto known : known_paths()) {
        if (!path.empty()) {
            if (!is_below(known, path)) continue;
            known.remove_prefix(path.size() + 1);
        }
        keys.push_back(known.substr(0, known.find('.')));
    }
    return keys;
}

bool leads_somewhere(std::string_view path) {
    return std::ranges::any_of(known_paths(),
                               [&](std::string_view known) { return is_below(known, path); });
}

// "maxConnections" as "max_connections".
std::string snake_case(std::string_view camel) {
    std::string snake;
    for (const char c : camel) {
        if (c >= 'A' && c <= 'Z') {
            snake += '_';
            snake += static_cast<char>(c - 'A' + 'a');
        } else {
            snake += c;
        }
    }
    return snake;
}

// Of Config or App, by one of its names in the file.
template <class Owner>
const Field<Owner>* find_field(const std::vector<Field<Owner>>& fields, std::string_view path) {
    const auto found = std::ranges::find_if(fields, [&](const Field<Owner>& field) {
        return !path.empty() && (path == field.path || path == field.also);
    });
    return found == fields.end() ? nullptr : &*found;
}

class Reader {
 public:
    Reader(Severity unknown_keys, Loaded& loaded) : unknown_keys_(unknown_keys), loaded_(loaded) {}

    void read(const json::value& root) {
        if (!root.is_object()) return say(Severity::error, "(the file)", "expected an object");
        read_object(root.get_object(), {});
        // Last: an app starts from the limits that the rest of the file sets.
        if (apps_ != nullptr) read_apps(*apps_);
    }

 private:
    void read_object(const json::object& object, const std::string& path) {
        for (const auto& member : object) {
            read_member(path, member.key(), member.value());
        }
    }

    void read_member(const std::string& above, std::string_view key, const json::value& value) {
        const auto path = joined(above, key);
        if (const auto* field = find_field(config_fields(), path)) {
            read_field(*field, path, value, loaded_.config, seen_);
        } else if (path == apps_path) {
            apps_ = &value;
        } else if (path == bridges_path) {
            load_bridges(value, unknown_keys_, loaded_);
        } else if (path == journal_channels_path) {
            load_journal_rules(value, unknown_keys_, loaded_);
        } else if (std::ranges::find(unbuilt_keys(), path) != unbuilt_keys().end()) {
            say_unbuilt(path);
        } else if (!leads_somewhere(path)) {
            say_unknown(path, key, keys_at(above));
        } else if (value.is_object()) {
            read_object(value.get_object(), path);
        } else if (!value.is_null()) {
            say(Severity::error, path, "expected an object");
        }
    }

    template <class Owner>
    void read_field(const Field<Owner>& field, const std::string& path, const json::value& value,
                    Owner& owner, Keys& seen) {
        if (value.is_null()) return;
        if (std::ranges::find(seen, field.path) != seen.end()) {
            return say(Severity::error, path, "given twice, under two names");
        }
        seen.push_back(field.path);
        const auto text = text_of<Owner>(value, field.value.kind);
        // Taken literally it would be a secret that everybody can guess.
        if (text && text->find("${") != std::string::npos) {
            return say(Severity::error, path, "replacing ${...} is not yet supported");
        }
        if (text && field.value.read(owner, *text)) return;
        if (text && field.value.is_unbuilt(*text)) {
            return say(Severity::warning, path,
                       "this value is not yet supported; it has no effect");
        }
        say(Severity::error, path, "expected " + field.value.expected);
    }

    void read_apps(const json::value& value) {
        if (value.is_null()) return;
        if (!value.is_array()) {
            return say(Severity::error, std::string(apps_path), "expected an array of apps");
        }
        for (std::size_t i = 0; i < value.get_array().size(); ++i) {
            read_app(value.get_array()[i], fmt::format("{}[{}]", apps_path, i));
        }
    }

    void read_app(const json::value& value, const std::string& path) {
        if (!value.is_object()) return say(Severity::error, path, "expected an object");
        hub::App app;
        app.limits = loaded_.config.app_limits;
        Keys seen;
        for (const auto& member : value.get_object()) {
            read_app_member(member, joined(path, member.key()), app, seen);
        }
        for (const std::string_view required : {"id", "key", "secret"}) {
            if (std::ranges::find(seen, required) != seen.end()) continue;
            say(Severity::error, joined(path, required), "required");
        }
        loaded_.config.apps.push_back(std::move(app));
    }

    void read_app_member(const json::key_value_pair& member, const std::string& path, hub::App& app,
                         Keys& seen) {
        const std::string_view key = member.key();
        const auto& unbuilt = unbuilt_app_keys();
        const auto* field = find_field(app_fields(), key);
        if (field == nullptr) field = find_field(app_fields(), snake_case(key));
        if (field != nullptr) {
            read_field(*field, path, member.value(), app, seen);
        } else if (std::ranges::find(unbuilt, snake_case(key)) != unbuilt.end()) {
            if (!member.value().is_null()) say_unbuilt(path);
        } else {
            auto known = unbuilt;
            for (const auto& one : app_fields()) known.insert(known.end(), {one.path, one.also});
            say_unknown(path, key, known);
        }
    }

    void say(Severity severity, std::string path, std::string message) {
        loaded_.problems.push_back({severity, std::move(path), std::move(message)});
    }
    void say_unbuilt(const std::string& path) {
        say(Severity::warning, path, "not yet supported; it has no effect");
    }
    void say_unknown(const std::string& path, std::string_view key, const Keys& known) {
        say(unknown_keys_, path, "unknown key" + did_you_mean(key, known));
    }

    const Severity unknown_keys_;
    Loaded& loaded_;
    const json::value* apps_ = nullptr;
    Keys seen_;
};

// "line 3, column 7" of the byte at `offset`, both from 1; columns are characters.
std::string place_of(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    const auto line = std::ranges::count(before, '\n') + 1;
    const auto column = 1 + std::ranges::count_if(before.substr(line_start),
                                                  [](char c) { return (c & 0xc0) != 0x80; });
    return fmt::format("line {}, column {}", line, column);
}

}  // namespace

void load_json(std::string_view text, Severity unknown_keys, Loaded& loaded) {
    json::stream_parser parser;
    json::error_code error;
    // Byte by byte: on an error the parser does not say how far it came.
    std::size_t offset = 0;
    while (offset < text.size() && !error) {
        if (parser.write_some(text.data() + offset, 1, error) == 0 && !error) {
            error = json::error::extra_data;
        }
        if (!error) ++offset;
    }
    if (!error) parser.finish(error);
    if (error) {
        loaded.problems.push_back(
            {Severity::error, "(the file)", place_of(text, offset) + ": " + error.message()});
        return;
    }
    Reader(unknown_keys, loaded).read(parser.release());
}

}  // namespace carillon::server
