// server/bridging.h: the bridges of the configuration, between apps that protocols speak for.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "bridge/bridges.h"
#include "server/config.h"
#include "server/protocols.h"

namespace carillon::server {

// The demonstration's: whoever publishes into demo_channel in one of the three apps is heard in all.
std::vector<BridgeConfig> demo_bridges(const Config& config);

// `apps` are Pusher's; it and `protocols` outlive the bridges. An Error names the bridge.
Result<std::unique_ptr<bridge::Bridges>> make_bridges(const Config& config, hub::Apps& apps,
                                                      const Protocols& protocols, base::Log& log);

}  // namespace carillon::server
