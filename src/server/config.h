// server/config.h: everything an operator can set, as one tree of plain values with their defaults.
// Filled once at start-up (config_load.h) and then only read. The defaults run alone: on loopback,
// with demo credentials, loudly. Names here carry their units; what a value is called in the file,
// the environment and on the command line stands in config_fields.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "bridge/rule.h"
#include "http/cors.h"
#include "hub/app.h"

namespace carillon::server {

enum class MetricsDriver : unsigned char { prometheus };

struct MetricsConfig {
    bool enabled = true;             // whether the admin routes are served at all
    std::string host = "127.0.0.1";  // their own address: numbers are not for everybody
    std::uint16_t port = 9601;       // 0: any free port
    MetricsDriver driver = MetricsDriver::prometheus;
    std::string prefix = "sockudo_";  // of the names that dashboards made for Sockudo look for
};

enum class LogFormat : unsigned char {
    json,  // one object per line
    text,  // for people at a terminal
};

struct LogConfig {
    base::LogLevel level = base::LogLevel::info;  // this and worse is written
    LogFormat format = LogFormat::json;
};

// Which pages of other origins may use the HTTP API from a browser.
using CorsConfig = http::CorsPolicy;

// How often one client's address may ask.
struct RateLimitConfig {
    std::uint32_t requests_max = 100;
    std::uint32_t window_s = 60;
    std::uint32_t trust_hops = 0;  // proxies in front whose X-Forwarded-For is believed
};

enum class RateLimiterDriver : unsigned char { memory };

// Off unless asked for, unlike Sockudo's: a school or an office behind one address would be refused
// after twenty connections a minute, and so would every test suite.
struct RateLimiterConfig {
    bool enabled = false;
    RateLimiterDriver driver = RateLimiterDriver::memory;
    RateLimitConfig api;  // requests to /apps/, and whatever is posted
    RateLimitConfig websocket{.requests_max = 20};
};

// A publish that names a key is done once; who repeats it gets the first answer.
struct IdempotencyConfig {
    bool enabled = true;
    std::uint32_t ttl_s = 120;  // how long a key is remembered
    std::uint32_t key_bytes_max = 128;
};

// TLS for everything that clients reach. The admin port stays plain.
struct SslConfig {
    bool enabled = false;
    // PEM: a certificate, then those that vouch for it. Of several, SNI decides; the first is for all
    // whom no other fits.
    std::vector<std::string> cert_paths;
    std::vector<std::string> key_paths;  // PEM, in the same order
    std::string passphrase;              // of the keys; empty: they have none
};

// What is asked of a token beyond its signature.
struct JwtConfig {
    std::uint32_t leeway_s = 60;  // of clocks that differ
    std::string key_id;           // "kid", "iss" and "aud" that it must have; empty: not looked at
    std::string key_id_previous;  // another "kid" that is good, while the key is replaced
    std::string issuer;
    std::string audience;
};

// Turbine is spoken if it has a secret.
struct TurbineConfig {
    std::string app = "turbine";          // by its id: an app of the list, or one of its own
    std::string jwt_secret;               // of HS256
    std::string jwt_secret_previous;      // good too, while the secret is replaced; empty: none
    std::string api_key;                  // of the backend that publishes
    std::uint32_t connect_timeout_s = 0;  // for a client to say who it is; 0: for ever
    JwtConfig jwt;
};

// notiflux is spoken if it has a key.
struct NotifluxConfig {
    std::string app = "notiflux";             // by its id: an app of the list, or one of its own
    std::string jwt_public_key_b64;           // of ES256: PEM, in base64, without white space
    std::string jwt_public_key_b64_previous;  // good too, while the key is replaced; empty: none
    bool honest_statuses = false;             // whether a refused broadcast is told so
    JwtConfig jwt;
};

enum class JournalDriver : unsigned char {
    file,    // a directory: the fast one
    sqlite,  // an SQLite file: slower, and open to questions in SQL
};

enum class JournalSync : unsigned char {
    every_batch,  // a message is stored when the disk has it
    interval,     // likewise, and the disk is asked at most so often
    never,        // a message is stored when the system has it: it survives the process only
};

// Which channels are kept in the journal, and how much of each; 0: no bound of this kind.
struct JournalRule {
    std::string app;      // by its id; empty: every app
    std::string pattern;  // a channel's name, or a glob (hub/pattern.h)
    bool keep = true;     // false: these are not kept, whatever a later rule says
    std::uint64_t messages_max = 0;
    std::uint64_t bytes_max = 0;  // of bodies, about
    std::uint32_t age_s = 0;
};

// What survives the process. Of several rules that fit a channel the first one counts; what no rule
// fits is not kept, and what cache channels keep stays in memory, whatever the rules say.
struct JournalConfig {
    std::string path;  // of the directory, or of the SQLite file; empty: there is no journal
    JournalDriver driver = JournalDriver::file;
    JournalSync sync = JournalSync::interval;
    std::uint32_t sync_interval_ms = 10;  // between two syncs of the disk
    std::uint64_t bytes_max = 0;  // on disk; then the oldest go, whosever they are; 0: no bound
    std::vector<JournalRule> channels;
};

// What of one app is published in another too.
using BridgeConfig = bridge::Rule;

struct Config {
    std::string host = "127.0.0.1";   // where clients connect; beyond loopback is a decision
    std::uint16_t port = 6001;        // 0: any free port
    std::uint32_t threads = 0;        // event loops; 0: one per core
    std::string mode = "production";  // named in the log at start; changes nothing
    std::uint32_t shutdown_grace_period_s = 10;  // for connections to end by themselves
    std::uint32_t activity_timeout_s = 120;      // of silence before a client is asked for life
    std::uint32_t websocket_max_payload_kb =
        64;                                  // one client message; longer closes the connection
    std::uint32_t cache_ttl_s = 3600;        // how long a cache channel keeps its last event
    std::uint32_t connections_max = 0;       // of this node, over all apps; 0: no limit
    std::uint32_t sign_in_timeout_s = 3600;  // for clients of apps that want to know their users
    std::string path_prefix;                 // of every client path: "/ws"; empty: none
    std::uint32_t http_body_bytes_max = limits::http_body_bytes_max;  // of one request; then 413
    bool usage_enabled = true;                                        // whether /usage answers
    bool page_enabled = true;              // whether the page at / is served
    bool allow_colon = false;              // whether a channel's name may hold ':'
    bool strict_protocol_version = false;  // whether a client must say ?protocol=
    SslConfig ssl;
    CorsConfig cors;
    RateLimiterConfig rate_limiter;
    IdempotencyConfig idempotency;
    MetricsConfig metrics;
    LogConfig log;

