#include "admin/prometheus_text.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::admin {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_name(std::string_view name) {
    return !name.empty() && is_letter(name.front()) &&
           std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// Label values are any UTF-8 but for three characters; in a help text a quote may stand.
std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && quotes) {
            out += "\\\"";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

void PrometheusText::metric(std::string_view name, Type type, std::string_view help) {
    ASSERT(is_name(name));
    name_ = name;
    const bool first_time = begun_.insert(name_).second;
    ASSERT(first_time);  // a metric's lines stand together
    text_ += "# HELP " + name_ + " " + escaped(help, false) + "\n";
    text_ += "# TYPE " + name_ + (type == Type::counter ? " counter\n" : " gauge\n");
}

void PrometheusText::sample_seconds(Labels labels, std::uint64_t microseconds) {
    const auto fraction = std::to_string(1'000'000 + microseconds % 1'000'000);
    append(labels, std::to_string(microseconds / 1'000'000) + "." + fraction.substr(1));
}

template <class AnyLabels>
void PrometheusText::append(const AnyLabels& labels, const std::string& value) {
    ASSERT(!name_.empty());
    text_ += name_;
    char separator = '{';
    for (const auto& [label, text] : labels) {
        ASSERT(is_name(label));
        text_ += separator;
        text_ += label;
        text_ += "=\"" + escaped(text, true) + "\"";
        separator = ',';
    }
    if (separator == ',') text_ += '}';
    text_ += " " + value + "\n";
}

template void PrometheusText::append(const Labels& labels, const std::string& value);
template void PrometheusText::append(const std::span<const Label>& labels,
                                     const std::string& value);

}  // namespace carillon::admin
