#include "websocket/decoder.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace carillon::websocket {
namespace {

constexpr std::size_t start_bytes =
    2;  // fin, rsv, opcode, mask, short length: enough to refuse most of what is wrong

constexpr std::size_t small_header_bytes = start_bytes + sizeof(MaskKey);

Error violation(const char* what) { return Error{ErrorKind::invalid, what, close_protocol_error}; }
Error too_big() { return Error{ErrorKind::too_large, "the message is too big", close_too_big}; }
Error not_text() { return Error{ErrorKind::invalid, "the text is not UTF-8", close_invalid_text}; }

}  // namespace

Result<std::optional<Message>> Decoder::next(std::span<char>& in) {
    release_delivered();
    if (over_) {
        in = in.subspan(in.size());
        return std::optional<Message>();
    }
    if (const auto payload = whole_small_text(in); payload.data() != nullptr) {
        in = in.subspan(small_header_bytes + payload.size());
        MaskKey key;
        std::memcpy(key.data(), payload.data() - key.size(), key.size());
        unmask(payload.data(), payload.size(), key, 0);
        const std::string_view text(payload.data(), payload.size());
        if (is_utf8(text)) return std::optional(Message{Message::text, text});
        over_ = true;
        return not_text();
    }
    auto message = step(in);
    if (!message.has_value()) over_ = true;
    return message;
}

// Nearly every message: one unfragmented text frame of up to 125 bytes that lies here whole. Its
// payload, still masked; null if this is anything else.
std::span<char> Decoder::whole_small_text(std::span<char> in) const {
    if (header_have_ != 0 || in_message_ || in.size() < small_header_bytes) return {};
    const auto first = static_cast<unsigned char>(in[0]);
    const auto length = static_cast<unsigned char>(in[1]) ^ 0x80U;
    if (first != 0x81 || length > 125 || length > message_bytes_max_) return {};
    if (in.size() - small_header_bytes < length) return {};
    return in.subspan(small_header_bytes, length);
}

// Frame by frame, until one completes a message or the bytes run out.
Result<std::optional<Message>> Decoder::step(std::span<char>& in) {
    for (;;) {
        TRY_AS(const bool headed, take_header(in));
        if (!headed) return std::optional<Message>();
        bool whole = false;
        TRY_AS(const auto payload, take_payload(in, whole));
        if (!whole) return std::optional<Message>();
        TRY_AS(const auto message, end_frame(payload));
        if (message.has_value()) return message;
    }
}

bool Decoder::collect_header(std::span<char>& in, std::size_t bytes) {
    if (header_have_ >= bytes) return true;
    const auto n = std::min(in.size(), bytes - header_have_);
    if (n != 0) std::memcpy(header_.data() + header_have_, in.data(), n);
    header_have_ = static_cast<unsigned char>(header_have_ + n);
    in = in.subspan(n);
    return header_have_ == bytes;
}

Result<bool> Decoder::take_header(std::span<char>& in) {
    if (in_payload_) return true;
    if (!collect_header(in, start_bytes)) return false;
    TRY(check_start());
    if (!collect_header(in, start_bytes + length_bytes() + sizeof(MaskKey))) return false;

    std::uint64_t length = header_[1] & 0x7fU;
    if (length_bytes() != 0) {
        length = 0;
        for (std::size_t i = 0; i < length_bytes(); ++i)
            length = length << 8 | header_[start_bytes + i];
    }
    TRY(check_length(length));
    payload_size_ = payload_left_ = length;
    in_payload_ = true;
    if (is_control(opcode())) return true;
    if (opcode() != Opcode::continuation) {
        kind_ = opcode() == Opcode::text ? Message::text : Message::binary;
        utf8_ = Utf8();
    }
    return true;
}

std::size_t Decoder::length_bytes() const {
    const auto length = header_[1] & 0x7f;
    return length == 126 ? 2 : length == 127 ? 8 : 0;
}

MaskKey Decoder::key() const {
    MaskKey key;
    std::memcpy(key.data(), header_.data() + start_bytes + length_bytes(), key.size());
    return key;
}

