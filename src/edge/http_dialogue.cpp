#include "edge/http_dialogue.h"

#include <atomic>

#include "base/assert.h"
#include "base/limits.h"
#include "edge/connection.h"
#include "edge/websocket_dialogue.h"
#include "edge/worker.h"
#include "websocket/handshake.h"

namespace carillon::edge {

namespace {

// Unlike a std::thread::id it is never given to a second thread, such as one that starts when the
// loop's has ended.
std::uint64_t thread_number() {
    static std::atomic<std::uint64_t> last{0};
    thread_local const std::uint64_t number = ++last;
    return number;
}

}  // namespace

HttpDialogue::Link::Link(HttpDialogue& d) : home(thread_number()), dialogue(&d) {}

HttpDialogue::HttpDialogue(Connection& connection, const http::Router& router)
    : connection_(connection),
      router_(router),
      decoder_({.body_bytes_max = connection.worker().http_body_bytes_max()}) {
    wait(Waiting::for_request, connection.worker().now());  // a new client has no leave to dawdle
}

void HttpDialogue::on_bytes(std::span<char>& in, Now now) {
    std::string_view rest(in.data(), in.size());
    const auto event = decoder_.next(rest);
    in = in.last(rest.size());
    if (!event.has_value()) return refuse(event.error());
    if (!hold_body(decoder_.body_bytes())) {
        return refuse({ErrorKind::overloaded, "Too many large requests at once", 503});
    }
    if (waiting_ == Waiting::for_first_byte) wait(Waiting::for_request, now);
    switch (*event) {
        case http::Event::need_more:
            return;
        case http::Event::expect_continue:
            return connection_.reply({"HTTP/1.1 100 Continue\r\n\r\n"});
        case http::Event::request_complete:
            return handle(std::move(decoder_.request()), now);
    }
}

// The request is ours: answering resets the decoder while the handler may still read it.
void HttpDialogue::handle(http::Request request, Now now) {
    if (peer_.empty()) peer_ = connection_.peer();
    request.peer = peer_;
    const auto match = router_.match(request);
    auto* const doorman = router_.doorman();
    auto word = doorman != nullptr ? doorman->greet(request, match, now) : http::Doorman::Word{};
    const bool upgrades = match.kind == http::Match::Kind::upgrade;
    if (upgrades && !word.instead) return upgrade(request, *match.upgrade, now);
    doormans_headers_ = std::move(word.headers);
    head_only_ = request.method == "HEAD";
    keep_alive_ = request.keep_alive;
    wait(Waiting::for_answer, now);
    connection_.pause();
    if (word.instead) {
        word.instead->close = word.instead->close || upgrades;
        answer(std::move(*word.instead));
    } else if (match.kind == http::Match::Kind::handler) {
        (*match.handler)(request, responder());
    } else {
        answer(http::refusal(match));
    }
}

void HttpDialogue::upgrade(const http::Request& request, http::UpgradeTarget& target, Now now) {
    auto& worker = connection_.worker();
    if (draining_ || worker.draining())
        return refuse({ErrorKind::overloaded, "Shutting down", 503});
    auto& protocol =
        static_cast<protocol::Protocol&>(target);  // only protocols are registered as targets
    const auto accepted = websocket::accept(request, protocol.subprotocol(request));
    if (!accepted.has_value()) {
        worker.log().info("upgrade_refused", {{"reason", accepted.error().message}});
        auto refusal = websocket::refusal(accepted.error());
        refusal.close = true;
        send(refusal, false, false);
        return connection_.finish(hub::CloseReason::protocol);
    }
    send(*accepted, false, true);
    auto next = std::make_unique<WebSocketDialogue>(connection_);
    auto& opened = *next;
    connection_.become(std::move(next));
    opened.open(protocol, request, now);
}

// May be called on another thread than the loop's, and after the connection is gone.
http::Responder HttpDialogue::responder() {
    link_ = std::make_shared<Link>(*this);
    auto& loop = connection_.worker().loop();
    return http::Responder([link = link_, &loop](http::Response response) {
        if (link->home == thread_number()) {
            if (link->dialogue != nullptr) link->dialogue->answer(std::move(response));
            return;
        }
        const std::lock_guard lock(link->mutex);
        if (link->dialogue == nullptr) return;  // and the loop may be gone with it
        loop.post([link, response = std::move(response)]() mutable {
            if (link->dialogue != nullptr) link->dialogue->answer(std::move(response));
        });
    });
}

void HttpDialogue::cut_link() {
    if (link_ == nullptr) return;
    const auto link = std::exchange(link_, nullptr);
    const std::lock_guard lock(link->mutex);
    link->dialogue = nullptr;
}

void HttpDialogue::answer(http::Response response) {
    ASSERT(waiting_ == Waiting::for_answer);
    cut_link();
    for (auto& header : std::exchange(doormans_headers_, {})) {
        response.headers.push_back(std::move(header));
    }
    const bool keep_alive = keep_alive_ && !response.close && !draining_;
    send(response, head_only_, keep_alive);
    decoder_.reset();
    hold_body(0);
    if (!keep_alive) return connection_.finish(hub::CloseReason::peer);
    wait(Waiting::for_first_byte, connection_.worker().now());
    connection_.resume();
}

bool HttpDialogue::hold_body(std::size_t bytes) {
    return connection_.worker().hold_body(std::exchange(body_bytes_, bytes), bytes);
}

void HttpDialogue::refuse(const Error& error) {
    decoder_.reset();
    hold_body(0);
    connection_.worker().count_http_refusal();
    connection_.worker().log().info(
        "http_refused", {{"status", std::int64_t{error.code}}, {"reason", error.message}});
    auto response = http::text(error.code, error.message + "\n");
    if (error.code == 503) response.headers.emplace_back("Retry-After", "1");
    send(response, false, false);
    connection_.finish(hub::CloseReason::protocol);
}

void HttpDialogue::send(const http::Response& response, bool head_only, bool keep_alive) {
    base::Buffer bytes;
    http::encode(response, head_only, keep_alive, bytes);
    connection_.reply({bytes.view()});
}

void HttpDialogue::wait(Waiting waiting, Now now) {
    waiting_ = waiting;
    const auto ms = waiting == Waiting::for_first_byte ? limits::http_idle_ms
                    : waiting == Waiting::for_request  ? limits::http_slow_ms
                                                       : limits::http_answer_ms;
    deadline_ns_ = now.steady_ns + ms * base::ns_per_ms;
}

void HttpDialogue::on_timer(Now) {
    switch (waiting_) {
        case Waiting::for_first_byte:
            return connection_.finish(hub::CloseReason::peer);
        case Waiting::for_request:
            if (decoder_.idle()) return connection_.finish(hub::CloseReason::peer);
            return refuse({ErrorKind::timeout, "The request took too long", 408});
        case Waiting::for_answer:
            return answer(http::text(504, "The server took too long to answer\n"));
    }
}

void HttpDialogue::on_drain() {
    draining_ = true;
    if (waiting_ == Waiting::for_first_byte || decoder_.idle())
        connection_.finish(hub::CloseReason::shutdown);
}

// A client may end its side and still wait for the answer.
void HttpDialogue::on_end() {
    keep_alive_ = false;
    if (waiting_ != Waiting::for_answer) connection_.finish(hub::CloseReason::peer);
}

void HttpDialogue::on_gone(hub::CloseReason) {
    hold_body(0);
    cut_link();
}

}  // namespace carillon::edge
