#include "edge/framing.h"

#include <algorithm>
#include <cstring>

#include "websocket/frame.h"

namespace carillon::edge {

class WebSocketFraming::FrameEncoder final : public hub::Encoder {
 public:
    explicit FrameEncoder(const hub::Encoder& body) : body_(body) {}

    // A frame's header says how long the body is, which only the body encoder knows: it writes
    // behind room for the longest header and moves up when a shorter one will do. Once per
    // publication, not per subscriber.
    bool encode(const hub::Delivery& delivery, base::Buffer& out) const override {
        const auto begin = out.size();
        out.prepare(header_max);
        out.commit(header_max);
        if (!body_.encode(delivery, out)) {
            out.resize_down(begin);
            return false;
        }
        const auto payload = out.size() - begin - header_max;
        char* const at = out.data() + begin;
        const char* const end = websocket::write_header(at, websocket::Opcode::text, payload);
        const auto header = static_cast<std::size_t>(end - at);
        std::memmove(at + header, at + header_max, payload);
        out.resize_down(begin + header + payload);
        return true;
    }

    const hub::Encoder& body() const { return body_; }

 private:
    static constexpr std::size_t header_max = 10;
    const hub::Encoder& body_;
};

WebSocketFraming::WebSocketFraming() = default;
WebSocketFraming::~WebSocketFraming() = default;

const hub::Encoder& WebSocketFraming::frame(const hub::Encoder& body) {
    const std::lock_guard lock(mutex_);
    const auto known = std::find_if(encoders_.begin(), encoders_.end(),
                                    [&](const auto& encoder) { return &encoder->body() == &body; });
    if (known != encoders_.end()) return **known;
    encoders_.push_back(std::make_unique<FrameEncoder>(body));
    return *encoders_.back();
}

}  // namespace carillon::edge
