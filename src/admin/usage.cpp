#include "admin/usage.h"

#include <charconv>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

namespace carillon::admin {
namespace {

// "MemTotal:       24684092 kB" in bytes.
std::optional<std::uint64_t> bytes_of(std::string_view meminfo, std::string_view name) {
    auto at = meminfo.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    at = meminfo.find_first_not_of(" \t", at + name.size());
    if (at == std::string_view::npos) return std::nullopt;
    std::uint64_t kb = 0;
    const auto text = meminfo.substr(at);
    if (std::from_chars(text.data(), text.data() + text.size(), kb).ec != std::errc{}) {
        return std::nullopt;
    }
    return kb * 1024;
}

http::Response usage() {
    std::ifstream file("/proc/meminfo");
    std::ostringstream text;
    text << file.rdbuf();
    auto json = usage_json(text.str());
    return json.has_value() ? http::json(200, std::move(json).value())
                            : http::text(503, json.error().message + "\n");
}

}  // namespace

Result<void> usage_route(http::Router& router) {
    return router.on("GET", "/usage",
                     [](http::Request&, http::Responder responder) { responder.respond(usage()); });
}

Result<std::string> usage_json(std::string_view meminfo) {
    const auto total = bytes_of(meminfo, "MemTotal:");
    const auto free = bytes_of(meminfo, "MemAvailable:");
    if (!total || !free || *total == 0 || *free > *total) {
        return Error{ErrorKind::unsupported, "The host does not say how much memory it has."};
    }
    const auto used = *total - *free;
    char percent[16];
    std::snprintf(percent, sizeof percent, "%.2f",
                  100.0 * static_cast<double>(used) / static_cast<double>(*total));
    return R"({"memory":{"free":)" + std::to_string(*free) + R"(,"used":)" + std::to_string(used) +
           R"(,"total":)" + std::to_string(*total) + R"(,"percent":)" + percent + "}}";
}

}  // namespace carillon::admin
