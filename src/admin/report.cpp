#include "admin/report.h"

#include "base/assert.h"

namespace carillon::admin {

LaneReport report_of(hub::Lane& lane) {
    ASSERT(lane.home().is_here());
    const auto& books = lane.books();
    LaneReport report;
    report.lane = lane.index();
    report.books = lane.snapshot();
    report.sessions = lane.session_count();
    report.subscriptions = books.subscriptions.get();
    report.replayed = books.replayed.get();
    report.encoded = books.encoded.get();
    report.bytes_sent = books.bytes_sent.get();
    report.writes = books.writes.get();
    report.overflows = books.overflows.get();
    report.given_up = books.given_up.get();
    for (std::size_t i = 0; i < hub::close_reasons; ++i) {
        report.closed[i] = books.closed[i].get();
    }
    report.inbox_reserved_bytes = lane.inbox().reserved_bytes();
    report.batch_live_bytes = lane.batch_pool().live_bytes();
    report.slices_live = lane.slice_pool().live();
    return report;
}

Counts refusals_of(const hub::Hub& hub) {
    Counts refusals;
    for (std::size_t i = 0; i < hub::outcomes; ++i) {
        const auto outcome = static_cast<hub::Outcome>(i);
        if (outcome == hub::Outcome::ok || outcome == hub::Outcome::already) continue;
        refusals.emplace_back(hub::name_of(outcome), hub.refused(outcome).get());
    }
    return refusals;
}

Counts recoveries_of(const hub::Hub& hub) {
    Counts counts;
    for (std::size_t i = 0; i < hub::recoveries; ++i) {
        const auto recovery = static_cast<hub::Recovery>(i);
        if (recovery == hub::Recovery::not_asked) continue;
        counts.emplace_back(hub::name_of(recovery), hub.recovered(recovery).get());
    }
    return counts;
}

}  // namespace carillon::admin
