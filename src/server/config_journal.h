// server/config_journal.h: the journal of the file, and which channels are kept in it.
//
//   {"journal": {"path": "/var/lib/carillon/journal", "channels": [
//       {"pattern": "orders-*", "messages_max": 100000, "age_s": 604800},
//       {"app": "shop", "pattern": "chat-*", "history": "none"}]}}
#pragma once

#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

#include "server/config_fields.h"
#include "server/config_load.h"

namespace carillon::server {

inline constexpr std::string_view journal_channels_path = "journal.channels";

// Of the journal itself.
std::vector<Field<Config>> journal_fields();

// One rule's settings, for reading and for printing.
const std::vector<Field<JournalRule>>& journal_rule_fields();

// Reads the array into `loaded.config`; its rules replace those that are there.
void load_journal_rules(const boost::json::value& value, Severity unknown_keys, Loaded& loaded);

// Whether what is set goes together.
void check_journal(const JournalConfig& journal, std::vector<Problem>& problems);

}  // namespace carillon::server
