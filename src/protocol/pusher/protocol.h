// protocol/pusher/protocol.h: Pusher Channels, protocol 7, as one of the protocols of this server.
// Where its clients upgrade, its HTTP side, and what a new client is met with. README.md holds the
// grammar and the known differences.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"
#include "hub/hub.h"
#include "hub/ports.h"
#include "protocol/protocol.h"
#include "protocol/pusher/announcer.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/service.h"

namespace carillon::pusher {

class PusherProtocol final : public protocol::Protocol {
 public:
    explicit PusherProtocol(Parts parts) : service_(std::move(parts)), announcer_(service_.hub) {}

    std::string_view name() const override { return "pusher"; }
    Result<void> routes(http::Router& router) override;
    std::unique_ptr<protocol::Session> open(const protocol::Opening& opening) override;

    void each_refusal(const RefusalVisitor& visit) const override { service_.refusals.each(visit); }
    bool can_name(std::string_view channel) const override {
        return is_legal_channel(channel, service_.options.allow_colon);
    }
    protocol::Reserve reserve_of(std::string_view channel) const override {
        return pusher::reserve_of(channel);
    }
    void write_metrics(protocol::MetricSink& sink, const std::function<void()>& done) override;
    const Refusals& refusals() const { return service_.refusals; }
    const AppCountsTable& app_counts() const { return service_.app_counts; }
    // To be told the host events (hub::HostInbox::listen).
    hub::HostListener& announcer() { return announcer_; }

 private:
    Service service_;
    Announcer announcer_;
};

}  // namespace carillon::pusher
