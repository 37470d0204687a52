// admin/console_files.h: the files of console/ as they are in the binary. Their definition is made
// at build time by cmake/embed.cmake; nothing is read from disk at run time.
#pragma once

#include <span>
#include <string_view>

namespace carillon::admin {

struct ConsoleFile {
    std::string_view name;  // "style.css"
    std::string_view content_type;
    std::string_view bytes;
    std::string_view etag;  // with its quotes; another content, another etag
};

// Constant, any thread.
std::span<const ConsoleFile> console_files();

}  // namespace carillon::admin
