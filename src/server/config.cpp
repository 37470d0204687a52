#include "server/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "http/request.h"

namespace carillon::server {
namespace {

bool has_demo_secret(const hub::App& app) { return app.secret == demo_secret; }

// The apps whose secret everybody knows, by id; disabled ones too: enabling one again must not
// open the door.
std::string exposed_apps(const Config& config) {
    std::string list;
    for (const auto& app : config.apps) {
        if (has_demo_secret(app)) list += (list.empty() ? "" : ", ") + app.id;
    }
    return list;
}

bool is_v4_loopback(const unsigned char* bytes) { return bytes[0] == 127; }

}  // namespace

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
    const auto exposed = exposed_apps(config);
    if (exposed.empty() || config.insecure_demo_credentials || is_loopback(config.host)) return {};
    return Error{
        ErrorKind::forbidden,
        "refusing to listen on " + config.host + " with the demo secret (app " + exposed +
            "): everybody knows it and could publish. Set SOCKUDO_DEFAULT_APP_ID, "
            "SOCKUDO_DEFAULT_APP_KEY and SOCKUDO_DEFAULT_APP_SECRET, or configure apps in the "
            "file, or listen on 127.0.0.1, or insist with --insecure-demo-credentials."};
}

std::vector<std::string> demo_warnings(const Config& config) {
    std::vector<std::string> lines;
    for (const auto& app : config.apps) {
        if (!has_demo_secret(app)) continue;
        lines.push_back("DEMO CREDENTIALS: app " + app.id + " has the secret " +
                        std::string(demo_secret) + ", which everybody knows.");
    }
    if (lines.empty()) return lines;
    lines.push_back(is_loopback(config.host)
                        ? "Fine for trying things out on this machine. Before others connect, set "
                          "SOCKUDO_DEFAULT_APP_ID, _KEY and _SECRET."
                        : "Listening on " + config.host +
                              ": whoever reaches it can publish and read everything "
                              "(--insecure-demo-credentials was given).");
    return lines;
}

}  // namespace carillon::server
