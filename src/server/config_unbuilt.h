// server/config_unbuilt.h: keys and variables that Sockudo knows and this server does not yet: an
// operator who moves over must hear which of the settings do nothing. A name leaves these lists
// with the commit that builds it.
#pragma once

#include <string_view>
#include <vector>

namespace carillon::server {

const std::vector<std::string_view>& unbuilt_keys();      // paths; all below them is meant too
const std::vector<std::string_view>& unbuilt_app_keys();  // of an app, snake_case
const std::vector<std::string_view>& unbuilt_variables();

}  // namespace carillon::server
