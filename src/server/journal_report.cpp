#include "server/journal_report.h"

namespace carillon::server {

std::string_view name_of(storage::JournalState state) {
    switch (state) {
        case storage::JournalState::well:
            return "well";
        case storage::JournalState::full:
            return "full";
        case storage::JournalState::failed:
            break;
    }
    return "failed";
}

admin::JournalReport journal_report(const storage::JournalNumbers& numbers) {
    using enum storage::JournalState;
    admin::JournalReport report;
    report.state = name_of(numbers.state);
    for (const auto state : {well, full, failed}) report.states.emplace_back(name_of(state));
    report.appended = numbers.appended;
    report.written = numbers.written;
    report.stored = numbers.stored;
    report.groups = numbers.groups;
    report.syncs = numbers.syncs;
    report.write_failures = numbers.write_failures;
    report.refused = numbers.refused;
    report.duplicates = numbers.duplicates;
    report.trimmed = numbers.trimmed;
    report.evicted = numbers.evicted;
    report.read = numbers.read;
    report.lost_reads = numbers.lost_reads;
    report.queue_bytes = numbers.queue_bytes;
    report.queue_bytes_max = numbers.queue_bytes_max;
    report.channels = numbers.channels;
    report.memory_bytes = numbers.memory_bytes;
    report.messages = numbers.usage.messages;
    report.disk_bytes = numbers.usage.bytes;
    report.disk_bytes_max = numbers.usage.bytes_max;
    report.files = numbers.usage.files;
    report.descriptors = numbers.usage.descriptors;
    return report;
}

}  // namespace carillon::server
