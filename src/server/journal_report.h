// server/journal_report.h: a journal's numbers, as the admin port shows them.
#pragma once

#include "admin/report.h"
#include "storage/journal/journal.h"

namespace carillon::server {

std::string_view name_of(storage::JournalState state);

admin::JournalReport journal_report(const storage::JournalNumbers& numbers);

}  // namespace carillon::server
