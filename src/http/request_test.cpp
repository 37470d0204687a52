#include "http/request.h"

#include <gtest/gtest.h>

namespace carillon::http {
namespace {

TEST(Request, finds_a_header_in_any_case_and_gives_the_first_of_two) {
    Request request;
    request.headers = {{"X-One", "1"}, {"x-one", "2"}, {"Empty", ""}};
    EXPECT_EQ(request.header("x-ONE"), "1");
    EXPECT_EQ(request.count_headers("X-One"), 2U);
    EXPECT_TRUE(request.has_header("empty"));
    EXPECT_FALSE(request.has_header("X-On"));
    EXPECT_EQ(request.header("missing"), "");
}

TEST(Request, reads_a_token_list_over_all_its_lines) {
    Request request;
    request.headers = {{"Connection", "keep-alive,, Upgrade "}, {"connection", "\tclose"}};
    EXPECT_TRUE(request.header_has_token("Connection", "upgrade"));
    EXPECT_TRUE(request.header_has_token("Connection", "CLOSE"));
    EXPECT_TRUE(request.header_has_token("Connection", "keep-alive"));
    EXPECT_FALSE(request.header_has_token("Connection", "keep"));
    EXPECT_FALSE(request.header_has_token("Upgrade", "upgrade"));
}

TEST(Request, finds_path_parameters_by_their_exact_name) {
    Request request;
    request.params = {{"id", "7"}};
    EXPECT_EQ(request.param("id"), "7");
    EXPECT_EQ(request.param("ID"), "");
}

TEST(Trimmed, takes_spaces_and_tabs_from_the_ends_only) {
    EXPECT_EQ(trimmed(" \ta b\t "), "a b");
    EXPECT_EQ(trimmed(" \t "), "");
    EXPECT_EQ(trimmed(""), "");
}

}  // namespace
}  // namespace carillon::http
