// protocol/notiflux/metrics.h: what this protocol counts, beside its refusals. Connections and
// deliveries are the hub's numbers.
#pragma once

#include "protocol/notiflux/service.h"
#include "protocol/protocol.h"

namespace carillon::notiflux {

void write_metrics(const Service& service, protocol::MetricSink& sink);

}  // namespace carillon::notiflux
