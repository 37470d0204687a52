// edge/http_dialogue.h: a connection that talks HTTP: one request at a time, answered at once or
// later. While an answer is awaited nothing more is read, so pipelined requests are answered in
// their order. An upgrade ends it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "edge/dialogue.h"
#include "http/decoder.h"
#include "http/router.h"

namespace carillon::edge {

class Connection;

class HttpDialogue final : public Dialogue {
 public:
    HttpDialogue(Connection& connection, const http::Router& router);

    void on_bytes(std::span<char>& in, Now now) override;
    std::int64_t deadline_ns() const override { return deadline_ns_; }
    void on_timer(Now now) override;
    void on_drain() override;
    void on_end() override;
    void on_gone(hub::CloseReason why) override;

 private:
    // Shared with the Responder, which may outlive the connection and its loop; cut before they go.
    // Away from home it is looked at under the lock: who finds it whole keeps the loop from going
    // until it has posted. The loop cannot be asked who is at home: once it has stopped, all are.
    struct Link {
        explicit Link(HttpDialogue& d);
        const std::uint64_t home;  // the number of the loop's thread
        std::mutex mutex;
        HttpDialogue* dialogue;  // null: cut
    };
    enum class Waiting : std::uint8_t { for_first_byte, for_request, for_answer };

    void wait(Waiting waiting, Now now);
    void handle(http::Request request, Now now);
    void upgrade(const http::Request& request, http::UpgradeTarget& target, Now now);
    http::Responder responder();
    void cut_link();
    void answer(http::Response response);
    bool hold_body(std::size_t bytes);
    void refuse(const Error& error);
    void send(const http::Response& response, bool head_only, bool keep_alive);

    Connection& connection_;
    const http::Router& router_;
    http::Decoder decoder_;
    std::size_t body_bytes_ = 0;                                         // that its worker knows of
    std::string peer_;                                                   // asked for once
    std::vector<std::pair<std::string, std::string>> doormans_headers_;  // for the awaited answer
    std::shared_ptr<Link> link_;  // of the request that waits for its answer
    std::int64_t deadline_ns_ = 0;
    Waiting waiting_ = Waiting::for_first_byte;
    bool head_only_ = false;  // of the request that waits for its answer
    bool keep_alive_ = false;
    bool draining_ = false;
};

}  // namespace carillon::edge
