#include "soak/client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "bench/clock.h"
#include "bench/speech.h"
#include "soak/difference.h"

namespace soak {
namespace {

constexpr std::string_view kPolite("\x03\xe8", 2);   // Close 1000
constexpr std::string_view kTooSlow("\x10\x04", 2);  // Close 4100
// The server waits longer than this for whom it closed as slow (base/limits.h: websocket_close_ms).
constexpr std::int64_t kPatienceNs = 4'000'000'000;

// What stands behind the first `opening`, to the next quote; ours need no unescaping.
std::string_view field(std::string_view message, std::string_view opening) {
    const auto at = message.find(opening);
    if (at == std::string_view::npos) return {};
    const auto value = message.substr(at + opening.size());
    return value.substr(0, value.find('"'));
}

std::size_t channel_in(std::string_view message) {
    return channel_named(field(message, R"("channel":")"));
}

std::size_t number_in(std::string_view digits) {
    std::size_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

std::string member_data(std::size_t user) { return text(R"({"user_id":"u)", user, "\"}"); }

std::string escaped(std::string_view json) {
    std::string out;
    for (const char c : json) out += c == '"' ? std::string("\\\"") : std::string(1, c);
    return out;
}

// {"presence":{"ids":["u1","u2"],"hash":…, escaped into a string.
Members roster_in(std::string_view message) {
    constexpr std::string_view begin = R"(\"ids\":[)";
    Members members;
    auto ids = message.substr(std::min(message.find(begin), message.size()));
    ids = ids.substr(0, ids.find(']'));
    for (auto at = ids.find("\"u"); at != std::string_view::npos; at = ids.find("\"u", at + 1))
        members.set(number_in(ids.substr(at + 2)));
    return members;
}

}  // namespace

Client::Client(bench::Poller& poller, std::uint16_t port, Ledger& ledger, std::size_t number)
    : Stream(poller, port),
      ledger_(ledger),
      listener_{.number = number, .publisher = 0, .excluded = {}},
      voice_(ledger) {}

// ---- what it does ----

void Client::connect(Reading how, int receive_buffer) {
    Stream::connect(receive_buffer);
    stage_ = Stage::opening;
    manner_ = how;
    voice_ = Voice(ledger_);
    listener_.publisher = voice_.id();
    pings_ = pongs_ = 0;
    is_upgraded_ = said_close_ = heard_close_ = half_closed_ = false;
    stood_long_ = false;
    events_unanswered_ = 0;
}

void Client::subscribe(std::size_t channel) {
    const auto& name = name_of(channel);
    std::string data = text(R"({"channel":")", name, '"');
    if (is_presence(channel)) {
        const auto member = member_data(user());
        data += text(R"(,"auth":")", bench::channel_auth(app_, socket_id_, name + ':' + member),
                     R"(","channel_data":")", escaped(member), '"');
    } else if (takes_client_events(channel)) {
        data += text(R"(,"auth":")", bench::channel_auth(app_, socket_id_, name), '"');
    }
    hearings_.emplace(channel, Hearing(channel, ledger_));
    send_text(text(R"({"event":"pusher:subscribe","data":)", data, "}}"));
}

// There is no reply to it; the pong to a ping behind it is as good.
void Client::unsubscribe(std::size_t channel) {
    send_text(
        text(R"({"event":"pusher:unsubscribe","data":{"channel":")", name_of(channel), "\"}}"));
    ping();
    hearings_.at(channel).leave(pings_);
}

void Client::publish(std::size_t channel, std::span<const std::size_t> paddings) {
    std::string frames;
    for (const auto padding : paddings)
        frames += bench::masked_frame(
            bench::kText, text(R"({"event":"client-soak","channel":")", name_of(channel),
                               R"(","data":")", voice_.speak({&channel, 1}, padding), "\"}"));
    send(frames);
    events_unanswered_ = paddings.size();
    ping();
}

void Client::ping() {
    pings_++;
    send_text(R"({"event":"pusher:ping","data":{}})");
}

void Client::stop_reading() {
    stopped_ns_ = bench::now_ns();
    read(Reading::nothing);
}

void Client::read_on() {
    stood_long_ |= bench::now_ns() - stopped_ns_ > kPatienceNs;
    read(manner_);
}

void Client::leave() {
    stage_ = Stage::closing;
    said_close_ = true;
    send(bench::masked_frame(bench::kClose, kPolite));
}

void Client::leave_by_half_close() {
    stage_ = Stage::closing;
    half_closed_ = true;
    finish_sending();
}

void Client::exclude(std::size_t channel, std::uint64_t publisher, std::uint64_t sequence) {
    listener_.excluded.insert({channel, publisher, sequence});
}

void Client::send_text(std::string_view message) {
    send(bench::masked_frame(bench::kText, message));
}

// ---- what it is ----

bool Client::is_settled() const {
    if (stage_ == Stage::idle) return true;
    if (stage_ != Stage::open || !is_quiet() || !is_reading()) return false;
    for (const auto& [channel, hearing] : hearings_)
        if (!hearing.is_joined()) return false;
    return true;
}

std::string Client::describe() const {
    constexpr std::array<std::string_view, 4> stages = {"idle", "opening", "open", "closing"};
    std::size_t joining = 0;
    for (const auto& [channel, hearing] : hearings_) joining += hearing.is_joining();
    return text("client ", listener_.number, " is ", stages[static_cast<std::size_t>(stage_)],
                ", has ", pongs_, " pongs for ", pings_, " pings and waits for ", joining,
                " joins");
}

void Client::check_complete(const std::array<Members, kChannels>& members) const {
    for (const auto& [channel, hearing] : hearings_)
        hearing.check_complete(listener_, ledger_, members[channel]);
}

