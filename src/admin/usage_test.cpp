#include "admin/usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::admin {
namespace {

TEST(Usage, says_the_hosts_memory_in_bytes) {
    const auto json = usage_json(
        "MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     250 kB\n");
    EXPECT_EQ(json.value(),
              R"({"memory":{"free":256000,"used":768000,"total":1024000,"percent":75.00}})");
}

TEST(Usage, says_so_when_the_host_does_not_tell) {
    for (const std::string_view text :
         {"", "MemTotal:", "MemTotal: x kB\nMemAvailable: 1 kB\n", "MemTotal: 1 kB\n",
          "MemTotal: 0 kB\nMemAvailable: 0 kB\n", "MemTotal: 1 kB\nMemAvailable: 2 kB\n"}) {
        EXPECT_FALSE(usage_json(text).has_value()) << text;
    }
}

TEST(Usage, is_answered_from_this_host) {
    http::Router router;
    ASSERT_TRUE(usage_route(router).has_value());
    http::Request request;
    request.method = "GET";
    request.path = "/usage";
    const auto match = router.match(request);
    ASSERT_EQ(match.kind, http::Match::Kind::handler);
    http::Response given;
    (*match.handler)(request, http::Responder([&](http::Response r) { given = std::move(r); }));
    EXPECT_EQ(given.status, 200);
    EXPECT_THAT(given.body, ::testing::HasSubstr("\"percent\":"));
}

}  // namespace
}  // namespace carillon::admin
