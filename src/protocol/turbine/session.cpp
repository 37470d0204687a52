#include "protocol/turbine/session.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "protocol/turbine/encoder.h"
#include "protocol/turbine/replies.h"
#include "protocol/turbine/token.h"
#include "websocket/utf8.h"

namespace carillon::turbine {
namespace {

// Who cannot keep up is told nothing and stays: what it could not take is lost to it.
constexpr hub::OutboxPolicy outbox_policy{.messages_max = 256,
                                          .bytes_max = 16 * limits::mib,
                                          .on_full = hub::OutboxPolicy::OnFull::drop_newest};

}  // namespace

// The hub's session begins with the connection, not with a good token: strangers count too, where
// connections are limited.
Session::Session(Service& service, const protocol::Opening& opening)
    : service_(service),
      out_(opening.out),
      format_(opening.framing.frame(wire_encoder())),
      heard_ns_(opening.now.steady_ns) {
    const auto opened = service_.hub.open(service_.app, opening.lane, opening.outbox, *this,
                                          outbox_policy, format_);
    session_ = opened.session;
    if (session_ == nullptr) {
        const bool node = opened.outcome == hub::Outcome::limit_sessions;
        say_goodbye(node ? Fault::node_full : Fault::app_full);
        return;
    }
    const std::int64_t timeout_s = service_.options.connect_timeout_s;
    if (timeout_s != 0) connect_by_ns_ = heard_ns_ + timeout_s * base::ns_per_s;
}

Session::~Session() {
    if (session_ != nullptr) service_.hub.close(*session_, gone_);
}

// ---- messages ----

Result<void> Session::on_message(protocol::Message message, Now now) {
    heard_ns_ = now.steady_ns;
    pinged_ = false;
    if (over_) return {};
    session_->app_books().received.add();
    session_->app_books().received_bytes.add(message.data.size());
    using Kind = protocol::Message::Kind;
    if (message.kind == Kind::ping || message.kind == Kind::pong) return {};
    // A binary message is read as text; that of a text message was checked on its way here.
    const bool readable = message.kind == Kind::text || websocket::is_utf8(message.data);
    const auto said =
        readable ? parse_message(message.data) : Message{0, Malformed{Fault::text_malformed}};
    service_.counts.commands[said.command.index()].add();
    std::visit([&](const auto& wish) { handle(said.id, wish, now); }, said.command);
    return {};
}

void Session::handle(Id id, const Connect& wish, Now now) {
    // Other rights in mid-session would leave subscriptions that nobody granted.
    if (connected_) return refuse(id, Fault::already_connected);
    auto grant = read_token(service_.options.tokens, wish.token, now);
    if (!grant.has_value()) return reject_token(id, grant.error());
    connected_ = true;
    connect_by_ns_ = base::never_ns;
    channels_ = std::move(grant.value().channels);
    (void)service_.hub.identify(*session_, grant.value().subject, now);
    answer(id, "connected");
}

// Which rule it was is not for the client; a token is in no line of the log.
void Session::reject_token(Id id, const Error& why) {
    const auto rule = static_cast<std::size_t>(why.code);
    ASSERT(rule < auth::jwt_faults);
    service_.counts.tokens_rejected[rule].add();
    log("token_rejected", auth::name_of(static_cast<auth::JwtFault>(rule)));
    refuse(id, Fault::token_rejected);
    if (++rejected_tokens_ == rejected_tokens_max) say_goodbye(Fault::tokens_rejected);
}

void Session::handle(Id id, const Subscribe& wish, Now now) {
    const auto& channel = wish.channel;
    if (!connected_) return refuse(id, Fault::not_connected);
    if (!channels_.allows(channel, service_.reserve(channel))) {
        return refuse(id, Fault::channel_forbidden);
    }
    const bool more = !session_->subscribed(channel);
    if (more && session_->subscription_count() >= channels_max) {
        return refuse(id, Fault::subscription_limit);
    }
    const auto outcome = service_.hub.subscribe(*session_, channel, format_, {}, now).outcome;
    if (outcome != hub::Outcome::ok && outcome != hub::Outcome::already) {
        return refuse(id, subscription_fault(outcome));
    }
    // The first publication comes behind it: nothing is delivered before this returns.
    answer(id, "subscribed");
}

// Leaving needs no right, and who is not there has left.
void Session::handle(Id id, const Unsubscribe& wish, Now now) {
    if (!connected_) return refuse(id, Fault::not_connected);
    (void)service_.hub.unsubscribe(*session_, wish.channel, now);
    answer(id, "unsubscribed");
}

void Session::handle(Id id, const Ping&, Now) { answer(id, "pong"); }

void Session::handle(Id id, const Malformed& message, Now) { refuse(id, message.fault); }

void Session::answer(Id id, std::string_view word) {
    base::Buffer reply;
    write_result(id, word, reply);
    out_.reply(reply.view());
}

// ---- time and ends ----

std::int64_t Session::next_tick_ns() const {
    if (over_) return base::never_ns;
    const std::int64_t seconds = pinged_ ? pong_timeout_s : service_.options.activity_timeout_s;
    const auto idle_ns = (pinged_ ? pinged_ns_ : heard_ns_) + seconds * base::ns_per_s;
    return std::min(idle_ns, connect_by_ns_);
}

Result<void> Session::on_tick(Now now) {
    if (now.steady_ns < next_tick_ns()) return {};
    if (now.steady_ns >= connect_by_ns_) {
        say_goodbye(Fault::connect_late);
    } else if (pinged_) {
        say_goodbye(Fault::pong_late);
    } else {
        pinged_ = true;
        pinged_ns_ = now.steady_ns;
        out_.ping();
    }
    return {};
}

void Session::on_close(hub::CloseReason why) {
    if (!over_) say_goodbye(close_fault(why));
}

void Session::on_gone(hub::CloseReason why) {
    gone_ = why;
    // Whoever was told goodbye has had his line.
    if (!over_) log("connection_closed", hub::name_of(why));
}

// ---- saying no ----

void Session::refuse(Id id, Fault fault) {
    note("command_refused", fault);
    base::Buffer reply;
    write_error(id, fault, reply);
    out_.reply(reply.view());
}

// The close frame is the last: whoever sends it sees to it that nothing of a channel follows.
void Session::say_goodbye(Fault fault) {
    over_ = true;
    note(session_ == nullptr ? "connection_refused" : "connection_closed", fault);
    const auto& row = row_of(fault);
    out_.close(static_cast<std::uint16_t>(row.code), row.text);
}

void Session::note(std::string_view event, Fault fault) {
    service_.refusals.add(fault);
    log(event, name_of(fault));
}

void Session::log(std::string_view event, std::string_view reason) const {
    // What a client can repeat at will is not worth a line in production.
    const auto level = over_ ? base::LogLevel::info : base::LogLevel::debug;
    const base::LogField fields[] = {{"reason", reason}, {"app", service_.app->id}};
    service_.log.write(level, event, fields);
}

}  // namespace carillon::turbine
