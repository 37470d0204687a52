// base/log.h: the log's port. Rooms say what happened as an event name and fields; server/log.cpp
// decides how it looks. Never pass a secret, a token or a message body. Any thread; never blocks on
// a full sink.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <variant>

namespace carillon::base {

enum class LogLevel : unsigned char { debug, info, warning, error };

struct LogField {
    std::string_view key;
    std::variant<std::string_view, std::int64_t> value;
};

struct Log {
    virtual ~Log() = default;
    // `event` is a snake_case constant ("connection_refused"); fields are borrowed until return.
    virtual void write(LogLevel level, std::string_view event,
                       std::span<const LogField> fields) = 0;

    // Lines that were never written. Any thread.
    virtual std::uint64_t dropped() const { return 0; }

    using Fields = std::initializer_list<LogField>;
    void debug(std::string_view event, Fields fields = {}) { put(LogLevel::debug, event, fields); }
    void info(std::string_view event, Fields fields = {}) { put(LogLevel::info, event, fields); }
    void warning(std::string_view event, Fields fields = {}) {
        put(LogLevel::warning, event, fields);
    }
    void error(std::string_view event, Fields fields = {}) { put(LogLevel::error, event, fields); }

 private:
    void put(LogLevel level, std::string_view event, Fields fields) {
        write(level, event, {fields.begin(), fields.size()});
    }
};

// For tests and tools that have nothing to say.
struct NoLog final : Log {
    void write(LogLevel, std::string_view, std::span<const LogField>) override {}
};

}  // namespace carillon::base
