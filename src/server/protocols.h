// server/protocols.h: what this server speaks.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
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

// What a channel keeps, as its protocol's names say.
storage::Retention retention_of(const Config& config, std::string_view channel);

using Protocols = std::vector<std::unique_ptr<protocol::Protocol>>;
Protocols make_protocols(const Parts& parts);

}  // namespace carillon::server
