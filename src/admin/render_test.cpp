#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/report.h"
#include "admin/testing_prometheus.h"

namespace carillon::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Every number another, so that no two can be mistaken.
Report small_report() {
    LaneReport lane;
    lane.lane = 3;
    lane.books = {.matched = 144,
                  .delivered = 64,
                  .filtered = 32,
                  .left = 16,
                  .passed = 7,
                  .dropped = {1, 0, 2, 3, 9},
                  .pending_inbox = 4,
                  .pending_batch = 5,
                  .pending_outbox = 1};
    lane.connections = 11;
    lane.sessions = 12;
    lane.subscriptions = 13;
    lane.encoded = 14;
    lane.replayed = 19;
    lane.bytes_sent = 15;
    lane.writes = 17;
    lane.overflows = 18;
    lane.given_up = 20;
    lane.closed = {21, 22, 23, 24, 25, 26, 27, 28};
    lane.lag_us = 2'000'040;
    lane.inbox_reserved_bytes = 31;
    lane.batch_live_bytes = 33;
    lane.slices_live = 34;
    lane.mailbox_refused = 35;
    lane.accepted = 36;
    lane.refused_descriptors = 37;
    lane.accept_failed = 38;
    lane.http_refused = 39;
    lane.handshaking = 40;
    lane.handshakes = {{"completed", 46}, {"failed", 47}};
    return {
        .lanes = {lane},
        .refusals = {{"bad_name", 41}, {"overloaded", 42}},
        .recoveries = {{"recovered", 44}, {"trimmed", 45}},
        .protocol_refusals = {{"pusher", "bad_signature", 43}},
        .history = {.bytes = 61, .publications = 62, .too_old = 63, .evicted = 64, .not_taken = 65},
        .host_events = {.recorded = 71, .lost = 72, .resyncs = 73},
        .families = {{"sockudo_connected",
                      PrometheusText::Type::gauge,
                      "Clients.",
                      {{{{"app_id", "a\"b"}, {"port", "6001"}}, 81}}}},
        .published = 51,
        .channels = 52,
        .uptime_s = 53,
        .log_dropped = 54};
}

constexpr std::string_view who_is_here = R"(# HELP carillon_uptime_seconds Since the server started.
# TYPE carillon_uptime_seconds gauge
carillon_uptime_seconds 53
# HELP carillon_published_total Publications accepted.
# TYPE carillon_published_total counter
carillon_published_total 51
# HELP carillon_channels Channels that exist.
# TYPE carillon_channels gauge
carillon_channels 52
# HELP carillon_connections Open sockets of clients.
# TYPE carillon_connections gauge
carillon_connections{lane="3"} 11
# HELP carillon_sessions Clients known to the hub.
# TYPE carillon_sessions gauge
carillon_sessions{lane="3"} 12
# HELP carillon_subscriptions Subscriptions that hear now.
# TYPE carillon_subscriptions gauge
carillon_subscriptions{lane="3"} 13
# HELP carillon_accepted_total Connections accepted.
# TYPE carillon_accepted_total counter
carillon_accepted_total{lane="3"} 36
# HELP carillon_tls_handshaking TLS handshakes in progress.
# TYPE carillon_tls_handshaking gauge
carillon_tls_handshaking{lane="3"} 40
# HELP carillon_refused_descriptors_total Connections closed at once for want of a descriptor.
# TYPE carillon_refused_descriptors_total counter
carillon_refused_descriptors_total{lane="3"} 37
# HELP carillon_accept_failed_total Connections gone before they were taken.
# TYPE carillon_accept_failed_total counter
carillon_accept_failed_total{lane="3"} 38
# HELP carillon_http_refused_total Requests no handler saw: malformed, too slow, too large.
# TYPE carillon_http_refused_total counter
carillon_http_refused_total{lane="3"} 39
)";

constexpr std::string_view what_became_of_it =
    R"(# HELP carillon_matched_total Pairs of publication and subscriber.
# TYPE carillon_matched_total counter
carillon_matched_total{lane="3"} 144
# HELP carillon_replayed_total Of these, matched at a join that recovered, for it had missed them.
# TYPE carillon_replayed_total counter
carillon_replayed_total{lane="3"} 19
# HELP carillon_delivered_total Of these, taken by the kernel to the last byte.
# TYPE carillon_delivered_total counter
carillon_delivered_total{lane="3"} 64
# HELP carillon_filtered_total Of these, excluded or not shown in the subscriber's format.
# TYPE carillon_filtered_total counter
carillon_filtered_total{lane="3"} 32
# HELP carillon_left_total Of these, gone: unsubscribed or closed after matching.
# TYPE carillon_left_total counter
carillon_left_total{lane="3"} 16
# HELP carillon_passed_total Of these, passed on by a member of a queue group, and matched anew for the next.
# TYPE carillon_passed_total counter
carillon_passed_total{lane="3"} 7
# HELP carillon_dropped_total Matched and not delivered, by reason.
# TYPE carillon_dropped_total counter
carillon_dropped_total{lane="3",reason="newest"} 1
carillon_dropped_total{lane="3",reason="oldest"} 0
carillon_dropped_total{lane="3",reason="closed"} 2
carillon_dropped_total{lane="3",reason="memory"} 3
carillon_dropped_total{lane="3",reason="no_consumer"} 9
# HELP carillon_pending Matched and on the way, by where it waits.
# TYPE carillon_pending gauge
carillon_pending{lane="3",place="inbox"} 4
carillon_pending{lane="3",place="batch"} 5
carillon_pending{lane="3",place="outbox"} 1
# HELP carillon_conservation_difference Matched minus everything it became; anything but 0 is a bug.
# TYPE carillon_conservation_difference gauge
carillon_conservation_difference{lane="3"} 0
)";

