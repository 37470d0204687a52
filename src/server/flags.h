// server/flags.h: the command line.
//
//   carillon [serve | check-config | version | help] *( --flag [value] | --flag=value )
//
// Only the shape is judged here; what the values mean, the loader decides (config_load.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carillon::server {

struct Command {
    enum class Kind : unsigned char { serve, check_config, version, help };
    Kind kind = Kind::serve;
    std::optional<std::string> config_path;                  // --config
    std::vector<std::pair<std::string, std::string>> flags;  // for Sources::flags
};

// `args` without the program's name. An Error says what was not understood and what was perhaps
// meant.
Result<Command> parse_command(const std::vector<std::string>& args);

std::string_view help_text();

// The value of the flag at args[at], for every command: behind its equals sign, or the next argument, to
// which `at` is moved then. Empty: it has none.
std::string flag_value(const std::vector<std::string>& args, std::size_t& at);

}  // namespace carillon::server
