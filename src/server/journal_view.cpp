#include "server/journal_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "server/config_values.h"
#include "server/json_text.h"
#include "storage/file/inspect.h"
#include "storage/sqlite/inspect.h"

namespace carillon::server {
namespace {

JournalView view_of(const storage::file::Inspection& found) {
    JournalView view{.driver = "file",
                     .in_use = found.in_use,
                     .closed_well = found.closed_well,
                     .written = found.written,
                     .notes = found.notes,
                     .bytes = found.bytes};
    for (const auto& channel : found.channels) {
        view.channels.push_back({channel.app, channel.name, channel.epoch, channel.first,
                                 channel.last, channel.messages, channel.bytes});
        view.messages += channel.messages;
    }
    for (const auto& problem : found.problems) {
        view.problems.push_back(
            fmt::format("{}, byte {}: {}", problem.file, problem.byte, problem.what));
    }
    return view;
}

JournalView view_of(const storage::sqlite::Inspection& found) {
    JournalView view{.driver = "sqlite",
                     .in_use = found.in_use,
                     .closed_well = found.closed_well,
                     .written = found.written,
                     .messages = found.messages,
                     .notes = found.notes,
                     .bytes = found.bytes,
                     .problems = found.problems};
    for (const auto& channel : found.channels) {
        view.channels.push_back({channel.app, channel.name, channel.epoch, channel.first,
                                 channel.last, channel.last + 1 - channel.first, channel.bytes});
    }
    return view;
}

std::string_view condition_of(const JournalView& view) {
    if (view.in_use) return "in use";
    return view.closed_well ? "closed" : "not closed: the process ended without";
}

// A name for people: what would move the cursor is not shown.
std::string shown(const JournalView::Channel& channel) {
    auto text = channel.app + "/" + channel.name;
    std::ranges::replace_if(text, is_control, '?');
    return text;
}

void append_channels(std::string& out, const JournalView& view) {
    if (view.channels.empty()) return;
    std::size_t width = 7;
    for (const auto& channel : view.channels) width = std::max(width, shown(channel).size());
    constexpr auto row = "{:<{}}  {:>12}  {:>12}  {:>12}  {:>14}  {:>16}\n";
    out += '\n';
    out += fmt::format(row, "channel", width, "first", "last", "kept", "bytes", "epoch");
    for (const auto& channel : view.channels) {
        out += fmt::format(row, shown(channel), width, channel.first, channel.last,
                           channel.messages, channel.bytes, fmt::format("{:x}", channel.epoch));
    }
}

}  // namespace

Result<JournalView> view_journal(const std::string& path, bool whole) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        TRY_AS(const auto found,
               whole ? storage::file::verify(path) : storage::file::inspect(path));
        return view_of(found);
    }
    TRY_AS(const auto found,
           whole ? storage::sqlite::verify(path) : storage::sqlite::inspect(path));
    return view_of(found);
}

std::string table_of(const JournalView& view) {
    auto out = fmt::format(
        "{} journal, {}\n{} messages kept of {} ever written, in {} channels; {} notes; {} bytes "
        "on "
        "disk\n",
        view.driver, condition_of(view), view.messages, view.written, view.channels.size(),
        view.notes, view.bytes);
    append_channels(out, view);
    if (!view.problems.empty()) out += '\n';
    for (const auto& problem : view.problems) out += "problem: " + problem + "\n";
    return out;
}

std::string json_of(const JournalView& view) {
    auto out = fmt::format(
        R"({{"driver":"{}","in_use":{},"closed_well":{},"written":{},"messages":{},"notes":{},"bytes":{},"channels":[)",
        view.driver, view.in_use, view.closed_well, view.written, view.messages, view.notes,
        view.bytes);
    for (const auto& channel : view.channels) {
        out += &channel == view.channels.data() ? R"({"app":)" : R"(,{"app":)";
        append_json_string(out, channel.app);
        out += R"(,"name":)";
        append_json_string(out, channel.name);
        // As text: no number of JavaScript holds an epoch.
        out += fmt::format(R"(,"epoch":"{:x}","first":{},"last":{},"messages":{},"bytes":{}}})",
                           channel.epoch, channel.first, channel.last, channel.messages,
                           channel.bytes);
    }
    out += R"(],"problems":[)";
    for (const auto& problem : view.problems) {
        if (&problem != view.problems.data()) out += ',';
        append_json_string(out, problem);
    }
    return out + "]}\n";
}

}  // namespace carillon::server
