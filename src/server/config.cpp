#include "server/config.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "http/request.h"
#include "server/tokens.h"

namespace carillon::server {
namespace {

bool has_demo_secret(const hub::App& app) { return app.secret == demo_secret; }

// Who has a secret that everybody knows; disabled apps too: enabling one again must not open the
// door.
std::vector<std::string> exposed(const Config& config) {
    std::vector<std::string> list;
    for (const auto& app : config.apps) {
        if (has_demo_secret(app)) list.push_back("app " + app.id);
    }
    if (config.turbine.jwt_secret == demo_turbine_secret ||
        config.turbine.jwt_secret_previous == demo_turbine_secret ||
        config.turbine.api_key == demo_turbine_api_key) {
        list.emplace_back("turbine");
    }
    if (is_demo_notiflux_key(config.notiflux.jwt_public_key_b64) ||
        is_demo_notiflux_key(config.notiflux.jwt_public_key_b64_previous)) {
        list.emplace_back("notiflux");
    }
    return list;
}

bool is_v4_loopback(const unsigned char* bytes) { return bytes[0] == 127; }

}  // namespace

bool is_demo(const Config& config) {
    return config.apps.size() == 1 && config.apps[0].id == demo_id &&
           config.apps[0].key == demo_key && has_demo_secret(config.apps[0]) &&
           config.turbine.jwt_secret == demo_turbine_secret &&
           config.turbine.api_key == demo_turbine_api_key &&
           is_demo_notiflux_key(config.notiflux.jwt_public_key_b64);
}

hub::App demo_app(const hub::AppLimits& limits) {
    hub::App app;
    app.id = demo_id;
    app.key = demo_key;
    app.secret = demo_secret;
    app.client_events = true;
    app.limits = limits;
    return app;
}

bool is_loopback(std::string_view host) {
    if (http::equals_ignoring_case(host, "localhost")) return true;
    const std::string text(host);
    unsigned char v4[4];
    if (::inet_pton(AF_INET, text.c_str(), v4) == 1) return is_v4_loopback(v4);
    in6_addr v6;
    if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) return is_v4_loopback(v6.s6_addr + 12);
    return IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<void> check_exposure(const Config& config) {
    const auto known = exposed(config);
    if (known.empty() || config.insecure_demo_credentials || is_loopback(config.host)) return {};
    return Error{
        ErrorKind::forbidden,
        fmt::format("refusing to listen on {} with demo credentials ({}): everybody knows "
                    "them and could publish. Set SOCKUDO_DEFAULT_APP_ID, _KEY and _SECRET, "
                    "or TURBINE_JWT_SECRET and TURBINE_API_KEY, or JWT_PUBLIC_KEY_B64: "
                    "then only what is set is spoken. Or configure apps in the file, or "
                    "listen on 127.0.0.1, or insist with --insecure-demo-credentials.",
                    config.host, fmt::join(known, ", "))};
}

std::vector<std::string> demo_warnings(const Config& config) {
    const auto known = exposed(config);
    std::vector<std::string> lines;
    lines.reserve(known.size() + 1);
    for (const auto& who : known) {
        lines.push_back("DEMO CREDENTIALS: " + who + " has a secret that everybody knows.");
    }
    if (lines.empty()) return lines;
    if (is_loopback(config.host)) {
        lines.emplace_back(
            "Fine for trying things out on this machine. Before others connect, set "
            "SOCKUDO_DEFAULT_APP_ID, _KEY and _SECRET, TURBINE_JWT_SECRET and TURBINE_API_KEY, or "
            "JWT_PUBLIC_KEY_B64.");
    } else if (config.insecure_demo_credentials) {
        lines.push_back("Listening on " + config.host +
                        ": whoever reaches it can publish and read everything "
                        "(--insecure-demo-credentials was given).");
    }
    return lines;
}

}  // namespace carillon::server
