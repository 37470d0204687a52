#include "server/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config_fields.h"

namespace carillon::server {
namespace {

using Kind = Command::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string complaint(const std::vector<std::string>& args) {
    const auto command = parse_command(args);
    return command.has_value() ? "" : command.error().message;
}

TEST(Flags, serve_unless_another_command_is_given) {
    EXPECT_EQ(parse_command({})->kind, Kind::serve);
    EXPECT_EQ(parse_command({"serve"})->kind, Kind::serve);
    EXPECT_EQ(parse_command({"--port", "1"})->kind, Kind::serve);
    EXPECT_EQ(parse_command({"check-config"})->kind, Kind::check_config);
    EXPECT_EQ(parse_command({"version"})->kind, Kind::version);
    EXPECT_EQ(parse_command({"--version"})->kind, Kind::version);
    EXPECT_EQ(parse_command({"help"})->kind, Kind::help);
    EXPECT_EQ(parse_command({"--help"})->kind, Kind::help);
    EXPECT_EQ(parse_command({"serve", "-h"})->kind, Kind::help);
}

TEST(Flags, take_their_value_behind_a_space_or_an_equals_sign) {
    const auto command =
        parse_command({"--host", "::1", "check-config", "--port=7", "--threads", "2",
                       "--metrics-port=8", "--config", "/a=b", "--insecure-demo-credentials"});
    ASSERT_TRUE(command.has_value()) << command.error().message;
    EXPECT_EQ(command->kind, Kind::check_config);
    EXPECT_EQ(command->config_path, "/a=b");
    EXPECT_THAT(command->flags, ElementsAre(Pair("--host", "::1"), Pair("--port", "7"),
                                            Pair("--threads", "2"), Pair("--metrics-port", "8"),
                                            Pair("--insecure-demo-credentials", "true")));
}

TEST(Flags, name_the_nearest_to_one_that_does_not_exist) {
    EXPECT_EQ(complaint({"--prot", "1"}),
              "unknown flag --prot; did you mean --port? (see carillon help)");
    EXPECT_THAT(complaint({"--insecure-demo-credential"}),
                HasSubstr("did you mean --insecure-demo-credentials?"));
    EXPECT_THAT(complaint({"--confg=x"}),
                HasSubstr("unknown flag --confg; did you mean --config?"));
    EXPECT_EQ(complaint({"-p"}), "unknown flag -p (see carillon help)");
    EXPECT_EQ(complaint({"sevre"}),
              "unknown command sevre; did you mean serve? (see carillon help)");
}

TEST(Flags, miss_a_value_that_is_not_there) {
    EXPECT_EQ(complaint({"--port"}), "--port needs a value (see carillon help)");
    EXPECT_EQ(complaint({"--port="}), "--port needs a value (see carillon help)");
    EXPECT_EQ(complaint({"--config", "--port", "1"}), "--config needs a value (see carillon help)");
    EXPECT_EQ(complaint({"--help=me"}), "--help takes no value (see carillon help)");
}

TEST(Flags, allow_one_command_at_a_time) {
    EXPECT_THAT(complaint({"serve", "check-config"}), HasSubstr("check-config is too many"));
}

TEST(Flags, are_all_in_the_help_text) {
    for (const auto& field : config_fields()) {
        EXPECT_THAT(std::string(help_text()), HasSubstr(std::string(field.flag)));
    }
    for (const auto* word : {"serve", "check-config", "version", "help", "--config"}) {
        EXPECT_THAT(std::string(help_text()), HasSubstr(word));
    }
}

}  // namespace
}  // namespace carillon::server
