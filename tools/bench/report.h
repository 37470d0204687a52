// bench/report.h: one line of JSON on stdout, flat, in the order of the calls. The names are our own; nothing is escaped.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bench/clock.h"

namespace bench {

class Report {
 public:
    explicit Report(std::string_view scenario) { add("scenario", scenario); }
    Report& add(std::string_view name, std::string_view text);
    Report& add(std::string_view name, double number);
    Report& add(std::string_view name, std::uint64_t number);
    Report& add(std::string_view name, std::span<const std::uint64_t> numbers);
    Report& add_flag(std::string_view name, bool flag);
    Report& add_usage(const Usage& usage, double deliveries);
    Report& add_busy(double share);  // of this tool's core; says whether it was the bottleneck
    void print() const;              // and flushes: the driver waits for the line

 private:
    Report& raw(std::string_view name, std::string_view json);
    std::string line_;
};

}  // namespace bench