constexpr std::string_view what_it_cost =
    R"(# HELP carillon_encoded_total Frames made: once per publication, channel and format.
# TYPE carillon_encoded_total counter
carillon_encoded_total{lane="3"} 14
# HELP carillon_sent_bytes_total Bytes the kernel took, publications and replies.
# TYPE carillon_sent_bytes_total counter
carillon_sent_bytes_total{lane="3"} 15
# HELP carillon_writes_total Visits to a client's socket.
# TYPE carillon_writes_total counter
carillon_writes_total{lane="3"} 17
# HELP carillon_overflows_total Outboxes found over their policy.
# TYPE carillon_overflows_total counter
carillon_overflows_total{lane="3"} 18
# HELP carillon_given_up_total Clients cut off without a word: they held most when a lane's memory was used up.
# TYPE carillon_given_up_total counter
carillon_given_up_total{lane="3"} 20
# HELP carillon_mailbox_refused_total Tasks for a loop that found its mailbox full.
# TYPE carillon_mailbox_refused_total counter
carillon_mailbox_refused_total{lane="3"} 35
# HELP carillon_closes_total Sessions ended, by reason.
# TYPE carillon_closes_total counter
carillon_closes_total{lane="3",reason="peer"} 21
carillon_closes_total{lane="3",reason="protocol"} 22
carillon_closes_total{lane="3",reason="slow"} 23
carillon_closes_total{lane="3",reason="memory"} 24
carillon_closes_total{lane="3",reason="shutdown"} 25
carillon_closes_total{lane="3",reason="kicked"} 26
carillon_closes_total{lane="3",reason="renewed"} 27
carillon_closes_total{lane="3",reason="lost"} 28
# HELP carillon_tls_handshakes_total TLS handshakes ended, by result.
# TYPE carillon_tls_handshakes_total counter
carillon_tls_handshakes_total{lane="3",result="completed"} 46
carillon_tls_handshakes_total{lane="3",result="failed"} 47
# HELP carillon_refusals_total Verbs the hub refused, by outcome.
# TYPE carillon_refusals_total counter
carillon_refusals_total{outcome="bad_name"} 41
carillon_refusals_total{outcome="overloaded"} 42
# HELP carillon_recoveries_total Joins that asked to recover what they missed, by result.
# TYPE carillon_recoveries_total counter
carillon_recoveries_total{result="recovered"} 44
carillon_recoveries_total{result="trimmed"} 45
# HELP carillon_protocol_refusals_total What a protocol refused by itself, by reason.
# TYPE carillon_protocol_refusals_total counter
carillon_protocol_refusals_total{protocol="pusher",reason="bad_signature"} 43
# HELP carillon_loop_lag_seconds How long a task waited for its loop, when this was asked.
# TYPE carillon_loop_lag_seconds gauge
carillon_loop_lag_seconds{lane="3"} 2.000040
# HELP carillon_inbox_reserved_bytes Publications on their way to a lane.
# TYPE carillon_inbox_reserved_bytes gauge
carillon_inbox_reserved_bytes{lane="3"} 31
# HELP carillon_batch_live_bytes Frames held for clients.
# TYPE carillon_batch_live_bytes gauge
carillon_batch_live_bytes{lane="3"} 33
# HELP carillon_slices_live Places in the outboxes of clients.
# TYPE carillon_slices_live gauge
carillon_slices_live{lane="3"} 34
# HELP carillon_history_bytes Publications that channels keep.
# TYPE carillon_history_bytes gauge
carillon_history_bytes 61
# HELP carillon_history_publications The same, counted.
# TYPE carillon_history_publications gauge
carillon_history_publications 62
# HELP carillon_history_too_old_total Let go for their age.
# TYPE carillon_history_too_old_total counter
carillon_history_too_old_total 63
# HELP carillon_history_evicted_total Let go for want of room, the least recently used first.
# TYPE carillon_history_evicted_total counter
carillon_history_evicted_total 64
# HELP carillon_history_not_taken_total Never kept, for want of room.
# TYPE carillon_history_not_taken_total counter
carillon_history_not_taken_total 65
# HELP carillon_host_events_total Decisions that somebody wanted to hear of.
# TYPE carillon_host_events_total counter
carillon_host_events_total 71
# HELP carillon_host_events_lost_total Of these, not kept, for too many waited.
# TYPE carillon_host_events_lost_total counter
carillon_host_events_lost_total 72
# HELP carillon_host_event_resyncs_total How often the live state was looked at instead.
# TYPE carillon_host_event_resyncs_total counter
carillon_host_event_resyncs_total 73
# HELP carillon_log_dropped_total Log lines never written.
# TYPE carillon_log_dropped_total counter
carillon_log_dropped_total 54
# HELP sockudo_connected Clients.
# TYPE sockudo_connected gauge
sockudo_connected{app_id="a\"b",port="6001"} 81
)";

