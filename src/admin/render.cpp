// The metrics of a Report, in the order a reader wants them: how much, to whom, what is lost, what
// is held. Names and help are tables here; prometheus_text.h knows the format.
#include <span>

#include "admin/prometheus_text.h"
#include "admin/report.h"

namespace carillon::admin {
namespace {

using Type = PrometheusText::Type;

struct LaneMetric {
    std::string_view name;
    Type type;
    std::string_view help;
    std::uint64_t (*read)(const LaneReport&);
};

// matched = delivered + filtered + left + passed + dropped + pending, on each lane: the sum that
// must hold.
constexpr LaneMetric conservation[] = {
    {"carillon_matched_total", Type::counter, "Pairs of publication and subscriber.",
     [](const LaneReport& r) { return r.books.matched; }},
    {"carillon_replayed_total", Type::counter,
     "Of these, matched at a join that recovered, for it had missed them.",
     [](const LaneReport& r) { return r.replayed; }},
    {"carillon_delivered_total", Type::counter, "Of these, taken by the kernel to the last byte.",
     [](const LaneReport& r) { return r.books.delivered; }},
    {"carillon_filtered_total", Type::counter,
     "Of these, excluded or not shown in the subscriber's format.",
     [](const LaneReport& r) { return r.books.filtered; }},
    {"carillon_left_total", Type::counter, "Of these, gone: unsubscribed or closed after matching.",
     [](const LaneReport& r) { return r.books.left; }},
    {"carillon_passed_total", Type::counter,
     "Of these, passed on by a member of a queue group, and matched anew for the next.",
     [](const LaneReport& r) { return r.books.passed; }},
};

constexpr LaneMetric audience[] = {
    {"carillon_connections", Type::gauge, "Open sockets of clients.",
     [](const LaneReport& r) { return r.connections; }},
    {"carillon_sessions", Type::gauge, "Clients known to the hub.",
     [](const LaneReport& r) { return r.sessions; }},
    {"carillon_subscriptions", Type::gauge, "Subscriptions that hear now.",
     [](const LaneReport& r) { return r.subscriptions; }},
    {"carillon_accepted_total", Type::counter, "Connections accepted.",
     [](const LaneReport& r) { return r.accepted; }},
    {"carillon_tls_handshaking", Type::gauge, "TLS handshakes in progress.",
     [](const LaneReport& r) { return r.handshaking; }},
    {"carillon_refused_descriptors_total", Type::counter,
     "Connections closed at once for want of a descriptor.",
     [](const LaneReport& r) { return r.refused_descriptors; }},
    {"carillon_accept_failed_total", Type::counter, "Connections gone before they were taken.",
     [](const LaneReport& r) { return r.accept_failed; }},
    {"carillon_http_refused_total", Type::counter,
     "Requests no handler saw: malformed, too slow, too large.",
     [](const LaneReport& r) { return r.http_refused; }},
};

constexpr LaneMetric work[] = {
    {"carillon_encoded_total", Type::counter,
     "Frames made: once per publication, channel and format.",
     [](const LaneReport& r) { return r.encoded; }},
    {"carillon_sent_bytes_total", Type::counter, "Bytes the kernel took, publications and replies.",
     [](const LaneReport& r) { return r.bytes_sent; }},
    {"carillon_writes_total", Type::counter, "Visits to a client's socket.",
     [](const LaneReport& r) { return r.writes; }},
    {"carillon_overflows_total", Type::counter, "Outboxes found over their policy.",
     [](const LaneReport& r) { return r.overflows; }},
    {"carillon_given_up_total", Type::counter,
     "Clients cut off without a word: they held most when a lane's memory was used up.",
     [](const LaneReport& r) { return r.given_up; }},
    {"carillon_mailbox_refused_total", Type::counter,
     "Tasks for a loop that found its mailbox full.",
     [](const LaneReport& r) { return r.mailbox_refused; }},
};

constexpr LaneMetric held[] = {
    {"carillon_inbox_reserved_bytes", Type::gauge, "Publications on their way to a lane.",
     [](const LaneReport& r) { return r.inbox_reserved_bytes; }},
    {"carillon_batch_live_bytes", Type::gauge, "Frames held for clients.",
     [](const LaneReport& r) { return r.batch_live_bytes; }},
    {"carillon_slices_live", Type::gauge, "Places in the outboxes of clients.",
     [](const LaneReport& r) { return r.slices_live; }},
};

void write_lanes(PrometheusText& out, const Report& report, std::span<const LaneMetric> metrics) {
    for (const auto& metric : metrics) {
        out.metric(metric.name, metric.type, metric.help);
        for (const auto& lane : report.lanes) {
            out.sample({{"lane", std::to_string(lane.lane)}}, metric.read(lane));
        }
    }
}

void write_dropped(PrometheusText& out, const Report& report) {
    out.metric("carillon_dropped_total", Type::counter, "Matched and not delivered, by reason.");
    for (const auto& lane : report.lanes) {
        for (std::size_t i = 0; i < hub::drop_reasons; ++i) {
            out.sample({{"lane", std::to_string(lane.lane)},
                        {"reason", hub::name_of(static_cast<hub::DropReason>(i))}},
                       lane.books.dropped[i]);
        }
    }
}

void write_pending(PrometheusText& out, const Report& report) {
    out.metric("carillon_pending", Type::gauge, "Matched and on the way, by where it waits.");
    for (const auto& lane : report.lanes) {
        const auto number = std::to_string(lane.lane);
        out.sample({{"lane", number}, {"place", "inbox"}}, lane.books.pending_inbox);
        out.sample({{"lane", number}, {"place", "batch"}}, lane.books.pending_batch);
        out.sample({{"lane", number}, {"place", "outbox"}}, lane.books.pending_outbox);
    }
}

void write_difference(PrometheusText& out, const Report& report) {
    out.metric("carillon_conservation_difference", Type::gauge,
               "Matched minus everything it became; anything but 0 is a bug.");
    for (const auto& lane : report.lanes) {
        const auto difference = lane.books.matched - lane.books.accounted();
        out.sample({{"lane", std::to_string(lane.lane)}}, static_cast<std::int64_t>(difference));
    }
}

void write_lag(PrometheusText& out, const Report& report) {
    out.metric("carillon_loop_lag_seconds", Type::gauge,
               "How long a task waited for its loop, when this was asked.");
    for (const auto& lane : report.lanes) {
        out.sample_seconds({{"lane", std::to_string(lane.lane)}}, lane.lag_us);
    }
}

void write_closes(PrometheusText& out, const Report& report) {
    out.metric("carillon_closes_total", Type::counter, "Sessions ended, by reason.");
    for (const auto& lane : report.lanes) {
        for (std::size_t i = 0; i < hub::close_reasons; ++i) {
            out.sample({{"lane", std::to_string(lane.lane)},
                        {"reason", hub::name_of(static_cast<hub::CloseReason>(i))}},
                       lane.closed[i]);
        }
    }
}

void write_handshakes(PrometheusText& out, const Report& report) {
    out.metric("carillon_tls_handshakes_total", Type::counter, "TLS handshakes ended, by result.");
    for (const auto& lane : report.lanes) {
        for (const auto& [result, count] : lane.handshakes) {
            out.sample({{"lane", std::to_string(lane.lane)}, {"result", result}}, count);
        }
    }
}

void write_one(PrometheusText& out, std::string_view name, Type type, std::string_view help,
               std::uint64_t value) {
    out.metric(name, type, help);
    out.sample({}, value);
}

void write_history(PrometheusText& out, const HistoryReport& history) {
    write_one(out, "carillon_history_bytes", Type::gauge, "Publications that channels keep.",
              history.bytes);
    write_one(out, "carillon_history_publications", Type::gauge, "The same, counted.",
              history.publications);
    write_one(out, "carillon_history_too_old_total", Type::counter, "Let go for their age.",
              history.too_old);
    write_one(out, "carillon_history_evicted_total", Type::counter,
              "Let go for want of room, the least recently used first.", history.evicted);
    write_one(out, "carillon_history_not_taken_total", Type::counter,
              "Never kept, for want of room.", history.not_taken);
}

struct JournalMetric {
    std::string_view name;
    Type type;
    std::string_view help;
    std::uint64_t JournalReport::* value;
};

constexpr JournalMetric journal_metrics[] = {
    {"carillon_journal_appended_total", Type::counter, "Publications taken to be kept for good.",
     &JournalReport::appended},
    {"carillon_journal_written_total", Type::counter, "Of these, handed to the system.",
     &JournalReport::written},
    {"carillon_journal_stored_total", Type::counter,
     "Of these, as safe as the sync policy makes them.", &JournalReport::stored},
    {"carillon_journal_groups_total", Type::counter, "Writes, of one publication or many.",
     &JournalReport::groups},
    {"carillon_journal_syncs_total", Type::counter, "How often the disk was asked to have it all.",
     &JournalReport::syncs},
    {"carillon_journal_write_failures_total", Type::counter,
     "Writes that failed, tried again since.", &JournalReport::write_failures},
    {"carillon_journal_refused_total", Type::counter,
     "Publications refused: the journal was full, failed or had too much waiting.",
     &JournalReport::refused},
    {"carillon_journal_duplicates_total", Type::counter,
     "Publications that were there already, by their publisher's sequence.",
     &JournalReport::duplicates},
    {"carillon_journal_trimmed_total", Type::counter, "Let go as their channel's rule says.",
     &JournalReport::trimmed},
    {"carillon_journal_evicted_total", Type::counter,
     "Let go because the journal was over its bound, the oldest first.", &JournalReport::evicted},
    {"carillon_journal_read_total", Type::counter, "Messages read back.", &JournalReport::read},
    {"carillon_journal_lost_reads_total", Type::counter,
     "Readers told that what comes next is not kept any more, or cannot be read.",
     &JournalReport::lost_reads},
    {"carillon_journal_queue_bytes", Type::gauge, "Publications that wait to be written.",
     &JournalReport::queue_bytes},
    {"carillon_journal_queue_bytes_max", Type::gauge, "Then publishing is refused as overloaded.",
     &JournalReport::queue_bytes_max},
    {"carillon_journal_channels", Type::gauge, "Channels that it knows.", &JournalReport::channels},
    {"carillon_journal_messages", Type::gauge, "Messages that it keeps.", &JournalReport::messages},
    {"carillon_journal_memory_bytes", Type::gauge, "Its index and what waits, about.",
     &JournalReport::memory_bytes},
    {"carillon_journal_disk_bytes", Type::gauge, "Its files.", &JournalReport::disk_bytes},
    {"carillon_journal_disk_bytes_max", Type::gauge,
     "Then the oldest messages go, whosever they are. 0: no bound.",
     &JournalReport::disk_bytes_max},
    {"carillon_journal_files", Type::gauge, "Its files, counted.", &JournalReport::files},
    {"carillon_journal_descriptors", Type::gauge, "Of these, and again, open now.",
     &JournalReport::descriptors},
};

void write_journal(PrometheusText& out, const JournalReport& journal) {
    out.metric("carillon_journal_state", Type::gauge, "1 for the state that it is in.");
    for (const auto& state : journal.states) {
        out.sample({{"state", state}}, std::uint64_t{state == journal.state});
    }
    for (const auto& metric : journal_metrics) {
        write_one(out, metric.name, metric.type, metric.help, journal.*metric.value);
    }
}

void write_host_events(PrometheusText& out, const HostEventsReport& events) {
    write_one(out, "carillon_host_events_total", Type::counter,
              "Decisions that somebody wanted to hear of.", events.recorded);
    write_one(out, "carillon_host_events_lost_total", Type::counter,
              "Of these, not kept, for too many waited.", events.lost);
    write_one(out, "carillon_host_event_resyncs_total", Type::counter,
              "How often the live state was looked at instead.", events.resyncs);
}

void write_families(PrometheusText& out, const Report& report) {
    for (const auto& family : report.families) {
        out.metric(family.name, family.type, family.help);
        for (const auto& sample : family.samples) out.sample(sample.labels, sample.value);
    }
}

void write_refusals(PrometheusText& out, const Report& report) {
    out.metric("carillon_refusals_total", Type::counter, "Verbs the hub refused, by outcome.");
    for (const auto& [outcome, count] : report.refusals) out.sample({{"outcome", outcome}}, count);
    out.metric("carillon_recoveries_total", Type::counter,
               "Joins that asked to recover what they missed, by result.");
    for (const auto& [result, count] : report.recoveries) out.sample({{"result", result}}, count);
    out.metric("carillon_protocol_refusals_total", Type::counter,
               "What a protocol refused by itself, by reason.");
    for (const auto& refusal : report.protocol_refusals) {
        out.sample({{"protocol", refusal.protocol}, {"reason", refusal.reason}}, refusal.count);
    }
}

}  // namespace

std::string render(const Report& report) {
    PrometheusText out;
    write_one(out, "carillon_uptime_seconds", Type::gauge, "Since the server started.",
              report.uptime_s);
    write_one(out, "carillon_published_total", Type::counter, "Publications accepted.",
              report.published);
    write_one(out, "carillon_channels", Type::gauge, "Channels that exist.", report.channels);
    write_lanes(out, report, audience);
    write_lanes(out, report, conservation);
    write_dropped(out, report);
    write_pending(out, report);
    write_difference(out, report);
    write_lanes(out, report, work);
    write_closes(out, report);
    write_handshakes(out, report);
    write_refusals(out, report);
    write_lag(out, report);
    write_lanes(out, report, held);
    write_history(out, report.history);
    if (report.journal) write_journal(out, *report.journal);
    write_host_events(out, report.host_events);
    write_one(out, "carillon_log_dropped_total", Type::counter, "Log lines never written.",
              report.log_dropped);
    write_families(out, report);
    return out.take();
}

}  // namespace carillon::admin
