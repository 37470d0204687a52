// bench/signing.h: what a Pusher backend signs with the app's secret: channel joins and HTTP publishes.
#pragma once

#include <string>
#include <string_view>

namespace bench {

struct App {
    std::string id = "demo-app";
    std::string key = "demo-key";
    std::string secret = "demo-secret";
};

std::string hmac_sha256_hex(std::string_view secret, std::string_view text);
std::string md5_hex(std::string_view text);

// The `auth` of a pusher:subscribe to a private channel.
std::string channel_auth(const App& app, std::string_view socket_id, std::string_view channel);

// A whole signed `POST /apps/{id}/events`, stamped with the present time: the server refuses stamps older than 600 s.
std::string publish_request(const App& app, std::string_view body);

}  // namespace bench
