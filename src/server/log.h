// server/log.h: base::Log over spdlog. A line is made on the thread that has something to say,
// since its fields are borrowed; one thread of spdlog's writes the lines to stderr. The queue
// between them is bounded, and when stderr is stuck the oldest line goes, counted: a terminal
// nobody reads must not stop a loop.
#pragma once

#include <unistd.h>

#include <memory>

#include "base/count.h"
#include "base/log.h"
#include "base/time.h"
#include "server/config.h"

namespace carillon::server {

class Log final : public base::Log {
 public:
    static constexpr std::size_t queue_lines_max = 8192;

    // The descriptor is borrowed. main ignores SIGPIPE, or a closed stderr ends the process.
    Log(const base::Clock& clock, LogConfig config, int descriptor = STDERR_FILENO,
        std::size_t queue_lines = queue_lines_max);
    ~Log() override;  // writes what waits; by then nobody else writes

    void write(base::LogLevel level, std::string_view event,
               std::span<const base::LogField> fields) override;

    // Lines that were never written: overrun, or refused by the descriptor. Any thread.
    std::uint64_t dropped() const override;

 private:
    struct Parts;

    const base::Clock& clock_;
    const LogConfig config_;
    const std::unique_ptr<Parts> parts_;
};

}  // namespace carillon::server
