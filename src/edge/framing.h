// edge/framing.h: puts a protocol's bodies into WebSocket frames, once per publication and format.
// The same body encoder always gives the same frame encoder, so that everyone who speaks it shares
// an audience.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "protocol/protocol.h"

namespace carillon::edge {

// Any thread. Lives as long as the server; so do the encoders it hands out.
class WebSocketFraming final : public protocol::Framing {
 public:
    WebSocketFraming();
    ~WebSocketFraming();
    const hub::Encoder& frame(const hub::Encoder& body) override;

 private:
    class FrameEncoder;

    std::mutex
        mutex_;  // taken once per connection; there are as many entries as body encoders: a handful
    std::vector<std::unique_ptr<FrameEncoder>> encoders_;
};

}  // namespace carillon::edge
