#include "admin/prometheus_text.h"

#include <gtest/gtest.h>

namespace carillon::admin {
namespace {

using Type = PrometheusText::Type;

TEST(PrometheusText, writes_a_metric_with_its_help_and_type_before_its_samples) {
    PrometheusText out;
    out.metric("eggs_total", Type::counter, "Eggs laid.");
    out.sample({}, std::uint64_t{18446744073709551615U});
    out.metric("hens", Type::gauge, "Hens, or owed hens.");
    out.sample({{"barn", "red"}, {"floor", "2"}}, std::int64_t{-3});
    EXPECT_EQ(out.take(),
              "# HELP eggs_total Eggs laid.\n"
              "# TYPE eggs_total counter\n"
              "eggs_total 18446744073709551615\n"
              "# HELP hens Hens, or owed hens.\n"
              "# TYPE hens gauge\n"
              "hens{barn=\"red\",floor=\"2\"} -3\n");
}

TEST(PrometheusText, escapes_what_would_end_a_label_or_a_line) {
    PrometheusText out;
    out.metric("m", Type::gauge, "a \"b\" \\ c\nd");
    out.sample({{"l", "\"} 7\nevil 1\\"}}, std::uint64_t{1});
    EXPECT_EQ(out.take(),
              "# HELP m a \"b\" \\\\ c\\nd\n"
              "# TYPE m gauge\n"
              "m{l=\"\\\"} 7\\nevil 1\\\\\"} 1\n");
}

TEST(PrometheusText, stops_when_a_metric_is_begun_a_second_time) {
    PrometheusText out;
    out.metric("a", Type::gauge, "A.");
    out.metric("b", Type::gauge, "B.");
    EXPECT_DEATH(out.metric("a", Type::gauge, "A."), "first_time");
}

TEST(PrometheusText, stops_at_a_sample_without_a_metric_and_at_a_name_outside_the_grammar) {
    PrometheusText out;
    EXPECT_DEATH(out.sample({}, std::uint64_t{1}), "name_");
    EXPECT_DEATH(out.metric("2hens", Type::gauge, ""), "is_name");
    EXPECT_DEATH(out.metric("hens-total", Type::gauge, ""), "is_name");
    EXPECT_DEATH(out.metric("", Type::gauge, ""), "is_name");
    out.metric("hens", Type::gauge, "");
    EXPECT_DEATH(out.sample({{"a b", ""}}, std::uint64_t{1}), "is_name");
}

}  // namespace
}  // namespace carillon::admin
