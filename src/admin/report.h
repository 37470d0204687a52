// admin/report.h: the server's numbers at one moment, as plain values. Filled by whoever can reach
// the lanes (server), each lane on its own loop, and rendered here. Knows no thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/prometheus_text.h"
#include "hub/books.h"
#include "hub/hub.h"
#include "hub/lane.h"

namespace carillon::admin {

struct LaneReport {
    unsigned lane = 0;
    hub::BooksSnapshot books;

    std::uint64_t connections = 0;    // sockets, sessions or not
    std::uint64_t sessions = 0;       // clients the hub knows
    std::uint64_t subscriptions = 0;  // that hear now

    std::uint64_t replayed = 0;    // matched at a join, for it was missed
    std::uint64_t encoded = 0;     // frames made: once per publication, channel and format
    std::uint64_t bytes_sent = 0;  // that the kernel took, publications and replies
    std::uint64_t writes = 0;      // visits of the door
    std::uint64_t overflows = 0;   // outboxes found over their policy
    std::uint64_t given_up = 0;    // clients cut off without a word when memory was used up
    std::array<std::uint64_t, hub::close_reasons> closed{};

    std::uint64_t inbox_reserved_bytes = 0;
    std::uint64_t batch_live_bytes = 0;
    std::uint64_t slices_live = 0;

    std::uint64_t mailbox_refused = 0;      // tasks for this loop that found its mailbox full
    std::uint64_t accepted = 0;             // connections
    std::uint64_t refused_descriptors = 0;  // closed at once for want of a descriptor
    std::uint64_t accept_failed = 0;        // gone before they were taken
    std::uint64_t lag_us = 0;               // how long a task waited for its loop, just now
    std::uint64_t http_refused = 0;  // requests that no handler saw: malformed, too slow, too large
    std::uint64_t handshaking = 0;   // TLS handshakes in progress
    std::vector<std::pair<std::string, std::uint64_t>> handshakes;  // those that ended, by result
};

// What the hub knows of a lane: all but connections and the loop's and listener's numbers. On the
// lane's loop, where the books agree with themselves.
LaneReport report_of(hub::Lane& lane);

// The hub's refusals by outcome, those that never happened too: a line that appears only after the
// first refusal cannot be alerted on.
using Counts = std::vector<std::pair<std::string, std::uint64_t>>;
Counts refusals_of(const hub::Hub& hub);

// What became of the joins that wished to recover, likewise complete.
Counts recoveries_of(const hub::Hub& hub);

struct ProtocolRefusal {
    std::string protocol;
    std::string reason;
    std::uint64_t count = 0;
};

// What channels keep.
struct HistoryReport {
    std::uint64_t bytes = 0;
    std::uint64_t publications = 0;
    std::uint64_t too_old = 0;    // let go for their age
    std::uint64_t evicted = 0;    // for want of room
    std::uint64_t not_taken = 0;  // there was no room for them at all
};

// What survives the process.
struct JournalReport {
    std::string state{};                // well, full, failed
    std::vector<std::string> states{};  // all there are
    std::uint64_t appended = 0;
    std::uint64_t written = 0;
    std::uint64_t stored = 0;  // as safe as the sync policy makes them
    std::uint64_t groups = 0;
    std::uint64_t syncs = 0;
    std::uint64_t write_failures = 0;
    std::uint64_t refused = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t trimmed = 0;
    std::uint64_t evicted = 0;
    std::uint64_t read = 0;
    std::uint64_t lost_reads = 0;
    std::uint64_t queue_bytes = 0;
    std::uint64_t queue_bytes_max = 0;
    std::uint64_t channels = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t messages = 0;  // kept
    std::uint64_t disk_bytes = 0;
    std::uint64_t disk_bytes_max = 0;  // 0: no bound
    std::uint64_t files = 0;
    std::uint64_t descriptors = 0;
};

// A metric that somebody else names: a protocol, for dashboards that know its names.
struct Family {
    std::string name;
    PrometheusText::Type type;
    std::string help;
    struct Sample {
        std::vector<PrometheusText::Label> labels;
        std::uint64_t value;
    };
    std::vector<Sample> samples{};
};

// What the hub decided, on its way to whoever acts on it.
struct HostEventsReport {
    std::uint64_t recorded = 0;
    std::uint64_t lost = 0;     // found the inbox full
    std::uint64_t resyncs = 0;  // how often the live state was looked at instead
};

struct Report {
    std::vector<LaneReport> lanes{};
    Counts refusals{};
    Counts recoveries{};
    std::vector<ProtocolRefusal> protocol_refusals{};
    HistoryReport history{};
    std::optional<JournalReport> journal{};  // none: there is no journal
    HostEventsReport host_events{};
    std::vector<Family> families{};
    std::uint64_t published = 0;
    std::uint64_t channels = 0;
    std::uint64_t uptime_s = 0;
    std::uint64_t log_dropped = 0;
};

// Asks every lane on its own loop and answers once, later, on the thread that asked.
using Gather = std::function<void(std::function<void(Report)>)>;

// The report as Prometheus text 0.0.4.
std::string render(const Report& report);

}  // namespace carillon::admin