void Client::start_anew() {
    for (auto& [channel, hearing] : hearings_) hearing.start_anew(ledger_);
    listener_.excluded.clear();
}

// ---- what it is told ----

void Client::on_connected() {
    read(manner_);
    send(bench::upgrade_request(bench::path_of(bench::Speech::pusher, app_)));
}

std::string_view Client::on_bytes(std::string_view bytes) {
    if (!is_upgraded_ && !take_head(bytes)) return bytes;
    while (const auto frame = bench::first_frame(bytes)) {
        on_frame(*frame);
        bytes.remove_prefix(frame->size);
    }
    return bytes;
}

bool Client::take_head(std::string_view& bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    if (!bench::is_upgraded(bytes.substr(0, end)))
        differ("the upgrade was answered with: ", bytes.substr(0, end));
    bytes.remove_prefix(end + 4);
    is_upgraded_ = true;
    return true;
}

void Client::on_frame(const bench::Frame& frame) {
    if (heard_close_) differ("client ", listener_.number, " received a frame behind its Close");
    if (frame.opcode == bench::kText) return on_text(frame.payload);
    if (frame.opcode == bench::kClose) return on_close(frame.payload);
    differ("client ", listener_.number, " received a frame with opcode ", int{frame.opcode});
}

// Either something that the books call a delivery, or a reply.
void Client::on_text(std::string_view message) {
    const auto event = field(message, R"("event":")");
    const bool added = event == "pusher_internal:member_added";
    if (!added && event != "pusher_internal:member_removed" && event != "soak" &&
        event != "client-soak")
        return on_reply(event, message);
    ledger_.received[lane_]++;
    if (event.ends_with("soak")) return on_publication(message);
    on_member(message, added);
}

void Client::on_reply(std::string_view event, std::string_view message) {
    if (event == "pusher:pong") return on_pong();
    if (event == "pusher_internal:subscription_succeeded") return on_joined(message);
    if (event == "pusher:connection_established") return on_greeting(message);
    if (event == "pusher:ping") return send_text(R"({"event":"pusher:pong","data":{}})");
    // The words before Close 4100; the Close says that it is one.
    if (event == "pusher:error" && message.find("\"code\":4100") != std::string_view::npos) return;
    differ("client ", listener_.number, " was told: ", message);
}

void Client::on_greeting(std::string_view message) {
    socket_id_ = bench::socket_id_in(message);
    const auto dot = socket_id_.find('.');
    if (dot == std::string::npos || stage_ != Stage::opening)
        differ("the server greeted with: ", message);
    // pusher::socket_id_of: a session's id ends with its lane, eight bits.
    lane_ = number_in(std::string_view(socket_id_).substr(dot + 1)) % 256 % kLanes;
    stage_ = Stage::open;
    ledger_.lives++;
}

void Client::on_joined(std::string_view message) {
    hearing_of(message).joined(listener_, ledger_, roster_in(message));
}

void Client::on_member(std::string_view message, bool added) {
    constexpr std::string_view begin = R"(\"user_id\":\"u)";
    const auto at = message.find(begin);
    if (at == std::string_view::npos) differ("client ", listener_.number, " was told: ", message);
    hearing_of(message).member(listener_, number_in(message.substr(at + begin.size())) % kUsers,
                               added);
}

void Client::on_publication(std::string_view message) {
    auto& hearing = hearing_of(message);
    const auto note = read_note(message, channel_in(message));
    if (!note)
        differ("client ", listener_.number, " heard what nobody said: ", message.substr(0, 200));
    hearing.hear(listener_, *note);
}

Hearing& Client::hearing_of(std::string_view message) {
    const auto at = hearings_.find(channel_in(message));
    if (at == hearings_.end())
        differ("client ", listener_.number,
               " heard from a channel it is not in: ", message.substr(0, 200));
    return at->second;
}

void Client::on_pong() {
    if (pongs_ == pings_) differ("client ", listener_.number, " received a pong too many");
    pongs_++;
    std::erase_if(hearings_, [&](const auto& entry) { return entry.second.is_left(pongs_); });
    // Who publishes is quiet before, and pings behind it.
    if (is_quiet()) ledger_.client_events += std::exchange(events_unanswered_, 0);
}

void Client::on_close(std::string_view payload) {
    const auto code = payload.substr(0, 2);
    if (code == kTooSlow) {
        ledger_.closed_slow++;
        ledger_.doubtful_events += events_unanswered_;
        if (std::exchange(events_unanswered_, 0) != 0) ledger_.forget(voice_.id());
    } else if (!said_close_ || code != kPolite) {
        differ("client ", listener_.number, " received Close ",
               payload.substr(std::min<std::size_t>(2, payload.size())));
    }
    ledger_.client_events +=
        std::exchange(events_unanswered_, 0);  // they were read before our Close
    if (!said_close_) send(bench::masked_frame(bench::kClose, code));
    heard_close_ = said_close_ = true;
    stage_ = Stage::closing;
}

void Client::on_end(std::string_view incomplete, bool is_reset) {
    // Who half-closed is sent no Close; who did not read for long may find that the server's
    // patience ended.
    const bool is_whole = heard_close_ && incomplete.empty();
    if ((is_reset && !stood_long_) || (!is_whole && !half_closed_ && !stood_long_))
        differ(describe(), ", and its stream ended with ", is_reset ? "a reset, " : "",
               heard_close_ ? "a Close, " : "no Close, ", incomplete.size(), " bytes of a frame");
    if (!heard_close_) ledger_.ended_bare++;
    hearings_.clear();
    listener_.excluded.clear();
    stage_ = Stage::idle;
}

}  // namespace soak
