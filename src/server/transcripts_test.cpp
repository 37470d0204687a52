// The protocols' transcripts once more, byte for byte, against the whole server on real sockets:
// what a protocol says by itself is also what arrives.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "auth/base64.h"
#include "auth/hmac.h"
#include "auth/md5.h"
#include "protocol/notiflux/testing.h"
#include "protocol/pusher/testing_replay.h"
#include "protocol/testing_transcript.h"
#include "protocol/turbine/testing.h"
#include "server/testing_sockets.h"

namespace carillon::server {
namespace {

using testing::Opcode;
using testing::Sockets;

std::string request_text(std::string_view method, std::string_view target, std::string_view body,
                         std::string_view headers = {}) {
    return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" +
           std::string(headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

// ---- Pusher ----

Config config_for(const hub::App& app, unsigned threads) {
    Config config;
    config.threads = threads;
    config.apps = {app};
    return config;
}

class PusherStage final : public pusher::testing::Stage {
 public:
    PusherStage(const hub::App& app, unsigned threads)
        : app_(app), sockets_(config_for(app, threads)) {}

    // Whoever may stay is told so first; only then has it a socket id.
    void connect(char who, const std::string& target) override {
        sockets_.connect(who, target);
        auto& greeting = greetings_[who] = sockets_.hear(who);
        const std::string_view mark = R"(socket_id\":\")";
        const auto at = greeting.find(mark);
        if (at == std::string::npos) return;
        const auto begin = at + mark.size();
        socket_ids_[who] = greeting.substr(begin, greeting.find('\\', begin) - begin);
    }
    void say(char who, const std::string& message) override { sockets_.say(who, message); }
    void leave(char who) override { sockets_.leave(who); }
    int post(const std::string& path, const std::string& body) override {
        const auto target = "/apps/" + app_.id + path;
        auto query = "auth_key=" + app_.key +
                     "&auth_timestamp=" + std::to_string(sockets_.now().unix_ms / 1000) +
                     "&auth_version=1.0&body_md5=" + auth::md5_hex(body);
        query += "&auth_signature=" +
                 auth::hmac_sha256_hex(app_.secret, {"POST\n", target, "\n", query});
        return sockets_.ask(request_text("POST", target + "?" + query, body)).status;
    }
    void pass_ms(std::int64_t ms) override { sockets_.pass_ms(ms); }

    std::string socket_id(char who) override { return socket_ids_[who]; }
    std::string hear(char who) override {
        auto greeting = std::exchange(greetings_[who], {});
        return greeting.empty() ? sockets_.hear(who) : greeting;
    }
    std::string closed(char who) override { return sockets_.closed(who); }
    std::vector<std::string> unheard(char who) override {
        auto bodies = sockets_.unheard(who);
        auto greeting = std::exchange(greetings_[who], {});
        if (!greeting.empty()) bodies.insert(bodies.begin(), std::move(greeting));
        return bodies;
    }

 private:
    const hub::App app_;
    Sockets sockets_;
    std::map<char, std::string> greetings_;  // heard to learn the socket id, not asked for yet
    std::map<char, std::string> socket_ids_;
};

void replay_pusher(unsigned threads) {
    pusher::testing::replay_all(
        [threads](const hub::App& app) { return std::make_unique<PusherStage>(app, threads); });
}

TEST(Transcript, of_each_file_is_what_arrives_over_sockets) { replay_pusher(1); }

TEST(Transcript, is_the_same_whichever_lanes_its_clients_are_on) { replay_pusher(3); }

// ---- Turbine and notiflux ----

class SocketStage final : public protocol::testing::Stage {
 public:
    explicit SocketStage(Config config) : sockets_(std::move(config)) {}

    void connect(char who, const std::string& path, const std::string& subprotocol) override {
        sockets_.connect(
            who, path,
            subprotocol.empty() ? "" : "Sec-WebSocket-Protocol: " + subprotocol + "\r\n");
    }
    void say(char who, const std::string& message, protocol::Message::Kind kind) override {
        using Kind = protocol::Message::Kind;
        sockets_.say(who, message,
                     kind == Kind::text     ? Opcode::text
                     : kind == Kind::binary ? Opcode::binary
                                            : Opcode::pong);
    }
    void leave(char who) override { sockets_.leave(who); }
    http::Response ask(http::Request request) override {
        std::string headers;
        for (const auto& [name, value] : request.headers) headers += name + ": " + value + "\r\n";
        const auto answer =
            sockets_.ask(request_text(request.method, request.target, request.body, headers));
        http::Response response;
        response.status = answer.status;
        response.body = answer.body;
        response.headers = headers_of(answer.head);
        return response;
    }
    void pass_ms(std::int64_t ms) override { sockets_.pass_ms(ms); }
    Now now() override { return sockets_.now(); }

    std::string hear(char who) override { return sockets_.hear(who); }
    bool pinged(char who) override { return sockets_.pinged(who); }
    std::string closed(char who) override { return sockets_.closed(who); }
    std::vector<std::string> unheard(char who) override { return sockets_.unheard(who); }

 private:
    static std::vector<std::pair<std::string, std::string>> headers_of(std::string_view head) {
        std::vector<std::pair<std::string, std::string>> headers;
        while (head.find("\r\n") != std::string_view::npos) {
            const auto line = head.substr(0, head.find("\r\n"));
            const auto colon = line.find(": ");
            if (colon != std::string_view::npos) {
                headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
            }
            head.remove_prefix(line.size() + 2);
        }
        return headers;
    }
    Sockets sockets_;
};

std::filesystem::path transcripts_of(std::string_view protocol) {
    return std::filesystem::path(__FILE__).parent_path().parent_path() / "protocol" / protocol /
           "transcripts";
}

void replay_turbine(unsigned threads) {
    protocol::testing::play_all(transcripts_of("turbine"), 6, turbine::testing::variable,
                                [threads](const auto& switches) {
                                    Config config;
                                    config.threads = threads;
                                    config.turbine.jwt_secret = turbine::testing::secret;
                                    config.turbine.api_key = turbine::testing::api_key;
                                    const auto timeout = switches.find("connect_timeout_s");
                                    if (timeout != switches.end()) {
                                        config.turbine.connect_timeout_s =
                                            static_cast<std::uint32_t>(std::stoul(timeout->second));
                                    }
                                    return std::make_unique<SocketStage>(std::move(config));
                                });
}

void replay_notiflux(unsigned threads) {
    base::Buffer key;
    auth::append_base64(notiflux::testing::the_key().public_pem(), key);
    protocol::testing::play_all(transcripts_of("notiflux"), 6, notiflux::testing::variable,
                                [threads, key = std::string(key.view())](const auto& switches) {
                                    Config config;
                                    config.threads = threads;
                                    config.notiflux.jwt_public_key_b64 = key;
                                    config.notiflux.honest_statuses =
                                        switches.contains("honest_statuses");
                                    return std::make_unique<SocketStage>(std::move(config));
                                });
}

TEST(Transcript, of_turbine_is_what_arrives_over_sockets) { replay_turbine(1); }

TEST(Transcript, of_turbine_is_the_same_on_several_lanes) { replay_turbine(3); }

TEST(Transcript, of_notiflux_is_what_arrives_over_sockets) { replay_notiflux(1); }

TEST(Transcript, of_notiflux_is_the_same_on_several_lanes) { replay_notiflux(3); }

}  // namespace
}  // namespace carillon::server