TEST(Render, shows_every_number_of_a_small_report_exactly) {
    EXPECT_EQ(render(small_report()), std::string(who_is_here) + std::string(what_became_of_it) +
                                          std::string(what_it_cost));
}

TEST(Render, shows_a_difference_where_something_was_lost_or_counted_twice) {
    auto report = small_report();
    report.lanes.push_back(report.lanes.front());
    report.lanes[0].books.delivered -= 2;
    report.lanes[1].lane = 4;
    report.lanes[1].books.dropped[2] += 5;
    EXPECT_THAT(render(report), HasSubstr("carillon_conservation_difference{lane=\"3\"} 2\n"
                                          "carillon_conservation_difference{lane=\"4\"} -5\n"));
}

// Each number in its own line: what is counted up is told from what is there now by its name.
TEST(Render, shows_a_journal_where_there_is_one) {
    EXPECT_THAT(render(small_report()), Not(HasSubstr("carillon_journal")));
    auto report = small_report();
    report.journal = JournalReport{.state = "full",
                                   .states = {"well", "full", "failed"},
                                   .appended = 1,
                                   .written = 2,
                                   .stored = 3,
                                   .groups = 4,
                                   .syncs = 5,
                                   .write_failures = 6,
                                   .refused = 7,
                                   .duplicates = 8,
                                   .trimmed = 9,
                                   .evicted = 10,
                                   .read = 11,
                                   .lost_reads = 12,
                                   .queue_bytes = 13,
                                   .queue_bytes_max = 14,
                                   .channels = 15,
                                   .memory_bytes = 16,
                                   .messages = 17,
                                   .disk_bytes = 18,
                                   .disk_bytes_max = 19,
                                   .files = 20,
                                   .descriptors = 21};
    const auto text = render(report);
    EXPECT_THAT(testing::complaints_about(text), IsEmpty());
    EXPECT_THAT(text, HasSubstr("carillon_journal_state{state=\"well\"} 0\n"
                                "carillon_journal_state{state=\"full\"} 1\n"
                                "carillon_journal_state{state=\"failed\"} 0\n"));
    int value = 0;
    for (const std::string name :
         {"appended_total", "written_total",        "stored_total",   "groups_total",
          "syncs_total",    "write_failures_total", "refused_total",  "duplicates_total",
          "trimmed_total",  "evicted_total",        "read_total",     "lost_reads_total",
          "queue_bytes",    "queue_bytes_max",      "channels",       "memory_bytes",
          "messages",       "disk_bytes",           "disk_bytes_max", "files",
          "descriptors"}) {
        EXPECT_THAT(text,
                    HasSubstr("\ncarillon_journal_" + name + " " + std::to_string(++value) + "\n"));
    }
}

TEST(Render, is_well_formed_with_many_lanes_and_with_none) {
    auto report = small_report();
    for (unsigned i = 10; i < 74; ++i) {
        report.lanes.push_back(report.lanes.front());
        report.lanes.back().lane = i;
    }
    report.protocol_refusals.push_back({"wse", "a \"quoted\" \\ reason\nof two lines", 1});
    EXPECT_THAT(testing::complaints_about(render(report)), IsEmpty());
    EXPECT_THAT(testing::complaints_about(render({})), IsEmpty());
}

TEST(FormatChecker, finds_what_it_is_there_to_find) {
    const std::string head = "# HELP a_total A.\n# TYPE a_total counter\n";
    EXPECT_THAT(testing::complaints_about(head + "a_total{x=\"1\"} 1\n"), IsEmpty());
    for (const std::string wrong : {
             "a_total 1",                                 // no line feed
             "a_total 1\na_total 1\n",                    // twice
             "a_total{x=\"1\"\n",                         // cut off
             "a_total{x=\"\"\"} 1\n",                     // a quote inside
             "a_total{x=\"\\x\"} 1\n",                    // no such escape
             "a_total -1\n",                              // backwards
             "a_total one\n",                             // no number
             "b 1\n",                                     // nobody's
             "# TYPE a_total counter\n",                  // typed twice
             "# HELP b B.\n# TYPE b counter\n",           // a counter by another name
             "# HELP b B.\n# TYPE b gauge\na_total 1\n",  // apart
             "# HELP b B.\n# TYPE b gauge\n# HELP a_total A.\n# TYPE a_total counter\n",
             "\n",
         }) {
        EXPECT_THAT(testing::complaints_about(head + wrong), Not(IsEmpty())) << wrong;
    }
}

}  // namespace
}  // namespace carillon::admin
