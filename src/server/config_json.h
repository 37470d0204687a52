// server/config_json.h: the file's part of loading: JSON in the shape of Sockudo's config.json.
//
//   {"port": 6001, "metrics": {"port": 9601}, "app_manager": {"array": {"apps": [{"id": "a", …}]}}}
//
// null means "not given". A number may be written as a string, as old files do. Every key is either
// known, known but not built yet, or reported with its path and the nearest known key.
#pragma once

#include <string_view>

#include "server/config_load.h"

namespace carillon::server {

// Reads what the text says into `loaded.config`; its apps replace those that are there.
void load_json(std::string_view text, Severity unknown_keys, Loaded& loaded);

}  // namespace carillon::server
