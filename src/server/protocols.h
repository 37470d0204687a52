// server/protocols.h: what this server speaks.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "hub/host_inbox.h"
#include "hub/hub.h"
#include "protocol/protocol.h"
#include "server/config.h"
#include "storage/memory/memory_history.h"

namespace carillon::server {

// What a protocol may be given.
struct Parts {
    hub::Hub& hub;
    hub::HostInbox& host_events;
    hub::Apps& apps;
    const base::Clock& clock;
    base::Log& log;
    const Config& config;
    std::function<bool(std::function<void()>)> later;  // as pusher::Service wants it
};

// The list of apps as the server makes them. Pusher speaks for all of them, and what it reserves is
// opened by name only, never by a pattern.
std::vector<hub::App> apps_of(const Config& config);

// What a channel keeps, as its protocol's names say.
storage::Retention retention_of(const Config& config, const hub::App& app,
                                std::string_view channel);

// The list of what is spoken, and then the paths that several of them share.
struct Protocols {
    std::vector<std::unique_ptr<protocol::Protocol>> spoken;
    std::vector<std::unique_ptr<protocol::Protocol>> shared;
    // Who speaks for which app; null: every app of the list.
    std::vector<std::pair<hub::AppRef, const protocol::Protocol*>> apps;

    void each(const std::function<void(protocol::Protocol&)>& visit) const {
        for (const auto& one : spoken) visit(*one);
        for (const auto& one : shared) visit(*one);
    }
};
// An Error names the setting that is wrong.
Result<Protocols> make_protocols(const Parts& parts);

}  // namespace carillon::server
