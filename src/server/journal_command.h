// server/journal_command.h: `carillon journal`: shows what a journal holds, reads all of it, and makes it
// smaller. trim takes the journal's lock, as a server does; inspect and verify only look.
#pragma once

#include <string>

#include "base/time.h"
#include "server/journal_request.h"

namespace carillon::server {

struct JournalAnswer {
    std::string text;   // for standard output
    std::string notes;  // for standard error
    int exit_code = 0;  // 0; 1: verify found something; 2: it could not be done
};

JournalAnswer answer_journal_request(const JournalRequest& request, Now now);

}  // namespace carillon::server
