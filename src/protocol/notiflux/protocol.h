// protocol/notiflux/protocol.h: notiflux: slash commands over WebSocket, every subscription and every
// broadcast with a token of its own, signed with ES256. One for the server; any thread. README.md
// says where to look, and what differs from the original.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "protocol/notiflux/service.h"
#include "protocol/notiflux/wire.h"
#include "protocol/protocol.h"

namespace carillon::notiflux {

class NotifluxProtocol final : public protocol::Protocol {
 public:
    explicit NotifluxProtocol(Parts parts) : service_(std::move(parts)) {}

    std::string_view name() const override { return "notiflux"; }
    Result<void> routes(http::Router& router) override;
    std::unique_ptr<protocol::Session> open(const protocol::Opening& opening) override;
    // Text that begins with a slash.
    bool speaks(const protocol::Message& message) const override;

    void each_refusal(const RefusalVisitor& visit) const override { service_.refusals.each(visit); }
    // A space ends a topic in /subscribe.
    bool can_name(std::string_view channel) const override {
        return channel.size() <= topic_bytes_max && channel.find(' ') == std::string_view::npos;
    }
    void write_metrics(protocol::MetricSink& sink, const std::function<void()>& done) override;
    const Refusals& refusals() const { return service_.refusals; }

 private:
    Service service_;
};

}  // namespace carillon::notiflux
