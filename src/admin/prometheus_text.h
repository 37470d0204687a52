// admin/prometheus_text.h: writes metrics in the text format 0.0.4.
//
//   metric := "# HELP " name " " help LF  "# TYPE " name " " type LF  *sample
//   sample := name ["{" label "=" quoted *( "," label "=" quoted ) "}"] " " value LF
//
// A metric's lines stand together: metric() begins one, sample() adds to it, and there is no way
// back to an earlier one. Names are our own constants, so a wrong one is an ASSERT; label values
// may hold whatever is UTF-8 and are escaped.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace carillon::admin {

class PrometheusText {
 public:
    enum class Type : unsigned char { counter, gauge };
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    // For labels that are only known when it runs.
    using Label = std::pair<std::string, std::string>;

    void metric(std::string_view name, Type type, std::string_view help);
    void sample(Labels labels, std::uint64_t value) { append(labels, std::to_string(value)); }
    void sample(Labels labels, std::int64_t value) { append(labels, std::to_string(value)); }
    void sample(std::span<const Label> labels, std::uint64_t value) {
        append(labels, std::to_string(value));
    }

    void sample_seconds(Labels labels, std::uint64_t microseconds);

    std::string take() { return std::move(text_); }

 private:
    template <class AnyLabels>
    void append(const AnyLabels& labels, const std::string& value);

    std::string text_;
    std::string name_;  // of the metric begun last
    std::unordered_set<std::string> begun_;
};

}  // namespace carillon::admin
