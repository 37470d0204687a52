#include "hub/channel_table.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "hub/testing_hub.h"

namespace carillon::hub {
namespace {

TEST(ChannelTable, makes_a_channel_once_and_forgets_it) {
    ChannelTable table(77);
    AppState app(testing::make_app("app"));
    EXPECT_EQ(table.lock(app, "news").find(), nullptr);
    EXPECT_EQ(table.size(), 0U);
    auto* made = &table.lock(app, "news").find_or_create();
    EXPECT_EQ(made->name(), "news");
    EXPECT_EQ(made->position().epoch, 77U);
    EXPECT_EQ(made->position().offset, 0U);
    EXPECT_EQ(&table.lock(app, "news").find_or_create(), made);
    EXPECT_EQ(table.lock(app, "news").find(), made);
    EXPECT_EQ(table.size(), 1U);
    table.lock(app, "news").erase_if_gone(*made);
    EXPECT_EQ(table.lock(app, "news").find(), nullptr);
    EXPECT_EQ(table.size(), 0U);
}

TEST(ChannelTable, keeps_equal_names_of_two_apps_apart) {
    ChannelTable table(1);
    AppState one(testing::make_app("one"));
    AppState two(testing::make_app("two"));
    auto* first = &table.lock(one, "news").find_or_create();
    EXPECT_EQ(table.lock(two, "news").find(), nullptr);
    auto* second = &table.lock(two, "news").find_or_create();
    EXPECT_NE(first, second);
    table.lock(one, "news").erase_if_gone(*first);
    EXPECT_EQ(table.lock(two, "news").find(), second);
}

TEST(ChannelTable, holds_many_channels) {
    ChannelTable table(1);
    AppState app(testing::make_app("app"));
    for (int i = 0; i < 20'000; ++i) table.lock(app, "c" + std::to_string(i)).find_or_create();
    EXPECT_EQ(table.size(), 20'000U);
    for (int i = 0; i < 20'000; ++i) {
        const auto name = "c" + std::to_string(i);
        auto locked = table.lock(app, name);
        ASSERT_NE(locked.find(), nullptr);
        ASSERT_EQ(locked.find()->name(), name);
        if (i % 2 == 0) locked.erase_if_gone(*locked.find());
    }
    EXPECT_EQ(table.size(), 10'000U);
}

TEST(ChannelTable, locks_a_channel_for_one_thread_at_a_time) {
    ChannelTable table(1);
    AppState app(testing::make_app("app"));
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 2000; ++i) {
                const auto name = "c" + std::to_string(i % 3);
                auto locked = table.lock(app, name);
                ++locked.find_or_create().position().offset;
            }
        });
    }
    threads.clear();
    std::uint64_t sum = 0;
    for (int i = 0; i < 3; ++i) {
        sum += table.lock(app, "c" + std::to_string(i)).find()->position().offset;
    }
    EXPECT_EQ(sum, 8000U);
}

}  // namespace
}  // namespace carillon::hub
