// protocol/pusher/metrics.h: this protocol's numbers under the names and labels that Sockudo's
// dashboards know. How many are connected is the difference of two counts that are taken where a
// session enters and leaves its lane's table; the occupied channels are counted anew each time, a
// part of the table at a time. Neither can drift.
#pragma once

#include <functional>

#include "protocol/protocol.h"
#include "protocol/pusher/service.h"

namespace carillon::pusher {

// Calls `done` when everything is written; later, on the loop of Service::later, if there is one.
void write_metrics(Service& service, protocol::MetricSink& sink, const std::function<void()>& done);

}  // namespace carillon::pusher
