#include "http/decoder.h"

#include "base/assert.h"
#include "http/chunked.h"
#include "http/head.h"
#include "http/storage.h"

namespace carillon::http {
namespace {

Error bad(const char* why) { return Error{ErrorKind::invalid, why, 400}; }

}  // namespace

struct Decoder::State {
    enum class Phase : unsigned char { head, continuing, body, complete };

    explicit State(const Limits& limits)
        : chunked(limits.body_bytes_max, limits.header_bytes_max) {}

    Phase phase = Phase::head;
    std::string head_bytes;
    std::size_t line_begin = 0;  // in head_bytes: where the line being collected starts
    std::size_t lines = 0;
    Head head;
    ChunkedBody chunked;
};

Decoder::Decoder(Limits limits) : limits_(limits) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Result<Event> Decoder::next(std::string_view& in) {
    if (failed_) return bad("an earlier request on this connection was refused");
    auto event = advance(in);
    if (!event.has_value()) {
        failed_ = true;
        state_.reset();
    }
    return event;
}

Request& Decoder::request() {
    ASSERT(state_ != nullptr && state_->phase == State::Phase::complete);
    return state_->head.request;
}

void Decoder::reset() {
    state_.reset();
    line_end_bytes_ = 0;
}

Result<Event> Decoder::advance(std::string_view& in) {
    using Phase = State::Phase;
    if (state_ == nullptr) {
        TRY_AS(const bool begins, skip_line_end(in));
        if (!begins) return Event::need_more;
        state_ = std::make_unique<State>(limits_);
    }
    ASSERT(state_->phase != Phase::complete);
    if (state_->phase == Phase::head) {
        TRY_AS(const bool whole, take_head(in));
        if (!whole) return Event::need_more;
        TRY(begin_body());
        if (state_->phase == Phase::continuing) {
            state_->phase = Phase::body;
            return Event::expect_continue;
        }
    }
    TRY_AS(const bool whole, take_body(in));
    if (!whole) return Event::need_more;
    state_->phase = Phase::complete;
    return Event::request_complete;
}

std::size_t Decoder::body_bytes() const {
    if (state_ == nullptr) return 0;
    const auto& body = state_->head.request.body;
    return body.empty() ? 0 : body.capacity();  // an empty one has some, too, and costs nothing
}

// True when the first byte of a request is at the front.
Result<bool> Decoder::skip_line_end(std::string_view& in) {
    constexpr std::string_view line_end = "\r\n";
    while (!in.empty()) {
        const bool expected = line_end_bytes_ < 2 && in.front() == line_end[line_end_bytes_];
        if (!expected) {
            if (line_end_bytes_ == 1) return bad("a CR without its LF");
            return true;
        }
        ++line_end_bytes_;
        in.remove_prefix(1);
    }
    return false;
}

// Line by line, so that nothing behind the head is copied and every byte is looked at once.
Result<bool> Decoder::take_head(std::string_view& in) {
    auto& bytes = state_->head_bytes;
    while (!in.empty()) {
        if (bytes.size() >= limits_.header_bytes_max) {
            if (state_->lines == 0)
                return Error{ErrorKind::too_large, "the target is too long", 414};
            return Error{ErrorKind::too_large, "the headers are too long", 431};
        }
        const auto room = in.substr(0, limits_.header_bytes_max - bytes.size());
        const auto line_feed = room.find('\n');
        const auto piece =
            room.substr(0, line_feed == std::string_view::npos ? line_feed : line_feed + 1);
        bytes.append(piece);
        in.remove_prefix(piece.size());
        if (line_feed == std::string_view::npos) continue;

        const auto line = std::string_view(bytes).substr(state_->line_begin);
        if (!line.ends_with("\r\n")) return bad("a line ends with LF alone");
        if (line.size() == 2 && state_->lines == 0) return bad("an empty request line");
        if (line.size() == 2) return true;
        if (state_->lines++ > limits_.headers_max) {
            return Error{ErrorKind::too_large, "there are too many headers", 431};
        }
        state_->line_begin = bytes.size();
    }
    return false;
}

Result<void> Decoder::begin_body() {
    TRY_AS(state_->head, parse_head(state_->head_bytes, limits_.body_bytes_max));
    std::string().swap(state_->head_bytes);  // the Request owns its own copies
    state_->phase = state_->head.expects_continue ? State::Phase::continuing : State::Phase::body;
    return {};
}

Result<bool> Decoder::take_body(std::string_view& in) {
    auto& [request, kind, length, expects] = state_->head;
    if (kind == Head::Body::none) return true;
    if (kind == Head::Body::chunked) return state_->chunked.next(in, request.body);
    const auto piece = in.substr(0, length - request.body.size());
    append_bounded(request.body, piece, length);
    in.remove_prefix(piece.size());
    return request.body.size() == length;
}

}  // namespace carillon::http
