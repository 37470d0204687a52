#include "server/config_load.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/config_fields.h"
#include "server/config_journal.h"
#include "server/config_json.h"
#include "server/config_unbuilt.h"
#include "server/default_app.h"
#include "server/names.h"
#include "server/tokens.h"

namespace carillon::server {
namespace {

constexpr std::string_view app_prefix = "SOCKUDO_DEFAULT_APP_";

void load_environment(const Environment& environment, Loaded& loaded) {
    for (const auto& field : config_fields()) {
        read_variable(field, field.variable, environment, loaded.config, loaded.problems);
    }
}

// A variable that sets nothing is worth a word where its name leaves no doubt that it was meant for
// us.
void report_variables(const Environment& environment, std::vector<Problem>& problems) {
    std::vector<std::string_view> known = unbuilt_variables();
    for (const auto& field : app_fields()) known.push_back(field.variable);
    for (const auto& [name, value] : environment) {
        if (value.empty()) continue;
        if (std::ranges::find(unbuilt_variables(), name) != unbuilt_variables().end()) {
            problems.push_back({Severity::warning, name, "not yet supported; it has no effect"});
        } else if (name.starts_with(app_prefix) && std::ranges::find(known, name) == known.end()) {
            problems.push_back(
                {Severity::warning, name, "unknown variable" + did_you_mean(name, known)});
        }
    }
}

void load_flags(const Sources& sources, Loaded& loaded) {
    for (const auto& [flag, value] : sources.flags) {
        const auto field = std::ranges::find(config_fields(), flag, &Field<Config>::flag);
        if (field == config_fields().end()) {
            loaded.problems.push_back({Severity::error, flag, "unknown flag"});
        } else if (!field->value.read(loaded.config, value)) {
            loaded.problems.push_back({Severity::error, flag, "expected " + field->value.expected});
        }
    }
}

// Two apps with one id or one key: nobody could say which is meant.
void check_apps(const std::vector<hub::App>& apps, std::vector<Problem>& problems) {
    const auto check = [&](std::string_view name, std::string hub::App::* member) {
        std::map<std::string_view, std::size_t> first;
        for (std::size_t i = 0; i < apps.size(); ++i) {
            const std::string_view value = apps[i].*member;
            const auto [earlier, is_new] = first.emplace(value, i);
            if (is_new || value.empty()) continue;
            problems.push_back({Severity::error,
                                fmt::format("app_manager.array.apps[{}].{}", i, name),
                                fmt::format("also that of apps[{}]", earlier->second)});
        }
    };
    check("id", &hub::App::id);
    check("key", &hub::App::key);
}

void check_turbine(const TurbineConfig& turbine, std::vector<Problem>& problems) {
    if (turbine.jwt_secret.empty() == turbine.api_key.empty()) return;
    const bool no_key = turbine.api_key.empty();
    problems.push_back({Severity::error, no_key ? "turbine.api_key" : "turbine.jwt_secret",
                        no_key ? "required with turbine.jwt_secret (TURBINE_API_KEY)"
                               : "required with turbine.api_key (TURBINE_JWT_SECRET)"});
}

// A key that does not decode is told by its setting; one that is not a key, here.
void check_notiflux(const NotifluxConfig& notiflux, std::vector<Problem>& problems) {
    const auto tokens = notiflux_tokens(notiflux);
    if (tokens.has_value()) return;
    const auto& message = tokens.error().message;
    const auto colon = message.find(": ");
    problems.push_back({Severity::error, message.substr(0, colon), message.substr(colon + 2)});
}

}  // namespace

bool Loaded::failed() const {
    return std::ranges::find(problems, Severity::error, &Problem::severity) != problems.end();
}

Loaded load(const Sources& sources) {
    Loaded loaded;
    if (sources.file) load_json(*sources.file, sources.unknown_keys, loaded);
    load_environment(sources.environment, loaded);
    add_default_app(sources.environment, loaded);
    report_variables(sources.environment, loaded.problems);
    load_flags(sources, loaded);
    check_apps(loaded.config.apps, loaded.problems);
    check_turbine(loaded.config.turbine, loaded.problems);
    check_notiflux(loaded.config.notiflux, loaded.problems);
    check_journal(loaded.config.journal, loaded.problems);
    return loaded;
}

std::string line_of(const Problem& problem) {
    return std::string(problem.severity == Severity::error ? "error: " : "warning: ") +
           problem.path + ": " + problem.message;
}

Environment environment_of(const char* const* entries) {
    Environment environment;
    for (; *entries != nullptr; ++entries) {
        const std::string_view entry = *entries;
        const auto equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return environment;
}

std::optional<std::string> config_path(const std::optional<std::string>& flag,
                                       const Environment& environment) {
    if (flag) return flag;
    const auto found = environment.find("CONFIG_FILE_PATH");
    if (found == environment.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

}  // namespace carillon::server
