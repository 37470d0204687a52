// input := moment(8) now(8). Any two numbers: a date of the calendar is that date, and how far away
// it is never counts the wrong way.
// fuzzes: moment.cpp
#include <fmt/format.h>

#include <chrono>
#include <cstring>

#include "base/assert.h"
#include "server/moment.h"

namespace {

std::string date_of(std::int64_t unix_s) {
    const std::chrono::sys_seconds moment{std::chrono::seconds(unix_s)};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date{day};
    return fmt::format("{}-{:02}-{:02}", int{date.year()}, unsigned{date.month()},
                       unsigned{date.day()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::int64_t numbers[2] = {};
    std::memcpy(numbers, data, std::min(size, sizeof numbers));
    // Half of all inputs are near each other and near today.
    if (size % 2 != 0) {
        numbers[0] %= 5'000'000'000;
        numbers[1] = numbers[0] + numbers[1] % 1'000'000;
    }
    const auto [moment, now] = numbers;
    const auto text = carillon::server::moment_text(moment, now);
    ASSERT(!text.empty());
    ASSERT((text.find("(now)") != std::string::npos) == (moment == now));
    if (text.find("(in ") != std::string::npos) ASSERT(moment > now);
    if (text.find(" ago)") != std::string::npos) ASSERT(moment < now);
    if (moment >= 0 && moment < 250'000'000'000) {
        ASSERT(text.starts_with(date_of(moment)));
    } else if (moment < 0) {
        ASSERT(text.starts_with("second -"));
    }
    return 0;
}
