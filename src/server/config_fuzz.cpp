// Whatever an operator writes: every value that is taken can be written, read again, and is the
// same; no problem repeats a value, and no answer a secret. The first byte says what the rest is:
//
//   '{'   it and the rest are the file
//   else  *( line LF ): NAME=value of the environment, or an argument of the command line
//
// fuzzes: config_json.cpp config_bridges.cpp config_load.cpp config_values.cpp config_fields.cpp
// fuzzes: config_app_fields.cpp config_protocol_fields.cpp check_config.cpp default_app.cpp
// fuzzes: flags.cpp names.cpp
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/assert.h"
#include "server/check_config.h"
#include "server/config_bridges.h"
#include "server/config_fields.h"
#include "server/config_load.h"
#include "server/flags.h"
#include "server/names.h"

namespace {

using namespace carillon;
using server::Config;
using server::Field;

// Stands in the dictionary and the seeds for what nobody may repeat.
bool says_sesame(std::string_view text) { return text.find("Sesame") != std::string_view::npos; }

template <class Owner>
void check_fields(const Owner& owner, const std::vector<Field<Owner>>& fields) {
    for (const auto& field : fields) {
        const auto text = field.value.write(owner);
        if (text.empty()) continue;  // not set
        Owner other;
        ASSERT(field.value.read(other, text));
        ASSERT(field.value.write(other) == text);
    }
}

template <class Owner>
bool shows_sesame(const Owner& owner, const std::vector<Field<Owner>>& fields) {
    return std::ranges::any_of(fields, [&](const Field<Owner>& field) {
        return !field.secret && says_sesame(field.value.write(owner));
    });
}

// Whether a setting that is no secret holds it.
bool shows_sesame(const Config& config) {
    bool shows = shows_sesame(config, server::config_fields());
    for (const auto& app : config.apps) shows = shows || shows_sesame(app, server::app_fields());
    for (const auto& one : config.bridges) {
        shows = shows || shows_sesame(one, server::bridge_fields());
    }
    return shows;
}

// `named`: it stands where a name stands, and unknown names are repeated.
void check(const server::Sources& sources, bool named) {
    const auto loaded = server::load(sources);
    check_fields(loaded.config, server::config_fields());
    for (const auto& app : loaded.config.apps) check_fields(app, server::app_fields());
    if (!loaded.failed()) {
        for (const auto& one : loaded.config.bridges) check_fields(one, server::bridge_fields());
    }
    for (const auto& problem : loaded.problems) {
        ASSERT(named || !says_sesame(server::line_of(problem)));
    }
    if (loaded.config.ssl.enabled) return;  // the files it names would be opened
    const auto checked = server::check_config(sources);
    if (loaded.failed()) ASSERT(checked.exit_code == 1);
    if (!named && !shows_sesame(loaded.config)) ASSERT(!says_sesame(checked.text));
}

// ---- the file ----

bool is_in_a_key(const boost::json::value& value) {
    if (const auto* array = value.if_array()) return std::ranges::any_of(*array, is_in_a_key);
    const auto* object = value.if_object();
    return object != nullptr && std::ranges::any_of(*object, [](const auto& member) {
               return says_sesame(member.key()) || is_in_a_key(member.value());
           });
}

void try_file(const std::string& text) {
    boost::system::error_code error;
    const auto value = boost::json::parse(text, error);
    if (error) ASSERT(server::load({.file = text}).failed());
    check({.file = text}, !error && is_in_a_key(value));
}

// ---- the environment and the command line ----

void check_names(std::string_view a, std::string_view b) {
    const auto distance = server::edit_distance(a, b);
    ASSERT(distance == server::edit_distance(b, a));
    ASSERT((distance == 0) == (a == b) && distance <= std::max(a.size(), b.size()));
    ASSERT(distance >= std::max(a.size(), b.size()) - std::min(a.size(), b.size()));
    const auto found = server::nearest(a, {b, "metrics"});
    ASSERT(found.empty() || found == b || found == "metrics");
}

void try_lines(std::string_view rest) {
    std::vector<std::string> arguments;
    std::vector<std::string> variables;
    bool named = false;
    while (!rest.empty()) {
        // Up to the first NUL, as the system hands them over.
        const std::string line(std::string(rest.substr(0, rest.find('\n'))).c_str());
        rest.remove_prefix(std::min(rest.size(), rest.find('\n')));
        rest.remove_prefix(std::min<std::size_t>(rest.size(), 1));
        const bool flag = line.starts_with('-');
        const bool variable = !flag && line.find('=') != std::string::npos;
        named = named || says_sesame(line.substr(0, line.find('=')));
        (variable ? variables : arguments).push_back(line);
    }
    if (arguments.size() >= 2) check_names(arguments[0], arguments[1]);

    std::vector<const char*> entries;
    entries.reserve(variables.size() + 1);
    for (const auto& variable : variables) entries.push_back(variable.c_str());
    entries.push_back(nullptr);
    server::Sources sources;
    sources.environment = server::environment_of(entries.data());
    const auto command = server::parse_command(arguments);
    if (command.has_value()) {
        sources.flags = command->flags;
        const auto path = server::config_path(command->config_path, sources.environment);
        ASSERT(!command->config_path || path == command->config_path);
        // The flags that are given are those the help is about.
        for (const auto& [flag, value] : command->flags) {
            ASSERT(server::help_text().find(flag) != std::string_view::npos);
        }
    } else {
        ASSERT(named || !says_sesame(command.error().message));
    }
    check(sources, named);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (text.starts_with('{')) {
        try_file(text);
    } else {
        try_lines(text);
    }
    return 0;
}
