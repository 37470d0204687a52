// server/config_bridges.h: the bridges of the file.
//
//   {"bridges": [{"from": "shop/chat:*", "to": "web", "rename": "chat-*", "body": "text",
//                 "event": "message"}]}
//
// `from` is an app's id, which then holds no "/", and a channel's name with at most one "*". What
// each may be is said in bridge/bridges.h. Whether there are such apps is not known here: some are
// a protocol's own.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "server/config_fields.h"
#include "server/config_load.h"

namespace carillon::server {

inline constexpr std::string_view bridges_path = "bridges";

// One bridge's settings, for reading and for printing.
const std::vector<Field<BridgeConfig>>& bridge_fields();

// Reads the array into `loaded.config`; its bridges replace those that are there.
void load_bridges(const boost::json::value& value, Severity unknown_keys, Loaded& loaded);

}  // namespace carillon::server
