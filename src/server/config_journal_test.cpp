#include "server/config_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/check_config.h"
#include "server/testing_load.h"

namespace carillon::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::lines_of;
using testing::load_environment;
using testing::load_file;

// What is said of a journal with this one rule.
std::vector<std::string> said_of(const std::string& members) {
    return lines_of(load_file(R"({"journal": {"path": "/j", "channels": [{)" + members + "}]}}"));
}

TEST(ConfigJournal, is_none_unless_it_has_a_path) {
    const auto loaded = load_file("{}");
    EXPECT_EQ(loaded.config.journal.path, "");
    EXPECT_THAT(loaded.config.journal.channels, IsEmpty());
    EXPECT_THAT(lines_of(load_file(R"({"journal": null})")), IsEmpty());
    EXPECT_THAT(lines_of(load_file(R"({"journal": {"channels": []}})")), IsEmpty());
}

TEST(ConfigJournal, is_read_with_its_rules_in_their_order) {
    const auto loaded = load_file(R"({"journal": {
        "path": "/var/lib/carillon", "driver": "sqlite", "sync": "every_batch",
        "sync_interval_ms": 25, "bytes_max": 10000000000, "channels": [
            {"app": "shop", "pattern": "chat-*", "history": "none"},
            {"pattern": "orders", "history": "journal", "messages_max": 100000000000,
             "bytes_max": "5000000000", "age_s": 604800, "app": null}]}})");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    const auto& journal = loaded.config.journal;
    EXPECT_EQ(journal.path, "/var/lib/carillon");
    EXPECT_EQ(journal.driver, JournalDriver::sqlite);
    EXPECT_EQ(journal.sync, JournalSync::every_batch);
    EXPECT_EQ(journal.sync_interval_ms, 25U);
    EXPECT_EQ(journal.bytes_max, 10'000'000'000U);
    ASSERT_EQ(journal.channels.size(), 2U);
    EXPECT_EQ(journal.channels[0].app, "shop");
    EXPECT_EQ(journal.channels[0].pattern, "chat-*");
    EXPECT_FALSE(journal.channels[0].keep);
    EXPECT_EQ(journal.channels[1].app, "");
    EXPECT_TRUE(journal.channels[1].keep);
    EXPECT_EQ(journal.channels[1].messages_max, 100'000'000'000U);
    EXPECT_EQ(journal.channels[1].bytes_max, 5'000'000'000U);
    EXPECT_EQ(journal.channels[1].age_s, 604'800U);
}

TEST(ConfigJournal, is_read_from_the_environment) {
    const auto loaded = load_environment({{"JOURNAL_PATH", "/j"},
                                          {"JOURNAL_DRIVER", "sqlite"},
                                          {"JOURNAL_SYNC", "never"},
                                          {"JOURNAL_SYNC_INTERVAL_MS", "7"},
                                          {"JOURNAL_BYTES_MAX", "5000000000"}});
    EXPECT_EQ(loaded.config.journal.path, "/j");
    EXPECT_EQ(loaded.config.journal.driver, JournalDriver::sqlite);
    EXPECT_EQ(loaded.config.journal.sync, JournalSync::never);
    EXPECT_EQ(loaded.config.journal.sync_interval_ms, 7U);
    EXPECT_EQ(loaded.config.journal.bytes_max, 5'000'000'000U);
}

TEST(ConfigJournal, says_where_a_value_is_wrong) {
    EXPECT_THAT(lines_of(load_file(R"({"journal": {"driver": "tape", "sync": "often",
                                      "sync_interval_ms": 0, "bytes_max": -1}})")),
                ElementsAre("error: journal.driver: expected one of file, sqlite",
                            "error: journal.sync: expected one of every_batch, interval, never",
                            "error: journal.sync_interval_ms: expected a number of "
                            "milliseconds from 1 to 60000",
                            "error: journal.bytes_max: expected a number of bytes; 0: no bound"));
    EXPECT_THAT(lines_of(load_file(R"({"journal": {"channels": {}}})")),
                ElementsAre("error: journal.channels: expected an array"));
    EXPECT_THAT(
        lines_of(load_file(R"({"journal": {"path": "/j", "channels": [7, {"pattern": "a"}]}})")),
        ElementsAre("error: journal.channels[0]: expected an object"));
    const std::string pattern = R"("pattern": "a", )";
    EXPECT_THAT(said_of(R"("messages_max": 1)"),
                ElementsAre("error: journal.channels[0].pattern: required"));
    EXPECT_THAT(
        said_of(R"("pattern": "")"),
        ElementsAre(HasSubstr("error: journal.channels[0].pattern: expected a channel's name")));
    EXPECT_THAT(said_of(R"("pattern": "a\u0000b")"),
                ElementsAre(HasSubstr("[0].pattern: expected")));
    EXPECT_THAT(said_of(pattern + R"("history": "memory")"),
                ElementsAre("error: journal.channels[0].history: expected one of journal, none"));
    EXPECT_THAT(
        said_of(pattern + R"("messages_max": 1.5)"),
        ElementsAre("error: journal.channels[0].messages_max: expected a number; 0: no bound"));
    EXPECT_THAT(said_of(pattern + R"("bytes_max": 9223372036854775808)"),
                ElementsAre(HasSubstr("[0].bytes_max: expected a number of bytes")));
    EXPECT_THAT(said_of(pattern + R"("age_s": "a week")"),
                ElementsAre(HasSubstr("[0].age_s: expected")));
    EXPECT_THAT(
        said_of(pattern + R"("app": "${APP}")"),
        ElementsAre("error: journal.channels[0].app: replacing ${...} is not yet supported"));
}

TEST(ConfigJournal, asks_what_an_unknown_key_was_meant_to_be) {
    EXPECT_THAT(said_of(R"("pattern": "a", "message_max": 1)"),
                ElementsAre("warning: journal.channels[0].message_max: unknown key; did you mean "
                            "messages_max?"));
    EXPECT_THAT(lines_of(load_file(R"({"journal": {"pth": "/j"}})")),
                ElementsAre(HasSubstr("journal.pth: unknown key; did you mean path?")));
}

TEST(ConfigJournal, does_not_keep_without_a_place_nor_nothing_in_one_silently) {
    EXPECT_THAT(lines_of(load_file(R"({"journal": {"channels": [{"pattern": "a"}]}})")),
                ElementsAre("error: journal.path: required with journal.channels (JOURNAL_PATH)"));
    EXPECT_THAT(lines_of(load_file(R"({"journal": {"path": "/j", "channels": [
                                       {"pattern": "a", "history": "none"}]}})")),
                ElementsAre("warning: journal.channels: no rule keeps anything: the journal stays "
                            "empty"));
}

TEST(ConfigJournal, takes_a_bounded_number_of_rules) {
    std::string rules;
    for (std::size_t i = 0; i <= limits::journal_rules_max; ++i) rules += R"({"pattern": "a"},)";
    rules.pop_back();
    EXPECT_THAT(
        lines_of(load_file(R"({"journal": {"path": "/j", "channels": [)" + rules + "]}}")),
        ElementsAre("error: journal.channels: more than 256", HasSubstr("no rule keeps anything")));
}

TEST(ConfigJournal, is_printed_as_it_is_in_force) {
    const auto checked = check_config({.file = R"({"journal": {"path": "/j", "channels": [
        {"pattern": "orders-*", "age_s": 60}]}})"});
    EXPECT_THAT(checked.text, HasSubstr("\njournal.path = \"/j\"\njournal.driver = \"file\"\n"
                                        "journal.sync = \"interval\"\n"
                                        "journal.sync_interval_ms = 10\njournal.bytes_max = 0\n"));
    EXPECT_THAT(checked.text, HasSubstr("\njournal.channels[0].app = \"\"\n"
                                        "journal.channels[0].pattern = \"orders-*\"\n"
                                        "journal.channels[0].history = \"journal\"\n"
                                        "journal.channels[0].messages_max = 0\n"
                                        "journal.channels[0].bytes_max = 0\n"
                                        "journal.channels[0].age_s = 60\n"));
}

}  // namespace
}  // namespace carillon::server
