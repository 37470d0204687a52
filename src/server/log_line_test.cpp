#include "server/log_line.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace carillon::server {
namespace {

using base::LogField;
using base::LogLevel;

constexpr std::int64_t when = 1'704'164'645'006;  // 2024-01-02T03:04:05.006Z

TEST(LogLine, is_one_json_object_with_time_level_event_and_fields) {
    const LogField fields[] = {{"host", "127.0.0.1"}, {"port", std::int64_t{6001}}};
    EXPECT_EQ(json_line(when, LogLevel::info, "listening", fields),
              R"({"time":"2024-01-02T03:04:05.006Z","level":"info","event":"listening",)"
              R"("host":"127.0.0.1","port":6001})");
    EXPECT_EQ(json_line(-1, LogLevel::error, "e", {}),
              R"({"time":"1969-12-31T23:59:59.999Z","level":"error","event":"e"})");
}

TEST(LogLine, is_for_people_in_the_text_format) {
    const LogField fields[] = {
        {"host", "127.0.0.1"}, {"port", std::int64_t{-1}}, {"why", "no such file"}, {"empty", ""}};
    EXPECT_EQ(text_line(when, LogLevel::warning, "config", fields),
              R"(2024-01-02T03:04:05.006Z warning config host=127.0.0.1 port=-1 )"
              R"(why="no such file" empty="")");
}

constexpr std::string_view hostile[] = {
    "\n{\"level\":\"error\",\"event\":\"forged\"}",
    "\",\"level\":\"error\",\"x\":\"",
    "\\",
    "\\\"",
    "a=b level=error",
    "\x1b[2J\x1b]0;title\x07",
    std::string_view("\0\r\n", 3),
    "\xc3\x28 \xff\xfe",
    "\xe2\x80\xa8 and \xe2\x80\xae",
};

TEST(LogLine, stays_one_object_on_one_line_whatever_the_fields_hold) {
    for (const auto value : hostile) {
        const LogField fields[] = {{"before", value}, {"after", std::int64_t{7}}};
        const auto line = json_line(when, LogLevel::info, "event", fields);
        boost::json::error_code error;
        const auto parsed = boost::json::parse(line, error);
        ASSERT_FALSE(error) << line;
        const auto& object = parsed.as_object();
        EXPECT_EQ(object.size(), 5U) << line;
        EXPECT_EQ(object.at("level").as_string(), "info");
        EXPECT_EQ(object.at("after").as_int64(), 7);
        EXPECT_EQ(line.find_first_of("\n\r\x1b\x07"), std::string::npos) << line;
    }
}

TEST(LogLine, stays_one_line_for_people_too_and_commands_no_terminal) {
    for (const auto value : hostile) {
        const LogField fields[] = {{"value", value}};
        const auto line = text_line(when, LogLevel::info, "event", fields);
        EXPECT_EQ(line.find_first_of("\n\r\x1b\x07"), std::string::npos) << line;
        EXPECT_TRUE(line.starts_with("2024-01-02T03:04:05.006Z info    event value=\"")) << line;
        EXPECT_TRUE(line.ends_with('"')) << line;
    }
}

TEST(LogLine, cuts_a_value_that_would_fill_the_queue) {
    const std::string huge(100'000, 'x');
    const LogField fields[] = {{"huge", huge}};
    const auto line = json_line(when, LogLevel::info, "event", fields);
    EXPECT_LT(line.size(), log_value_bytes_max + 200);
    EXPECT_NE(line.find("xxx…\"}"), std::string::npos);
}

}  // namespace
}  // namespace carillon::server