// What two bytes tell.
Result<void> Decoder::check_start() const {
    if ((header_[0] & 0x70) != 0) return violation("a reserved bit is set");
    if ((header_[1] & 0x80) == 0) return violation("a client frame is not masked");
    switch (opcode()) {
        case Opcode::continuation:
            if (!in_message_) return violation("a continuation of nothing");
            return {};
        case Opcode::text:
        case Opcode::binary:
            if (in_message_) return violation("a new message inside a fragmented one");
            return {};
        case Opcode::close:
        case Opcode::ping:
        case Opcode::pong:
            if (!fin()) return violation("a fragmented control frame");
            if ((header_[1] & 0x7f) > control_payload_max) return violation("a long control frame");
            if (opcode() == Opcode::close && (header_[1] & 0x7f) == 1) {
                return violation("half a close code");
            }
            return {};
    }
    return violation("a reserved opcode");
}

Result<void> Decoder::check_length(std::uint64_t length) {
    if (length_bytes() == 2 && length <= 125)
        return violation("a length in more bytes than needed");
    if (length_bytes() == 8 && length <= 0xffff)
        return violation("a length in more bytes than needed");
    if ((length >> 63) != 0) return violation("a length of 2^63 or more");
    if (is_control(opcode())) return {};
    if (length > message_bytes_max_ - message_.size()) return too_big();
    const bool fragment = in_message_ || !fin();
    if (fragment && length == 0 && ++empty_fragments_ > empty_fragments_max) {
        return Error{ErrorKind::too_large, "too many empty fragments", close_too_big};
    }
    return {};
}

// `whole` once the frame is complete; then the result is its payload, or, of a data frame that was
// cut or is a fragment, all of the message so far.
Result<std::string_view> Decoder::take_payload(std::span<char>& in, bool& whole) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), payload_left_));
    const auto piece = in.first(size);
    in = in.subspan(size);
    unmask(piece.data(), size, key(), static_cast<std::size_t>(payload_size_ - payload_left_));
    const std::string_view text(piece.data(), size);
    const bool control = is_control(opcode());
    if (!control && kind_ == Message::text && !utf8_.feed(text)) return not_text();

    const bool untouched = payload_left_ == payload_size_;
    payload_left_ -= size;
    whole = payload_left_ == 0;
    if (whole && untouched && (control || (fin() && !in_message_))) return text;

    auto& collected = control ? control_ : message_;
    collected.append(text);
    if (collected.capacity() == 0)
        collected.prepare(1);  // the padding behind an empty message, too
    return collected.view();
}

Result<std::optional<Message>> Decoder::end_frame(std::string_view payload) {
    in_payload_ = false;
    header_have_ = 0;
    if (is_control(opcode())) return end_control(payload);
    in_message_ = !fin();
    if (in_message_) return std::optional<Message>();
    return end_message(payload);
}

Result<std::optional<Message>> Decoder::end_message(std::string_view data) {
    if (kind_ == Message::text && !utf8_.complete()) return not_text();
    empty_fragments_ = 0;
    delivered_message_ = true;
    return std::optional(Message{kind_, data, 0, opcode() == Opcode::continuation});
}

Result<std::optional<Message>> Decoder::end_control(std::string_view payload) {
    delivered_control_ = true;
    if (opcode() == Opcode::ping) return std::optional(Message{Message::ping, payload, 0});
    if (opcode() == Opcode::pong) return std::optional(Message{Message::pong, payload, 0});
    over_ = true;
    if (payload.empty()) return std::optional(Message{Message::close, {}, close_no_code});
    const auto high = static_cast<unsigned char>(payload[0]);
    const auto low = static_cast<unsigned char>(payload[1]);
    const int code = high << 8 | low;
    if (!close_code_valid(code)) return violation("a close code that may not be sent");
    payload.remove_prefix(2);
    if (!is_utf8(payload)) return not_text();
    return std::optional(Message{Message::close, payload, code});
}

void Decoder::release_delivered() {
    if (delivered_message_) {
        message_.clear();
        message_.shrink_to_fit();
        delivered_message_ = false;
    }
    if (delivered_control_) {
        control_.clear();
        control_.shrink_to_fit();
        delivered_control_ = false;
    }
}

}  // namespace carillon::websocket
