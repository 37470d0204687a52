#include "server/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>

#include <cerrno>

#include "server/log_line.h"

namespace carillon::server {
namespace {

// A finished line to a descriptor, in one write where the kernel allows. Only spdlog's thread calls
// it.
class DescriptorSink final : public spdlog::sinks::sink {
 public:
    explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

    void log(const spdlog::details::log_msg& message) override {
        std::string_view rest(message.payload.data(), message.payload.size());
        while (!rest.empty()) {
            const auto written = ::write(descriptor_, rest.data(), rest.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return lost_.add();  // closed, full disk: nobody to tell
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

    std::uint64_t lost() const { return lost_.get(); }

 private:
    const int descriptor_;
    base::Count lost_;
};

}  // namespace

struct Log::Parts {
    Parts(int descriptor, std::size_t queue_lines)
        : sink(std::make_shared<DescriptorSink>(descriptor)),
          threads(std::make_shared<spdlog::details::thread_pool>(queue_lines, 1)),
          logger(std::make_shared<spdlog::async_logger>(
              "carillon", sink, threads, spdlog::async_overflow_policy::overrun_oldest)) {
        logger->set_level(spdlog::level::trace);  // what is written was decided before
    }
    // The thread first: its end writes what waits, and each waiting line holds the logger. The
    // other way round the last line written would delete the logger on that thread.
    ~Parts() { threads.reset(); }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    std::shared_ptr<DescriptorSink> sink;
    std::shared_ptr<spdlog::details::thread_pool> threads;
    std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(const base::Clock& clock, LogConfig config, int descriptor, std::size_t queue_lines)
    : clock_(clock), config_(config), parts_(std::make_unique<Parts>(descriptor, queue_lines)) {}

Log::~Log() = default;

void Log::write(base::LogLevel level, std::string_view event,
                std::span<const base::LogField> fields) {
    if (level < config_.level) return;
    const auto unix_ms = clock_.now().unix_ms;
    auto line = config_.format == LogFormat::json ? json_line(unix_ms, level, event, fields)
                                                  : text_line(unix_ms, level, event, fields);
    line += '\n';
    parts_->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

std::uint64_t Log::dropped() const {
    return parts_->threads->overrun_counter() + parts_->sink->lost();
}

}  // namespace carillon::server
