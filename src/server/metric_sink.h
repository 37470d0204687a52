// server/metric_sink.h: takes down what a protocol writes of its own numbers, for the report. Those of
// other systems' dashboards stand behind the operator's prefix, with the port that these tell
// servers apart by; ours, carillon_…, stand as they are.
#pragma once

#include <string>

#include "admin/report.h"
#include "protocol/protocol.h"

namespace carillon::server {

class ReportSink final : public protocol::MetricSink {
 public:
    // The report outlives it.
    ReportSink(admin::Report& report, std::string prefix, std::uint16_t port)
        : report_(report), prefix_(std::move(prefix)), port_(std::to_string(port)) {}

    void metric(std::string_view name, Type type, std::string_view help) override {
        using Theirs = admin::PrometheusText::Type;
        ours_ = name.starts_with("carillon_");
        report_.families.push_back({(ours_ ? "" : prefix_) + std::string(name),
                                    type == Type::counter ? Theirs::counter : Theirs::gauge,
                                    std::string(help)});
    }
    void sample(Labels labels, std::uint64_t value) override {
        auto& sample = report_.families.back().samples.emplace_back();
        for (const auto& [label, text] : labels) sample.labels.emplace_back(label, text);
        if (!ours_) sample.labels.emplace_back("port", port_);
        sample.value = value;
    }

 private:
    admin::Report& report_;
    const std::string prefix_;
    const std::string port_;
    bool ours_ = false;  // the metric begun last
};

}  // namespace carillon::server
