#include "protocol/turbine/replies.h"

#include <charconv>

#include "json/write.h"

namespace carillon::turbine {
namespace {

// Up to 2^64 - 1, which json::append_number's does not reach.
void append_id(std::uint64_t id, base::Buffer& out) {
    char digits[20];
    const auto written = std::to_chars(std::begin(digits), std::end(digits), id);
    out.append({digits, static_cast<std::size_t>(written.ptr - digits)});
}

}  // namespace

void write_result(std::uint64_t id, std::string_view word, base::Buffer& out) {
    out.append(R"({"id":)");
    append_id(id, out);
    out.append(R"(,"result":{")");
    out.append(word);
    out.append(R"(":true}})");
}

void write_error(std::uint64_t id, Fault fault, base::Buffer& out) {
    const auto& row = row_of(fault);
    out.append(R"({"id":)");
    append_id(id, out);
    out.append(R"(,"error":{"code":)");
    json::append_number(row.code, out);
    out.append(R"(,"message":)");
    json::append_quoted(row.text, out);
    out.append("}}");
}

}  // namespace carillon::turbine
