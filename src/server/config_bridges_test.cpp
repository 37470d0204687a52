#include "server/config_bridges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/check_config.h"
#include "server/testing_load.h"

namespace carillon::server {
namespace {

using bridge::BodyRule;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::lines_of;
using testing::load_file;

// What is said of this one bridge.
std::vector<std::string> said_of(const std::string& members) {
    return lines_of(load_file(R"({"bridges": [{)" + members + "}]}"));
}

constexpr const char* from_line =
    "error: bridges[0].from: expected an app, a slash and a channel with at most one *, such as "
    "shop/chat-*";

TEST(ConfigBridges, are_read_in_their_order) {
    const auto loaded = load_file(R"({"bridges": [
        {"from": "shop/chat:*", "to": "web", "rename": "chat-*", "body": "text", "event": "message"},
        {"from": "web/a/b", "to": "shop", "rename": "", "event": null}]})");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    ASSERT_EQ(loaded.config.bridges.size(), 2U);
    const auto& first = loaded.config.bridges[0];
    EXPECT_EQ(first.from, "shop");
    EXPECT_EQ(first.pattern, "chat:*");
    EXPECT_EQ(first.to, "web");
    EXPECT_EQ(first.rename, "chat-*");
    EXPECT_EQ(first.body, BodyRule::text);
    EXPECT_EQ(first.event, "message");
    const auto& second = loaded.config.bridges[1];
    EXPECT_EQ(second.from, "web");
    EXPECT_EQ(second.pattern, "a/b");  // only the first slash ends the app
    EXPECT_EQ(second.rename, "");
    EXPECT_EQ(second.body, BodyRule::same);
    EXPECT_EQ(second.event, "");
}

TEST(ConfigBridges, are_none_unless_there_are_some) {
    EXPECT_THAT(load_file("{}").config.bridges, IsEmpty());
    const auto loaded = load_file(R"({"bridges": null})");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    EXPECT_THAT(lines_of(load_file(R"({"bridges": []})")), IsEmpty());
}

TEST(ConfigBridges, have_one_of_four_rules_for_the_body) {
    const auto rule = [](const std::string& name) {
        return load_file(R"({"bridges": [{"from": "a/x", "to": "b", "body": ")" + name + "\"}]}")
            .config.bridges.at(0)
            .body;
    };
    EXPECT_EQ(rule("same"), BodyRule::same);
    EXPECT_EQ(rule("json"), BodyRule::json);
    EXPECT_EQ(rule("Text"), BodyRule::text);
    EXPECT_EQ(rule("envelope"), BodyRule::envelope);
    EXPECT_THAT(said_of(R"("from": "a/x", "to": "b", "body": "xml")"),
                ElementsAre("error: bridges[0].body: expected one of same, json, text, envelope"));
}

TEST(ConfigBridges, need_from_and_to) {
    EXPECT_THAT(said_of(""),
                ElementsAre("error: bridges[0].from: required", "error: bridges[0].to: required"));
    EXPECT_THAT(said_of(R"("from": null, "to": "b")"),
                ElementsAre("error: bridges[0].from: required"));
    EXPECT_THAT(said_of(R"("from": "a/x", "to": "")"),
                ElementsAre("error: bridges[0].to: expected a text, not empty, without control "
                            "characters"));
}

TEST(ConfigBridges, begin_in_an_app_and_a_channel_with_one_star_at_most) {
    for (const auto* wrong :
         {R"("shop")", R"("/x")", R"("shop/")", R"("shop/a*b*")", R"("shop/a\n")", "7", R"([])"}) {
        EXPECT_THAT(said_of(R"("to": "b", "from": )" + std::string(wrong)), ElementsAre(from_line))
            << wrong;
    }
}

TEST(ConfigBridges, name_the_path_of_what_is_wrong_and_the_nearest_known_key) {
    EXPECT_THAT(
        said_of(R"("from": "a/x*", "to": "b", "rename": "**", "event": "\u0007",
                           "evnet": "e", "elephant": 1)"),
        ElementsAre("error: bridges[0].rename: expected a channel's name with at most one *",
                    "error: bridges[0].event: expected a text without control characters",
                    "warning: bridges[0].evnet: unknown key; did you mean event?",
                    "warning: bridges[0].elephant: unknown key"));
    EXPECT_THAT(lines_of(load_file(R"({"bridges": [{"from": "a/x", "to": "b"}, 7]})")),
                ElementsAre("error: bridges[1]: expected an object"));
    EXPECT_THAT(lines_of(load_file(R"({"bridges": {}})")),
                ElementsAre("error: bridges: expected an array"));
    EXPECT_THAT(lines_of(load_file(R"({"bridge": []})")),
                ElementsAre("warning: bridge: unknown key; did you mean bridges?"));
}

TEST(ConfigBridges, say_what_does_not_go_together) {
    EXPECT_THAT(said_of(R"("from": "a/x", "to": "b", "rename": "y*")"),
                ElementsAre("error: bridges[0]: its new name has a *, its pattern has none"));
    EXPECT_THAT(said_of(R"("from": "a/x", "to": "a")"),
                ElementsAre("error: bridges[0]: it leads to where it begins"));
    // Not of what was not understood.
    EXPECT_THAT(said_of(R"("from": "a/x", "to": "a", "rename": 7)"),
                ElementsAre("error: bridges[0].rename: expected a channel's name with at most one "
                            "*"));
}

TEST(ConfigBridges, do_not_take_a_text_to_be_replaced_for_a_name) {
    EXPECT_THAT(said_of(R"("from": "a/x", "to": "${APP}")"),
                ElementsAre("error: bridges[0].to: replacing ${...} is not yet supported"));
}

TEST(ConfigBridges, are_bounded) {
    const auto file = [](std::size_t count) {
        std::string text = R"({"bridges": [)";
        for (std::size_t i = 0; i < count; ++i) {
            text += (i == 0 ? "" : ",") + std::string(R"({"from": "a/x", "to": "b"})");
        }
        return text + "]}";
    };
    EXPECT_EQ(load_file(file(limits::bridges_max)).config.bridges.size(), limits::bridges_max);
    EXPECT_THAT(lines_of(load_file(file(limits::bridges_max + 1))),
                ElementsAre("error: bridges: more than 256"));
}

TEST(ConfigBridges, are_listed_by_check_config_which_is_strict_about_their_keys) {
    const auto checked = check_config({.file = R"({"bridges": [
        {"from": "shop/chat:*", "to": "web", "rename": "chat-*"}, {"from": "a/x", "to": "b"}]})"});
    EXPECT_EQ(checked.exit_code, 0);
    EXPECT_THAT(checked.text, HasSubstr("\nbridges[0].from = \"shop/chat:*\"\n"
                                        "bridges[0].to = \"web\"\n"
                                        "bridges[0].rename = \"chat-*\"\n"
                                        "bridges[0].body = \"same\"\n"
                                        "bridges[0].event = \"\"\n"
                                        "bridges[1].from = \"a/x\"\n"));
    EXPECT_THAT(checked.text, EndsWith("bridges[1].event = \"\"\n"));
    EXPECT_EQ(
        check_config({.file = R"({"bridges": [{"from": "a/x", "to": "b", "tu": "c"}]})"}).exit_code,
        1);
}

}  // namespace
}  // namespace carillon::server
