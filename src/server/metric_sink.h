// server/metric_sink.h: takes down what a protocol writes of its own numbers, for the report: behind
// the operator's prefix, with the port that dashboards tell servers apart by.
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
        report_.families.push_back({prefix_ + std::string(name),
                                    type == Type::counter ? Theirs::counter : Theirs::gauge,
                                    std::string(help)});
    }
    void sample(Labels labels, std::uint64_t value) override {
        auto& sample = report_.families.back().samples.emplace_back();
        for (const auto& [label, text] : labels) sample.labels.emplace_back(label, text);
        sample.labels.emplace_back("port", port_);
        sample.value = value;
    }

 private:
    admin::Report& report_;
    const std::string prefix_;
    const std::string port_;
};

}  // namespace carillon::server
