// input := label value LF help. Whatever a label or a help text holds, it stays inside its quotes
// and its line, and says the same when it is read back.
// fuzzes: prometheus_text.cpp
#include <array>
#include <span>
#include <string>

#include "admin/prometheus_text.h"
#include "base/assert.h"

namespace {

using namespace carillon;

// `bare`: a quote may stand without a backslash.
std::string unescaped(std::string_view text, bool bare) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            ASSERT(text[i] != '\n' && (bare || text[i] != '"'));
            out += text[i];
            continue;
        }
        ASSERT(++i < text.size());
        out += text[i] == 'n' ? '\n' : text[i];
    }
    return out;
}

std::string_view next_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    ASSERT(end != std::string_view::npos);
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

std::string_view inside(std::string_view text, std::string_view begin, std::string_view end) {
    ASSERT(text.size() >= begin.size() + end.size());
    ASSERT(text.starts_with(begin) && text.ends_with(end));
    return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto cut = input.rfind('\n');
    const auto value = input.substr(0, cut);
    const auto help = cut == std::string_view::npos ? value : input.substr(cut + 1);
    admin::PrometheusText writer;
    writer.metric("a_total", admin::PrometheusText::Type::counter, help);
    writer.sample({{"x", value}, {"y", "1"}}, std::uint64_t{size});
    const std::array own{admin::PrometheusText::Label{"x", std::string(value)}};
    writer.sample(std::span(own), std::uint64_t{7});
    writer.sample_seconds({}, size);
    const auto text = writer.take();

    std::string_view rest = text;
    ASSERT(unescaped(inside(next_line(rest), "# HELP a_total ", ""), true) == help);
    ASSERT(next_line(rest) == "# TYPE a_total counter");
    const auto number = std::to_string(size);
    const auto first = inside(next_line(rest), "a_total{x=\"", "\",y=\"1\"} " + number);
    ASSERT(unescaped(first, false) == value);
    ASSERT(unescaped(inside(next_line(rest), "a_total{x=\"", "\"} 7"), false) == value);
    ASSERT(next_line(rest).starts_with("a_total 0.") && rest.empty());
    return 0;
}
