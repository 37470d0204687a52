#include "server/default_app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/testing_load.h"

namespace carillon::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::lines_of;
using testing::load_environment;

constexpr const char* file_with_app =
    R"({"app_manager": {"array": {"apps": [{"id": "f", "key": "fk", "secret": "fs"}]}}})";

Environment credentials(Environment more = {}) {
    more.insert({{"SOCKUDO_DEFAULT_APP_ID", "e"},
                 {"SOCKUDO_DEFAULT_APP_KEY", "ek"},
                 {"SOCKUDO_DEFAULT_APP_SECRET", "es"}});
    return more;
}

TEST(DefaultApp, is_what_the_environment_says) {
    const auto loaded = load_environment(credentials({
        {"SOCKUDO_DEFAULT_APP_MAX_CONNECTIONS", "1"},
        {"SOCKUDO_DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SECOND", "2"},
        {"SOCKUDO_DEFAULT_APP_MAX_PRESENCE_MEMBERS_PER_CHANNEL", "3"},
        {"SOCKUDO_DEFAULT_APP_MAX_PRESENCE_MEMBER_SIZE_IN_KB", "4"},
        {"SOCKUDO_DEFAULT_APP_MAX_CHANNEL_NAME_LENGTH", "5"},
        {"SOCKUDO_DEFAULT_APP_MAX_EVENT_CHANNELS_AT_ONCE", "6"},
        {"SOCKUDO_DEFAULT_APP_MAX_EVENT_NAME_LENGTH", "7"},
        {"SOCKUDO_DEFAULT_APP_MAX_EVENT_PAYLOAD_IN_KB", "8"},
        {"SOCKUDO_DEFAULT_APP_MAX_EVENT_BATCH_SIZE", "9"},
        {"SOCKUDO_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SECOND", "10"},
        {"SOCKUDO_DEFAULT_APP_MAX_READ_REQUESTS_PER_SECOND", "11"},
        {"SOCKUDO_DEFAULT_APP_ENABLE_USER_AUTHENTICATION", "true"},
        {"SOCKUDO_DEFAULT_APP_ENABLE_WATCHLIST_EVENTS", "true"},
        {"SOCKUDO_DEFAULT_APP_ENABLE_SUBSCRIPTION_COUNT", "true"},
        {"SOCKUDO_DEFAULT_APP_ALLOWED_ORIGINS", "https://a.example, *.b.example"},
    }));
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    ASSERT_EQ(loaded.config.apps.size(), 1U);
    const auto& app = loaded.config.apps[0];
    EXPECT_EQ(app.id, "e");
    EXPECT_EQ(app.key, "ek");
    EXPECT_EQ(app.secret, "es");
    EXPECT_TRUE(app.enabled);
    EXPECT_FALSE(app.client_events);
    EXPECT_EQ(app.limits.connections_max, 1U);
    EXPECT_EQ(app.limits.client_events_per_second, 2U);
    EXPECT_EQ(app.limits.presence_members_max, 3U);
    EXPECT_EQ(app.limits.presence_member_bytes_max, 4U * 1024);
    EXPECT_EQ(app.limits.channel_name_bytes_max, 5U);
    EXPECT_EQ(app.limits.event_channels_max, 6U);
    EXPECT_EQ(app.limits.event_name_bytes_max, 7U);
    EXPECT_EQ(app.limits.event_payload_bytes_max, 8U * 1024);
    EXPECT_EQ(app.limits.event_batch_max, 9U);
    EXPECT_EQ(app.limits.backend_events_per_second, 10U);
    EXPECT_EQ(app.limits.read_requests_per_second, 11U);
    EXPECT_TRUE(app.sign_in && app.watchlists && app.subscription_counts);
    EXPECT_THAT(app.allowed_origins, ElementsAre("https://a.example", "*.b.example"));
}