    hub::AppLimits app_limits;   // what an app has unless it says otherwise
    std::vector<hub::App> apps;  // Pusher's; once loaded never empty, unless another protocol is on
    std::vector<BridgeConfig> bridges;
    JournalConfig journal;
    TurbineConfig turbine;
    NotifluxConfig notiflux;
    std::string nats_url;  // where other nodes are to be found: accepted, and not used yet

    bool insecure_demo_credentials = false;  // the operator was asked and said yes
};

inline constexpr std::string_view demo_id = "demo-app";
inline constexpr std::string_view demo_key = "demo-key";
inline constexpr std::string_view demo_secret = "demo-secret";  // printed in every manual

// Turbine's own, compiled into every server of that name.
inline constexpr std::string_view demo_turbine_secret = "devsecret";
inline constexpr std::string_view demo_turbine_api_key = "devkey";
// What the key is made from that signs notiflux's tokens in the demonstration.
inline constexpr std::string_view demo_notiflux_seed = "carillon's demo key: everybody has it";

// Whether nothing is configured but the demonstration, which shows all there is.
bool is_demo(const Config& config);

// The app that exists when nothing else is configured.
hub::App demo_app(const hub::AppLimits& limits);

// 127.0.0.0/8, ::1 and the name localhost. Whatever is unclear counts as beyond.
bool is_loopback(std::string_view host);

// Refuses to listen beyond loopback with a secret that everybody knows, unless the operator
// insists.
Result<void> check_exposure(const Config& config);

// What to say, loudly, when it does run with demo credentials; empty when it does not.
std::vector<std::string> demo_warnings(const Config& config);

}  // namespace carillon::server
