#include "bench/report.h"

#include <array>
#include <cstdio>

namespace bench {

Report& Report::add(std::string_view name, std::string_view text) {
    return raw(name, '"' + std::string(text) + '"');
}

Report& Report::add(std::string_view name, double number) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.6g", number);
    return raw(name, text.data());
}

Report& Report::add(std::string_view name, std::uint64_t number) {
    return raw(name, std::to_string(number));
}

Report& Report::add(std::string_view name, std::span<const std::uint64_t> numbers) {
    std::string list;
    for (const std::uint64_t number : numbers)
        list += (list.empty() ? "" : ", ") + std::to_string(number);
    return raw(name, '[' + list + ']');
}

Report& Report::add_flag(std::string_view name, bool flag) {
    return raw(name, flag ? "true" : "false");
}

Report& Report::add_usage(const Usage& usage, double deliveries) {
    add("cpu_ns_per_delivery", static_cast<double>(usage.cpu_ns) / deliveries);
    add("user_seconds", usage.user_seconds);
    add("system_seconds", usage.system_seconds);
    return add("queued_seconds", usage.queued_seconds);
}

Report& Report::add_busy(double share) {
    add("load_busy", share);
    return add_flag("bottleneck", share > 0.9);
}

void Report::print() const {
    std::printf("{%s}\n", line_.c_str());
    std::fflush(stdout);
}

Report& Report::raw(std::string_view name, std::string_view json) {
    if (!line_.empty()) line_ += ", ";
    line_.append("\"").append(name).append("\": ").append(json);
    return *this;
}

}  // namespace bench
