#include "server/histories.h"

#include <gtest/gtest.h>

namespace carillon::server {
namespace {

JournalRule rule(std::string app, std::string pattern, bool keep, std::uint64_t messages_max = 0) {
    JournalRule made;
    made.app = std::move(app);
    made.pattern = std::move(pattern);
    made.keep = keep;
    made.messages_max = messages_max;
    made.age_s = 5;
    return made;
}

hub::App app(std::string id) {
    hub::App made;
    made.id = std::move(id);
    return made;
}

TEST(KeepRules, say_what_the_first_one_that_fits_says) {
    const KeepRules rules({rule("shop", "orders-test*", false), rule("shop", "orders-*", true, 1),
                           rule("", "orders-*", true, 2), rule("", "exact", true, 3)});
    EXPECT_FALSE(rules.of(app("shop"), "orders-test-1").has_value());
    EXPECT_EQ(rules.of(app("shop"), "orders-1")->messages_max, 1U);
    EXPECT_EQ(rules.of(app("web"), "orders-test-1")->messages_max, 2U);
    EXPECT_EQ(rules.of(app("web"), "exact")->messages_max, 3U);
    EXPECT_EQ(rules.of(app("web"), "exact")->age_ms_max, 5000);
    EXPECT_FALSE(rules.of(app("web"), "exactly").has_value());
    EXPECT_FALSE(rules.of(app("web"), "my-orders-1").has_value());
}

TEST(KeepRules, without_any_keep_nothing) {
    EXPECT_FALSE(KeepRules({}).of(app("shop"), "orders-1").has_value());
}

TEST(Histories, without_a_journal_keep_in_memory_alone) {
    JournalConfig config;
    config.channels = {rule("", "*", true)};
    Histories histories(config, [](const hub::App&, std::string_view channel) {
        return storage::Retention{.messages_max = channel == "cache-x" ? 1U : 0U};
    });
    base::ManualClock clock;
    base::NoLog log;
    ASSERT_TRUE(histories.open(clock, log).has_value());
    EXPECT_EQ(histories.keeps(app("a"), "cache-x"), hub::History::Keeps::here);
    EXPECT_EQ(histories.keeps(app("a"), "orders-1"), hub::History::Keeps::nothing);
    EXPECT_FALSE(histories.in_trouble());
    EXPECT_EQ(histories.trouble(), "");
    EXPECT_EQ(histories.refuses(app("a"), "orders-1"), hub::Outcome::ok);
    EXPECT_FALSE(histories.save(app("a"), "orders-1", "worker", "state", nullptr));
    EXPECT_EQ(histories.load(app("a"), "orders-1", "worker"), "");
}

}  // namespace
}  // namespace carillon::server
