#include "protocol/pusher/session.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "http/url.h"
#include "protocol/pusher/encoder.h"
#include "protocol/pusher/names.h"
#include "protocol/pusher/origins.h"
#include "protocol/pusher/replies.h"
#include "protocol/pusher/subscription.h"

namespace carillon::pusher {
namespace {

constexpr hub::OutboxPolicy outbox_policy{.messages_max = 1000,
                                          .bytes_max = 8 * limits::mib,
                                          .on_full = hub::OutboxPolicy::OnFull::close};
constexpr int version_min = 5;
constexpr int version_max = 7;

// ?protocol=7: absent is the newest.
std::optional<Fault> judge_version(const http::Request& request, bool strict) {
    const auto params = http::parse_query(request.query);
    if (!params.has_value()) return Fault::version_malformed;
    const auto text = http::find(params.value(), "protocol");
    if (!text) return strict ? std::optional(Fault::version_missing) : std::nullopt;
    int version = 0;
    const auto* const end = std::to_address(text->end());
    const auto parsed = std::from_chars(std::to_address(text->begin()), end, version);
    if (parsed.ec == std::errc::result_out_of_range) return Fault::version_unsupported;
    if (parsed.ec != std::errc() || parsed.ptr != end) return Fault::version_malformed;
    if (version < version_min || version > version_max) return Fault::version_unsupported;
    return std::nullopt;
}

std::optional<Fault> judge_app(const Result<hub::AppRef>& found, std::string_view origin) {
    if (!found.has_value()) return Fault::lookup_failed;
    if (found.value() == nullptr) return Fault::app_unknown;
    if (!found.value()->enabled) return Fault::app_disabled;
    if (!is_allowed_origin(found.value()->allowed_origins, origin)) return Fault::origin_refused;
    return std::nullopt;
}

}  // namespace

Session::Session(Service& service, const protocol::Opening& opening)
    : service_(service),
      out_(opening.out),
      format_(opening.framing.frame(wire_encoder())),
      lane_(opening.lane),
      outbox_(opening.outbox),
      heard_ns_(opening.now.steady_ns) {}

Session::~Session() {
    for (std::size_t i = 0; i < channel_types; ++i) {
        if (joined_[i] != 0) counts_->unsubscriptions[i].add(joined_[i]);
    }
    if (session_ != nullptr) service_.hub.close(*session_, gone_);
}

// ---- admission ----

void Session::admit(const http::Request& request) {
    if (const auto fault = judge_version(request, service_.options.strict_version)) {
        return say_goodbye(*fault);
    }
    // The answer may come now, later, or when this session is long gone; always on this loop.
    self_ = std::make_shared<Session*>(this);
    service_.apps.find_by_key(request.param("key"),
                              [weak = std::weak_ptr(self_),
                               origin = std::string(request.header("Origin"))](const auto& found) {
                                  if (const auto self = weak.lock()) (*self)->on_app(found, origin);
                              });
    if (self_ == nullptr) return;  // answered
    paused_ = true;
    out_.pause();
}

void Session::on_app(const Result<hub::AppRef>& found, std::string_view origin) {
    self_.reset();
    if (state_ != State::waiting) return;  // too late: on_tick gave up
    if (found.has_value() && found.value() != nullptr) {
        counts_ = &service_.app_counts.of(found.value()->id);
    }
    if (const auto fault = judge_app(found, origin)) {
        say_goodbye(*fault);
    } else {
        open(found.value());
    }
    // Last: what waited may be read inside this call.
    if (std::exchange(paused_, false)) out_.resume();
}

void Session::open(hub::AppRef app) {
    const auto opened =
        service_.hub.open(std::move(app), lane_, outbox_, *this, outbox_policy, format_);
    if (opened.session == nullptr) {
        const bool node = opened.outcome == hub::Outcome::limit_sessions;
        return say_goodbye(node ? Fault::node_full : Fault::app_full);
    }
    session_ = opened.session;
    state_ = State::open;
    if (session_->app().sign_in) {
        authorize_by_ns_ = heard_ns_ + service_.options.sign_in_timeout_s * base::ns_per_s;
    }
    base::Buffer reply;
    write_connection_established(socket_id(), service_.options.activity_timeout_s, reply);
    out_.reply(reply.view());
}

// ---- messages ----

Result<void> Session::on_message(protocol::Message message, Now now) {
    heard_ns_ = now.steady_ns;
    pinged_ = false;
    if (state_ != State::open) return {};
    session_->app_books().received.add();
    session_->app_books().received_bytes.add(message.data.size());
    using Kind = protocol::Message::Kind;
    if (message.kind == Kind::ping || message.kind == Kind::pong) return {};
    // A binary message is read as text: some clients send nothing else.
    std::visit([&](const auto& command) { handle(command, now); }, parse_command(message.data));
    return {};
}

void Session::handle(const Ping&, Now) { out_.reply(pong_body); }

void Session::handle(const Subscribe& wish, Now now) {
    const auto judged =
        judge(wish, session_->app(), socket_id(), user_.get(), service_.options.allow_colon);
    if (const auto* fault = std::get_if<Fault>(&judged)) {
        return refuse_subscription(wish.channel, *fault);
    }
    const auto& [presence, member] = std::get<Admission>(judged);
    const auto kind = kind_of(wish.channel);
    const std::uint32_t cached = kind.cache ? 1 : 0;
    auto joined = service_.hub.subscribe(*session_, wish.channel, format_,
                                         {.newest = cached,
                                          .member = member.user_id,
                                          .member_data = member.user_info,
                                          .roster = presence,
                                          .reserved = kind.user},
                                         now);
    // Again: pusher-js repeats itself after a hiccup and waits for the answer.
    if (joined.outcome != hub::Outcome::ok && joined.outcome != hub::Outcome::already) {
        return refuse_subscription(wish.channel, subscription_fault(joined.outcome));
    }
    if (joined.outcome == hub::Outcome::ok) {
        const auto type = index_of(type_of(kind));
        counts_->subscriptions[type].add();
        ++joined_[type];
    }
    if (kind.authenticated) authorize_by_ns_ = base::never_ns;
    base::Buffer reply;
    if (presence) {
        write_presence_succeeded(wish.channel, std::move(joined.roster), reply);
    } else {
        write_subscription_succeeded(wish.channel, reply);
    }
    out_.reply(reply.view());
    if (cached != 0 && joined.outcome == hub::Outcome::ok) {
        tell_cached(wish.channel, std::move(joined));
    }
}

// Who comes to a cache channel hears its last event, or that there is none for him. Who has no room
// for it is about to be closed, and is told nothing that is not true.
void Session::tell_cached(std::string_view channel, hub::Joined joined) {
    if (joined.recovery == hub::Recovery::no_room) return;
    if (joined.missed != nullptr && joined.missed->any_for_reader()) {
        return lane_.replay(outbox_, std::move(joined.missed));
    }
    base::Buffer reply;
    write_cache_miss(channel, reply);
    out_.reply(reply.view());
}

// No answer, whether it was subscribed or not: clients expect none.
void Session::handle(const Unsubscribe& wish, Now now) {
    if (is_own_channel(wish.channel)) return;
    if (service_.hub.unsubscribe(*session_, wish.channel, now) != hub::Outcome::ok) return;
    const auto type = index_of(type_of(kind_of(wish.channel)));
    counts_->unsubscriptions[type].add();
    --joined_[type];
}

void Session::handle(const ClientEvent& event, Now now) {
    const auto& app = session_->app();
    if (!event_rate_.allow(app.limits, now)) {
        if (app.client_events_or_end) return say_goodbye(Fault::client_event_rate);
        return refuse_message(Fault::client_event_rate);
    }
    if (const auto fault = judge(event, app, session_->subscribed(event.channel))) {
        return refuse_message(*fault);
    }
    publish(event, now);
}

void Session::handle(const Malformed& message, Now) { refuse_message(message.fault); }

void Session::publish(const ClientEvent& event, Now now) {
    // `data` travels as it was written: made anew it would lose digits, doubles and types. Only on
    // a presence channel is anybody a member, and only there the others learn who speaks. No cache
    // keeps what clients say.
    const auto publication = hub::Publication::make({.body_kind = hub::BodyKind::json,
                                                     .event = event.event,
                                                     .member = session_->member_in(event.channel),
                                                     .body = event.data,
                                                     .origin = session_->id(),
                                                     .exclude = session_->id(),
                                                     .passing = true});
    const auto outcome = service_.hub.publish(*session_, event.channel, publication, now).outcome;
    if (outcome != hub::Outcome::ok) refuse_message(client_event_fault(outcome));
}

// ---- time and ends ----

std::int64_t Session::next_tick_ns() const {
    if (state_ == State::over) return base::never_ns;
    const auto seconds = pinged_ ? pong_timeout_s : service_.options.activity_timeout_s;
    const auto idle_ns = (pinged_ ? pinged_ns_ : heard_ns_) + seconds * base::ns_per_s;
    return std::min(idle_ns, authorize_by_ns_);
}

Result<void> Session::on_tick(Now now) {
    if (now.steady_ns < next_tick_ns()) return {};
    if (state_ == State::waiting) {
        say_goodbye(Fault::lookup_failed);
    } else if (now.steady_ns >= authorize_by_ns_) {
        say_goodbye(Fault::sign_in_late);
    } else if (!pinged_) {
        pinged_ = true;
        pinged_ns_ = now.steady_ns;
        out_.reply(ping_body);
    } else {
        state_ = State::over;
        service_.hub.unsubscribe_all(*session_, now);  // nothing may follow the close frame
        note("connection_closed", Fault::pong_late);
        const auto& row = row_of(Fault::pong_late);
        return Error{ErrorKind::timeout, std::string(row.text), row.code};
    }
    return {};
}

void Session::on_close(hub::CloseReason why) {
    if (state_ != State::over) say_goodbye(close_fault(why));
}

void Session::on_gone(hub::CloseReason why) {
    gone_ = why;
    // Whoever was told goodbye has had his line.
    if (state_ == State::open) log("connection_closed", hub::name_of(why));
}

// ---- saying no ----

void Session::refuse_message(Fault fault) {
    note("message_refused", fault);
    base::Buffer reply;
    write_error(row_of(fault).code, text_of(fault, limit_of(fault, session_->app().limits)), reply);
    out_.reply(reply.view());
}

void Session::refuse_subscription(std::string_view channel, Fault fault) {
    note("subscription_refused", fault);
    const auto& row = row_of(fault);
    base::Buffer reply;
    write_subscription_error(channel, row.label,
                             text_of(fault, limit_of(fault, session_->app().limits)), row.code,
                             reply);
    out_.reply(reply.view());
}

void Session::say_goodbye(Fault fault) {
    state_ = State::over;
    note(session_ == nullptr ? "connection_refused" : "connection_closed", fault);
    const auto& row = row_of(fault);
    base::Buffer reply;
    write_error(row.code, row.text, reply);
    out_.reply(reply.view());
    out_.close(static_cast<std::uint16_t>(row.code), row.text);
}

void Session::note(std::string_view event, Fault fault) {
    service_.refusals.add(fault);
    if (counts_ != nullptr) counts_->refusals.add(fault);
    log(event, name_of(fault));
}

void Session::log(std::string_view event, std::string_view reason) const {
    // What a client can repeat at will is not worth a line in production.
    const auto level = state_ == State::over ? base::LogLevel::info : base::LogLevel::debug;
    const base::LogField because{"reason", reason};
    if (session_ == nullptr) return service_.log.write(level, event, {&because, 1});
    const auto socket = socket_id();
    const base::LogField fields[] = {because, {"app", session_->app().id}, {"socket_id", socket}};
    service_.log.write(level, event, fields);
}

std::string Session::socket_id() const { return socket_id_of(session_->id()); }

}  // namespace carillon::pusher
