#include "server/names.h"

#include <gtest/gtest.h>

namespace carillon::server {
namespace {

TEST(Names, are_as_far_apart_as_the_slips_of_the_finger_between_them) {
    EXPECT_EQ(edit_distance("port", "port"), 0U);
    EXPECT_EQ(edit_distance("", "port"), 4U);
    EXPECT_EQ(edit_distance("prot", "port"), 1U);  // neighbours swapped
    EXPECT_EQ(edit_distance("por", "port"), 1U);
    EXPECT_EQ(edit_distance("poort", "port"), 1U);
    EXPECT_EQ(edit_distance("pert", "port"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Names, lead_to_the_nearest_that_exists) {
    const std::vector<std::string_view> known = {"host", "port", "metrics", "threads"};
    EXPECT_EQ(nearest("metrcs", known), "metrics");
    EXPECT_EQ(nearest("Port", known), "port");
    EXPECT_EQ(nearest("hst", known), "host");
    EXPECT_EQ(did_you_mean("prot", known), "; did you mean port?");
}

TEST(Names, lead_nowhere_when_nothing_is_near) {
    const std::vector<std::string_view> known = {"host", "port", "metrics", "id"};
    EXPECT_EQ(nearest("elephant", known), "");
    EXPECT_EQ(nearest("xy", known), "");
    EXPECT_EQ(did_you_mean("elephant", known), "");
    EXPECT_EQ(nearest("port", {}), "");
}

}  // namespace
}  // namespace carillon::server
