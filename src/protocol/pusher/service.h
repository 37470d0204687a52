// protocol/pusher/service.h: what every session and handler of this protocol shares. One for the
// server; any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include "base/log.h"
#include "base/time.h"
#include "hub/hub.h"
#include "protocol/pusher/app_counts.h"
#include "protocol/pusher/app_rates.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/idempotency.h"
#include "protocol/pusher/options.h"

namespace carillon::pusher {

// Borrowed from the server; all of it outlives the protocol.
struct Parts {
    hub::Hub& hub;
    hub::Apps& apps;
    const base::Clock& clock;  // for HTTP handlers; sessions are told the time
    base::Log& log;
    Options options{};
    // Runs a task soon, on a loop, for work that is done a part at a time. False: no room for it.
    std::function<bool(std::function<void()>)> later{};
    hub::AppRef demo{};  // the app that the demo helper serves (demo.h); none: there is no helper
};

struct Service : Parts {
    explicit Service(Parts parts) : Parts(std::move(parts)) {}
    Refusals refusals;
    AppCountsTable app_counts;
    AppRates rates;
    Idempotency idempotency;
    std::atomic<std::size_t> listings{0};  // lists of channels in the making
};

}  // namespace carillon::pusher
