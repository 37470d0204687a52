// protocol/pusher/service.h: what every session and handler of this protocol shares. One for the
// server; any thread.
#pragma once

#include "base/log.h"
#include "base/time.h"
#include "hub/hub.h"
#include "protocol/pusher/errors.h"

namespace carillon::pusher {

struct Service {
    hub::Hub& hub;
    hub::Apps& apps;
    const base::Clock& clock;  // for HTTP handlers; sessions are told the time
    base::Log& log;
    int activity_timeout_s;  // of silence, before a client is asked whether it lives
    Refusals refusals{};
};

}  // namespace carillon::pusher
