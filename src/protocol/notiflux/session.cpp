#include "protocol/notiflux/session.h"

#include <string>
#include <variant>

#include "base/limits.h"
#include "protocol/notiflux/encoder.h"

namespace carillon::notiflux {
namespace {

// Bytes are what counts: the original has no bound at all, so a burst of small messages that a
// client can still take must not end it.
constexpr hub::OutboxPolicy outbox_policy{.messages_max = 65'536,
                                          .bytes_max = 16 * limits::mib,
                                          .on_full = hub::OutboxPolicy::OnFull::close};

}  // namespace

Session::Session(Service& service, const protocol::Opening& opening)
    : service_(service),
      out_(opening.out),
      format_(opening.framing.frame(wire_encoder())),
      lane_(opening.lane),
      outbox_(opening.outbox),
      heartbeat_(opening.now) {}

Session::~Session() {
    if (session_ != nullptr) service_.hub.close(*session_, gone_);
}

void Session::begin() {
    const auto opened =
        service_.hub.open(service_.app, lane_, outbox_, *this, outbox_policy, format_);
    if (opened.session == nullptr) return say_goodbye(open_fault(opened.outcome));
    session_ = opened.session;
}

// ---- messages ----

Result<void> Session::on_message(protocol::Message message, Now now) {
    if (over_) return {};
    session_->app_books().received.add();
    session_->app_books().received_bytes.add(message.data.size());
    using Kind = protocol::Message::Kind;
    if (message.kind == Kind::ping || message.kind == Kind::pong) {
        heartbeat_.heard(now);
        return {};
    }
    if (message.data.size() > message_bytes_max) return end(Fault::message_too_large);
    if (message.fragmented) return end(Fault::message_fragmented);
    if (message.kind == Kind::binary) return {};
    return std::visit([&](const auto& command) { return handle(command, now); },
                      parse_command(message.data));
}

Result<void> Session::handle(const Subscribe& wish, Now now) {
    if (session_->subscribed(wish.topic)) return {};
    const auto denied = deny(service_, Grant::Scope::subscribe, wish.topic, wish.token, now);
    if (denied) return refuse(*denied);
    tokens_refused_ = 0;
    const auto outcome = service_.hub.subscribe(*session_, wish.topic, format_, {}, now).outcome;
    if (outcome == hub::Outcome::ok) {
        service_.subscribes.add();
    } else {
        note("subscribe_refused", subscribe_fault(outcome));
    }
    return {};
}

Result<void> Session::refuse(const Denied& denied) {
    note("subscribe_refused", subscribe_fault(denied.why), denied.rule);
    if (!blames_token(denied.why)) return {};
    if (++tokens_refused_ < tokens_refused_max) return {};
    return end(Fault::tokens_refused);
}

// No answer, whether it was subscribed or not.
Result<void> Session::handle(const Unsubscribe& wish, Now now) {
    service_.hub.unsubscribe(*session_, wish.topic, now);
    return {};
}

Result<void> Session::handle(const UnsubscribeAll&, Now now) {
    service_.hub.unsubscribe_all(*session_, now);
    return {};
}

Result<void> Session::handle(const Malformed&, Now) {
    tell(Fault::command_malformed);
    return {};
}

Result<void> Session::handle(const Unknown&, Now) {
    tell(Fault::command_unknown);
    return {};
}

// ---- time and ends ----

std::int64_t Session::next_tick_ns() const {
    return over_ ? base::never_ns : heartbeat_.next_tick_ns();
}

Result<void> Session::on_tick(Now now) {
    if (over_) return {};
    switch (heartbeat_.tick(now)) {
        case protocol::Heartbeat::Beat::early:
            break;
        case protocol::Heartbeat::Beat::ping:
            out_.ping();
            break;
        case protocol::Heartbeat::Beat::silent:
            return end(Fault::silent);
    }
    return {};
}

void Session::on_close(hub::CloseReason why) {
    if (!over_) say_goodbye(close_fault(why));
}

void Session::on_gone(hub::CloseReason why) {
    gone_ = why;
    // Whoever was told goodbye has had his line.
    if (!over_) service_.log.debug("connection_closed", {{"reason", hub::name_of(why)}});
}

// ---- saying no ----

void Session::tell(Fault fault) {
    note("command_refused", fault);
    out_.reply(row_of(fault).text);
}

void Session::say_goodbye(Fault fault) {
    const auto error = end(fault);
    out_.close(static_cast<std::uint16_t>(error.code), error.message);
}

// To be returned: it closes the connection.
Error Session::end(Fault fault) {
    over_ = true;
    note(session_ == nullptr ? "connection_refused" : "connection_closed", fault);
    const auto& row = row_of(fault);
    return {ErrorKind::closed, std::string(row.text), row.code};
}

// A client can repeat at will whatever is noted here but its own end. Never its token, nor what it
// said.
void Session::note(std::string_view event, Fault fault, std::string_view rule) {
    service_.refusals.add(fault);
    const base::LogField fields[] = {
        {"reason", name_of(fault)}, {"app", service_.app->id}, {"rule", rule}};
    service_.log.write(over_ ? base::LogLevel::info : base::LogLevel::debug, event,
                       std::span(fields).first(rule.empty() ? 2 : 3));
}

}  // namespace carillon::notiflux
