// websocket/decoder.h: what one client says, from bytes to messages. Owned by its connection; knows
// no socket and no clock. The grammar of a frame stands in frame.h; of the conversation:
//
//   conversation := *( message | control ) close
//   message := frame(text|binary, fin)
//            | frame(text|binary) *( control | frame(continuation) ) frame(continuation, fin)
//   control := frame(ping|pong, fin)              every client frame is masked
//
// A frame that lies whole in the read buffer is unmasked where it lies and handed out as a view of
// it: no copy. Only what is fragmented, or cut by the end of a read, is collected here, and freed
// once it was handed out, so that an idle connection holds nothing. No byte is looked at twice,
// however the bytes are cut.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/result.h"
#include "websocket/frame.h"
#include "websocket/utf8.h"

namespace carillon::websocket {

struct Message {
    enum Kind : unsigned char { text, binary, ping, pong, close };

    Kind kind = text;
    std::string_view data;    // of a close: the reason
    int close_code = 0;       // of a close; close_no_code if the client gave none
    bool fragmented = false;  // it came in several frames
};

class Decoder {
 public:
    // Fragments without a byte bring a message no nearer to its bound of bytes, so they have one of
    // their own.
    static constexpr unsigned empty_fragments_max = 64;

    explicit Decoder(std::size_t message_bytes_max = limits::websocket_message_bytes_max)
        : message_bytes_max_(message_bytes_max) {}

    // Consumes from the front of `in`, writing there (it unmasks in place). Call until it gives
    // nothing: then `in` is used up. A message's data stays valid until the next call, and 64 bytes
    // behind its end are readable, for which the caller keeps room behind `in`. An Error ends the
    // connection; its code is the close code. After a close or an Error everything that follows is
    // swallowed: RFC 6455 §5.5.1 and §7.1.7.
    Result<std::optional<Message>> next(std::span<char>& in);

    // On the heap: of the message at hand, or of the last one until the next call. 0 for an idle
    // connection.
    std::size_t bytes_held() const { return message_.capacity() + control_.capacity(); }

    // Nothing of a frame or of a fragmented message is waiting here.
    bool idle() const { return header_have_ == 0 && !in_message_; }

 private:
    bool collect_header(std::span<char>& in, std::size_t bytes);
    Result<bool> take_header(std::span<char>& in);
    Result<void> check_start() const;
    Result<void> check_length(std::uint64_t length);
    std::size_t length_bytes() const;
    Result<std::string_view> take_payload(std::span<char>& in, bool& whole);
    std::span<char> whole_small_text(std::span<char> in) const;
    Result<std::optional<Message>> step(std::span<char>& in);
    Result<std::optional<Message>> end_frame(std::string_view payload);
    Result<std::optional<Message>> end_message(std::string_view data);
    Result<std::optional<Message>> end_control(std::string_view payload);
    void release_delivered();

    Opcode opcode() const { return static_cast<Opcode>(header_[0] & 0x0f); }
    bool fin() const { return (header_[0] & 0x80) != 0; }
    MaskKey key() const;

    base::Buffer message_;  // of a message in pieces, what has arrived
    base::Buffer control_;  // of a control frame cut by the end of a read: it may stand between two
                            // fragments
    std::size_t message_bytes_max_;
    std::uint64_t payload_size_ = 0;  // of the frame at hand
    std::uint64_t payload_left_ = 0;
    std::array<unsigned char, 14> header_{};  // of the frame at hand, as far as it has arrived
    unsigned char header_have_ = 0;
    unsigned char empty_fragments_ = 0;
    Utf8 utf8_;  // over the text message at hand
    Message::Kind kind_ = Message::text;
    bool in_payload_ = false;  // the header is whole and checked
    bool in_message_ = false;  // a fragmented message has begun and not ended
    bool delivered_message_ = false;
    bool delivered_control_ = false;
    bool over_ = false;
};

}  // namespace carillon::websocket
