// protocol/turbine/protocol.h: Turbine: JSON commands over WebSocket, tokens signed with a shared
// secret, and a backend that publishes over HTTP with an API key. One for the server; any thread.
// README.md holds where to look and the known differences.
#pragma once

#include <memory>
#include <string_view>

#include "protocol/protocol.h"
#include "protocol/turbine/service.h"
#include "protocol/turbine/wire.h"

namespace carillon::turbine {

class TurbineProtocol final : public protocol::Protocol {
 public:
    explicit TurbineProtocol(Parts parts) : service_(std::move(parts)) {}

    std::string_view name() const override { return "turbine"; }
    Result<void> routes(http::Router& router) override;
    std::unique_ptr<protocol::Session> open(const protocol::Opening& opening) override;
    // Whoever begins with JSON, good or bad. A bare word is no command of ours.
    bool speaks(const protocol::Message& first) const override;

    void each_refusal(const RefusalVisitor& visit) const override { service_.refusals.each(visit); }
    bool can_name(std::string_view channel) const override {
        return channel.size() <= channel_bytes_max;
    }
    void write_metrics(protocol::MetricSink& sink, const std::function<void()>& done) override;

 private:
    Service service_;
};

}  // namespace carillon::turbine
