// server/moment.h: a moment as a person at a terminal wants it: the date, and how far away it is.
#pragma once

#include <cstdint>
#include <string>

namespace carillon::server {

// "59 min", "12 s", "3 days": the largest unit of which there are at least two, rounded down.
std::string duration_text(std::int64_t seconds);

// "2027-01-15 08:00:00 UTC (in 59 min)", "… (12 s ago)", "… (now)". Any number is a moment: of one
// beyond the calendar, the number itself is said.
std::string moment_text(std::int64_t unix_s, std::int64_t now_unix_s);

}  // namespace carillon::server