TEST(DefaultApp, lets_its_clients_publish_under_either_name_of_the_switch_the_longer_one_winning) {
    const auto client_events = [](const Environment& environment) {
        return load_environment(environment).config.apps.at(0).client_events;
    };
    const auto* const old_name = "SOCKUDO_ENABLE_CLIENT_MESSAGES";
    const auto* const new_name = "SOCKUDO_DEFAULT_APP_ENABLE_CLIENT_MESSAGES";
    EXPECT_TRUE(client_events(credentials({{old_name, "true"}})));
    EXPECT_TRUE(client_events(credentials({{new_name, "1"}})));
    EXPECT_FALSE(client_events(credentials({{old_name, "true"}, {new_name, "false"}})));
    EXPECT_FALSE(client_events({{old_name, "false"}}));  // the demo app's too
    EXPECT_TRUE(client_events({}));
}

TEST(DefaultApp, takes_the_place_of_the_files_apps_when_it_is_complete) {
    const auto loaded = load({.file = file_with_app, .environment = credentials()});
    EXPECT_THAT(lines_of(loaded), ElementsAre("warning: app_manager.array.apps: replaced by "
                                              "SOCKUDO_DEFAULT_APP_*"));
    ASSERT_EQ(loaded.config.apps.size(), 1U);
    EXPECT_EQ(loaded.config.apps[0].id, "e");
}

TEST(DefaultApp, gives_way_to_the_files_apps_when_it_is_not_complete_or_disabled) {
    for (const auto& environment : {Environment{{"SOCKUDO_DEFAULT_APP_ID", "e"}},
                                    Environment{{"SOCKUDO_DEFAULT_APP_MAX_CONNECTIONS", "1"}},
                                    Environment{{"SOCKUDO_ENABLE_CLIENT_MESSAGES", "true"}},
                                    credentials({{"SOCKUDO_DEFAULT_APP_ENABLED", "false"}})}) {
        const auto loaded = load({.file = file_with_app, .environment = environment});
        EXPECT_THAT(
            lines_of(loaded),
            ElementsAre("warning: SOCKUDO_DEFAULT_APP_*: no effect: the file's apps are in force"));
        ASSERT_EQ(loaded.config.apps.size(), 1U);
        EXPECT_EQ(loaded.config.apps[0].id, "f");
        EXPECT_FALSE(loaded.config.apps[0].client_events);
        EXPECT_EQ(loaded.config.apps[0].limits.connections_max, 0U);
    }
    EXPECT_THAT(lines_of(load({.file = file_with_app})), IsEmpty());
}

TEST(DefaultApp, borrows_what_is_missing_from_the_demo_app_and_is_then_as_exposed) {
    auto loaded = load_environment(
        {{"SOCKUDO_DEFAULT_APP_ID", "e"}, {"SOCKUDO_DEFAULT_APP_SECRET", ""}, {"HOST", "0.0.0.0"}});
    EXPECT_THAT(
        lines_of(loaded),
        ElementsAre("warning: SOCKUDO_DEFAULT_APP_KEY: not set; the demo app's value is used",
                    "warning: SOCKUDO_DEFAULT_APP_SECRET: not set; the demo app's value is used"));
    EXPECT_EQ(loaded.config.apps.at(0).id, "e");
    EXPECT_EQ(loaded.config.apps.at(0).key, "demo-key");
    EXPECT_EQ(loaded.config.apps.at(0).secret, "demo-secret");
    EXPECT_FALSE(loaded.config.apps.at(0).client_events);
    EXPECT_FALSE(check_exposure(loaded.config).has_value());
}

TEST(DefaultApp, may_be_disabled_and_is_then_there_for_nobody) {
    const auto loaded = load_environment({{"SOCKUDO_DEFAULT_APP_ENABLED", "no"}});
    ASSERT_EQ(loaded.config.apps.size(), 1U);
    EXPECT_FALSE(loaded.config.apps[0].enabled);
}

TEST(DefaultApp, names_the_variable_of_a_broken_number) {
    EXPECT_THAT(
        lines_of(
            load_environment(credentials({{"SOCKUDO_DEFAULT_APP_MAX_EVENT_BATCH_SIZE", "x"}}))),
        ElementsAre("error: SOCKUDO_DEFAULT_APP_MAX_EVENT_BATCH_SIZE: expected a number from 1 to "
                    "10000"));
}

}  // namespace
}  // namespace carillon::server
