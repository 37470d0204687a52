// input := time(8) event LF *( key LF value LF ). Whatever is logged is one line of printable text,
// and as JSON it says what was said.
// fuzzes: log_line.cpp json_text.cpp
#include <boost/json.hpp>
#include <cstring>
#include <vector>

#include "base/assert.h"
#include "server/json_text.h"
#include "server/log_line.h"

namespace {

using namespace carillon;

void check_line(std::string_view line) {
    for (const char c : line) ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

void check_text(std::string_view text) {
    std::string quoted;
    server::append_json_string(quoted, text);
    check_line(quoted);
    // Read as it is, and the same where the text was UTF-8: nothing else may have become U+FFFD.
    const auto read = boost::json::parse(quoted).as_string();
    if (read.find("\xef\xbf\xbd") == boost::json::string::npos) ASSERT(read == text);
    std::string again;
    server::append_json_string(again, read);
    ASSERT(again == quoted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::int64_t unix_ms = 0;
    std::memcpy(&unix_ms, data, std::min(size, sizeof unix_ms));
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    rest.remove_prefix(std::min(size, sizeof unix_ms));
    const auto next_line = [&rest] {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        return line;
    };
    check_text(rest);
    const auto event = next_line();
    std::vector<base::LogField> fields;
    while (!rest.empty()) {
        const auto key = next_line();
        const auto value = next_line();
        fields.push_back({key, value});
        fields.push_back({"count", unix_ms});
    }
    const auto line = server::json_line(unix_ms, base::LogLevel::warning, event, fields);
    check_line(line);
    const auto object = boost::json::parse(line).as_object();
    ASSERT(object.contains("time") && object.contains("event"));
    const auto text = server::text_line(unix_ms, base::LogLevel::info, event, fields);
    check_line(text);
    return 0;
}
