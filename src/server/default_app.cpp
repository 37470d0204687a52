#include "server/default_app.h"

#include <algorithm>

#include "server/tokens.h"

namespace carillon::server {
namespace {

// The older name of SOCKUDO_DEFAULT_APP_ENABLE_CLIENT_MESSAGES, which wins over it.
constexpr std::string_view client_messages = "SOCKUDO_ENABLE_CLIENT_MESSAGES";

bool is_set(const Environment& environment, std::string_view variable) {
    const auto found = environment.find(variable);
    return found != environment.end() && !found->second.empty();
}

// Of id, key and secret.
std::vector<std::string_view> missing_credentials(const Environment& environment) {
    std::vector<std::string_view> missing;
    for (const std::string_view variable :
         {"SOCKUDO_DEFAULT_APP_ID", "SOCKUDO_DEFAULT_APP_KEY", "SOCKUDO_DEFAULT_APP_SECRET"}) {
        if (!is_set(environment, variable)) missing.push_back(variable);
    }
    return missing;
}

bool is_anything_set(const Environment& environment) {
    return is_set(environment, client_messages) ||
           std::ranges::any_of(app_fields(), [&](const Field<hub::App>& field) {
               return is_set(environment, field.variable);
           });
}

hub::App app_of(const Environment& environment, bool demo, Loaded& loaded) {
    auto app = demo_app(loaded.config.app_limits);
    app.client_events = demo;  // a real app's clients may publish only when it says so
    for (const auto& field : app_fields()) {
        if (field.path == "enable_client_messages") {
            read_variable(field, client_messages, environment, app, loaded.problems);
        }
        read_variable(field, field.variable, environment, app, loaded.problems);
    }
    return app;
}

}  // namespace

void add_default_app(const Environment& environment, Loaded& loaded) {
    const auto missing = missing_credentials(environment);
    // Who configured another protocol and no app has no use for one that everybody can use.
    const auto& config = loaded.config;
    const bool others = !config.turbine.jwt_secret.empty() || !config.turbine.api_key.empty() ||
                        !config.notiflux.jwt_public_key_b64.empty();
    if (config.apps.empty() && missing.size() == 3 && others) return;
    if (config.apps.empty() && missing.size() == 3) {
        loaded.config.turbine.jwt_secret = demo_turbine_secret;
        loaded.config.turbine.api_key = demo_turbine_api_key;
        loaded.config.notiflux.jwt_public_key_b64 = demo_notiflux_key_b64();
    }
    auto app = app_of(environment, missing.size() == 3, loaded);
    auto& apps = loaded.config.apps;
    const auto warn = [&](std::string path, std::string message) {
        loaded.problems.push_back({Severity::warning, std::move(path), std::move(message)});
    };
    if (!apps.empty() && (!missing.empty() || !app.enabled)) {
        if (is_anything_set(environment)) {
            warn("SOCKUDO_DEFAULT_APP_*", "no effect: the file's apps are in force");
        }
        return;
    }
    if (!apps.empty()) warn("app_manager.array.apps", "replaced by SOCKUDO_DEFAULT_APP_*");
    if (missing.size() < 3) {
        for (const auto variable : missing) {
            warn(std::string(variable), "not set; the demo app's value is used");
        }
    }
    apps.clear();
    apps.push_back(std::move(app));
}

}  // namespace carillon::server
