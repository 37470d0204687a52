#include "server/journal_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::server {
namespace {

using ::testing::HasSubstr;
using Args = std::vector<std::string>;
using Verb = JournalRequest::Verb;

JournalRequest parsed(const Args& args) {
    const auto request = parse_journal_request(args);
    EXPECT_TRUE(request.has_value()) << request.error().message;
    return request.value_or(JournalRequest{});
}
std::string complaint(const Args& args) {
    const auto request = parse_journal_request(args);
    return request.has_value() ? "" : request.error().message;
}

TEST(JournalRequest, says_what_is_wished) {
    const auto inspect = parsed({"inspect", "/j", "--json"});
    EXPECT_EQ(inspect.verb, Verb::inspect);
    EXPECT_EQ(inspect.path, "/j");
    EXPECT_TRUE(inspect.json);
    EXPECT_EQ(parsed({"verify", "/j"}).verb, Verb::verify);

    const auto before = parsed({"trim", "--channel=shop/a/b", "/j", "--before", "17"});
    EXPECT_EQ(before.verb, Verb::trim);
    EXPECT_EQ(before.channel, std::pair(std::string("shop"), std::string("a/b")));
    EXPECT_EQ(before.before, 17U);
    EXPECT_TRUE(parsed({"trim", "/j", "--repair"}).repair);
    EXPECT_TRUE(parsed({"--help"}).help);
    EXPECT_TRUE(parsed({"trim", "--help"}).help);
    EXPECT_TRUE(parsed({"help"}).help);
}

TEST(JournalRequest, reads_ages_in_four_units) {
    const auto age = [](const std::string& text) {
        return parsed({"trim", "/j", "--older-than", text}).older_than_ms;
    };
    EXPECT_EQ(age("90s"), 90'000);
    EXPECT_EQ(age("15m"), 900'000);
    EXPECT_EQ(age("12h"), 43'200'000);
    EXPECT_EQ(age("7d"), 604'800'000);
    EXPECT_EQ(age("0s"), 0);
    for (const std::string wrong :
         {"7", "d", "-1d", "7 d", "7w", "1.5d", "99999999999999999999d", "1000001d"}) {
        EXPECT_THAT(complaint({"trim", "/j", "--older-than=" + wrong}), HasSubstr("an age such as"))
            << wrong;
    }
}

TEST(JournalRequest, asks_for_what_is_missing) {
    EXPECT_THAT(complaint({}), HasSubstr("inspect, verify or trim?"));
    EXPECT_THAT(complaint({"inspekt", "/j"}), HasSubstr("did you mean inspect?"));
    EXPECT_THAT(complaint({"inspect"}), HasSubstr("its path is needed"));
    EXPECT_THAT(complaint({"inspect", "/j", "/k"}), HasSubstr("one journal at a time"));
    EXPECT_THAT(complaint({"trim", "/j"}), HasSubstr("one of --before, --older-than and --repair"));
    EXPECT_THAT(complaint({"trim", "/j", "--repair", "--older-than", "1d"}), HasSubstr("one of"));
    EXPECT_THAT(complaint({"trim", "/j", "--before", "3"}), HasSubstr("--before needs --channel"));
    EXPECT_THAT(complaint({"trim", "/j", "--repair", "--channel", "a/b"}),
                HasSubstr("all channels"));
    EXPECT_THAT(complaint({"trim", "/j", "--before"}), HasSubstr("--before needs a value"));
    EXPECT_THAT(complaint({"trim", "/j", "--channel", "a/b", "--before", "0"}),
                HasSubstr("from 1 on"));
    EXPECT_THAT(complaint({"trim", "/j", "--channel", "ab", "--before", "1"}),
                HasSubstr("a slash"));
}

TEST(JournalRequest, knows_which_flags_belong_to_what) {
    EXPECT_THAT(complaint({"inspect", "/j", "--repair"}),
                HasSubstr("inspect knows no flag --repair"));
    EXPECT_THAT(complaint({"trim", "/j", "--json"}), HasSubstr("trim knows no flag --json"));
    EXPECT_THAT(complaint({"trim", "/j", "--chanel", "a/b"}), HasSubstr("did you mean --channel?"));
    EXPECT_THAT(complaint({"inspect", "/j", "--json=yes"}), HasSubstr("--json takes no value"));
}

}  // namespace
}  // namespace carillon::server
