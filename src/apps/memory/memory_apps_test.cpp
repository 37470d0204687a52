#include "apps/memory/memory_apps.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::apps {
namespace {

hub::App app(std::string id, std::string key) {
    hub::App made;
    made.id = std::move(id);
    made.key = std::move(key);
    made.secret = "hush";
    return made;
}

hub::AppRef by_key(MemoryApps& apps, std::string_view key) {
    hub::AppRef found;
    apps.find_by_key(key, [&](Result<hub::AppRef> answer) { found = answer.value(); });
    return found;
}

hub::AppRef by_id(MemoryApps& apps, std::string_view id) {
    hub::AppRef found;
    apps.find_by_id(id, [&](Result<hub::AppRef> answer) { found = answer.value(); });
    return found;
}

std::string error_of(std::vector<hub::App> apps) {
    const auto made = MemoryApps::make(std::move(apps));
    return made.has_value() ? "" : made.error().message;
}

TEST(MemoryApps, finds_an_app_by_its_id_and_by_its_key) {
    const auto apps = MemoryApps::make({app("1", "one"), app("2", "two")}).value();
    ASSERT_NE(by_key(*apps, "two"), nullptr);
    EXPECT_EQ(by_key(*apps, "two")->id, "2");
    EXPECT_EQ(by_id(*apps, "1"), by_key(*apps, "one"));
}

TEST(MemoryApps, answers_null_for_what_it_does_not_know) {
    const auto apps = MemoryApps::make({app("1", "one")}).value();
    EXPECT_EQ(by_key(*apps, "1"), nullptr);  // an id is no key
    EXPECT_EQ(by_id(*apps, "one"), nullptr);
    EXPECT_EQ(by_key(*apps, ""), nullptr);
    EXPECT_EQ(by_key(*MemoryApps::make({}).value(), "one"), nullptr);
}

TEST(MemoryApps, refuses_two_apps_with_one_id_or_one_key) {
    EXPECT_EQ(error_of({app("1", "one"), app("1", "two")}), "two apps have the id \"1\"");
    EXPECT_EQ(error_of({app("1", "one"), app("2", "one")}), "two apps have the key \"one\"");
    EXPECT_EQ(error_of({app("1", "one"), app("one", "1")}), "");
}

TEST(MemoryApps, refuses_an_app_without_an_id_or_a_key) {
    EXPECT_NE(error_of({app("", "one")}), "");
    EXPECT_NE(error_of({app("1", "")}), "");
}

TEST(MemoryApps, never_tells_a_secret_in_an_error) {
    EXPECT_EQ(error_of({app("1", "one"), app("1", "one")}).find("hush"), std::string::npos);
}

}  // namespace
}  // namespace carillon::apps
