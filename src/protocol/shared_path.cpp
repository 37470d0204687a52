#include "protocol/shared_path.h"

#include <algorithm>
#include <utility>

#include "json/read.h"
#include "protocol/heartbeat.h"

namespace carillon::protocol {
namespace {

constexpr std::uint16_t close_going_away = 1001;
constexpr int close_silent = 1008;
constexpr std::uint16_t close_internal_error = 1011;  // for an Error that names no code

// As long as it takes to decide: the path and the headers, whatever body came with them.
std::unique_ptr<http::Request> copy_without_body(const http::Request& request) {
    auto copy = std::make_unique<http::Request>();
    copy->method = request.method;
    copy->target = request.target;
    copy->path = request.path;
    copy->query = request.query;
    copy->version = request.version;
    copy->keep_alive = request.keep_alive;
    copy->headers = request.headers;
    copy->params = request.params;
    copy->peer = request.peer;
    return copy;
}

}  // namespace

// A client that has not shown what it speaks; and once it has, what stands between edge and the
// session that was opened for it, and passes everything on.
//
// It is that session's Out, too: the message that decided is still to be handed over when open()
// returns, and by then the session may have closed, or have asked to wait.
class SharedPath::Undecided final : public Session, private Out {
 public:
    Undecided(SharedPath& path, const Opening& opening)
        : path_(path),
          out_(opening.out),
          framing_(opening.framing),
          lane_(opening.lane),
          outbox_(opening.outbox),
          request_(copy_without_body(opening.request)),
          heartbeat_(opening.now),
          decide_by_ns_(path.decide_ns_ != 0 ? opening.now.steady_ns + path.decide_ns_
                                             : base::never_ns) {}
    Undecided(const Undecided&) = delete;
    Undecided& operator=(const Undecided&) = delete;

    Result<void> on_message(Message message, Now now) override;
    std::int64_t next_tick_ns() const override {
        if (session_ != nullptr) return session_->next_tick_ns();
        return std::min(heartbeat_.next_tick_ns(), decide_by_ns_);
    }
    Result<void> on_tick(Now now) override;
    void on_close(hub::CloseReason why) override;
    void on_gone(hub::CloseReason why) override {
        if (session_ != nullptr) session_->on_gone(why);
    }

 private:
    // The message that decided, while its session waits for something.
    struct Kept {
        Message::Kind kind;
        bool fragmented;
        std::string data;
        Now came;
    };

    void become(Protocol& protocol, Now now);
    void keep(const Message& message, Now now);
    void deliver(const Kept& kept);
    // Out
    void reply(std::string_view body) override { out_.reply(body); }
    void ping() override { out_.ping(); }
    void close(std::uint16_t code, std::string_view reason) override {
        closed_ = true;
        out_.close(code, reason);
    }
    void pause() override {
        paused_ = true;
        out_.pause();
    }
    void resume() override;

    SharedPath& path_;
    Out& out_;
    Framing& framing_;
    hub::Lane& lane_;
    hub::Outbox& outbox_;
    std::unique_ptr<http::Request> request_;  // null: decided
    std::unique_ptr<Session> session_;        // null: not decided
    std::unique_ptr<Kept> kept_;              // null: nothing waits
    Heartbeat heartbeat_;                     // until it is decided
    const std::int64_t decide_by_ns_;
    bool closed_ = false;
    bool paused_ = false;
};

Result<void> SharedPath::Undecided::on_message(Message message, Now now) {
    if (closed_) return {};
    if (session_ != nullptr) return session_->on_message(message, now);
    if (message.kind == Message::Kind::ping || message.kind == Message::Kind::pong) {
        heartbeat_.heard(now);
        return {};
    }
    auto* const claimant = path_.claimant_by_message(message);
    if (claimant == nullptr) {
        path_.unclaimed_.add();
        return {};
    }
    become(*claimant, now);
    if (closed_) return {};
    if (!paused_) return session_->on_message(message, now);
    keep(message, now);
    return {};
}

void SharedPath::Undecided::become(Protocol& protocol, Now now) {
    session_ = protocol.open({*request_, *this, framing_, lane_, outbox_, now});
    request_.reset();
}

void SharedPath::Undecided::keep(const Message& message, Now now) {
    kept_ = std::make_unique<Kept>(Kept{message.kind, message.fragmented, {}, now});
    kept_->data.reserve(message.data.size() + json::padding);
    kept_->data = message.data;
}

void SharedPath::Undecided::resume() {
    paused_ = false;
    if (const auto kept = std::exchange(kept_, nullptr)) deliver(*kept);
    if (!paused_) out_.resume();
}

void SharedPath::Undecided::deliver(const Kept& kept) {
    if (closed_) return;
    const auto result = session_->on_message({kept.kind, kept.data, kept.fragmented}, kept.came);
    if (result.has_value()) return;
    const auto& error = result.error();
    close(error.code != 0 ? static_cast<std::uint16_t>(error.code) : close_internal_error,
          error.message);
}

Result<void> SharedPath::Undecided::on_tick(Now now) {
    if (session_ != nullptr) return session_->on_tick(now);
    if (now.steady_ns >= decide_by_ns_) {
        path_.late_.add();
        return Error{ErrorKind::timeout, "nothing said in time", close_silent};
    }
    switch (heartbeat_.tick(now)) {
        case Heartbeat::Beat::early:
            break;
        case Heartbeat::Beat::ping:
            out_.ping();
            break;
        case Heartbeat::Beat::silent:
            path_.silent_.add();
            return Error{ErrorKind::timeout, "no answer to pings", close_silent};
    }
    return {};
}

// Undecided, it has no hub session: only a server that stops asks it to go.
void SharedPath::Undecided::on_close(hub::CloseReason why) {
    if (session_ != nullptr) return session_->on_close(why);
    close(close_going_away, "server is shutting down");
}

// ---- the path ----

SharedPath::SharedPath(std::string path, std::vector<Protocol*> claimants, std::uint32_t decide_s)
    : path_(std::move(path)),
      claimants_(std::move(claimants)),
      decide_ns_(decide_s * base::ns_per_s) {}

Result<void> SharedPath::routes(http::Router& router) { return router.upgrade(path_, *this); }

std::unique_ptr<Session> SharedPath::open(const Opening& opening) {
    if (auto* const claimant = claimant_by_subprotocol(opening.request)) {
        return claimant->open(opening);
    }
    if (claimants_.size() == 1) return claimants_.front()->open(opening);
    return std::make_unique<Undecided>(*this, opening);
}

std::string_view SharedPath::subprotocol(const http::Request& request) const {
    const auto* const claimant = claimant_by_subprotocol(request);
    return claimant != nullptr ? claimant->subprotocol(request) : std::string_view();
}

void SharedPath::each_refusal(const RefusalVisitor& visit) const {
    visit("unclaimed", unclaimed_.get());
    visit("silent", silent_.get());
    visit("late", late_.get());
}

Protocol* SharedPath::claimant_by_subprotocol(const http::Request& request) const {
    const auto found = std::ranges::find_if(
        claimants_, [&](const auto* claimant) { return !claimant->subprotocol(request).empty(); });
    return found != claimants_.end() ? *found : nullptr;
}

Protocol* SharedPath::claimant_by_message(const Message& message) const {
    const auto found = std::ranges::find_if(
        claimants_, [&](const auto* claimant) { return claimant->speaks(message); });
    return found != claimants_.end() ? *found : nullptr;
}

}  // namespace carillon::protocol
