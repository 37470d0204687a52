// server/testing_journal.h: for tests only: a folder for one test's journals, and a log that is read.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"

namespace carillon::server::testing {

struct Folder {
    Folder() {
        std::string made = std::filesystem::temp_directory_path() / "carillon_server_XXXXXX";
        EXPECT_NE(::mkdtemp(made.data()), nullptr);
        path = made;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::filesystem::path path;
};

// The names of what was said at info and above.
class Lines final : public base::Log {
 public:
    void write(base::LogLevel level, std::string_view event,
               std::span<const base::LogField>) override {
        const std::scoped_lock lock(mutex_);
        if (level != base::LogLevel::debug) events_.emplace_back(event);
    }
    std::vector<std::string> events() const {
        const std::scoped_lock lock(mutex_);
        return events_;
    }

 private:
    mutable std::mutex mutex_;
    std::vector<std::string> events_;
};

}  // namespace carillon::server::testing
