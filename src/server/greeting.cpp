#include "server/greeting.h"

#include <fmt/core.h>

#include <algorithm>

#include "auth/hmac.h"
#include "auth/md5.h"

namespace carillon::server {

std::string signed_publish(const hub::App& app, std::string_view body, Now now,
                           std::string_view path_prefix) {
    const auto path = fmt::format("{}/apps/{}/events", path_prefix, app.id);
    const auto query = fmt::format("auth_key={}&auth_timestamp={}&auth_version=1.0&body_md5={}",
                                   app.key, now.unix_ms / 1000, auth::md5_hex(body));
    const auto signature = auth::hmac_sha256_hex(app.secret, {"POST\n", path, "\n", query});
    return path + "?" + query + "&auth_signature=" + signature;
}

std::string greeting(const Config& config, std::string_view version, std::uint16_t port,
                     std::uint16_t metrics_port, Now now) {
    const bool ipv6 = config.host.find(':') != std::string::npos;
    const auto host = ipv6 ? "[" + config.host + "]" : config.host;
    const auto* const scheme = config.ssl.enabled ? "https" : "http";
    auto text = fmt::format("\nCarillon {} listens on {}://{}:{}\n", version, scheme, host, port);
    if (config.page_enabled) {
        text += fmt::format("  page       {}://{}:{}{}/   (in two tabs)\n", scheme, host, port,
                            config.path_prefix);
    }
    if (metrics_port != 0) {
        text +=
            fmt::format("  metrics    http://{}:{}/metrics\n", config.metrics.host, metrics_port);
    }
    const auto demo = std::find_if(config.apps.begin(), config.apps.end(),
                                   [](const hub::App& app) { return app.secret == demo_secret; });
    if (demo == config.apps.end()) return text + "\n";
    constexpr std::string_view body = R"({"name":"ring","channel":"bells","data":"hello"})";
    const auto path =
        config.path_prefix.empty() ? "" : fmt::format("wsPath: '{}', ", config.path_prefix);
    text += fmt::format(
        "  subscribe  new Pusher('{}', {{wsHost: '{}', {}: {}, {}forceTLS: {}, "
        "cluster: 'local'}}).subscribe('bells')\n",
        demo->key, host, config.ssl.enabled ? "wssPort" : "wsPort", port, path, config.ssl.enabled);
    text += fmt::format(
        "  publish    curl -d '{}' '{}://{}:{}{}'\n             (signed just now, good "
        "for ten minutes)\n\n",
        body, scheme, host, port, signed_publish(*demo, body, now, config.path_prefix));
    return text;
}

}  // namespace carillon::server
