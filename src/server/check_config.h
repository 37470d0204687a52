// server/check_config.h: what `carillon check-config` says: every problem, then what is in force,
// with secrets masked.
#pragma once

#include <string>

#include "server/config_load.h"

namespace carillon::server {

struct Checked {
    std::string text;
    int exit_code;  // 0: no errors, as serve would start; 1: errors
};

// Stricter than serve: unknown keys are errors, and so is what check_exposure refuses.
Checked check_config(Sources sources);

// "metrics.port = 9601", a line per setting.
std::string text_of(const Config& config);

}  // namespace carillon::server
